package quant_test

import (
	"testing"

	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// volumes is one operator on [1, 1, 3, 2, 2] of 1, 2, …, 12.
func volumes(op string, weights []float32, attrs ...any) *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 1, 1, 3, 2, 2)
	in := []string{"x"}
	if weights != nil {
		m.Init("w", ot.F32, ot.Float32s(weights...), 1, 1, len(weights), 1, 1)
		in = append(in, "w")
	}
	return m.Node(op, in, []string{"y"}, attrs...).Output("y", ot.F32)
}

// Windows over three axes: the depth's strides, pads, dilations and taps.
func TestVolumes(t *testing.T) {
	kernel := func(d, h, w int) []any { return []any{"kernel_shape", []int{d, h, w}} }
	for name, c := range map[string]struct {
		m    *ot.Model
		want []float32
	}{
		"max":        {volumes("MaxPool", nil, append(kernel(2, 1, 2), "strides", []int{1, 1, 2})...), []float32{6, 8, 10, 12}},
		"mean":       {volumes("AveragePool", nil, append(kernel(2, 2, 2), "pads", []int{1, 0, 0, 0, 0, 0}, "strides", []int{2, 1, 1})...), []float32{2.5, 8.5}},
		"mean, all":  {volumes("AveragePool", nil, append(kernel(2, 2, 2), "pads", []int{1, 0, 0, 0, 0, 0}, "strides", []int{2, 1, 1}, "count_include_pad", 1)...), []float32{1.25, 8.5}},
		"global":     {volumes("GlobalAveragePool", nil), []float32{6.5}},
		"conv":       {volumes("Conv", []float32{1, 10}), []float32{51, 62, 73, 84, 95, 106, 117, 128}},
		"padded":     {volumes("Conv", []float32{1, 10}, "pads", []int{1, 0, 0, 0, 0, 0}, "strides", []int{2, 1, 1}), []float32{10, 20, 30, 40, 95, 106, 117, 128}},
		"dilated":    {volumes("Conv", []float32{1, 10}, "dilations", []int{2, 1, 1}), []float32{91, 102, 113, 124}},
		"same":       {volumes("Conv", []float32{1, 10}, "auto_pad", "SAME_LOWER", "strides", []int{3, 1, 1}), []float32{51, 62, 73, 84}},
		"transposed": {volumes("ConvTranspose", []float32{1, 10}, "strides", []int{2, 1, 1}, "pads", []int{1, 0, 0, 1, 0, 0}), []float32{10, 20, 30, 40, 5, 6, 7, 8, 50, 60, 70, 80, 9, 10, 11, 12}},
		"longer":     {volumes("ConvTranspose", []float32{1}, "strides", []int{2, 1, 1}, "output_padding", []int{1, 0, 0}, "pads", []int{4, 0, 0, 0, 0, 0}), []float32{9, 10, 11, 12, 0, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) { near(t, outcome(t, c.m), c.want) })
	}
}

// brokenVolumes are windows over three axes that cannot be.
func brokenVolumes() []hostile {
	return []hostile{
		{"a volume's kernel of two axes", volumes("MaxPool", nil, "kernel_shape", []int{2, 2}), "kernel_shape is [2 2] for three axes"},
		{"a volume's pool without a kernel", volumes("AveragePool", nil), "kernel_shape is []"},
		{"a volume's stride of 0", volumes("Conv", []float32{1}, "strides", []int{0, 1, 1}), "strides is [0 1 1]"},
		{"a volume's pads of 2^40", volumes("Conv", []float32{1}, "pads", []int{1 << 40, 0, 0, 0, 0, 0}), "pads is"},
		{"a volume's negative pads", volumes("MaxPool", nil, "kernel_shape", []int{1, 1, 1}, "pads", []int{-1, 0, 0, 0, 0, 0}), "pads is"},
		{"a volume's kernel larger than it", volumes("Conv", []float32{1, 1, 1, 1}), "the window of 4 reaches beyond the padded input of 3"},
		{"a volume's kernel of 1,000 taps", volumes("Conv", make([]float32, 1000)), "at most 256 taps"},
		{"a volume's kernel_shape of another size", volumes("Conv", []float32{1}, "kernel_shape", []int{2, 1, 1}), "kernel_shape [2 1 1]"},
		{"indices in a volume", ot.New(17).Input("x", ot.F32, 1, 1, 3, 2, 2).Node("MaxPool", []string{"x"}, []string{"y", "i"}, "kernel_shape", []int{1, 1, 1}).Output("i", ot.I64), "indices over three axes"},
		{"a transposed volume that pads eat", volumes("ConvTranspose", []float32{1}, "pads", []int{2, 0, 0, 2, 0, 0}), "output of depth -1"},
		{"a transposed volume with a shape", volumes("ConvTranspose", []float32{1}, "output_shape", []int{3, 2, 2}), "output_shape over three axes"},
		{"a transposed volume of 10^12", volumes("ConvTranspose", []float32{1, 1}, "strides", []int{1 << 20, 1 << 20, 1 << 20}), "ConvTranspose"},
		{"a volume in groups that don't divide", volumes("Conv", []float32{1}, "group", 2), "groups do not divide"},
	}
}
