package kernel

import "math"

// rampBits is the bits of the float32 2²³; a float32 from there up to 2²⁴ has a 1 in the last place of exactly 1.
const rampBits = 0x4b000000

// packRamp lets sums begin at rampBits where that makes the requantization one fused multiply-add: where the output's
// zero point is 0, the least byte, and no input can make a sum of 2²³ or more. A sum s ≥ 0 is then the bits of the float32
// 2²³ + s, and fma(2²³ + s, scale, −2²³ × scale) is float32(s) × scale rounded once, as requantize has it: s, the product
// with 2²³ and their difference are exact. A sum below 0 makes a float32 below 2²³, and so a product that is 0 or less,
// as requantize's is; both are stored as 0. Sums must stay above −rampBits for that, where the sign bit begins.
func packRamp(pack func(*PackedConv) packedWeights) func(*PackedConv) packedWeights {
	return func(p *PackedConv) packedWeights {
		w := pack(p)
		if p.c.Requant.Zero != 0 || !p.insideRamp() {
			return w
		}
		w.ramp = make([]float32, len(w.scale))
		for i := range w.bias {
			w.bias[i] += rampBits
			w.ramp[i] = -(1 << 23) * w.scale[i]
		}
		return w
	}
}

// insideRamp is whether all sums that inputs can make lie inside (−rampBits, 2²³). Inputs are u8 here; padding is the zero
// point, one of them.
func (p *PackedConv) insideRamp() bool {
	for n := range p.bias {
		low, high := p.reach(n)
		if low <= -rampBits || high >= 1<<23 {
			return false
		}
	}
	return true
}

// packNear notes whether the zero point can be added without saturation: whether no input makes a rounded product that it
// would carry beyond 16 bits. Products below −2¹⁵ are cut off before, and the zero point is not negative.
func packNear(pack func(*PackedConv) packedWeights) func(*PackedConv) packedWeights {
	return func(p *PackedConv) packedWeights {
		w := pack(p)
		w.near = true
		for n, scale := range p.scale {
			low, high := p.reach(n)
			if low < math.MinInt32 || high > math.MaxInt32 { // sums wrap
				w.near = false
			}
			if most := float32(high) * scale; most > float32(math.MaxInt16-p.c.Requant.Zero)-1 {
				w.near = false
			}
		}
		return w
	}
}
