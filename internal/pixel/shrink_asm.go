//go:build amd64 || arm64

package pixel

import "unsafe"

// What boxes are cut out by, and divided by: ⌈2³²/n⌉. A box has at most 128 readings.
var (
	boxSteps  = [24]int16{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 0, 1, 2, 3, -1, -1, -1, -1}
	boxShares = func() (s [129]uint64) {
		for n := uint64(1); n < uint64(len(s)); n++ {
			s[n] = (1<<32 + n - 1) / n
		}
		return s
	}()
)

func newBlendRowsArgs(dst []uint16, src []byte, stride int, weights []uint16) blendRowsArgs {
	return blendRowsArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(src)),
		weights: unsafe.Pointer(unsafe.SliceData(weights)), stride: int64(stride), taps: int64(len(weights)), n: int64(len(dst))}
}

func newBlendAcrossArgs(a *Across, dst []byte, step int, src []uint16, n int) blendAcrossArgs {
	return blendAcrossArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(src)),
		first: unsafe.Pointer(unsafe.SliceData(a.First)), weights: unsafe.Pointer(unsafe.SliceData(a.Weights)),
		step: int64(step), taps: int64(a.Taps), n: int64(n), half: int64(a.Half), m: int64(a.M), k: int64(a.K)}
}

func newBoxDepthArgs(b *Boxes, dst []byte, step int, src []uint16, rows, n int, table *[1 << 16]uint8) boxDepthArgs {
	return boxDepthArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(src)),
		spans: unsafe.Pointer(unsafe.SliceData(b.spans)), table: unsafe.Pointer(table), steps: unsafe.Pointer(&boxSteps),
		shares: unsafe.Pointer(&boxShares), step: int64(step), width: int64(b.width), rows: int64(rows), n: int64(n), widest: int64(b.widest)}
}

func newDoubleArgs(dst, src []byte) doubleArgs {
	return doubleArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(src)), n: int64(len(src))}
}

func newPaethArgs(row, above []byte, size, n int) paethArgs {
	return paethArgs{row: unsafe.Pointer(unsafe.SliceData(row)), above: unsafe.Pointer(unsafe.SliceData(above)), n: int64(n), size: int64(size)}
}

func newYCbCrArgs(dst, y, cb, cr []byte, shift, n int) ycbcrArgs {
	return ycbcrArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), y: unsafe.Pointer(unsafe.SliceData(y)), cb: unsafe.Pointer(unsafe.SliceData(cb)),
		cr: unsafe.Pointer(unsafe.SliceData(cr)), close: unsafe.Pointer(&threeBytes), n: int64(n), twice: int64(shift)}
}
