//go:build amd64 || arm64

package kernel

import "unsafe"

// takesDepthwise3x3 is whether p is a depthwise 3×3 with a stride of 1 or 2, without dilation, whose first window
// begins one pixel left of the map.
func takesDepthwise3x3(stride int) func(p *PackedConv) bool {
	return func(p *PackedConv) bool {
		c := &p.c
		return p.simple() && c.Groups == c.In && c.In == c.Out && c.KH == 3 && c.KW == 3 && c.StrideX == stride &&
			c.StrideY == stride && c.DilationY == 1 && c.DilationX == 1 && c.PadLeft == 1
	}
}

// roomDepthwise is room with padding, and with how many products of taps an output takes.
func (p *PackedConv) roomDepthwise(bytes, lanes int) packedWeights {
	w := p.room(bytes)
	w.pad, w.lanes = padding(len(w.bias)*4, p.c.Zero), lanes
	return w
}

// packDepthwise3x3 orders weights as [group of 16 channels][ky][16 channels][w0 w1 w2 0].
func packDepthwise3x3(p *PackedConv) packedWeights {
	w := p.roomDepthwise(3*64, 12)
	for n := range p.c.Out {
		for ky := range 3 {
			copy(w.weights[(n/16*3+ky)*64+n%16*4:][:3], p.c.Weights[n*9+3*ky:])
		}
	}
	return w
}

// padding is a row of the zero point that a kernel reads for taps outside the map.
func padding(n, zero int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(zero)
	}
	return b
}

// depthwiseKernels is one for an output row, one for two rows or nil, and one for four rows of a last group of at most 8 channels,
// whose weights, biases and scales are there twice, or nil.
type depthwiseKernels struct{ one, two, halves func(*depthwiseArgs) }

// runDepthwise3x3 gives a last group of at most 8 channels to the kernel for it.
func runDepthwise3x3(k depthwiseKernels) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	whole := depthwiseKernels{one: k.one, two: k.two}
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		cells := Cells(dst.C)
		if last := cells % 4; k.halves != nil && (last == 1 || last == 2) && y1-y0 >= 4 {
			cells -= last
			k.run(p, dst, src, cells, cells+last, y0, y1)
		}
		if cells > 0 {
			whole.run(p, dst, src, 0, cells, y0, y1)
		}
		p.table(dst, y0, y1)
	}
}

// run points a kernel at the source rows of each output row, or of as many as it computes at once, for cells [c0, c1).
func (k depthwiseKernels) run(p *PackedConv, dst, src *Map, c0, c1, y0, y1 int) {
	var rows [6]unsafe.Pointer
	var steps [6]int64
	w, at := &p.packed, 4*c0
	a := depthwiseArgs{
		rows: unsafe.Pointer(&rows), rowBlocks: unsafe.Pointer(&steps), dstRow: int64(dst.Row),
		weights: unsafe.Pointer(&w.weights[12*at]), bias: unsafe.Pointer(&w.bias[at]), scale: unsafe.Pointer(&w.scale[at]),
		blocks: int64(Blocks(dst.W)), srcBlocks: int64(Blocks(src.W)), cells: int64(c1 - c0), dstBlock: int64(dst.Block),
		zero: int64(p.c.Requant.Zero),
		pad:  int64(p.c.Zero), keep: int64(uint32(0xffffffff) >> (8 * (-src.W & 3))),
	}
	if w.ramp != nil {
		a.ramp = unsafe.Pointer(&w.ramp[at])
	}
	for y := y0; y < y1; {
		n, kernel := 1, k.one
		if k.halves != nil && y+4 <= y1 {
			n, kernel = 4, k.halves
		} else if k.two != nil && y+2 <= y1 {
			n, kernel = 2, k.two
		}
		for i := range n + 2 {
			sy := y*p.c.StrideY + i - p.c.PadTop
			if sy >= 0 && sy < src.H {
				rows[i], steps[i] = unsafe.Pointer(&src.Data[sy*src.Row+c0*Cell]), int64(src.Block)
			} else {
				rows[i], steps[i] = unsafe.Pointer(&w.pad[0]), 0
			}
		}
		a.dst = unsafe.Pointer(&dst.Data[y*dst.Row+c0*Cell])
		kernel(hide(&a))
		y += n
	}
}

// takesDepthwiseWide is whether p is a depthwise convolution with a stride of 1 or 2 along rows whose taps lie at most 2
// pixels left and right of the output pixel's place: 5×5, 3×3 with a dilation of 2, and smaller windows of any height.
func takesDepthwiseWide(stride int) func(p *PackedConv) bool {
	return func(p *PackedConv) bool {
		c := &p.c
		return takesDepthwise(p) && c.StrideX == stride && c.PadLeft <= 2 && (c.KW-1)*c.DilationX-c.PadLeft <= 2
	}
}

// packDepthwiseWide orders weights as [group of 16 channels][ky][5][16 channels][4 bytes]: the taps at -2 … 1, then the
// one at 2 in each of the 4 places.
func packDepthwiseWide(p *PackedConv) packedWeights {
	w := p.roomDepthwise(p.c.KH*320, 8*p.c.KH)
	for n := range p.c.Out {
		for ky := range p.c.KH {
			row := w.weights[(n/16*p.c.KH+ky)*320:][:320]
			for kx := range p.c.KW {
				v := p.c.Weights[n*p.taps+ky*p.c.KW+kx]
				if at := kx*p.c.DilationX - p.c.PadLeft + 2; at < 4 {
					row[n%16*4+at] = v
				} else {
					for i := range 4 {
						row[64+64*i+n%16*4+i] = v
					}
				}
			}
		}
	}
	return w
}

// runDepthwiseWide points a kernel at the source rows of each output row.
func runDepthwiseWide(kernel func(*depthwiseArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		var rows [maxTapsY]unsafe.Pointer
		var steps [maxTapsY]int64
		w := &p.packed
		a := depthwiseArgs{
			rows: unsafe.Pointer(&rows), rowBlocks: unsafe.Pointer(&steps),
			weights: unsafe.Pointer(&w.weights[0]), bias: unsafe.Pointer(&w.bias[0]), scale: unsafe.Pointer(&w.scale[0]),
			ramp:   unsafe.Pointer(unsafe.SliceData(w.ramp)),
			blocks: int64(Blocks(dst.W)), srcBlocks: int64(Blocks(src.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block),
			zero: int64(p.c.Requant.Zero), tapsY: int64(p.c.KH), dilation: int64(p.c.DilationX),
			pad: int64(p.c.Zero), keep: int64(uint32(0xffffffff) >> (8 * (-src.W & 3))),
		}
		for y := y0; y < y1; y++ {
			p.tapRows(&rows, src, y)
			for i := range p.c.KH {
				steps[i] = int64(src.Block)
				if rows[i] == nil {
					rows[i], steps[i] = unsafe.Pointer(&w.pad[0]), 0
				}
			}
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
		p.table(dst, y0, y1)
	}
}

// takesDepthwise is whether p is a depthwise convolution of any window.
func takesDepthwise(p *PackedConv) bool {
	c := &p.c
	return p.simple() && c.Groups == c.In && c.In == c.Out && c.KH <= maxTapsY && c.KW <= 64
}

// quads is the number of dot products that a window's taps take, 4 at a time.
func (p *PackedConv) quads() int { return (p.taps + 3) / 4 }

// packDepthwise orders weights as [group of 16 channels][quad][16 channels][4 taps], zero beyond the last tap.
func packDepthwise(p *PackedConv) packedWeights {
	quads := p.quads()
	w := p.roomDepthwise(quads*64, 4*quads)
	for n := range p.c.Out {
		for t := range p.taps {
			w.weights[(n/16*quads+t/4)*64+n%16*4+t%4] = p.c.Weights[n*p.taps+t]
		}
	}
	return w
}

// scratchDepthwise is the table of byte offsets and the list of one block's taps, 8 bytes each.
func scratchDepthwise(p *PackedConv, w int) int { return (p.c.KW*Blocks(w)*4+p.quads()*16)*8 + 8 }

// runDepthwise fills the table of offsets once and then points the kernel at the source rows of each output row.
func runDepthwise(kernel func(*depthwiseAnyArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		c, w := &p.c, &p.packed
		n := c.KW * Blocks(dst.W) * 4
		memory := words(scratch, n+p.quads()*16)
		offsets, taps := memory[:n], memory[n:]
		p.tapOffsets(offsets, src)
		for i := range taps {
			taps[i] = int64(uintptr(unsafe.Pointer(&w.pad[0])))
		}
		var rows [maxTapsY]unsafe.Pointer
		a := depthwiseAnyArgs{
			weights: unsafe.Pointer(&w.weights[0]), bias: unsafe.Pointer(&w.bias[0]), scale: unsafe.Pointer(&w.scale[0]),
			ramp:   unsafe.Pointer(unsafe.SliceData(w.ramp)),
			blocks: int64(Blocks(dst.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block),
			zero: int64(c.Requant.Zero), tapsY: int64(c.KH), tapsX: int64(c.KW), quads: int64(p.quads()),
			rows: unsafe.Pointer(&rows), offsets: unsafe.Pointer(&offsets[0]), pad: unsafe.Pointer(&w.pad[0]), taps: unsafe.Pointer(&taps[0]),
		}
		for y := y0; y < y1; y++ {
			p.tapRows(&rows, src, y)
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
		p.table(dst, y0, y1)
	}
}
