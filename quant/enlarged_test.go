package quant_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestEnlargedAdd gives a decoder's step up, as one step or as two, the plain loop's bytes at any number of threads: the enlarged
// map first or second, with an activation, with images of a batch, and where somebody else reads what is enlarged.
func TestEnlargedAdd(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	for _, c := range []struct {
		name   string
		second bool
		last   string  // after the sum; "" = nothing
		scale  float32 // of the enlarged map; that of x is 0.02
		zero   byte    // of the enlarged map; that of x is 100
		tap    string  // also an output, or also read
		one    bool    // step does both, where a kernel for it is
	}{
		{"first", false, "", 0.02, 100, "", true},
		{"second", true, "", 0.02, 100, "", false},
		{"coarser", false, "", 0.05, 100, "", true},
		{"relu", false, "Relu", 0.02, 100, "", true},
		{"table", false, "HardSigmoid", 0.02, 100, "", true},
		{"clamped above", false, "", 0.0199, 120, "", true},
		{"clamped below", false, "", 0.01, 100, "", false},
		{"bytes are an output", false, "", 0.02, 100, "up", false},
		{"real values are an output", false, "", 0.02, 100, "real", false},
		{"second reader of bytes", false, "", 0.02, 100, "reader", false},
		{"second reader of real values", false, "", 0.02, 100, "both", false},
	} {
		for _, size := range [][4]int{{1, 20, 3, 5}, {3, 16, 1, 4}, {2, 7, 6, 2}, {1, 70, 15, 20}} {
			n, ch, h, w := size[0], size[1], size[2], size[3]
			m := ot.New(17).Input("x", ot.U8, n, ch, h, w).Input("lateral", ot.U8, n, ch, 2*h, 2*w)
			for name, s := range map[string]float32{"s": 0.02, "t": c.scale, "u": 0.03, "v": 0.04} {
				m.Init(name, ot.F32, ot.Float32s(s))
			}
			m.Init("z", ot.U8, []byte{100}).Init("w", ot.U8, []byte{c.zero}).Init("zero", ot.U8, []byte{0}).Init("scales", ot.F32, ot.Float32s(1, 1, 2, 2), 4)
			m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"a"})
			m.Node("Resize", []string{"a", "", "scales"}, []string{"b"}, "mode", "linear")
			m.Node("QuantizeLinear", []string{"b", "t", "w"}, []string{"up"})
			m.Node("DequantizeLinear", []string{"up", "t", "w"}, []string{"real"})
			m.Node("DequantizeLinear", []string{"lateral", "u", "z"}, []string{"l"})
			in, zero := []string{"real", "l"}, "z"
			if c.second {
				in = []string{"l", "real"}
			}
			m.Node("Add", in, []string{"sum"})
			sum := "sum"
			switch c.last {
			case "Relu":
				m.Node("Relu", []string{sum}, []string{"r"})
				sum, zero = "r", "zero"
			case "HardSigmoid":
				m.Node("QuantizeLinear", []string{sum, "v", "z"}, []string{"q"}).Node("DequantizeLinear", []string{"q", "v", "z"}, []string{"d"})
				m.Node("HardSigmoid", []string{"d"}, []string{"r"})
				sum = "r"
			}
			m.Node("QuantizeLinear", []string{sum, "v", zero}, []string{"y"})
			m.Output("y", ot.U8)
			switch c.tap {
			case "up":
				m.Output("up", ot.U8)
			case "real":
				m.Output("real", ot.F32)
			case "reader":
				m.Node("MaxPool", []string{"up"}, []string{"pool"}, "kernel_shape", []int{2, 2}).Output("pool", ot.U8)
			case "both":
				m.Node("Relu", []string{"real"}, []string{"both"}).Output("both", ot.F32)
			}
			file := m.Bytes()
			bytes, lateral := make([]byte, n*ch*h*w), make([]byte, 4*n*ch*h*w)
			for _, b := range [][]byte{bytes, lateral} {
				for i := range b {
					b[i] = byte(r.Uint32())
				}
			}
			var want [][]byte
			for i, o := range []quant.Options{{Threads: 1, Disable: []string{"simd"}}, {Threads: 1}, {Threads: 2}, {Threads: 5}} {
				net, err := quant.Parse(file, o)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				copy(net.Inputs()[0].Bytes(), bytes)
				copy(net.Inputs()[1].Bytes(), lateral)
				if err := net.Run(); err != nil {
					t.Fatal(err)
				}
				var got [][]byte
				for _, o := range net.Outputs() {
					got = append(got, slices.Clone(o.Bytes()))
				}
				one := false
				for _, s := range net.Steps() {
					one = one || s.Op == "resize add"
					if s.Op == "resize add" && (!strings.HasPrefix(s.Kernel, "double-add") || len(s.Reads) != 2 || len(s.Nodes) < 4) {
						t.Errorf("%s: step %+v", c.name, s)
					}
				}
				if have := hasEnlargedAdd() && i > 0; one && !(c.one && have) || !one && c.one && have {
					t.Errorf("%s, %v: in one step: %v", c.name, size, one)
				}
				if i == 0 {
					want = got
				} else if !slices.EqualFunc(got, want, slices.Equal) {
					t.Errorf("%s, %v, %d threads: not the plain loop's bytes", c.name, size, o.Threads)
				}
				net.Close()
			}
		}
	}
}

// hasEnlargedAdd is whether this CPU has a kernel for such a sum.
func hasEnlargedAdd() bool {
	return slices.ContainsFunc(quant.Kernels(), func(k quant.Kernel) bool { return strings.HasPrefix(k.Name, "double-add") && k.Have })
}
