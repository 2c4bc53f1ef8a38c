package ops_test

import (
	"math"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Windows on [1, 1, n] of 0, 1, 2, …: pads, dilations, the last window of ceil_mode, and what an average counts.
func TestWindows(t *testing.T) {
	ones := func(k int) *tensor.T {
		w := make([]float32, k)
		for i := range w {
			w[i] = 1
		}
		return tensor.From(tensor.Float32, w, 1, 1, k)
	}
	conv := func(n, k int, attrs onnx.Attrs) []float32 { return run(t, "Conv", 17, attrs, line(n), ones(k)) }
	pool := func(op string, n int, attrs onnx.Attrs) []float32 { return run(t, op, 19, attrs, line(n)) }
	for _, c := range []struct {
		name      string
		got, want []float32
	}{
		{"the odd pad behind", conv(5, 2, onnx.Attrs{"auto_pad": "SAME_UPPER"}), []float32{1, 3, 5, 7, 4}},
		{"the odd pad before", conv(5, 2, onnx.Attrs{"auto_pad": "SAME_LOWER"}), []float32{0, 1, 3, 5, 7}},
		{"same, strided", conv(6, 3, onnx.Attrs{"auto_pad": "SAME_LOWER", "strides": []int{2}}), []float32{1, 6, 12}},
		{"dilated into the padding", conv(5, 3, onnx.Attrs{"dilations": []int{2}, "pads": []int{3, 0}}), []float32{1, 2, 4, 6}},
		{"dilated, all pads", conv(3, 2, onnx.Attrs{"dilations": []int{3}, "pads": []int{2, 2}}), []float32{1, 2, 0, 1}},
		{"ceil", pool("MaxPool", 5, onnx.Attrs{"kernel_shape": []int{2}, "strides": []int{2}, "ceil_mode": 1}), []float32{1, 3, 4}},
		{"ceil, no window in the padding behind", pool("MaxPool", 4, onnx.Attrs{"kernel_shape": []int{1}, "strides": []int{3}, "pads": []int{0, 0}, "ceil_mode": 1}), []float32{0, 3}},
		{"ceil, a window that would begin behind the end", pool("AveragePool", 4, onnx.Attrs{"kernel_shape": []int{3}, "strides": []int{2}, "pads": []int{0, 2}, "ceil_mode": 1}), []float32{1, 2.5}},
		{"a maximum dilated into the padding", pool("MaxPool", 5, onnx.Attrs{"kernel_shape": []int{3}, "dilations": []int{2}, "pads": []int{3, 0}}), []float32{1, 2, 3, 4}},
		{"padding does not count", pool("AveragePool", 3, onnx.Attrs{"kernel_shape": []int{2}, "pads": []int{1, 1}}), []float32{0, 0.5, 1.5, 2}},
		{"padding counts", pool("AveragePool", 3, onnx.Attrs{"kernel_shape": []int{2}, "pads": []int{1, 1}, "count_include_pad": 1}), []float32{0, 0.5, 1.5, 1}},
		{"beyond the padding does not", pool("AveragePool", 4, onnx.Attrs{"kernel_shape": []int{3}, "strides": []int{2}, "ceil_mode": 1, "count_include_pad": 1}), []float32{1, 2.5}},
	} {
		near(t, c.name, c.got, c.want)
	}
}

// Groups of a convolution see their own channels.
func TestConvGroups(t *testing.T) {
	x := tensor.From(tensor.Float32, []float32{1, 10, 100, 1000}, 1, 4, 1)
	w := tensor.From(tensor.Float32, []float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2, 1)
	near(t, "two groups", run(t, "Conv", 17, onnx.Attrs{"group": 2}, x, w), []float32{21, 43, 6500, 8700})
	near(t, "transposed", run(t, "ConvTranspose", 17, onnx.Attrs{"group": 2}, x, w), []float32{31, 42, 7500, 8600})
}

// The last element of a slice, and steps and bounds that no tensor has.
func TestSliceEnds(t *testing.T) {
	ints := func(v ...int64) *tensor.T { return tensor.From(tensor.Int64, v, len(v)) }
	x := floats(0, 1, 2, 3, 4)
	for _, c := range []struct {
		start, end, step int64
		want             []float32
	}{
		{0, 5, 2, []float32{0, 2, 4}}, {1, 5, 2, []float32{1, 3}}, {0, 4, 3, []float32{0, 3}}, {4, -6, -2, []float32{4, 2, 0}},
		{3, math.MinInt64, -2, []float32{3, 1}}, {-1, math.MinInt64, math.MinInt64, []float32{4}}, {0, math.MaxInt64, math.MaxInt64, []float32{0}},
		{2, 2, 1, nil}, {-2, math.MaxInt64, 1, []float32{3, 4}}, {math.MinInt64, 2, 1, []float32{0, 1}},
	} {
		got := run(t, "Slice", 13, nil, x, ints(c.start), ints(c.end), ints(0), ints(c.step))
		if len(got) != len(c.want) {
			t.Errorf("%d:%d:%d: %v, want %v", c.start, c.end, c.step, got, c.want)
			continue
		}
		near(t, "slice", got, c.want)
	}
}

// A variance of 0 is what epsilon is for: 3/√0.25.
func TestNormalizationEpsilon(t *testing.T) {
	x := tensor.From(tensor.Float32, []float32{3}, 1, 1)
	near(t, "epsilon", run(t, "BatchNormalization", 15, onnx.Attrs{"epsilon": float32(0.25)}, x, floats(1), floats(0), floats(0), floats(0)), []float32{6})
}
