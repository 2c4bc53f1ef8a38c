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
			zero: int64(p.c.Requant.Zero), lo: int64(p.lo), hi: int64(p.hi),
			pad: int64(p.c.Zero), keep: int64(uint32(0xffffffff) >> (8 * (-src.W & 3))),
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
