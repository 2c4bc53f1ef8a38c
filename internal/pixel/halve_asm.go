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
