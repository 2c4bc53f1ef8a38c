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

// packDepthwise3x3 orders weights as [group of 16 channels][ky][16 channels][w0 w1 w2 0].
func packDepthwise3x3(p *PackedConv) packedWeights {
	groups := (p.c.Out + 15) / 16
	w := packedWeights{
		weights: make([]int8, groups*3*64),
		bias:    make([]int32, groups*16),
		scale:   make([]float32, groups*16),
		pad:     padding(groups*64, p.c.Zero),
	}
	copy(w.bias, p.bias)
	copy(w.scale, p.scale)
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

// runDepthwise3x3 points a kernel at the source rows of each output row, or of two rows at once where two is not nil.
func runDepthwise3x3(one, two func(*depthwiseArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		var rows [4]unsafe.Pointer
		var steps [4]int64
		w := &p.packed
		a := depthwiseArgs{
			rows: unsafe.Pointer(&rows), rowBlocks: unsafe.Pointer(&steps), dstRow: int64(dst.Row),
			weights: unsafe.Pointer(&w.weights[0]), bias: unsafe.Pointer(&w.bias[0]), scale: unsafe.Pointer(&w.scale[0]),
			blocks: int64(Blocks(dst.W)), srcBlocks: int64(Blocks(src.W)), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block),
			zero: int64(p.c.Requant.Zero),
			pad:  int64(p.c.Zero), keep: int64(uint32(0xffffffff) >> (8 * (-src.W & 3))),
		}
		for y := y0; y < y1; {
			n := 1
			if two != nil && y+1 < y1 {
				n = 2
			}
			for i := range n + 2 {
				sy := y*p.c.StrideY + i - p.c.PadTop
				if sy >= 0 && sy < src.H {
					rows[i], steps[i] = unsafe.Pointer(&src.Data[sy*src.Row]), int64(src.Block)
				} else {
					rows[i], steps[i] = unsafe.Pointer(&w.pad[0]), 0
				}
			}
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			if n == 2 {
				two(&a)
			} else {
				one(&a)
			}
			y += n
		}
		p.table(dst, y0, y1)
	}
}

// takesDepthwise is whether p is a depthwise convolution of any window.
func takesDepthwise(p *PackedConv) bool {
	c := &p.c
	return p.simple() && c.Groups == c.In && c.In == c.Out && p.taps <= 1024
}

// quads is the number of dot products that a window's taps take, 4 at a time.
func (p *PackedConv) quads() int { return (p.taps + 3) / 4 }

// packDepthwise orders weights as [group of 16 channels][quad][16 channels][4 taps], zero beyond the last tap.
func packDepthwise(p *PackedConv) packedWeights {
	groups, quads := (p.c.Out+15)/16, p.quads()
	w := packedWeights{
		weights: make([]int8, groups*quads*64),
		bias:    make([]int32, groups*16),
		scale:   make([]float32, groups*16),
		pad:     padding(groups*64, p.c.Zero),
	}
	copy(w.bias, p.bias)
	copy(w.scale, p.scale)
	for n := range p.c.Out {
		for t := range p.taps {
			w.weights[(n/16*quads+t/4)*64+n%16*4+t%4] = p.c.Weights[n*p.taps+t]
		}
	}
	return w
}

// scratchDepthwise is the pointers of one output row: 8 bytes for each tap of each pixel, in whole quads and blocks.
func scratchDepthwise(p *PackedConv, w int) int { return Blocks(w)*p.quads()*16*8 + 8 }

// runDepthwise lists, for each output row, the address of every tap of every pixel.
func runDepthwise(kernel func(*depthwiseAnyArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		w := &p.packed
		blocks, quads := Blocks(dst.W), p.quads()
		taps := words(scratch, blocks*quads*16)
		a := depthwiseAnyArgs{
			weights: unsafe.Pointer(&w.weights[0]), bias: unsafe.Pointer(&w.bias[0]), scale: unsafe.Pointer(&w.scale[0]),
			blocks: int64(blocks), cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block),
			zero:  int64(p.c.Requant.Zero),
			quads: int64(quads), taps: unsafe.Pointer(&taps[0]),
		}
		for y := y0; y < y1; y++ {
			p.tapAddresses(taps, src, y, blocks)
			a.dst = unsafe.Pointer(&dst.Data[y*dst.Row])
			kernel(&a)
		}
		p.table(dst, y0, y1)
	}
}

// tapAddresses fills taps, [block][4·quads][4 pixels], with where each tap of output row y begins in memory: its
// pixel in the first cell, or the padding. The memory is the map's and the weights', which the caller holds.
func (p *PackedConv) tapAddresses(taps []int64, src *Map, y, blocks int) {
	c := &p.c
	data, pad := int64(uintptr(unsafe.Pointer(&src.Data[0]))), int64(uintptr(unsafe.Pointer(&p.packed.pad[0])))
	for b := range blocks {
		list := taps[b*p.quads()*16:][:p.quads()*16]
		for i := range list {
			list[i] = pad
		}
		for ky := range c.KH {
			sy := y*c.StrideY + ky*c.DilationY - c.PadTop
			if sy < 0 || sy >= src.H {
				continue
			}
			for kx := range c.KW {
				for i := range 4 {
					sx := (4*b+i)*c.StrideX + kx*c.DilationX - c.PadLeft
					if sx >= 0 && sx < src.W {
						list[(ky*c.KW+kx)*4+i] = data + int64(src.Offset(sy, sx, 0))
					}
				}
			}
		}
	}
}
