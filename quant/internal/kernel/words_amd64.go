package kernel

// packWords widens the weights that pack makes for 4 inputs at a time to 16 bits, as VPMADDWD takes them: of each 8 outputs
// those of the inputs 0 and 2, then those of 1 and 3.
func packWords(pack func(*PackedConv) packedWeights) func(*PackedConv) packedWeights {
	return func(p *PackedConv) packedWeights {
		w := pack(p)
		words := make([]int8, 2*len(w.weights))
		for i, v := range w.weights {
			output, input := i/4, i%4
			at := output/8*64 + input%2*32 + output%8*4 + input/2*2
			words[at], words[at+1] = v, v>>7
		}
		w.weights = words
		return w
	}
}
