//go:build amd64 || arm64

package kernel

import "unsafe"

// packGroups orders weights as the matrix kernels read them: [group of 16 outputs][tap][4-input cell][16 outputs][4
// inputs], zero beyond the last output and input. A last group of at most 8 outputs holds them twice, with their biases and
// scales, for kernels that put two pixels of them side by side.
func packGroups(p *PackedConv) packedWeights {
	c := &p.c
	cells := Cells(c.In)
	w := p.room(p.taps * cells * 64)
	for n := range c.Out {
		for t := range p.taps {
			src, dst := c.Weights[(n*p.taps+t)*c.In:][:c.In], w.weights[(n/16*p.taps+t)*cells*64+n%16*4:]
			for ; len(src) >= 4; src = src[4:] {
				*(*[4]int8)(dst) = *(*[4]int8)(src)
				dst = dst[min(64, len(dst)):]
			}
			copy(dst, src)
		}
	}
	w.repeat(c.Out, p.taps*cells)
	return w
}

// repeat has the last group there twice if it is of at most 8 of the outputs. A group is so many steps of 64 bytes, [16
// outputs][4].
func (w *packedWeights) repeat(outputs, steps int) {
	have := outputs % 16
	if have == 0 || have > 8 {
		return
	}
	first := outputs - have
	copy(w.bias[first+8:], w.bias[first:first+8])
	copy(w.scale[first+8:], w.scale[first:first+8])
	for k := range steps {
		step := w.weights[4*first*steps+64*k:][:64]
		copy(step[32:], step[:32])
	}
}

// room is memory for so many bytes of weights for each group of 16 outputs, with biases and scales for whole groups.
func (p *PackedConv) room(bytes int) packedWeights {
	groups := (p.c.Out + 15) / 16
	w := packedWeights{weights: make([]int8, groups*bytes), bias: make([]int32, groups*16), scale: make([]float32, groups*16)}
	copy(w.bias, p.bias)
	copy(w.scale, p.scale)
	return w
}

// simple is whether a kernel of this architecture's arithmetic can run p at all: activations of the native type, no
// weight zero points, and scales that keep |acc × scale| inside int32: those below 1, and others where sums stay small enough.
func (p *PackedConv) simple() bool {
	if p.c.Type != Native || p.c.WeightZero != nil {
		return false
	}
	for n, s := range p.scale {
		if s < 1 {
			continue
		}
		if low, high := p.reach(n); max(float64(high), -float64(low))*float64(s) >= 1<<30 {
			return false
		}
	}
	return true
}

func takesPointwise(p *PackedConv) bool { return p.simple() && p.c.isPointwise() }

// convArgs fills in what all the matrix kernels need.
func (p *PackedConv) convArgs(dst, src *Map) convArgs {
	var near int64
	if p.packed.near {
		near = 1
	}
	return convArgs{
		weights: unsafe.Pointer(&p.packed.weights[0]), bias: unsafe.Pointer(&p.packed.bias[0]), scale: unsafe.Pointer(&p.packed.scale[0]),
		ramp: unsafe.Pointer(unsafe.SliceData(p.packed.ramp)), groups: int64(len(p.packed.bias) / 16), cells: int64(Cells(dst.C)), steps: int64(Cells(src.C)),
		srcBlock: int64(src.Block), dstBlock: int64(dst.Block),
		zero: int64(p.c.Requant.Zero), near: near,
	}
}

// pointwiseChunk is the bytes of source that one call covers: they stay in the first-level cache while the groups of
// outputs pass over them.
const pointwiseChunk = 16 << 10

// runPointwise makes rows without gaps one run of blocks, and cuts it into chunks.
func runPointwise(kernel func(*convArgs)) func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	return func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
		if dst.H > src.H || dst.W > src.W {
			convRunGeneric(p, dst, src, y0, y1, scratch)
			return
		}
		rows, blocks := y1-y0, Blocks(dst.W)
		if src.Row == blocks*src.Block && dst.Row == blocks*dst.Block {
			rows, blocks = 1, rows*blocks
		}
		a := p.convArgs(dst, src)
		chunk := max(pointwiseChunk/src.Block&^3, 8)
		for y := y0; y < y0+rows; y++ {
			for b := 0; b < blocks; b += chunk {
				a.src = unsafe.Pointer(&src.Data[y*src.Row+b*src.Block])
				a.dst = unsafe.Pointer(&dst.Data[y*dst.Row+b*dst.Block])
				a.blocks = int64(min(chunk, blocks-b))
				kernel(hide(&a))
			}
		}
		p.table(dst, y0, y1)
	}
}

// table applies the clamp and the fused table to rows that were just written.
func (p *PackedConv) table(dst *Map, y0, y1 int) {
	if p.after != nil {
		p.set.table(dst, dst, p.after, y0, y1)
	}
}
