package pixel

var glideTable = []glideVariant{
	{"glide_4_neon", func() bool { return true }, rowNEON},
}

func rowNEON(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool {
	var slow int64
	a := g.args(&slow, pix, lo, hi, runs, src)
	glideNEON(&a)
	return slow != 0
}

var halveTable = []halveVariant{
	{"halve_8_neon", func() bool { return true }, colorNEON, depthNEON},
}

func colorNEON(dst []byte, step int, top, bottom []byte, bgr bool, n int) {
	a := newHalveColorArgs(dst, step, top, bottom, bgr, n)
	halveColorNEON(&a)
}

func depthNEON(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int) {
	a := newHalveDepthArgs(dst, step, top, bottom, table, n)
	halveDepthNEON(&a)
}
