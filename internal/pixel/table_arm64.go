package pixel

var glideTable = []glideVariant{
	{"glide_8_neon", func() bool { return true }, drawNEON},
}

func drawNEON(g *Glide, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) bool {
	var w glideWork
	a := g.args(&w, pix, lo, hi, blocks, src, n, first, end)
	glideNEON(&a)
	if a = a.rest(&w, blocks, src, n, end-first); a.count > 0 {
		glideNEON(&a)
	}
	return w.slow != 0
}

var halveTable = []halveVariant{
	{"halve_8_neon", 8, 0, func() bool { return true }, colorNEON, depthNEON},
}

func colorNEON(dst []byte, step int, top, bottom []byte, bgr bool, n int) {
	a := newHalveColorArgs(dst, step, top, bottom, bgr, n)
	halveColorNEON(&a)
}

func depthNEON(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int) {
	a := newHalveDepthArgs(dst, step, top, bottom, table, n)
	halveDepthNEON(&a)
}

var shrinkTable = []shrinkVariant{
	{"shrink_neon", func() bool { return true }, rowsNEON, acrossNEON, twiceNEON, unpaethNEON, rgbNEON, boxNEON},
}

func rowsNEON(dst []uint16, src []byte, stride int, weights []uint16) {
	a := newBlendRowsArgs(dst, src, stride, weights)
	blendRowsNEON(&a)
}

func acrossNEON(a *Across, dst []byte, step int, src []uint16, n int) {
	k := newBlendAcrossArgs(a, dst, step, src, n)
	blendAcrossNEON(&k)
}

func boxNEON(b *Boxes, dst []byte, step int, src []uint16, rows, n int, table *[1 << 16]uint8) {
	a := newBoxDepthArgs(b, dst, step, src, rows, n, table)
	boxDepthNEON(&a)
}

func twiceNEON(dst, src []byte) {
	a := newDoubleArgs(dst, src)
	doubleNEON(&a)
}

func unpaethNEON(row, above []byte, size, n int) {
	a := newPaethArgs(row, above, size, n)
	paethNEON(&a)
}

func rgbNEON(dst, y, cb, cr []byte, shift, n int) {
	a := newYCbCrArgs(dst, y, cb, cr, shift, n)
	ycbcrNEON(&a)
}

var scanTable = []scanVariant{
	{"scan_16_neon", func() bool { return true }, placesNEON, nonesNEON, nil},
}

func placesNEON(dst []int32, a, b []byte) int {
	var n int64
	k := newDifferArgs(dst, a, b, &n)
	differNEON(&k)
	return int(n)
}

func nonesNEON(src []uint16) int {
	var n int64
	k := newZerosArgs(src, &n)
	zerosNEON(&k)
	return int(n)
}
