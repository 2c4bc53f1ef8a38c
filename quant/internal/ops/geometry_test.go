package ops_test

import (
	"math"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// build is a node's implementation or error, on constant operands; nil is an omitted one.
func build(op string, version int, attrs onnx.Attrs, in ...*tensor.T) (*ops.Impl, error) {
	n := &ops.Node{Op: op, Version: version, Attrs: attrs, Outs: 1}
	for _, v := range in {
		if v == nil {
			n.In = append(n.In, nil)
			continue
		}
		n.In = append(n.In, &ops.Value{Type: v.Type, Shape: v.Shape, Const: v})
	}
	return ops.Build(n)
}

// run is the float32 output of a node of the given opset.
func run(t *testing.T, op string, version int, attrs onnx.Attrs, in ...*tensor.T) []float32 {
	t.Helper()
	impl, err := build(op, version, attrs, in...)
	if err != nil {
		t.Fatalf("%s %v: %v", op, attrs, err)
	}
	out, err := tensor.New(impl.Out[0].Type, impl.Out[0].Shape...)
	if err != nil {
		t.Fatal(err)
	}
	impl.Run(in, []*tensor.T{out}, 0, impl.Units)
	return tensor.View[float32](out)
}

func near(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || !(math.Abs(float64(got[i]-want[i])) <= 1e-6) {
			t.Errorf("%s: %v, want %v", name, got, want)
			return
		}
	}
}

// line is [1, 1, n] of 0, 1, 2, …
func line(n int) *tensor.T {
	t, _ := tensor.New(tensor.Float32, 1, 1, n)
	for i := range n {
		tensor.View[float32](t)[i] = float32(i)
	}
	return t
}

// A scale that makes a size which is not whole: the size is its whole part, the scale stays the given one, and the
// corners are those of the whole size. The numbers are ONNX Runtime 1.32's.
func TestResizeByFractions(t *testing.T) {
	scale := func(s float32) *tensor.T { return floats(1, 1, s) }
	for _, c := range []struct {
		coord string
		scale float32
		want  []float32
	}{
		{"align_corners", 0.6, []float32{0, 2.5, 5}},
		{"align_corners", 1.7, []float32{0, 0.5555556, 1.1111112, 1.6666666, 2.2222223, 2.7777777, 3.3333333, 3.8888888, 4.4444447, 5}},
		{"align_corners", 0.25, []float32{0}},
		{"half_pixel", 0.6, []float32{1. / 3, 2, 11. / 3}},
		{"half_pixel_symmetric", 0.6, []float32{0.8333334, 2.5, 4.1666665}},
		{"asymmetric", 0.6, []float32{0, 1.6666666, 3.3333333}},
		{"pytorch_half_pixel", 0.25, []float32{0}},
		{"half_pixel", 0.25, []float32{1.5}},
	} {
		near(t, c.coord, run(t, "Resize", 19, onnx.Attrs{"mode": "linear", "coordinate_transformation_mode": c.coord}, line(6), nil, scale(c.scale)), c.want)
	}
	roi := floats(0, 0, 0.1, 1, 1, 0.8)
	crop := onnx.Attrs{"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"}
	near(t, "crop", run(t, "Resize", 19, crop, line(6), roi, scale(0.6)), []float32{0.5, 2.25, 4})
	near(t, "crop to one", run(t, "Resize", 19, crop, line(6), roi, scale(0.25)), []float32{2.25})
}

// A policy of keeping the aspect ratio gives every axis one scale, and coordinates come from it, not from the sizes.
func TestResizeKeepsAspect(t *testing.T) {
	x := tensor.From(tensor.Float32, make([]float32, 35), 5, 7)
	for i := range 35 {
		tensor.View[float32](x)[i] = float32(i % 7)
	}
	sizes := tensor.From(tensor.Int64, []int64{7, 12}, 2)
	for policy, want := range map[string][]float32{
		"not_larger":  {0, 0.5714286, 1.2857143, 2, 2.7142856, 3.4285715, 4.142857, 4.857143, 5.571429, 6},
		"not_smaller": {0, 0.375, 0.9583333, 1.5416666, 2.125, 2.7083333, 3.2916667, 3.875, 4.4583335, 5.0416665, 5.625, 6},
	} {
		got := run(t, "Resize", 18, onnx.Attrs{"mode": "linear", "keep_aspect_ratio_policy": policy}, x, nil, nil, sizes)
		near(t, policy, got[:len(want)], want)
		if rows := map[string]int{"not_larger": 7, "not_smaller": 9}[policy]; len(got) != rows*len(want) {
			t.Errorf("%s: %d pixels in rows of %d", policy, len(got), len(want))
		}
	}
}

// A coordinate within 1e-6 of the middle of two pixels is in the middle: 4 / (8/7) is 3.4999998 in float32, and 19 / (38/7)
// is 3.5000002.
func TestResizeTies(t *testing.T) {
	nearest := func(mode string, n, to int) []float32 {
		sizes := tensor.From(tensor.Int64, []int64{1, 1, int64(to)}, 3)
		return run(t, "Resize", 19, onnx.Attrs{"coordinate_transformation_mode": "asymmetric", "nearest_mode": mode}, line(n), nil, nil, sizes)
	}
	for _, c := range []struct {
		mode      string
		n, to, at int
		want      float32
	}{
		{"round_prefer_ceil", 7, 8, 4, 4}, {"round_prefer_floor", 7, 8, 4, 3}, {"round_prefer_floor", 7, 38, 19, 3}, {"round_prefer_ceil", 7, 38, 19, 4},
		{"floor", 7, 38, 19, 3}, {"ceil", 7, 8, 4, 4}, {"round_prefer_ceil", 10, 12, 9, 8}, {"round_prefer_floor", 10, 12, 8, 7},
	} {
		if got := nearest(c.mode, c.n, c.to)[c.at]; got != c.want {
			t.Errorf("%s of %d to %d: pixel %d is %v, want %v", c.mode, c.n, c.to, c.at, got, c.want)
		}
	}
}

// auto_pad and output_shape of a transposed convolution of [1 2 3]; the numbers are ONNX Runtime 1.32's.
func TestTransposedSizes(t *testing.T) {
	x := tensor.From(tensor.Float32, []float32{1, 2, 3}, 1, 1, 3)
	weights := func(k int) *tensor.T { return tensor.From(tensor.Float32, []float32{1, 10, 100, 1000}[:k], 1, 1, k) }
	for _, c := range []struct {
		name  string
		k     int
		attrs onnx.Attrs
		want  []float32
	}{
		{"a kernel below its stride", 1, onnx.Attrs{"strides": []int{3}, "auto_pad": "SAME_UPPER"}, []float32{1, 0, 0, 2, 0, 0, 3}},
		{"a kernel below its stride, padded", 1, onnx.Attrs{"strides": []int{2}, "auto_pad": "SAME_LOWER", "output_padding": []int{1}}, []float32{1, 0, 2, 0, 3, 0}},
		{"the odd pad behind", 3, onnx.Attrs{"strides": []int{2}, "auto_pad": "SAME_UPPER"}, []float32{1, 10, 102, 20, 203, 30}},
		{"the odd pad before", 3, onnx.Attrs{"strides": []int{2}, "auto_pad": "SAME_LOWER"}, []float32{10, 102, 20, 203, 30, 300}},
		{"a shape below", 4, onnx.Attrs{"strides": []int{2}, "output_shape": []int{5}}, []float32{102, 1020, 203, 2030, 300}},
		{"a shape below, upper", 4, onnx.Attrs{"strides": []int{2}, "output_shape": []int{5}, "auto_pad": "SAME_UPPER"}, []float32{10, 102, 1020, 203, 2030}},
		{"a shape above", 2, onnx.Attrs{"strides": []int{2}, "output_shape": []int{7}}, []float32{1, 10, 2, 20, 3, 30, 0}},
	} {
		near(t, c.name, run(t, "ConvTranspose", 17, c.attrs, x, weights(c.k)), c.want)
	}
	for _, size := range []int{8, 0, -1, 1 << 40} {
		if _, err := build("ConvTranspose", 17, onnx.Attrs{"strides": []int{2}, "output_shape": []int{size}}, x, weights(2)); err == nil || !strings.Contains(err.Error(), "output_shape") {
			t.Errorf("output_shape %d: %v", size, err)
		}
	}
}
