package kernel

// packMatrix orders weights as SMMLA takes them: [group of 16 outputs][two 4-input cells][8 pairs of outputs][2 outputs][8
// inputs], zero beyond the last output and input, and widens biases and scales to whole groups.
func packMatrix(p *PackedConv) packedWeights {
	c := &p.c
	groups, steps := (c.Out+15)/16, (Cells(c.In)+1)/2
	w := packedWeights{weights: make([]int8, groups*steps*128), bias: make([]int32, groups*16), scale: make([]float32, groups*16)}
	copy(w.bias, p.bias)
	copy(w.scale, p.scale)
	for n := range c.Out {
		for i := range c.In {
			w.weights[(n/16*steps+i/8)*128+n%16*8+i%8] = c.Weights[n*c.In+i]
		}
	}
	return w
}
