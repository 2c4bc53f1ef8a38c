package ops_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// pooled is a MaxPool's maxima and where they lie.
func pooled(t *testing.T, attrs onnx.Attrs, x *tensor.T) ([]float32, []int64) {
	t.Helper()
	n := &ops.Node{Op: "MaxPool", Version: 17, Attrs: attrs, Outs: 2, In: []*ops.Value{{Type: x.Type, Shape: x.Shape}}}
	impl, err := ops.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	top, _ := tensor.New(tensor.Float32, impl.Out[0].Shape...)
	at, _ := tensor.New(tensor.Int64, impl.Out[1].Shape...)
	for u := range impl.Units {
		impl.Run([]*tensor.T{x}, []*tensor.T{top, at}, u, u+1)
	}
	return tensor.View[float32](top), tensor.View[int64](at)
}

// The index of a maximum is the first of equals', also where everything is −∞, in padded and dilated windows, in both
// storage orders and in the second plane.
func TestMaxPoolIndices(t *testing.T) {
	inf := float32(math.Inf(-1))
	x := tensor.From(tensor.Float32, []float32{inf, inf, inf, inf, 5, 5, 3, 9, 9, 1, 2, 3}, 1, 2, 2, 3)
	for _, c := range []struct {
		attrs onnx.Attrs
		want  string
	}{
		{onnx.Attrs{"kernel_shape": []int{1, 2}}, "[-Inf -Inf 5 5 9 9 2 3] [0 1 4 4 7 7 10 11]"},
		{onnx.Attrs{"kernel_shape": []int{1, 2}, "storage_order": 1}, "[-Inf -Inf 5 5 9 9 2 3] [0 2 3 3 8 8 9 11]"},
		{onnx.Attrs{"kernel_shape": []int{2, 2}, "pads": []int{1, 1, 0, 0}, "strides": []int{2, 2}}, "[-Inf -Inf 3 9] [0 1 6 7]"},
		{onnx.Attrs{"kernel_shape": []int{1, 2}, "dilations": []int{1, 2}}, "[-Inf 5 9 3] [0 5 8 11]"},
	} {
		top, at := pooled(t, c.attrs, x)
		if got := fmt.Sprint(top, at); got != c.want {
			t.Errorf("%v: %s, want %s", c.attrs, got, c.want)
		}
	}
}

// A MaxUnpool writes nothing for an index that lies nowhere: before the first plane or behind the last.
func TestUnpoolGuard(t *testing.T) {
	x := tensor.From(tensor.Float32, []float32{1, 2, 3, 4}, 1, 1, 2, 2)
	at := tensor.From(tensor.Int64, []int64{15, 16, -1, math.MinInt64}, 1, 1, 2, 2)
	impl, err := build("MaxUnpool", 17, onnx.Attrs{"kernel_shape": []int{2, 2}, "strides": []int{2, 2}}, x, at)
	if err != nil {
		t.Fatal(err)
	}
	memory := make([]float32, 18) // one more on both sides
	for i := range memory {
		memory[i] = 77
	}
	out := tensor.From(tensor.Float32, memory[1:17], 1, 1, 4, 4)
	impl.Run([]*tensor.T{x, at}, []*tensor.T{out}, 0, impl.Units)
	for i, v := range memory {
		want := map[int]float32{0: 77, 17: 77, 16: 1}[i]
		if v != want {
			t.Errorf("element %d is %v, want %v", i-1, v, want)
		}
	}
}

// A Cast to half precision rounds there and then, to the nearest half, ties to even, and keeps float32.
func TestCastToHalf(t *testing.T) {
	x := floats(2049, 2051, 2049.001, 65519, 65520, -65520, 1e-8, 0x1p-25, 0x1.8p-24, 0.1)
	near(t, "float16", run(t, "Cast", 17, onnx.Attrs{"to": 10}, x)[:4], []float32{2048, 2052, 2050, 65504})
	got := run(t, "Cast", 17, onnx.Attrs{"to": 10}, x)
	for i, want := range map[int]float32{4: float32(math.Inf(1)), 5: float32(math.Inf(-1)), 6: 0, 7: 0, 8: 0x1p-23, 9: 0.0999755859375} {
		if got[i] != want {
			t.Errorf("float16 of %v is %v, want %v", tensor.View[float32](x)[i], got[i], want)
		}
	}
	got = run(t, "Cast", 17, onnx.Attrs{"to": 16}, floats(257, 259, 257.001, 3.0e38, -1.00390625))
	for i, want := range []float32{256, 260, 258, 3.0040553e38, -1} {
		if math.Abs(float64(got[i]-want)) > 1e-4*math.Abs(float64(want)) || i < 3 && got[i] != want {
			t.Errorf("bfloat16: %v, want %v", got[i], want)
		}
	}
}
