package kernel

// packMatrix orders weights as SMMLA takes them: [group of 16 outputs][two 4-input cells][8 pairs of outputs][2 outputs][8
// inputs], zero beyond the last output and input.
func packMatrix(p *PackedConv) packedWeights {
	c := &p.c
	steps := (Cells(c.In) + 1) / 2
	w := p.room(steps * 128)
	for n := range c.Out {
		for i := range c.In {
			w.weights[(n/16*steps+i/8)*128+n%16*8+i%8] = c.Weights[n*c.In+i]
		}
	}
	return w
}
