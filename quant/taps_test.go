package quant_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestValuesInside gives a network's values to its user, and takes others for them: y = relu(x + 1), z = 2y.
func TestValuesInside(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 3).Init("one", ot.F32, ot.Float32s(1)).Init("two", ot.F32, ot.Float32s(2))
	m.Node("Add", []string{"x", "one"}, []string{"a"}).Node("Relu", []string{"a"}, []string{"y"})
	file := m.Node("Mul", []string{"y", "two"}, []string{"z"}).Output("z", ot.F32).Bytes()
	run := func(o quant.Options, in ...[]float32) (out [][]float32) {
		t.Helper()
		o.Threads = 1
		net, err := quant.Parse(file, o)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		if len(net.Inputs()) != len(in) {
			t.Fatalf("%d inputs, want %d", len(net.Inputs()), len(in))
		}
		for i, v := range in {
			copy(net.Inputs()[i].Float32s(), v)
		}
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		for _, o := range net.Outputs() {
			out = append(out, slices.Clone(o.Float32s()))
		}
		return out
	}
	x := []float32{-3, 0, 4}
	want := [][]float32{{0, 2, 10}, {0, 1, 5}, {-2, 1, 5}, {0, 2, 10}}
	if got := run(quant.Options{Outputs: []string{"y", "a", "z"}}, x); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("outputs %v, want %v", got, want)
	}
	want = [][]float32{{14, 16, 18}, {-2, 1, 5}}
	if got := run(quant.Options{Inputs: []string{"y"}, Outputs: []string{"a"}}, x, []float32{7, 8, 9}); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("with y given: outputs %v, want %v", got, want)
	}
	for want, o := range map[string]quant.Options{
		`"nothing"`: {Outputs: []string{"nothing"}}, `"none"`: {Inputs: []string{"none"}}, "given twice": {Inputs: []string{"y", "y"}},
		`"one"`: {Inputs: []string{"one"}}, `"x"`: {Inputs: []string{"x"}},
	} {
		if net, err := quant.Parse(file, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %s", o, err, want)
			if err == nil {
				net.Close()
			}
		}
	}
}

// TestValuesInsideBesideTheClassMap: the logits that the class map replaces can be asked for again. Of two channels the
// greater wins.
func TestValuesInsideBesideTheClassMap(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 1, 2, 2, 2).Init("w", ot.F32, ot.Float32s(1, 0, 0, 1), 2, 2, 1, 1)
	m.Node("Conv", []string{"x", "w"}, []string{"c"})
	file := m.Node("Relu", []string{"c"}, []string{"y"}).Output("y", ot.F32).Bytes()
	net, err := quant.Parse(file, quant.Options{Threads: 1, ClassMap: true, Outputs: []string{"y", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	x := []float32{1, -2, 3, -4, -1, 2, -3, 5}
	copy(net.Inputs()[0].Float32s(), x)
	if err := net.Run(); err != nil {
		t.Fatal(err)
	}
	o := net.Outputs()
	if !slices.Equal(o[0].Uint8s(), []uint8{0, 1, 0, 1}) || !slices.Equal(o[1].Float32s(), []float32{1, 0, 3, 0, 0, 2, 0, 5}) ||
		!slices.Equal(o[2].Float32s(), x) {
		t.Errorf("classes %v, logits %v and %v", o[0].Uint8s(), o[1].Float32s(), o[2].Float32s())
	}
}
