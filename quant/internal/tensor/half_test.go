package tensor

import (
	"math"
	"testing"
)

// Every half comes back as itself; between two halves the nearer is taken, in the middle the even one.
func TestHalves(t *testing.T) {
	for _, c := range []struct {
		name string
		to   func(float32) uint16
		from func(uint16) float32
		inf  uint16
	}{{"float16", FloatToHalf, HalfToFloat, 0x7c00}, {"bfloat16", FloatToBFloat, BFloatToFloat, 0x7f80}} {
		for h := range c.inf { // finite, not negative
			lo := c.from(h)
			hi := c.from(h + 1)
			if h+1 == c.inf { // where the next one would be
				hi = lo + (lo - c.from(h-1))
			}
			if c.to(lo) != h || c.to(-lo) != h|0x8000 {
				t.Fatalf("%s: %v is %#x and %#x, want %#x", c.name, lo, c.to(lo), c.to(-lo), h)
			}
			mid := float32((float64(lo) + float64(hi)) / 2)
			if math.IsInf(float64(mid), 0) {
				continue
			}
			for x, want := range map[float32]uint16{mid: h + h&1, math.Nextafter32(mid, 0): h, math.Nextafter32(mid, math.MaxFloat32): h + 1} {
				if got := c.to(x); got != want || c.to(-x) != want|0x8000 {
					t.Fatalf("%s: %v is %#x, want %#x", c.name, x, got, want)
				}
			}
		}
		if v := c.from(c.to(float32(math.NaN()))); v == v {
			t.Errorf("%s: NaN is %v", c.name, v)
		}
		for _, sign := range []int{1, -1} {
			if v := c.from(c.to(float32(math.Inf(sign)))); !math.IsInf(float64(v), sign) {
				t.Errorf("%s: %v is %v", c.name, math.Inf(sign), v)
			}
		}
	}
}
