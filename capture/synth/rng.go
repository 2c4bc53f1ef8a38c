package synth

import "math/rand/v2"

// rng draws the random numbers of one scene or frame: PCG, whose stream Go keeps stable.
type rng struct{ rand.Rand }

func newRNG(a, b uint64) *rng { return &rng{*rand.New(rand.NewPCG(a, b^0x9e3779b97f4a7c15))} }

// Float64 draws from [0, 1). (The promoted method is a product that could be fused where it is inlined.)
func (r *rng) Float64() float64 { return float64(float64(r.Uint64()>>11) * (1. / (1 << 53))) }

// uni draws from [a, b).
func (r *rng) uni(a, b float64) float64 { return a + float64((b-a)*r.Float64()) }

// log draws from [a, b) with equal weight for equal ratios.
func (r *rng) log(a, b float64) float64 { return float64(a * exp2(float64(log2(b/a)*r.Float64()))) }

func (r *rng) chance(p float64) bool { return r.Float64() < p }

// norm draws from about a normal distribution: the sum of six uniform numbers.
func (r *rng) norm() float64 {
	s := -3.0
	for range 6 {
		s += r.Float64()
	}
	return float64(s * 1.41421356)
}

// sign is -1 or 1.
func (r *rng) sign() float64 {
	if r.chance(0.5) {
		return -1
	}
	return 1
}

// pick draws an index with the given weights.
func (r *rng) pick(weights ...float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := float64(r.Float64() * sum)
	for i, w := range weights {
		if x < w {
			return i
		}
		x -= w
	}
	return len(weights) - 1
}
