package pixel

import "golang.org/x/sys/cpu"

func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// hasAVX512 is what Ice Lake and Zen 4 brought together; the C is compiled for all of it.
func hasAVX512() bool {
	x := &cpu.X86
	return hasAVX2() && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI &&
		x.HasAVX512VBMI && x.HasAVX512VBMI2
}

var glideTable = []glideVariant{
	{"glide_16_avx512", hasAVX512, rowAVX512},
	{"glide_8_avx2", hasAVX2, rowAVX2},
}

func rowAVX512(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool {
	var slow int64
	a := g.args(&slow, pix, lo, hi, runs, src)
	glideAVX512(&a)
	return slow != 0
}

func rowAVX2(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool {
	var slow int64
	a := g.args(&slow, pix, lo, hi, runs, src)
	glideAVX2(&a)
	return slow != 0
}

var halveTable = []halveVariant{
	{"halve_8_avx2", hasAVX2, colorAVX2, depthAVX2},
}

func colorAVX2(dst []byte, step int, top, bottom []byte, bgr bool, n int) {
	a := newHalveColorArgs(dst, step, top, bottom, bgr, n)
	halveColorAVX2(&a)
}

func depthAVX2(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int) {
	a := newHalveDepthArgs(dst, step, top, bottom, table, n)
	halveDepthAVX2(&a)
}
