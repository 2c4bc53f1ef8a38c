package onnxgo_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gonnx "github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/x/gorgonnx"
	"gorgonia.org/tensor"

	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
	"github.com/depthwise/depthwise/quant/onnxgo"
)

// pattern is a tensor of an input's type and shape with numbers that repeat nowhere near.
func pattern(t testing.TB, in *quant.Tensor, seed int) *tensor.Dense {
	t.Helper()
	var backing any
	switch in.Type {
	case quant.Uint8:
		b := make([]uint8, in.Len())
		for i := range b {
			b[i] = uint8((i*i*7 + i/5 + seed*31) % 251)
		}
		backing = b
	case quant.Float32:
		b := make([]float32, in.Len())
		for i := range b {
			b[i] = float32((i*i*7+i/5+seed*31)%251)/125 - 1
		}
		backing = b
	default:
		t.Fatalf("input %q is %v", in.Name, in.Type)
	}
	return tensor.New(tensor.WithShape(in.Shape...), tensor.WithBacking(backing))
}

func file(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldens(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/golden/*/model.onnx")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d golden models, %v", len(paths), err)
	}
	return paths
}

// raw is a tensor's elements as text, which is the same for the same bits.
func raw(v any) string { return fmt.Sprintf("%T %v", v, v) }

func elements(t *quant.Tensor) any {
	switch t.Type {
	case quant.Uint8:
		return t.Uint8s()
	case quant.Float32:
		return t.Float32s()
	case quant.Int64:
		return t.Int64s()
	}
	return t.Bytes()
}

// What an onnx-go program reads is what quant computes, bit for bit, run after run.
func TestEqualsQuant(t *testing.T) {
	files := map[string][]byte{"sample": ot.Sample().Bytes()}
	for _, path := range goldens(t) {
		files[filepath.Base(filepath.Dir(path))] = file(t, path)
	}
	student, err := models.Open(models.Default)
	if err != nil {
		t.Fatal(err)
	}
	files["student"] = student.ONNX
	for name, model := range files {
		for _, o := range []quant.Options{{Threads: 1}, {Threads: 2, NHWC: true, ClassMap: name != "sample" && name != "student" && name != "mobilenetv2-classes"}} {
			net, err := quant.Parse(model, o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b, err := onnxgo.Parse(model, o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for run := range 2 {
				for i, in := range net.Inputs() {
					x := pattern(t, in, 3*run+i)
					switch v := x.Data().(type) {
					case []uint8:
						copy(in.Uint8s(), v)
					case []float32:
						copy(in.Float32s(), v)
					}
					if err := b.Model().SetInput(i, x); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
				if err := net.Run(); err != nil {
					t.Fatal(err)
				}
				if err := b.Run(); err != nil {
					t.Fatal(err)
				}
				got, err := b.Model().GetOutputTensors()
				if err != nil || len(got) != len(net.Outputs()) {
					t.Fatalf("%s: %d outputs, %v", name, len(got), err)
				}
				for i, want := range net.Outputs() {
					if !got[i].Shape().Eq(tensor.Shape(want.Shape)) {
						t.Errorf("%s: output %d has shape %v, want %v", name, i, got[i].Shape(), want.Shape)
					}
					if raw(got[i].Data()) != raw(elements(want)) {
						t.Errorf("%s: output %d of run %d differs", name, i, run)
					}
				}
			}
			b.Close()
			net.Close()
		}
	}
}

// Float networks beside gorgonnx, onnx-go's own backend, where it has the operators: it lacks Resize and ConvTranspose, so
// that no segmentation network of ours runs on both.
func TestFloatModelsAgainstGorgonnx(t *testing.T) {
	weights := func(n int) []byte {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(i*37%101-50) / 200
		}
		return ot.Float32s(w...)
	}
	small := func() *ot.Model {
		return ot.New(9).Input("x", ot.F32, 1, 3, 12, 16).Init("w", ot.F32, weights(8*3*9), 8, 3, 3, 3)
	}
	conv := func() *ot.Model {
		return small().Node("Conv", []string{"x", "w"}, []string{"c"}, "kernel_shape", []int{3, 3}, "pads", []int{1, 1, 1, 1}, "strides", []int{2, 2}, "dilations", []int{1, 1})
	}
	shaped := func(m *ot.Model, name string, dims ...int) *ot.Model {
		m.Graph = m.Graph.Put(12, ot.Value(name, ot.F32, dims...))
		return m
	}
	for name, model := range map[string][]byte{
		"convolution, relu": shaped(conv().Node("Relu", []string{"c"}, []string{"y"}), "y", 1, 8, 6, 8).Bytes(),
		"convolution, sigmoid, pool": shaped(conv().Node("Sigmoid", []string{"c"}, []string{"s"}).
			Node("MaxPool", []string{"s"}, []string{"y"}, "kernel_shape", []int{2, 2}, "strides", []int{2, 2}, "pads", []int{0, 0, 0, 0}), "y", 1, 8, 3, 4).Bytes(),
		"two convolutions, tanh, sum": shaped(conv().Node("Tanh", []string{"c"}, []string{"t"}).Node("Add", []string{"t", "c"}, []string{"y"}), "y", 1, 8, 6, 8).Bytes(),
		"product": shaped(ot.New(9).Input("x", ot.F32, 4, 10).Init("w", ot.F32, weights(70), 10, 7).
			Node("MatMul", []string{"x", "w"}, []string{"m"}).Node("Sigmoid", []string{"m"}, []string{"y"}), "y", 4, 7).Bytes(),
		"two branches joined, pooled": shaped(conv().Node("Relu", []string{"c"}, []string{"r"}).Node("Tanh", []string{"c"}, []string{"t"}).
			Node("Concat", []string{"r", "t"}, []string{"k"}, "axis", 1).Node("GlobalAveragePool", []string{"k"}, []string{"y"}), "y", 1, 16, 1, 1).Bytes(),
		"fully connected, softmax": shaped(ot.New(9).Input("x", ot.F32, 4, 10).Init("w", ot.F32, weights(70), 10, 7).Init("b", ot.F32, weights(28), 4, 7).
			Node("Gemm", []string{"x", "w", "b"}, []string{"g"}).Node("Softmax", []string{"g"}, []string{"y"}, "axis", 1), "y", 4, 7).Bytes(),
	} {
		theirs := gorgonnx.NewGraph()
		m := gonnx.NewModel(theirs)
		if err := m.UnmarshalBinary(model); err != nil {
			t.Fatalf("%s: gorgonnx: %v", name, err)
		}
		ours, err := onnxgo.Parse(model, quant.Options{Threads: 1})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		x := pattern(t, ours.Network().Inputs()[0], 1)
		if err := m.SetInput(0, x.Clone().(*tensor.Dense)); err != nil {
			t.Fatal(err)
		}
		if err := ours.Model().SetInput(0, x); err != nil {
			t.Fatal(err)
		}
		if err := theirs.Run(); err != nil {
			t.Fatalf("%s: gorgonnx: %v", name, err)
		}
		if err := ours.Run(); err != nil {
			t.Fatal(err)
		}
		want, err := m.GetOutputTensors()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.Model().GetOutputTensors()
		if err != nil {
			t.Fatal(err)
		}
		if !got[0].Shape().Eq(want[0].Shape()) {
			t.Errorf("%s: shape %v, gorgonnx %v", name, got[0].Shape(), want[0].Shape())
			continue
		}
		g, w := got[0].Data().([]float32), want[0].Data().([]float32)
		worst, spread := 0.0, 0.0
		for i := range g {
			worst = max(worst, math.Abs(float64(g[i])-float64(w[i])))
			spread = max(spread, math.Abs(float64(w[i]-w[0])))
		}
		if worst > 1e-4*max(spread, 1) || spread < 1e-3 {
			t.Errorf("%s: differs by %v, gorgonnx's values spread over %v", name, worst, spread)
		}
		ours.Close()
	}
}

// columns is a range for tensor.Slice.
type columns [2]int

func (c columns) Start() int { return c[0] }
func (c columns) End() int   { return c[1] }
func (columns) Step() int    { return 1 }

// A view of a larger tensor and a transposed one are read in the order of their shape.
func TestViews(t *testing.T) {
	model := ot.New(17).Input("x", ot.F32, 2, 3).Node("Neg", []string{"x"}, []string{"y"}).Output("y", ot.F32).Bytes()
	b, err := onnxgo.Parse(model, quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	big := tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float32{0, 1, 2, 3, 4, 5, 6, 7}))
	cut, err := big.Slice(nil, columns{1, 4})
	if err != nil {
		t.Fatal(err)
	}
	turned := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x    tensor.Tensor
		want []float32
	}{
		{cut, []float32{-1, -2, -3, -5, -6, -7}},
		{turned, []float32{-1, -3, -5, -2, -4, -6}},
	} {
		if err := b.Model().SetInput(0, c.x); err != nil {
			t.Fatal(err)
		}
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
		out, _ := b.Model().GetOutputTensors()
		if got := out[0].Data().([]float32); raw(got) != raw(c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
	// What the caller writes into the tensor between runs counts.
	big.Data().([]float32)[1] = 50
	if err := b.Model().SetInput(0, cut); err != nil {
		t.Fatal(err)
	}
	big.Data().([]float32)[1] = 60
	b.Run()
	out, _ := b.Model().GetOutputTensors()
	if got := out[0].Data().([]float32)[0]; got != -60 {
		t.Errorf("%v, want -60", got)
	}
	if in := b.Model().GetInputTensors(); in[0] != tensor.Tensor(cut) {
		t.Error("the input's tensor is not the one that was set")
	}
}

func TestFaults(t *testing.T) {
	identity := ot.New(17).Input("x", ot.U8, 2, 3).Node("Identity", []string{"x"}, []string{"y"}).Output("y", ot.U8)
	b, err := onnxgo.Parse(identity.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	of := func(dims []int, backing any) *tensor.Dense {
		return tensor.New(tensor.WithShape(dims...), tensor.WithBacking(backing))
	}
	for _, c := range []struct {
		i     int
		x     tensor.Tensor
		fault string
	}{
		{0, of([]int{2, 3}, make([]float32, 6)), `input "x": a tensor of float32, want uint8`},
		{0, of([]int{3, 2}, make([]uint8, 6)), "shape (3, 2), want (2, 3)"},
		{0, of([]int{6}, make([]uint8, 6)), "shape (6)"},
		{0, nil, "Go type <nil>"},
		{0, (*tensor.Dense)(nil), "*tensor.Dense"},
		{0, tensor.New(tensor.WithShape(2, 3), tensor.AsFortran(make([]uint8, 6))), "column-major"},
		{1, of([]int{2, 3}, make([]uint8, 6)), "model has only #1 input"},
		{-1, of([]int{2, 3}, make([]uint8, 6)), "node is nil"},
	} {
		if err := b.Model().SetInput(c.i, c.x); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("input %d: error %v, want %q", c.i, err, c.fault)
		}
	}
	y, ok := b.Model().GetNodeByName("y")
	if !ok {
		t.Fatal("no node y")
	}
	if err := y.(*onnxgo.Node).SetTensor(of([]int{2, 3}, make([]uint8, 6))); err == nil || !strings.Contains(err.Error(), `"y" is no input`) {
		t.Errorf("an output was set: %v", err)
	}
	if op := y.(*onnxgo.Node).Operator(); op != "Identity" {
		t.Errorf("y is made by %q", op)
	}
	if err := b.Model().UnmarshalBinary(identity.Bytes()); err == nil || !strings.Contains(err.Error(), "holds a network already") {
		t.Errorf("a second model: %v", err)
	}
	b.Close()
	if err := b.Run(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("run after close: %v", err)
	}

	for _, c := range []struct {
		name  string
		model []byte
		fault string
	}{
		{"an empty file", nil, "quant: the file is empty"},
		{"an operator without kernel", ot.New(17).Input("x", ot.F32, 1).Node("Frobnicate", []string{"x"}, []string{"y"}).Output("y", ot.F32).Bytes(), "quant: Frobnicate"},
		{"no nodes", ot.New(17).Input("x", ot.F32, 4).Output("x", ot.F32).Bytes(), "onnxgo: onnx-go cannot take the graph"},
	} {
		if _, err := onnxgo.Parse(c.model, quant.Options{Threads: 1}); err == nil || !strings.HasPrefix(err.Error(), c.fault) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.fault)
		}
	}
	if _, err := onnxgo.Load("no-such-file.onnx", quant.Options{}); err == nil {
		t.Error("a missing file was loaded")
	}
}

// Graphs that onnx-go trips over: names in common, omitted operands and results, operators without operands.
func TestOddGraphs(t *testing.T) {
	operands := map[string]int{"one value twice": 1, "omitted operands": 4, "constants": 2, "an initializer's name": 2, "an output read again": 1, "int8 weights": 2}
	constant := func(m *ot.Model, name string) *ot.Model {
		return m.Node("Constant", nil, []string{name}, "value", ot.Tensor("", ot.F32, ot.Float32s(2, 3), 2))
	}
	for name, m := range map[string]*ot.Model{
		"one value twice":       ot.New(17).Input("x", ot.F32, 2).Node("Mul", []string{"x", "x"}, []string{"y"}),
		"omitted operands":      ot.New(17).Input("x", ot.F32, 2).Init("n", ot.I64, ot.Int64s(3), 1).Node("Resize", []string{"x", "", "", "n"}, []string{"y"}),
		"constants":             constant(constant(ot.New(17).Input("x", ot.F32, 2), "a"), "b").Node("Mul", []string{"a", "b"}, []string{"p"}).Node("Add", []string{"x", "p"}, []string{"y"}),
		"an initializer's name": ot.New(17).Input("x", ot.F32, 2).Input("w", ot.F32, 2).Init("w", ot.F32, ot.Float32s(1, 2), 2).Node("Add", []string{"x", "w"}, []string{"y"}),
		"an output read again":  ot.New(17).Input("x", ot.F32, 2).Node("Neg", []string{"x"}, []string{"y"}).Node("Neg", []string{"y"}, []string{"z"}).Output("z", ot.F32),
		"int8 weights":          ot.New(17).Input("x", ot.F32, 2).Init("w", ot.S8, []byte{1, 2}, 2).Init("s", ot.F32, ot.Float32s(0.5)).Node("DequantizeLinear", []string{"w", "s"}, []string{"d"}).Node("Add", []string{"x", "d"}, []string{"y"}),
	} {
		b, err := onnxgo.Parse(m.Output("y", ot.F32).Bytes(), quant.Options{Threads: 1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := b.Run(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if y, ok := b.Model().GetNodeByName("y"); !ok || b.From(y.ID()).Len() != operands[name] {
			t.Errorf("%s: y is computed from %d values, want %d", name, b.From(y.ID()).Len(), operands[name])
		}
		if _, err := b.Model().GetOutputTensors(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.Close()
	}
}

// FuzzParse: what quant takes, onnx-go takes or refuses, without a panic.
func FuzzParse(f *testing.F) {
	f.Add(ot.Sample().Bytes())
	f.Add(ot.New(17).Input("x", ot.F32, 2).Node("Clip", []string{"x", "", ""}, []string{"y"}).Output("y", ot.F32).Bytes())
	f.Fuzz(func(t *testing.T, model []byte) {
		b, err := onnxgo.Parse(bytes.Clone(model), quant.Options{Threads: 1, MaxBytes: 8 << 20})
		if err != nil {
			return
		}
		defer b.Close()
		if b.Network().MACs() > 10_000_000 {
			return
		}
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Model().GetOutputTensors(); err != nil {
			t.Fatal(err)
		}
	})
}
