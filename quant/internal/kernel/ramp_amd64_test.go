package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestRampBounds holds the condition of the fused requantization to its borders.
func TestRampBounds(t *testing.T) {
	variant := slices.IndexFunc(convTable, func(v convVariant) bool { return v.name == "pointwise_4x48_avx512vnni" })
	for _, test := range []struct {
		name    string
		weights []int8
		bias    int32
		zero    int
		want    bool
	}{
		{"highest", []int8{127, 1}, 1<<23 - 1 - 255*128, 0, true},
		{"too high", []int8{127, 1}, 1<<23 - 255*128, 0, false},
		{"negative weights add nothing to the highest", []int8{127, -128}, 1<<23 - 1 - 255*127, 0, true},
		{"lowest", []int8{-128, 1}, 1 - rampBits + 255*128, 0, true},
		{"too low", []int8{-128, 1}, -rampBits + 255*128, 0, false},
		{"zero point", []int8{1, 1}, 0, 1, false},
	} {
		p, err := newPackedConv(Conv{In: 2, Out: 1, KH: 1, KW: 1, Weights: test.weights, Bias: []int32{test.bias},
			Requant: Requant{Scale: []float32{0.5}, Zero: test.zero}})
		if err != nil {
			t.Fatal(err)
		}
		p.with(&convTable[variant])
		if got := p.packed.ramp != nil; got != test.want {
			t.Errorf("%s: ramp %v, want %v", test.name, got, test.want)
		}
	}
}

// TestNear holds the addition of zero points without saturation to its border, and its results to the generic kernel's on
// both sides of it.
func TestNear(t *testing.T) {
	need(t, AVX512VNNI)
	variant := slices.IndexFunc(convTable, func(v convVariant) bool { return v.name == "pointwise_4x48_avx512vnni" })
	weights := make([]int8, 64*21)
	for i := range weights {
		weights[i] = int8(127 - i%255)
	}
	for i := range 64 {
		weights[i] = 127
	}
	const high = 64 * 127 * 255 // of channel 0
	for _, zero := range []int{1, 100, 255} {
		for most := math.MaxInt16 - zero - 4; most <= math.MaxInt16+4; most++ {
			scale := make([]float32, 21)
			for n := range scale {
				scale[n] = 0.001
			}
			scale[0] = float32(most) / high
			c := Conv{In: 64, Out: 21, KH: 1, KW: 1, Weights: weights, Requant: Requant{Scale: scale, Zero: zero}}
			p, err := newPackedConv(c)
			if err != nil {
				t.Fatal(err)
			}
			generic, _ := newPackedConv(c)
			p.with(&convTable[variant])
			generic.with(&convGeneric)
			if sure, never := most < math.MaxInt16-zero-2, most > math.MaxInt16-zero; p.packed.near && never || !p.packed.near && sure {
				t.Errorf("zero point %d, products to %d: near is %v", zero, most, p.packed.near)
			}
			src, want, got := NewMap(1, 9, 64, U8), NewMap(1, 9, 21, U8), NewMap(1, 9, 21, U8)
			src.Data, want.Data, got.Data = make([]byte, src.Size()), make([]byte, want.Size()), make([]byte, got.Size())
			for i := range src.Data {
				src.Data[i] = 255
			}
			scratch := make([]byte, p.Scratch(9))
			generic.Run(&want, &src, 0, 1, scratch)
			p.Run(&got, &src, 0, 1, scratch)
			for x := range 9 {
				for n := range 21 {
					if g, w := got.Data[got.Offset(0, x, n)], want.Data[want.Offset(0, x, n)]; g != w {
						t.Fatalf("zero point %d, products to %d: pixel %d, channel %d is %d, want %d", zero, most, x, n, g, w)
					}
				}
			}
		}
	}
}
