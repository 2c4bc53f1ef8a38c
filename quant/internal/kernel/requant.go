package kernel

import (
	"fmt"
	"math"
)

// Requant says how an int32 accumulator becomes a stored byte: clamp(roundHalfEven(float32(acc) × Scale) + Zero, Min,
// Max), then Table.
type Requant struct {
	Scale    []float32  // input scale × weight scale / output scale: one, or one per output channel; finite, > 0
	Zero     int        // the output's zero point, in the range of the output's type
	Min, Max int        // stored range, after Zero is added; both 0 = the whole range of the type. A fused ReLU is Min = Zero
	Table    *[256]byte // applied last to the stored byte (indexed by its bits); nil = none. A fused activation
}

// bounds fills in the stored range.
func (r *Requant) bounds(t Type) (lo, hi int32, err error) {
	lo, hi = t.Range()
	if r.Zero < int(lo) || r.Zero > int(hi) {
		return 0, 0, fmt.Errorf("zero point %d is outside %v", r.Zero, t)
	}
	if r.Min != 0 || r.Max != 0 {
		if r.Min > r.Max || r.Min < int(lo) || r.Max > int(hi) {
			return 0, 0, fmt.Errorf("clamp %d…%d is outside %v", r.Min, r.Max, t)
		}
		lo, hi = int32(r.Min), int32(r.Max)
	}
	return lo, hi, nil
}

// scales checks Scale and widens it to n entries.
func (r *Requant) scales(n int) ([]float32, error) {
	if len(r.Scale) != 1 && len(r.Scale) != n {
		return nil, fmt.Errorf("%d scales for %d channels", len(r.Scale), n)
	}
	s := make([]float32, n)
	for i := range s {
		v := r.Scale[i%len(r.Scale)]
		if !(v > 0) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("scale[%d] is %v", i, v)
		}
		s[i] = v
	}
	return s, nil
}

// after is what variants apply to bytes that were saturated to the whole range of t: clamping them afterwards gives the
// same as clamping at once. It is nil where nothing is left to do.
func (r *Requant) after(t Type, lo, hi int32) *[256]byte {
	if least, most := t.Range(); lo == least && hi == most {
		return r.Table
	}
	table := new([256]byte)
	for i := range table {
		table[i] = byte(min(max(t.value(byte(i)), lo), hi))
		if r.Table != nil {
			table[i] = r.Table[table[i]]
		}
	}
	return table
}

// requantize is the one rounding rule of the package. The product is a float32; beyond ±2¹⁶ every 8-bit range is left
// behind whatever the zero point, so the bound there changes no result.
func requantize(acc int32, scale float32, zero, lo, hi int32) byte {
	return byte(requantized(acc, scale, zero, lo, hi))
}

// requantized is the value that requantize stores, in the range of the type.
func requantized(acc int32, scale float32, zero, lo, hi int32) int32 {
	return min(max(roundBounded(float32(acc)*scale)+zero, lo), hi)
}

func roundBounded(v float32) int32 {
	const bound = 1 << 16
	return int32(math.RoundToEven(float64(min(max(v, -bound), bound))))
}
