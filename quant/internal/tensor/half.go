package tensor

import (
	"encoding/binary"
	"math"
)

// HalfToFloat widens an IEEE 754 binary16 to float32 exactly.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 31
	frac := uint32(h & 0x3ff)
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp == 0: // subnormal: frac·2⁻²⁴ is exact in float32
		f := float32(frac) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// FloatToHalf rounds a float32 to the nearest IEEE 754 binary16, halves to even; beyond its range it is infinite.
func FloatToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	exp, frac := int(b>>23&0xff), b&0x7fffff
	switch {
	case exp == 255 && frac != 0:
		return sign | 0x7e00
	case exp >= 143: // 2¹⁶ and beyond
		return sign | 0x7c00
	case exp < 102: // below half of the least subnormal, 2⁻²⁵; that itself rounds to even, 0
		return sign
	}
	shift := uint(13)
	h := uint32(max(exp-112, 0)) << 10
	if exp < 113 { // subnormal: the leading one becomes explicit
		frac |= 1 << 23
		shift += uint(113 - exp)
	}
	h += frac >> shift
	rest, half := frac&(1<<shift-1), uint32(1)<<(shift-1)
	if rest > half || rest == half && h&1 == 1 {
		h++ // may carry into the exponent, up to infinity: that is right
	}
	return sign | uint16(h)
}

// BFloatToFloat widens a bfloat16 to float32 exactly.
func BFloatToFloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// FloatToBFloat rounds a float32 to the nearest bfloat16, halves to even.
func FloatToBFloat(f float32) uint16 {
	b := math.Float32bits(f)
	if f != f {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Wide is a half-precision tensor as float32; any other is itself.
func Wide(t *T) *T {
	from := HalfToFloat
	switch t.Type {
	case Float16:
	case BFloat16:
		from = BFloatToFloat
	default:
		return t
	}
	wide := Aligned(2 * len(t.Data))
	f := Cast[float32](wide)
	for i := range f {
		f[i] = from(binary.LittleEndian.Uint16(t.Data[2*i:]))
	}
	return &T{Type: Float32, Shape: t.Shape, Data: wide}
}
