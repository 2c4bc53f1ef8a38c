package quant_test

import (
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestQLinearTies holds sums and products of codes that lie at a half to the codes that ONNX Runtime gives them: of a constant
// number, as in GELU's erf + 1, of rows, and of a number and a row in either order. They fall otherwise between real numbers.
func TestQLinearTies(t *testing.T) {
	for _, c := range []struct {
		name, op     string
		scales       [3]float32 // of a, b, y
		zeros        [3]byte
		a, b         []byte
		aDims, bDims []int
		constant     bool // b is
		want         []byte
		kernel       string
	}{
		{"erf + 1", "QLinearAdd", [3]float32{2. / 255, 1. / 255, 2. / 255}, [3]byte{128, 0, 0}, []byte{200, 176, 128, 14, 24, 201}, []byte{255},
			[]int{1, 2, 1, 3}, nil, true, []byte{200, 176, 128, 14, 24, 200}, "lookup"},
		{"rows", "QLinearAdd", [3]float32{0.25, 0.25, 0.5}, [3]byte{121, 121, 121}, []byte{119, 92, 119, 120}, []byte{122, 121}, []int{1, 2, 2}, []int{2},
			false, []byte{120, 106, 120, 120}, "add_generic"},
		{"a column", "QLinearAdd", [3]float32{0.25, 0.25, 0.5}, [3]byte{121, 121, 121}, []byte{122, 121}, []byte{119, 92, 119, 120}, []int{2, 1}, []int{1, 2, 2},
			false, []byte{120, 107, 120, 120}, "add_generic"},
		{"product of rows", "QLinearMul", [3]float32{0.5, 0.25, 0.25}, [3]byte{0, 0, 51}, []byte{13, 1, 3, 5}, []byte{13, 1}, []int{1, 2, 2}, []int{2},
			false, []byte{136, 52, 70, 54}, "add_generic"},
	} {
		m := ot.New(17).Input("a", ot.U8, c.aDims...)
		if c.constant {
			m.Init("b", ot.U8, c.b, c.bDims...)
		} else {
			m.Input("b", ot.U8, c.bDims...)
		}
		for i, n := range []string{"a", "b", "y"} {
			m.Init(n+"s", ot.F32, ot.Float32s(c.scales[i])).Init(n+"z", ot.U8, c.zeros[i:i+1])
		}
		m.NodeIn("com.microsoft", c.op, []string{"a", "as", "az", "b", "bs", "bz", "ys", "yz"}, []string{"y"})
		net, err := quant.Parse(m.Output("y", ot.U8).Bytes(), quant.Options{Threads: 1})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		copy(net.Inputs()[0].Bytes(), c.a)
		if !c.constant {
			copy(net.Inputs()[1].Bytes(), c.b)
		}
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		if got := net.Outputs()[0].Uint8s(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if !slices.ContainsFunc(net.Steps(), func(s quant.Step) bool { return s.Kernel == c.kernel }) {
			t.Errorf("%s: no step runs %s: %v", c.name, c.kernel, net.Steps())
		}
		net.Close()
	}
}
