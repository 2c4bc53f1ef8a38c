package quant_test

import (
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestResizeOfBytesAlignsCorners: twice the size, but weights of sevenths and thirds, whose float32 sums are cut, not rounded,
// to the codes that ONNX Runtime 1.32 gives.
func TestResizeOfBytesAlignsCorners(t *testing.T) {
	m := ot.New(17).Input("x", ot.U8, 1, 1, 2, 4).Init("sizes", ot.I64, ot.Int64s(1, 1, 4, 8), 4)
	m.Node("Resize", []string{"x", "", "", "sizes"}, []string{"y"}, "mode", "linear", "coordinate_transformation_mode", "align_corners")
	net, err := quant.Parse(m.Output("y", ot.U8).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	copy(net.Inputs()[0].Bytes(), []byte{3, 94, 30, 201, 7, 44, 250, 9})
	if err := net.Run(); err != nil {
		t.Fatal(err)
	}
	want := []uint8{3, 42, 81, 75, 48, 54, 127, 201, 4, 35, 66, 84, 95, 108, 122, 136, 5, 29, 52, 93, 143, 161, 117, 72, 7, 22, 38, 102, 191, 215, 112, 9}
	if got := net.Outputs()[0].Uint8s(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestDoublingByThreads: every cut of the rows between workers gives all rows of all images, as the plain loop has them.
func TestDoublingByThreads(t *testing.T) {
	for _, size := range [][2]int{{1, 5}, {2, 2}, {3, 4}, {10, 9}, {15, 20}} {
		h, w := size[0], size[1]
		m := ot.New(17).Input("x", ot.U8, 3, 20, h, w).Init("s", ot.F32, ot.Float32s(0.021)).Init("z", ot.U8, []byte{7}).
			Init("t", ot.F32, ot.Float32s(0.013)).Init("scales", ot.F32, ot.Float32s(1, 1, 2, 2), 4)
		m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"a"})
		m.Node("Resize", []string{"a", "", "scales"}, []string{"b"}, "mode", "linear")
		m.Node("QuantizeLinear", []string{"b", "t", "z"}, []string{"y"})
		bytes := m.Output("y", ot.U8).Bytes()
		var want []byte
		for i, o := range []quant.Options{{Threads: 1, Disable: []string{"simd"}}, {Threads: 1}, {Threads: 2}, {Threads: 3}, {Threads: 8}} {
			net, err := quant.Parse(bytes, o)
			if err != nil {
				t.Fatal(err)
			}
			in := net.Inputs()[0].Bytes()
			for k := range in {
				in[k] = byte(k * k >> 3)
			}
			if err := net.Run(); err != nil {
				t.Fatal(err)
			}
			got := slices.Clone(net.Outputs()[0].Bytes())
			if i == 0 {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%d×%d, %d threads: not the plain loop's bytes", h, w, o.Threads)
			}
			net.Close()
		}
	}
}
