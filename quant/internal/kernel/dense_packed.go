//go:build amd64 || arm64

package kernel

import "unsafe"

// maxTapsY bounds the height of a window: the row pointers of a call live on the stack.
const maxTapsY = 16

func takesDense(p *PackedConv) bool { return p.simple() && p.c.Groups == 1 && p.c.KH <= maxTapsY }

func packDense(p *PackedConv) packedWeights {
	w := packGroups(p)
	w.pad = padding(Cells(p.c.In)*Cell, p.c.Zero)
	return w
}

// scratchDense is the table of byte offsets, 8 bytes for each tap of a row and each output pixel of whole blocks.
func scratchDense(p *PackedConv, w int) int { return p.c.KW*Blocks(w)*4*8 + 8 }

// runDense fills the table of offsets once and then points the kernel at the source rows of each output row.
func runDense(kernel func(*convArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		c := &p.c
		offsets := words(scratch, c.KW*Blocks(dst.W)*4)
		p.tapOffsets(offsets, src)
		var rows [maxTapsY]unsafe.Pointer
		a := p.convArgs(dst, src)
		a.tapsY, a.tapsX, a.blocks = int64(c.KH), int64(c.KW), int64(Blocks(dst.W))
		a.rows, a.offsets, a.pad = unsafe.Pointer(&rows), unsafe.Pointer(&offsets[0]), unsafe.Pointer(&p.packed.pad[0])
		for y := y0; y < y1; y++ {
			p.tapRows(&rows, src, y)
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
		p.table(dst, y0, y1)
	}
}

// tapOffsets fills [KW][output pixels] with the byte offsets of the source pixels into their row; -1 is outside the map.
func (p *PackedConv) tapOffsets(offsets []int64, src *Map) {
	n := len(offsets) / p.c.KW
	for kx := range p.c.KW {
		for x := range n {
			sx := x*p.c.StrideX + kx*p.c.DilationX - p.c.PadLeft
			if sx < 0 || sx >= src.W {
				offsets[kx*n+x] = -1
			} else {
				offsets[kx*n+x] = int64(src.Offset(0, sx, 0))
			}
		}
	}
}

// tapRows points at the source rows of output row y; nil is outside the map.
func (p *PackedConv) tapRows(rows *[maxTapsY]unsafe.Pointer, src *Map, y int) {
	for ky := range p.c.KH {
		rows[ky] = nil
		if sy := y*p.c.StrideY + ky*p.c.DilationY - p.c.PadTop; sy >= 0 && sy < src.H {
			rows[ky] = unsafe.Pointer(&src.Data[sy*src.Row])
		}
	}
}

// words is n 8-byte words in scratch, aligned.
func words(scratch []byte, n int) []int64 {
	at := -uintptr(unsafe.Pointer(&scratch[0])) & 7
	return unsafe.Slice((*int64)(unsafe.Pointer(&scratch[at:][:8*n][0])), n)
}

// takesFirst is whether the source's pixels are 4 bytes: the first layer of an early-fused student.
func takesFirst(p *PackedConv) bool {
	return p.simple() && p.c.Groups == 1 && p.c.In <= 4 && p.c.KH <= maxTapsY
}

// firstWindow is the pixels of a source row that n blocks of output read.
func firstWindow(c *Conv, n int) int { return (4*n-1)*c.StrideX + (c.KW-1)*c.DilationX + 1 }

// scratchFirst is the source rows of one output row with their padding, and a row of padding.
func scratchFirst(p *PackedConv, w int) int { return (p.c.KH + 1) * 4 * firstWindow(&p.c, Blocks(w)) }

// runFirst points the kernel at the source rows, where every window is a run of pixels; the blocks at the left and at
// the right whose windows reach outside the map read copies with their padding in scratch. A kernel that pads can do without
// the copy at the left where that is but the first window.
func runFirst(kernel func(*convArgs), pads bool) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		c, blocks := &p.c, Blocks(dst.W)
		left, right := blocks, blocks // blocks [left, right) lie inside
		if src.Block == Cell {
			step := 4 * c.StrideX
			pads := pads && c.PadLeft <= c.StrideX
			if left = 0; !pads {
				left = min(((c.PadLeft+step-1)/step+3)&^3, blocks) // in whole tiles of up to 4 blocks
			}
			right = left
			if last := src.W + c.PadLeft - firstWindow(c, 1); last >= 0 {
				right = max(min(last/step+1, blocks), left)
			}
		}
		padding := scratch[c.KH*4*firstWindow(c, blocks):][:4*firstWindow(c, blocks)]
		fill(padding, byte(c.Zero))
		var rows [maxTapsY]unsafe.Pointer
		a := p.convArgs(dst, src)
		a.tapsY, a.tapsX, a.pad = int64(c.KH), int64(c.KW), unsafe.Pointer(&padding[0])
		a.rows, a.stride, a.srcBlock = unsafe.Pointer(&rows), int64(4*c.StrideX), int64(4*c.DilationX)
		for y := y0; y < y1; y++ {
			for from := 0; from < blocks; {
				to := blocks
				if from < left {
					to = left
				} else if from < right {
					to = right
				}
				at := 4*from*c.StrideX - c.PadLeft
				inside := from >= left && from < right
				a.before, a.outside = 0, 0
				if inside && at < 0 {
					a.before, a.outside = int64(-4*at), int64((-at+c.DilationX-1)/c.DilationX)
				}
				for ky := range c.KH {
					sy := y*c.StrideY + ky*c.DilationY - c.PadTop
					switch {
					case sy < 0 || sy >= src.H:
						rows[ky] = unsafe.Pointer(&padding[0])
					case inside:
						rows[ky] = unsafe.Pointer(&src.Data[sy*src.Row+4*max(at, 0)])
					default:
						n := 4 * firstWindow(c, to-from)
						row := scratch[ky*n:][:n]
						paddedRow(row, src, sy, at, byte(c.Zero))
						rows[ky] = unsafe.Pointer(&row[0])
					}
				}
				a.dst, a.blocks = unsafe.Pointer(&dst.Data[y*dst.Row+from*dst.Block]), int64(to-from)
				kernel(hide(&a))
				from = to
			}
		}
		p.table(dst, y0, y1)
	}
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}

// paddedRow copies row y of src, 4 bytes a pixel, from pixel at on, which may lie outside; so does padding.
func paddedRow(row []byte, src *Map, y, at int, zero byte) {
	n := min(max(-4*at, 0), len(row))
	fill(row[:n], zero)
	line := src.Data[y*src.Row:]
	x := max(at, 0)
	if src.Block == Cell && x < src.W {
		n += copy(row[n:], line[4*x:4*src.W])
		x = src.W
	}
	for ; x < src.W && n < len(row); x++ {
		n += copy(row[n:], line[x/4*src.Block+x%4*4:][:4])
	}
	fill(row[n:], zero)
}
