package pixel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// hasAVX512 is what Ice Lake and Zen 4 brought together; the C is compiled for all of it.
func hasAVX512() bool {
	x := &cpu.X86
	return hasAVX2() && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI &&
		x.HasAVX512VBMI && x.HasAVX512VBMI2 && x.HasBMI2
}

var glideTable = []glideVariant{
	{"glide_32_avx512", hasAVX512, drawAVX512},
	{"glide_16_avx2", hasAVX2, drawAVX2},
}

func drawAVX512(g *Glide, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) bool {
	var w glideWork
	a := g.args(&w, pix, lo, hi, blocks, src, n, first, end)
	glideAVX512(&a)
	if a = a.rest(&w, blocks, src, n, end-first); a.count > 0 {
		glideAVX512(&a)
	}
	return w.slow != 0
}

func drawAVX2(g *Glide, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) bool {
	var w glideWork
	a := g.args(&w, pix, lo, hi, blocks, src, n, first, end)
	glideAVX2(&a)
	if a = a.rest(&w, blocks, src, n, end-first); a.count > 0 {
		glideAVX2(&a)
	}
	return w.slow != 0
}

var halveTable = []halveVariant{
	{"halve_16_avx512", 16, 0, hasAVX512, colorAVX512, depthAVX2},
	{"halve_16_avx2", 16, 2, hasAVX2, colorAVX2, depthAVX2},
}

// What the AVX-512 kernel shuffles by: eight pixels at a time, and two times eight bytes of 16 bits to pixels of four and of
// three bytes.
var halves512 = func() (t struct {
	pairs [2][64]uint8 // without and with bgr
	close [2][64]uint8 // to four and to three
}) {
	for p := range 8 {
		for i := range 6 {
			t.pairs[0][8*p+i] = uint8(6*p) + rgbPairs[i]
			t.pairs[1][8*p+i] = uint8(6*p) + bgrPairs[i]
		}
	}
	for p := range 16 {
		for c := range 3 {
			from := uint8(p/8*64 + p%8*8 + 2*c)
			t.close[0][4*p+c], t.close[1][3*p+c] = from, from
		}
	}
	return t
}()

func colorAVX512(dst []byte, step int, top, bottom []byte, bgr bool, n int) {
	a := newHalveColorArgs(dst, step, top, bottom, bgr, n)
	a.shuffle, a.close = unsafe.Pointer(&halves512.pairs[a.bgr]), unsafe.Pointer(&halves512.close[4-step])
	halveColorAVX512(&a)
}

func colorAVX2(dst []byte, step int, top, bottom []byte, bgr bool, n int) {
	a := newHalveColorArgs(dst, step, top, bottom, bgr, n)
	halveColorAVX2(&a)
}

func depthAVX2(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int) {
	a := newHalveDepthArgs(dst, step, top, bottom, table, n)
	halveDepthAVX2(&a)
}

var shrinkTable = []shrinkVariant{
	{"shrink_avx2", hasAVX2, rowsAVX2, acrossAVX2, twiceAVX2, unpaethAVX2, rgbAVX2, boxAVX2},
}

func rowsAVX2(dst []uint16, src []byte, stride int, weights []uint16) {
	a := newBlendRowsArgs(dst, src, stride, weights)
	blendRowsAVX2(&a)
}

func acrossAVX2(a *Across, dst []byte, step int, src []uint16, n int) {
	k := newBlendAcrossArgs(a, dst, step, src, n)
	blendAcrossAVX2(&k)
}

func boxAVX2(b *Boxes, dst []byte, step int, src []uint16, rows, n int, table *[1 << 16]uint8) {
	a := newBoxDepthArgs(b, dst, step, src, rows, n, table)
	boxDepthAVX2(&a)
}

func twiceAVX2(dst, src []byte) {
	a := newDoubleArgs(dst, src)
	doubleAVX2(&a)
}

func unpaethAVX2(row, above []byte, size, n int) {
	a := newPaethArgs(row, above, size, n)
	paethAVX2(&a)
}

func rgbAVX2(dst, y, cb, cr []byte, shift, n int) {
	a := newYCbCrArgs(dst, y, cb, cr, shift, n)
	ycbcrAVX2(&a)
}

var scanTable = []scanVariant{
	{"scan_64_avx512", hasAVX512, placesAVX512, nonesAVX2, codesAVX512},
	{"scan_32_avx2", hasAVX2, placesAVX2, nonesAVX2, nil},
}

func placesAVX512(dst []int32, a, b []byte) int {
	var n int64
	k := newDifferArgs(dst, a, b, &n)
	differAVX512(&k)
	return int(n)
}

func placesAVX2(dst []int32, a, b []byte) int {
	var n int64
	k := newDifferArgs(dst, a, b, &n)
	differAVX2(&k)
	return int(n)
}

func nonesAVX2(src []uint16) int {
	var n int64
	k := newZerosArgs(src, &n)
	zerosAVX2(&k)
	return int(n)
}

func codesAVX512(dst []byte, counts []int32) int {
	var n int64
	k := runCodeArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(counts[2:])), n: int64(len(counts) - 2), bytes: unsafe.Pointer(&n)}
	runCodeAVX512(&k)
	return int(n)
}
