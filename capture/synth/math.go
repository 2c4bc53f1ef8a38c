package synth

import "math"

// The functions here replace math.Sin, Exp, Log and Pow, which have assembly of their own on some architectures and
// so may differ in the last bit. math.Sqrt, Floor and Abs are exact everywhere and are used as they are.

const twoPi = 2 * math.Pi

// sincos returns the sine and cosine of a, |a| < 1e6, to about 1e-9: reduction to an eighth of a turn, then the Taylor
// series.
func sincos(a float64) (sin, cos float64) {
	q := math.Floor(float64(a*(2/math.Pi)) + 0.5)
	x := a - float64(q*(math.Pi/2))
	x2 := float64(x * x)
	s := horner(x2, 1, -1./6, 1./120, -1./5040, 1./362880)
	s = float64(s * x)
	c := horner(x2, 1, -1./2, 1./24, -1./720, 1./40320, -1./3628800)
	switch int(q) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// horner evaluates c[0] + c[1]·x + c[2]·x² + ….
func horner(x float64, c ...float64) float64 {
	y := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

// exp2 returns 2^x for |x| < 1000.
func exp2(x float64) float64 {
	n := math.Floor(x + 0.5)
	f := float64((x - n) * math.Ln2)
	y := horner(f, 1, 1, 1./2, 1./6, 1./24, 1./120, 1./720, 1./5040)
	return math.Ldexp(y, int(n))
}

// exp returns e^x for |x| < 600.
func exp(x float64) float64 { return exp2(float64(x * math.Log2E)) }

// log2 returns the binary logarithm of x > 0.
func log2(x float64) float64 {
	f, n := math.Frexp(x) // f in [1/2, 1)
	if f < math.Sqrt2/2 {
		f, n = 2*f, n-1
	}
	y := (f - 1) / (f + 1)
	y2 := float64(y * y)
	s := horner(y2, 1, 1./3, 1./5, 1./7, 1./9, 1./11, 1./13)
	return float64(n) + float64(float64(2*math.Log2E)*float64(y*s))
}

// pow returns x^p for x >= 0.
func pow(x, p float64) float64 {
	if x <= 0 {
		return 0
	}
	return exp2(float64(p * log2(x)))
}

// atan2 returns the angle of (x, y) to about 1e-5 radians, enough for textures.
func atan2(y, x float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	m := max(ax, ay)
	if m == 0 {
		return 0
	}
	r := min(ax, ay) / m
	r2 := float64(r * r)
	// Abramowitz and Stegun, 4.4.47.
	a := float64(r * horner(r2, 0.9998660, -0.3302995, 0.1801410, -0.0851330, 0.0208351))
	if ay > ax {
		a = math.Pi/2 - a
	}
	if x < 0 {
		a = math.Pi - a
	}
	if y < 0 {
		a = -a
	}
	return a
}

// clamp is faster than the built-in min and max, which mind signed zeros.
func clamp(x, lo, hi float64) float64 {
	if x < lo {
		return lo
	}
	if x > hi {
		return hi
	}
	return x
}

func lerp(a, b, t float64) float64 { return float64(a) + float64((float64(b)-float64(a))*t) }

// smooth rises from 0 at a to 1 at b with level ends.
func smooth(a, b, x float64) float64 {
	t := clamp((x-a)/(b-a), 0, 1)
	return float64(float64(t*t) * (3 - float64(2*t)))
}

// hash mixes two integers into 32 random-looking bits (the finaliser of MurmurHash3).
func hash(a, b int) uint32 {
	h := uint32(a)*0x9e3779b1 ^ uint32(b)*0x85ebca6b
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}

// hash01 is hash as a number in [0, 1).
func hash01(a, b int) float64 { return float64(float64(hash(a, b)>>8) * (1. / (1 << 24))) }
