package pixel

import "sync"

// variant is one kernel of the table of its architecture, best first.
type glideVariant struct {
	name string
	ok   func() bool // the CPU has what it needs
	draw func(g *Glide, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) bool
}

// glides are the variants that this CPU can run.
var glides = sync.OnceValue(func() (list []glideVariant) {
	for _, v := range glideTable {
		if v.ok() {
			list = append(list, v)
		}
	}
	return list
})

// glideFor returns the best variant, or nil.
func glideFor() func(g *Glide, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) bool {
	if list := glides(); len(list) > 0 {
		return list[0].draw
	}
	return nil
}

// halveVariant is one pair of kernels that halve n pixels, a multiple of unit. Color may read and write over pixels further.
type halveVariant struct {
	name  string
	unit  int
	over  int
	ok    func() bool
	color func(dst []byte, step int, top, bottom []byte, bgr bool, n int)
	depth func(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8, n int)
}

// halveFor returns the best variant, or nil.
var halveFor = sync.OnceValue(func() *halveVariant {
	for i := range halveTable {
		if halveTable[i].ok() {
			return &halveTable[i]
		}
	}
	return nil
})

// shrinkVariant is the kernels that resize: by weights, rows of a multiple of 32 numbers, by boxes, and to twice, and those of decoders.
type shrinkVariant struct {
	name   string
	ok     func() bool
	rows   func(dst []uint16, src []byte, stride int, weights []uint16)
	across func(a *Across, dst []byte, step int, src []uint16, n int)
	double func(dst, src []byte) // of a multiple of 32 bytes
	paeth  func(row, above []byte, size, n int)
	ycbcr  func(dst, y, cb, cr []byte, shift, n int)
	box    func(b *Boxes, dst []byte, step int, src []uint16, rows, n int, table *[1 << 16]uint8)
}

// shrinkFor returns the best variant, or nil.
var shrinkFor = sync.OnceValue(func() *shrinkVariant {
	for i := range shrinkTable {
		if shrinkTable[i].ok() {
			return &shrinkTable[i]
		}
	}
	return nil
})

// scanVariant is the kernels that look through masks and depth: n bytes, a multiple of 64; up to 65,536 numbers, a multiple
// of 32; counts, a multiple of 8 after the first two, or nil.
type scanVariant struct {
	name   string
	ok     func() bool
	differ func(dst []int32, a, b []byte) int
	zeros  func(src []uint16) int
	code   func(dst []byte, counts []int32) int
}

// scanFor returns the best variant, or nil.
var scanFor = sync.OnceValue(func() *scanVariant {
	for i := range scanTable {
		if scanTable[i].ok() {
			return &scanTable[i]
		}
	}
	return nil
})
