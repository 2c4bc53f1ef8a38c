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
			kernel(hide(&a))
		}
	}
}

// spread repeats the weights of a block's 4 pixels for their 4 channels.
var spread = [16]int32{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}

// runReal does the same for real values.
func runReal(kernel func(*realArgs)) func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
	return func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
		offsets := words(scratch, 8*Blocks(dst.W))
		t := &r.real
		for x := range len(offsets) / 2 {
			offsets[2*x], offsets[2*x+1] = int64(src.Offset(0, int(t.left[x]), 0)), int64(src.Offset(0, int(t.right[x]), 0))
		}
		weights := [4]float32{r.realScale(), 0, 0, out.Scale}
		a := realArgs{
			blocks: int64(Blocks(dst.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block), offsets: unsafe.Pointer(&offsets[0]),
			weightLeft: unsafe.Pointer(&t.weight[0][0]), weightRight: unsafe.Pointer(&t.weight[1][0]), weights: unsafe.Pointer(&weights),
			zeroIn: int64(r.Zero), zero: int64(out.Zero), lo: int64(lo), hi: int64(hi), spread: unsafe.Pointer(&spread),
		}
		for y := y0; y < y1; y++ {
			ty := t.y[y]
			weights[1], weights[2] = ty.d2, ty.d1
			a.top, a.bottom = unsafe.Pointer(&src.Data[int(ty.a)*src.Row]), unsafe.Pointer(&src.Data[int(ty.b)*src.Row])
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
	}
}

// runEnlarge makes real values of source rows, 16 channels at a time, and keeps the last two, row y in slot y%2.
func runEnlarge(floats func(*floatsArgs), enlarge func(*enlargeArgs)) func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
	return func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
		t := &r.real
		plane := r.floats()
		memory := words(scratch, 4*plane) // 2 slots of 4 planes of 4-byte values
		slots := [2]unsafe.Pointer{unsafe.Pointer(&memory[0]), unsafe.Pointer(&memory[2*plane])}
		scale, weights := r.realScale(), [4]float32{2: out.Scale, 3: 1 / out.Scale}
		f := floatsArgs{blocks: int64(Blocks(src.W)), srcBlock: int64(src.Block), plane: int64(plane), zero: int64(r.Zero), scale: unsafe.Pointer(&scale)}
		e := enlargeArgs{
			plane: int64(plane), blocks: int64(Blocks(dst.W)), dstBlock: int64(dst.Block),
			left: unsafe.Pointer(&t.left[0]), right: unsafe.Pointer(&t.right[0]),
			weightLeft: unsafe.Pointer(&t.weight[0][0]), weightRight: unsafe.Pointer(&t.weight[1][0]), weights: unsafe.Pointer(&weights),
			zero: int64(out.Zero), lo: int64(lo), hi: int64(hi), order: unsafe.Pointer(&unpacked),
		}
		for c := 0; c < Cells(dst.C); c += 4 {
			f.cells = int64(min(4, Cells(dst.C)-c))
			e.cells = f.cells
			have := [2]int32{-1, -1}
			for y := y0; y < y1; y++ {
				ty := t.y[y]
				for _, sy := range [2]int32{ty.a, ty.b} {
					if have[sy&1] != sy {
						have[sy&1] = sy
						f.dst, f.src = slots[sy&1], unsafe.Pointer(&src.Data[int(sy)*src.Row+c*Cell])
						floats(hide(&f))
					}
				}
				weights[0], weights[1] = ty.d2, ty.d1
				e.top, e.bottom = slots[ty.a&1], slots[ty.b&1]
				e.dst = unsafe.Pointer(&dst.Data[y*dst.Row+c*Cell])
				enlarge(hide(&e))
			}
		}
	}
}

// runDouble keeps the last two source rows of 16 channels as real values.
func runDouble(channels func(*channelsArgs), double func(*doubleArgs)) func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
	return func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte) {
		n := r.doubleFloats() / 2 // words of a slot
		memory := words(scratch, 2*n)
		// Row y is in slot y%2, behind the block whose last pixel its first one may read.
		slots := [2]unsafe.Pointer{unsafe.Pointer(&memory[32]), unsafe.Pointer(&memory[n+32])}
		scale := r.realScale()
		var weights [4]float32
		f := channelsArgs{blocks: int64(Blocks(src.W)), srcBlock: int64(src.Block), zero: int64(r.Zero), scale: unsafe.Pointer(&scale)}
		e := doubleArgs{
			outBlocks: int64(Blocks(dst.W)), dstBlock: int64(dst.Block), last: int64(src.W - 1), weights: unsafe.Pointer(&weights),
			steps: int64(2 - out.saved), zero: int64(out.Zero), lo: int64(lo), hi: int64(hi),
		}
		for c := 0; c < Cells(dst.C); c += 4 {
			f.cells = int64(min(4, Cells(dst.C)-c))
			e.cells = f.cells
			have := [2]int32{-1, -1}
			for y := y0; y < y1; {
				ty := r.real.y[y]
				for _, sy := range [2]int32{ty.a, ty.b} {
					if have[sy&1] != sy {
						have[sy&1] = sy
						f.dst, f.src = slots[sy&1], unsafe.Pointer(&src.Data[int(sy)*src.Row+c*Cell])
						channels(hide(&f))
					}
				}
				row, _ := doubleRow(ty)
				weights = [4]float32{row.c, row.d, row.unit * out.Scale, 1 / (row.unit * out.Scale)}
				e.top, e.bottom = slots[ty.a&1], slots[ty.b&1]
				e.dst, e.row, e.rows = unsafe.Pointer(&dst.Data[y*dst.Row+c*Cell]), 0, 2
				if row.upper {
					e.rows = 1
					if y+1 < y1 && r.real.y[y+1] == (realTap{a: ty.a, b: ty.b, d1: 0.75, d2: 0.25}) {
						e.row, e.rows = int64(dst.Row), 3
						y++
					}
				}
				y++
				double(hide(&e))
			}
		}
	}
}

// runNearest does the same for a nearest resize. One to twice the width needs no offsets.
func runNearest(kernel func(*nearestArgs)) func(dst, src *Map, r *Resize, y0, y1 int, scratch []byte) {
	return func(dst, src *Map, r *Resize, y0, y1 int, scratch []byte) {
		a := nearestArgs{blocks: int64(Blocks(dst.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block)}
		if r.repeats() {
			a.srcBlock = int64(src.Block)
		} else {
			offsets := words(scratch, 8*Blocks(dst.W))
			for x := range len(offsets) / 2 {
				offsets[2*x] = int64(src.Offset(0, int(r.x[min(x, dst.W-1)].a), 0))
			}
			a.offsets = unsafe.Pointer(&offsets[0])
		}
		for y := y0; y < y1; y++ {
			a.src, a.dst = unsafe.Pointer(&src.Data[int(r.y[y].a)*src.Row]), unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
	}
}

// repeats is whether pixels 2x and 2x + 1 of every row are pixel x.
func (r *Resize) repeats() bool {
	for x := range r.x {
		if r.x[x].a != int32(x/2) {
			return false
		}
	}
	return r.OutW == 2*r.InW
}

// argmaxRows is the most rows of a call: their weights live on the stack.
const argmaxRows = 16

// runResizeArgMax gives the kernel all output rows between the same two source rows; the planes of the classes of source
// row y are in slot y%2 of scratch.
func runResizeArgMax(kernel func(*argmaxArgs)) func(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte) {
	return func(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte) {
		n := (r.planes(src.C) + 1) * r.plane() // floats of a slot: an even number
		planes := words(scratch, n)
		slots := [2]unsafe.Pointer{unsafe.Pointer(&planes[0]), unsafe.Pointer(&planes[n/2])}
		t := &r.real
		weights := [1 + 2*argmaxRows]float32{r.realScale()}
		a := argmaxArgs{
			blocks: int64(Blocks(src.W)), srcBlock: int64(src.Block), outWidth: int64(r.OutW), classes: int64(src.C),
			plane: int64(r.plane()), zero: int64(r.Zero), weights: unsafe.Pointer(&weights),
			left: unsafe.Pointer(&t.left[0]), right: unsafe.Pointer(&t.right[0]),
			weightLeft: unsafe.Pointer(&t.weight[0][0]), weightRight: unsafe.Pointer(&t.weight[1][0]),
		}
		var units [2 * argmaxRows]int16
		if r.sure() {
			a.sure = 1
			if w := t.whole; w != nil {
				a.units = unsafe.Pointer(&units)
				a.nearLeft, a.nearRight = unsafe.Pointer(&w.near[0][0]), unsafe.Pointer(&w.near[1][0])
				a.unitsLeft, a.unitsRight = unsafe.Pointer(&w.weight[0][0]), unsafe.Pointer(&w.weight[1][0])
			}
		}
		have := [2]int32{-1, -1}
		for y := y0; y < y1; y += int(a.rows) {
			ty := t.y[y]
			a.fill = 0
			for i, sy := range [2]int32{ty.a, ty.b} {
				if have[sy&1] != sy {
					have[sy&1] = sy
					a.fill |= 1 << i
				}
			}
			for a.rows = 0; a.rows < argmaxRows && y+int(a.rows) < y1; a.rows++ {
				next := t.y[y+int(a.rows)]
				if next.a != ty.a { // b follows from a
					break
				}
				weights[2*a.rows+1], weights[2*a.rows+2] = next.d2, next.d1
				if t.whole != nil {
					units[2*a.rows], units[2*a.rows+1] = t.whole.of(next.d2), t.whole.of(next.d1)
				}
			}
			a.top, a.bottom = unsafe.Pointer(&src.Data[int(ty.a)*src.Row]), unsafe.Pointer(&src.Data[int(ty.b)*src.Row])
			a.above, a.below = slots[ty.a&1], slots[ty.b&1]
			a.dst = unsafe.Pointer(&dst[y*r.OutW])
			kernel(hide(&a))
		}
	}
}
