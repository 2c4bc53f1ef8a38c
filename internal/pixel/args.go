//go:build amd64 || arm64

package pixel

import "unsafe"

// The arguments of the kernels in _c, field for field: every field is 8 bytes. The pointers are into memory that the
// caller keeps alive; none is kept after a kernel returns.

type glideArgs struct {
	pix, src, blocks, steps       unsafe.Pointer
	width, lo, hi                 int64
	n, count, first, end          int64
	row, frac, fine, near, offset int64
	bent                          int64
	share, shift                  float32 // 8 bytes together
	slow, work                    unsafe.Pointer
}

type halveColorArgs struct {
	dst, top, bottom, shuffle, close unsafe.Pointer
	step, n, bgr                     int64
}

type halveDepthArgs struct {
	dst, top, bottom, table, shares unsafe.Pointer
	step, n                         int64
}

type blendRowsArgs struct {
	dst, src, weights unsafe.Pointer
	stride, taps, n   int64
}

type blendAcrossArgs struct {
	dst, src, first, weights  unsafe.Pointer
	step, taps, n, half, m, k int64
}

type boxDepthArgs struct {
	dst, src, spans, table, steps, shares unsafe.Pointer
	step, width, rows, n, widest          int64
}

type doubleArgs struct {
	dst, src unsafe.Pointer
	n        int64
}

type paethArgs struct {
	row, above unsafe.Pointer
	n, size    int64
}

type ycbcrArgs struct {
	dst, y, cb, cr, close unsafe.Pointer
	n, twice              int64
}

type differArgs struct {
	dst, a, b, lanes unsafe.Pointer
	n                int64
	found            unsafe.Pointer
}

type zerosArgs struct {
	src   unsafe.Pointer
	n     int64
	found unsafe.Pointer
}

type runCodeArgs struct {
	dst, src unsafe.Pointer
	n        int64
	bytes    unsafe.Pointer
}
