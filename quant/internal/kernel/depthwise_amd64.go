package kernel

import "unsafe"

// packDepthwiseColumns orders weights as [group of 16 channels][kx][16 channels][w0 w1 w2 0], from the top down.
func packDepthwiseColumns(p *PackedConv) packedWeights {
	w := packDepthwise3x3(p)
	for n := range p.c.Out {
		for kx := range 3 {
			for ky := range 3 {
				w.weights[(n/16*3+kx)*64+n%16*4+ky] = p.c.Weights[n*9+3*ky+kx]
			}
		}
	}
	return w
}

// packDepthwiseHalves is packDepthwiseColumns with a last group of at most 8 channels there twice.
func packDepthwiseHalves(p *PackedConv) packedWeights {
	w := packDepthwiseColumns(p)
	w.repeat(p.c.Out, 3)
	return w
}

// takesDepthwise5x5 is whether p is one of takesDepthwiseWide's with 5 rows.
func takesDepthwise5x5(stride int) func(p *PackedConv) bool {
	wide := takesDepthwiseWide(stride)
	return func(p *PackedConv) bool { return p.c.KH == 5 && wide(p) }
}

// packDepthwise5x5 orders weights as [group of 16 channels][13][16 channels][4 bytes]: for the columns at -2 … 2 the upper 4
// rows; then of the fifth row, for each of 4 neighbouring pixels, what belongs to the block that the first tap lies in and to
// the next.
func packDepthwise5x5(p *PackedConv) packedWeights {
	w := p.roomDepthwise(832, 28)
	for n := range p.c.Out {
		to := w.weights[n/16*832+n%16*4:]
		for kx := range p.c.KW {
			at := kx*p.c.DilationX - p.c.PadLeft + 2
			for ky := range 4 {
				to[64*at+ky] = p.c.Weights[n*p.taps+ky*p.c.KW+kx]
			}
			for j := range 4 {
				pixel := (j+2)%4 + at // among those of the two blocks
				to[320+128*j+pixel/4*64+pixel%4] = p.c.Weights[n*p.taps+4*p.c.KW+kx]
			}
		}
	}
	return w
}

// takesDepthwise3x3Dilated is whether p is a depthwise 3×3 with a stride of 1 along rows, whose taps lie 2 to 4 pixels
// apart and whose first window begins that far left of the map.
func takesDepthwise3x3Dilated(p *PackedConv) bool {
	c := &p.c
	return p.simple() && c.Groups == c.In && c.In == c.Out && c.KH == 3 && c.KW == 3 && c.StrideX == 1 &&
		c.DilationX >= 2 && c.DilationX <= 4 && c.PadLeft == c.DilationX
}

// takesDepthwiseShift is whether p is a depthwise convolution with a stride of 1, dilated or not.
func takesDepthwiseShift(p *PackedConv) bool {
	return takesDepthwise(p) && p.c.StrideX == 1 && p.c.KW <= 16
}

// scratchDepthwiseShift is the list of one block's taps, or what the kernel for any window needs.
func scratchDepthwiseShift(p *PackedConv, w int) int {
	return max(p.quads()*4*3*8+8, scratchDepthwise(p, w))
}

// shifts is, for each offset in a block, where 4 pixels from there on lie among the pixels of it and of the next.
var shifts = func() (s [4][16]int32) {
	for o := range s {
		for i := range s[o] {
			if p := i%4 + o; p < 4 {
				s[o][i] = int32(i/4*4 + p)
			} else {
				s[o][i] = int32(16 + i/4*4 + p - 4)
			}
		}
	}
	return s
}()

// runDepthwiseShift gives maps whose width is not whole blocks to the kernel for any window.
func runDepthwiseShift(kernel func(*depthwiseShiftArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	other := runDepthwise(depthwiseAnyAVX512VNNI)
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		if src.W%4 != 0 {
			other(p, dst, src, y0, y1, scratch)
			return
		}
		c, w := &p.c, &p.packed
		var delta [16]int64
		var order [16]unsafe.Pointer
		for kx := range c.KW {
			at := kx*c.DilationX - c.PadLeft
			delta[kx], order[kx] = int64(at>>2), unsafe.Pointer(&shifts[at&3])
		}
		taps := words(scratch, p.quads()*4*3)
		for i := 0; i < len(taps); i += 3 {
			taps[i], taps[i+1] = int64(uintptr(unsafe.Pointer(&w.pad[0]))), int64(uintptr(unsafe.Pointer(&w.pad[0])))
			taps[i+2] = int64(uintptr(unsafe.Pointer(&shifts[0])))
		}
		var rows [maxTapsY]unsafe.Pointer
		a := depthwiseShiftArgs{
			weights: unsafe.Pointer(&w.weights[0]), bias: unsafe.Pointer(&w.bias[0]), scale: unsafe.Pointer(&w.scale[0]),
			ramp:   unsafe.Pointer(unsafe.SliceData(w.ramp)),
			blocks: int64(Blocks(dst.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block), srcBlock: int64(src.Block),
			srcBlocks: int64(Blocks(src.W)), zero: int64(c.Requant.Zero), tapsY: int64(c.KH), tapsX: int64(c.KW), quads: int64(p.quads()),
			rows: unsafe.Pointer(&rows), delta: unsafe.Pointer(&delta), order: unsafe.Pointer(&order), pad: unsafe.Pointer(&w.pad[0]),
			taps: unsafe.Pointer(&taps[0]),
		}
		for y := y0; y < y1; y++ {
			p.tapRows(&rows, src, y)
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(hide(&a))
		}
		p.table(dst, y0, y1)
	}
}
