//go:build amd64 || arm64

package pixel

import "unsafe"

// What the x86 kernel shuffles by: two pixels of each of two output pixels to R R G G B B, or blue first, and four bytes
// of each output pixel to three.
var (
	rgbPairs   = [16]uint8{0, 3, 1, 4, 2, 5, 0x80, 0x80, 6, 9, 7, 10, 8, 11, 0x80, 0x80}
	bgrPairs   = [16]uint8{2, 5, 1, 4, 0, 3, 0x80, 0x80, 8, 11, 7, 10, 6, 9, 0x80, 0x80}
	threeBytes = [16]uint8{0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80}
)

// shares are 1/n in single precision: x·(1/n) in the same, cut off, is ⌊x/n⌋ for whole x below 2¹⁸ and n of 1 to 4. For
// 3 its rounding up, by 2⁻²⁵ of the value, and that of the product, are far below the third that would show.
var shares = [8]float32{0, 1, 0.5, 1. / 3, 0.25}

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

func newHalveColorArgs(dst []byte, step int, top, bottom []byte, bgr bool, n int) halveColorArgs {
	a := halveColorArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), top: unsafe.Pointer(unsafe.SliceData(top)),
		bottom: unsafe.Pointer(unsafe.SliceData(bottom)), shuffle: unsafe.Pointer(&rgbPairs), close: unsafe.Pointer(&threeBytes),
		step: int64(step), n: int64(n)}
	if bgr {
		a.bgr, a.shuffle = 1, unsafe.Pointer(&bgrPairs)
	}
	return a
}

func newHalveDepthArgs(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int) halveDepthArgs {
	return halveDepthArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), top: unsafe.Pointer(unsafe.SliceData(top)),
		bottom: unsafe.Pointer(unsafe.SliceData(bottom)), table: unsafe.Pointer(table), shares: unsafe.Pointer(&shares),
		step: int64(step), n: int64(n)}
}
