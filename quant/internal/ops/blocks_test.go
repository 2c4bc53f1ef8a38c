package ops_test

import (
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Blocked scales: an entry of scale and zero point for each block of an axis, in every slice of the other axes.
func TestBlockedScales(t *testing.T) {
	q := make([]uint8, 30)
	for i := range q {
		q[i] = uint8(i)
	}
	// [2, 5, 3] in blocks of 2 along axis 1: scales [2, 3, 3], the last block of one slice.
	scale, zero := make([]float32, 18), make([]uint8, 18)
	for i := range scale {
		scale[i], zero[i] = float32(int(1)<<(i%7)), uint8(i)
	}
	x := tensor.From(tensor.Uint8, q, 2, 5, 3)
	s, z := tensor.From(tensor.Float32, scale, 2, 3, 3), tensor.From(tensor.Uint8, zero, 2, 3, 3)
	got := run(t, "DequantizeLinear", 21, onnx.Attrs{"axis": 1, "block_size": 2}, x, s, z)
	entry := func(i int) int { return i/15*9 + i/3%5/2*3 + i%3 }
	for i, v := range got {
		if k := entry(i); v != float32(int(q[i])-int(zero[k]))*scale[k] {
			t.Fatalf("element %d is %v, want (%d − %d)·%v", i, v, q[i], zero[k], scale[k])
		}
	}
	real := tensor.From(tensor.Float32, got, 2, 5, 3)
	impl, err := build("QuantizeLinear", 21, onnx.Attrs{"axis": -2, "block_size": 2}, real, s, z)
	if err != nil {
		t.Fatal(err)
	}
	back, _ := tensor.New(tensor.Uint8, 2, 5, 3)
	impl.Run([]*tensor.T{real, s, z}, []*tensor.T{back}, 0, impl.Units)
	for i := range q {
		if back.Data[i] != q[i] {
			t.Fatalf("element %d comes back as %d, want %d", i, back.Data[i], q[i])
		}
	}
}

// One block an axis is not one entry for all: each row has its own.
func TestOneBlock(t *testing.T) {
	x := tensor.From(tensor.Uint8, []uint8{1, 2, 3, 4, 5, 6}, 2, 3)
	got := run(t, "DequantizeLinear", 21, onnx.Attrs{"axis": 1, "block_size": 8}, x, tensor.From(tensor.Float32, []float32{1, 10}, 2, 1))
	near(t, "one block", got, []float32{1, 2, 3, 40, 50, 60})
	impl, err := build("QuantizeLinear", 21, onnx.Attrs{"axis": 1, "block_size": 3}, tensor.From(tensor.Float32, got, 2, 3), tensor.From(tensor.Float32, []float32{1, 10}, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	back, _ := tensor.New(tensor.Uint8, 2, 3)
	impl.Run([]*tensor.T{tensor.From(tensor.Float32, got, 2, 3), tensor.From(tensor.Float32, []float32{1, 10}, 2, 1)}, []*tensor.T{back}, 0, impl.Units)
	for i, w := range x.Data {
		if back.Data[i] != w {
			t.Errorf("element %d comes back as %d, want %d", i, back.Data[i], w)
		}
	}
	for _, scales := range []*tensor.T{tensor.From(tensor.Float32, []float32{1, 1, 1}, 3, 1), tensor.From(tensor.Float32, []float32{1, 1, 1, 1}, 2, 2), floats(1, 1)} {
		if _, err := build("DequantizeLinear", 21, onnx.Attrs{"axis": 1, "block_size": 3}, x, scales); err == nil {
			t.Errorf("scales of %v for blocks of 3 of %v", scales.Shape, x.Shape)
		}
	}
}
