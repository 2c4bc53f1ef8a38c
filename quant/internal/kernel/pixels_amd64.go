package kernel

// packPixels is packGroups but for a last group of at most 8 outputs, whose kernels put several pixels of them into one
// register. Of 5 to 8 outputs, 2 pixels: an output is there twice, side by side. Of at most 4 outputs, the 4 pixels of a
// block: weights are [4 cells][output][cell][4 pixels][4 inputs], zero beyond the last cell, biases and scales
// [output][4 pixels].
func packPixels(p *PackedConv) packedWeights {
	c := &p.c
	w := packGroups(p)
	have, cells := c.Out%16, Cells(c.In)
	first := c.Out - have // of the last group
	if have == 0 || have > 8 {
		return w
	}
	repeats := 2
	if have <= 4 {
		repeats = 4
	}
	for n := range have {
		for i := range repeats {
			w.bias[first+n*repeats+i], w.scale[first+n*repeats+i] = p.bias[first+n], p.scale[first+n]
		}
	}
	last := make([]int8, (cells+3)/4*256)
	for n := range have {
		for in, v := range c.Weights[(first+n)*c.In:][:c.In] {
			cell := in / 4
			at := cell*64 + n*8 + in%4
			if repeats == 4 {
				at = cell/4*256 + n*64 + cell%4*16 + in%4
			}
			for i := range repeats {
				last[at+4*i] = v
			}
		}
	}
	w.weights = append(w.weights[:first*cells*4:first*cells*4], last...)
	return w
}
