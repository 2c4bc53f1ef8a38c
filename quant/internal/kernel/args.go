//go:build amd64 || arm64

package kernel

import "unsafe"

// The arguments of the kernels in _c, field for field those of _c/args.h: every field is 8 bytes. The pointers are into
// memory that the caller of a kernel keeps alive; none is kept after it returns.

type convArgs struct {
	src, dst, weights, bias, scale unsafe.Pointer
	ramp                           unsafe.Pointer
	blocks, groups, cells, steps   int64
	srcBlock, dstBlock, zero       int64
	tapsY, tapsX                   int64
	rows, offsets, pad             unsafe.Pointer
	stride, near                   int64
	before, outside                int64
}

type depthwiseArgs struct {
	rows, rowBlocks, dst       unsafe.Pointer
	dstRow                     int64
	weights, bias, scale, ramp unsafe.Pointer
	blocks, srcBlocks, cells   int64
	dstBlock, zero             int64
	pad, keep, tapsY, dilation int64
}

type depthwiseAnyArgs struct {
	dst, weights, bias, scale, ramp unsafe.Pointer
	blocks, cells, dstBlock, zero   int64
	tapsY, tapsX, quads             int64
	rows, offsets, pad, taps        unsafe.Pointer
}

type depthwiseShiftArgs struct {
	dst, weights, bias, scale, ramp      unsafe.Pointer
	blocks, cells, dstBlock, srcBlock    int64
	srcBlocks, zero, tapsY, tapsX, quads int64
	rows, delta, order, pad, taps        unsafe.Pointer
}

type planesArgs struct {
	dst, src                      unsafe.Pointer
	plane, blocks, dstBlock, flip int64
}

type addArgs struct {
	dst, a, b                unsafe.Pointer
	blocks, cells            int64
	dstBlock, aBlock, bBlock int64
	offset, lo, hi           int64
	scales, order            unsafe.Pointer
}

type sumArgs struct {
	src                                      unsafe.Pointer
	rows, row, blocks, srcBlock, cells, keep int64
	sums                                     unsafe.Pointer
}

type maxArgs struct {
	dst                     unsafe.Pointer
	blocks, cells, dstBlock int64
	tapsY, tapsX            int64
	rows, offsets           unsafe.Pointer
}

type nearestArgs struct {
	dst, src                unsafe.Pointer
	blocks, cells, dstBlock int64
	offsets                 unsafe.Pointer
	srcBlock                int64
}

type tableArgs struct {
	dst, src unsafe.Pointer
	bytes    int64
	table    unsafe.Pointer
}

type argmaxArgs struct {
	dst                                               unsafe.Pointer
	rows                                              int64
	top, bottom                                       unsafe.Pointer
	fill, blocks, srcBlock, outWidth, classes         int64
	above, below                                      unsafe.Pointer
	sure, plane, zero                                 int64
	weights, left, right                              unsafe.Pointer
	weightLeft, weightRight                           unsafe.Pointer
	units, nearLeft, nearRight, unitsLeft, unitsRight unsafe.Pointer
}

type resizeArgs struct {
	dst, top, bottom               unsafe.Pointer
	weightTop, weightBottom, shift int64
	bias, parity, odd              int64
	blocks, cells, dstBlock        int64
	offsets, weights               unsafe.Pointer
}

type realArgs struct {
	dst, top, bottom                          unsafe.Pointer
	blocks, cells, dstBlock                   int64
	offsets, weightLeft, weightRight, weights unsafe.Pointer
	zeroIn, zero, lo, hi                      int64
	spread                                    unsafe.Pointer
}

type floatsArgs struct {
	dst, src                unsafe.Pointer
	blocks, cells, srcBlock int64
	plane, zero             int64
	scale                   unsafe.Pointer
}

type channelsArgs struct {
	dst, src                      unsafe.Pointer
	blocks, cells, srcBlock, zero int64
	scale                         unsafe.Pointer
}

type doubleArgs struct {
	dst                              unsafe.Pointer
	row, rows                        int64
	top, bottom                      unsafe.Pointer
	outBlocks, cells, dstBlock, last int64
	weights                          unsafe.Pointer
	steps, zero, lo, hi              int64
}

type enlargeArgs struct {
	dst, top, bottom                              unsafe.Pointer
	plane, blocks, cells, dstBlock                int64
	left, right, weightLeft, weightRight, weights unsafe.Pointer
	zero, lo, hi                                  int64
	order                                         unsafe.Pointer
}

type peakArgs struct {
	rounds int64
	sum    unsafe.Pointer
}

type marginArgs struct {
	dst                    unsafe.Pointer
	n                      int64
	upper, lower           unsafe.Pointer
	plane, classes, weight int64
	factor                 unsafe.Pointer
}
