package kernel

import (
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
