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
