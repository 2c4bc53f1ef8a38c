//go:build amd64 || arm64

package kernel

import (
	"math/bits"
	"unsafe"
)

// runResize points a kernel at the two source rows of each output row; the offsets of the pixels are in scratch.
func runResize(kernel func(*resizeArgs)) func(dst, src *Map, r *Resize, y0, y1 int, scratch []byte) {
	return func(dst, src *Map, r *Resize, y0, y1 int, scratch []byte) {
		offsets := words(scratch, 8*Blocks(dst.W))
		for x := range len(offsets) / 2 {
			t := r.x[min(x, dst.W-1)]
			offsets[2*x], offsets[2*x+1] = int64(src.Offset(0, int(t.a), 0)), int64(src.Offset(0, int(t.b), 0))
		}
		a := resizeArgs{
			shift: int64(2 * bits.TrailingZeros(uint(2*r.factor))), blocks: int64(Blocks(dst.W)), cells: int64(Cells(dst.C)),
			dstBlock: int64(dst.Block), offsets: unsafe.Pointer(&offsets[0]), weights: unsafe.Pointer(&r.tables.pairs[0]),
		}
		if !r.Truncate {
			a.bias, a.parity, a.odd = 1<<(a.shift-1)-1, int64(r.Zero&1), 1
		}
		for y := y0; y < y1; y++ {
			t := r.y[y]
			a.top, a.bottom = unsafe.Pointer(&src.Data[int(t.a)*src.Row]), unsafe.Pointer(&src.Data[int(t.b)*src.Row])
			a.weightBottom = int64(r.weight(t))
			a.weightTop = int64(2*r.factor) - a.weightBottom
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(&a)
		}
	}
}

// runResizeArgMax does the same for an enlargement with argmax; the planes of the classes are in scratch.
func runResizeArgMax(kernel func(*argmaxArgs)) func(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte) {
	return func(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte) {
		planes := words(scratch, (r.planes(src.C)*r.plane()+3)/4)
		t := r.tables
		a := argmaxArgs{
			blocks: int64(Blocks(src.W)), srcBlock: int64(src.Block), width: int64(src.W), outWidth: int64(r.OutW),
			classes: int64(src.C), planes: unsafe.Pointer(&planes[0]), plane: int64(r.plane()), order: unsafe.Pointer(&t.order),
			left: unsafe.Pointer(&t.left), right: unsafe.Pointer(&t.right), weightLeft: unsafe.Pointer(&t.weightLeft),
			weightRight: unsafe.Pointer(&t.weightRight), advance: int64(32 / r.factor),
		}
		for y := y0; y < y1; y++ {
			t := r.y[y]
			a.top, a.bottom = unsafe.Pointer(&src.Data[int(t.a)*src.Row]), unsafe.Pointer(&src.Data[int(t.b)*src.Row])
			a.weightBottom = int64(r.weight(t))
			a.weightTop = int64(2*r.factor) - a.weightBottom
			a.dst = unsafe.Pointer(&dst[y*r.OutW])
			kernel(&a)
		}
	}
}
