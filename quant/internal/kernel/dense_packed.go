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

// paddedWidth is the pixels of a source row that whole blocks of w output pixels read, padding included.
func paddedWidth(c *Conv, w int) int { return (Blocks(w)*4-1)*c.StrideX + (c.KW-1)*c.DilationX + 1 }

// scratchFirst is the padded source rows of one output row.
func scratchFirst(p *PackedConv, w int) int { return p.c.KH * 4 * paddedWidth(&p.c, w) }

// runFirst copies the source rows of each output row into scratch with their padding, where every window is a run of
// pixels.
func runFirst(kernel func(*convArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		c := &p.c
		n := 4 * paddedWidth(c, dst.W)
		var rows [maxTapsY]unsafe.Pointer
		a := p.convArgs(dst, src)
		a.tapsY, a.tapsX, a.blocks = int64(c.KH), int64(c.KW), int64(Blocks(dst.W))
		a.rows, a.stride, a.srcBlock = unsafe.Pointer(&rows), int64(4*c.StrideX), int64(4*c.DilationX)
		for y := y0; y < y1; y++ {
			for ky := range c.KH {
				row := scratch[ky*n:][:n]
				paddedRow(row, src, y*c.StrideY+ky*c.DilationY-c.PadTop, c.PadLeft, byte(c.Zero))
				rows[ky] = unsafe.Pointer(&row[0])
			}
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
		p.table(dst, y0, y1)
	}
}

// paddedRow copies row y of src, 4 bytes a pixel, after left pixels of padding; the rest of row is padding too.
func paddedRow(row []byte, src *Map, y, left int, zero byte) {
	fill := func(b []byte) {
		for i := range b {
			b[i] = zero
		}
	}
	if y < 0 || y >= src.H {
		fill(row)
		return
	}
	at := min(4*left, len(row))
	fill(row[:at])
	line := src.Data[y*src.Row:]
	if src.Block == Cell {
		at += copy(row[at:], line[:4*src.W])
	} else {
		for b := range Blocks(src.W) {
			at += copy(row[at:], line[b*src.Block:][:4*min(4, src.W-4*b)])
		}
	}
	fill(row[at:])
}
