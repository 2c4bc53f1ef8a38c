package tensor

import "math"

// The element types below 8 bits and the floats of 8 bits are kept one element a byte: integers as the int8 or uint8 of the
// same value, floats as their bits. Files pack the former; [Unpack] undoes that.

// minifloat is a float of at most 8 bits: sign, exponent, mantissa from the top.
type minifloat struct {
	exponent, mantissa uint
	bias               int
	// most is the code of the greatest finite value; infinite and nan are those of infinity and of not-a-number, 0 where
	// there is none. unsigned zero: the code of −0 is the only NaN.
	most, infinite, nan byte
	unsignedZero        bool
}

// The formats, after the definitions of ONNX (docs/docsgen/source/technical: float8, float4) and of the OCP's 8-bit floating
// point specification 1.0.
var minifloats = map[DType]minifloat{
	Float8E4M3FN:   {exponent: 4, mantissa: 3, bias: 7, most: 0x7e, nan: 0x7f},
	Float8E4M3FNUZ: {exponent: 4, mantissa: 3, bias: 8, most: 0x7f, nan: 0x80, unsignedZero: true},
	Float8E5M2:     {exponent: 5, mantissa: 2, bias: 15, most: 0x7b, infinite: 0x7c, nan: 0x7e},
	Float8E5M2FNUZ: {exponent: 5, mantissa: 2, bias: 16, most: 0x7f, nan: 0x80, unsignedZero: true},
	Float4E2M1:     {exponent: 2, mantissa: 1, bias: 1, most: 0x07},
}

// sign is the place of the sign bit.
func (m minifloat) sign() byte { return 1 << (m.exponent + m.mantissa) }

// value is what a code without its sign stands for; it goes on beyond the greatest one as if there were more exponents.
func (m minifloat) value(code byte) float64 {
	e, f := int(code)>>m.mantissa, float64(int(code)&(1<<m.mantissa-1))
	if e == 0 {
		return math.Ldexp(f, 1-m.bias-int(m.mantissa))
	}
	return math.Ldexp(f+float64(int(1)<<m.mantissa), e-m.bias-int(m.mantissa))
}

// SmallToFloat is the value of a float of at most 8 bits.
func SmallToFloat(d DType, b byte) float32 {
	if d == Float8E8M0 {
		if b == 0xff {
			return float32(math.NaN())
		}
		return float32(math.Ldexp(1, int(b)-127))
	}
	m := minifloats[d]
	code, sign := b&(m.sign()-1), 1.0
	if b&m.sign() != 0 {
		sign = -1
	}
	switch {
	case m.unsignedZero && b == m.nan, m.nan != 0 && !m.unsignedZero && code > m.most && code != m.infinite:
		return float32(math.NaN())
	case m.infinite != 0 && code == m.infinite:
		return float32(math.Inf(int(sign)))
	}
	return float32(math.Copysign(m.value(code), sign))
}

// FloatToSmall rounds to the nearest value of a float of at most 8 bits, ties to the even code. What is too great becomes
// the greatest value under saturate, else infinity or what stands for it; a type without NaN has 0 for it, with the sign
// bit.
func FloatToSmall(d DType, f float32, saturate bool) byte {
	if d == Float8E8M0 {
		return floatToExponent(f, saturate, "up")
	}
	m := minifloats[d]
	var sign byte
	if math.Signbit(float64(f)) {
		sign = m.sign()
	}
	x := math.Abs(float64(f))
	switch {
	case f != f && m.nan == 0:
		return m.sign()
	case f != f && m.unsignedZero:
		return m.nan
	case f != f:
		return sign | m.nan
	}
	// The greatest code whose value is at most x.
	lo, hi := 0, int(m.most)
	for lo < hi {
		if mid := (lo + hi + 1) / 2; m.value(byte(mid)) <= x {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	below, above := m.value(byte(lo)), m.value(byte(lo+1))
	code := lo
	if x-below > above-x || x-below == above-x && lo&1 == 1 {
		code++
	}
	if code > int(m.most) { // infinity, too
		switch {
		case saturate || m.nan == 0:
			return sign | m.most
		case m.infinite != 0:
			return sign | m.infinite
		case m.unsignedZero:
			return m.nan
		}
		return sign | m.nan
	}
	if code == 0 && m.unsignedZero {
		return 0
	}
	return sign | byte(code)
}

// floatToExponent is a power of two, as Float8E8M0 has them: "up", "down" or "nearest" says which of the two around |f|.
func floatToExponent(f float32, saturate bool, mode string) byte {
	x := math.Abs(float64(f))
	switch {
	case f != f || math.IsInf(x, 1) && !saturate:
		return 0xff
	case math.IsInf(x, 1):
		return 0xfe
	case x == 0:
		return 0
	}
	frac, exp := math.Frexp(x) // x = frac·2^exp with frac in [½, 1)
	e := exp - 1
	switch {
	case mode == "up" && frac > 0.5, mode == "nearest" && frac >= 0.75:
		e++
	}
	if e > 127 {
		if saturate {
			return 0xfe
		}
		return 0xff
	}
	return byte(max(e, -127) + 127)
}

// FloatToExponent rounds to a Float8E8M0 in one of Cast's modes.
func FloatToExponent(f float32, saturate bool, mode string) byte {
	return floatToExponent(f, saturate, mode)
}

// IsSmallFloat reports whether a type is a float of at most 8 bits.
func (d DType) IsSmallFloat() bool {
	_, ok := minifloats[d]
	return ok || d == Float8E8M0
}

// PackedBits is the size of an element in a file: below 8 for the types that files pack.
func (d DType) PackedBits() int {
	switch d {
	case Int4, Uint4, Float4E2M1:
		return 4
	case Int2, Uint2:
		return 2
	}
	return 8 * d.Size()
}

// Unpack is n packed elements of fewer than 8 bits, the first in a byte's lowest bits, one a byte. The last byte's unused
// bits do not count.
func Unpack(d DType, packed []byte, n int) []byte {
	bits := d.PackedBits()
	per, mask := 8/bits, byte(1)<<bits-1
	out := Aligned(n)
	for i := range out {
		out[i] = packed[i/per] >> (i % per * bits) & mask
		if d == Int4 || d == Int2 {
			out[i] = byte(Wrap(d, int64(out[i])))
		}
	}
	return out
}

// Wrap keeps the bits of an integer that a type below 8 bits has.
func Wrap(d DType, v int64) int8 {
	switch d {
	case Int4:
		return int8(v<<4) >> 4
	case Int2:
		return int8(v<<6) >> 6
	case Uint4:
		return int8(v & 15)
	case Uint2:
		return int8(v & 3)
	}
	return int8(v)
}
