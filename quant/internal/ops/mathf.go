package ops

import "math"

// The functions below give the same bits on every CPU: no assembly, and every product is converted to float64 before it
// is added, which keeps the compiler from fusing the two. They are accurate to a few units in the last place of
// float64, so that their float32 roundings are right but for rare ties.

const (
	ln2Hi  = 6.93147180369123816490e-01 // ln 2 in two parts: the high one has 32 significant bits (fdlibm e_exp.c)
	ln2Lo  = 1.90821492927058770002e-10
	invLn2 = 1.44269504088896338700e+00
)

// exp is eˣ: x = k·ln 2 + r, |r| ≤ ln 2 / 2, and the Taylor series of eʳ to degree 13 (remainder below 2⁻⁵⁷).
func exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.7:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	k := math.Floor(float64(x*invLn2) + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	p := 1.0
	for n := 13.0; n >= 1; n-- {
		p = 1 + float64(float64(r*p)/n)
	}
	return math.Ldexp(p, int(k))
}

// log is the natural logarithm: x = 2ᵏ·m, √½ ≤ m < √2, and 2·artanh((m−1)/(m+1)) as a series.
func log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	p := 0.0
	for n := 23.0; n >= 1; n -= 2 {
		p = float64(p*z) + 1/n
	}
	return float64(float64(k)*ln2Hi) + (float64(2*float64(s*p)) + float64(float64(k)*ln2Lo))
}

// log1pExp is log(1 + eˣ), without overflow.
func log1pExp(x float64) float64 {
	if x > 40 {
		return x
	}
	if x < -40 {
		return exp(x)
	}
	if e := exp(x); e > 1e-4 {
		return log(1 + e)
	} else { // series: 1 + e would lose e's low bits
		return float64(e * (1 - float64(e*(0.5-float64(e/3)))))
	}
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + exp(-x))
	}
	e := exp(x)
	return e / (1 + e)
}

func tanh(x float64) float64 {
	a := math.Abs(x)
	var t float64
	switch {
	case a > 22:
		t = 1
	case a < 0.02: // x − x³/3 + 2x⁵/15: the formula below would cancel
		z := float64(a * a)
		t = float64(a * (1 - float64(z*(1.0/3-float64(z*(2.0/15))))))
	default:
		e := exp(float64(2 * a))
		t = (e - 1) / (e + 1)
	}
	return math.Copysign(t, x)
}

// erf is the error function: Abramowitz and Stegun 7.1.6 (a series of positive terms) below 3, and the continued
// fraction 7.1.14 of erfc above.
func erf(x float64) float64 {
	a := math.Abs(x)
	var v float64
	switch {
	case x != x:
		return x
	case a > 6:
		v = 1
	case a < 3:
		z := float64(2 * float64(a*a))
		term, sum := a, a
		for n := 3.0; term > sum*1e-17; n += 2 {
			term = float64(term*z) / n
			sum += term
		}
		v = float64(float64(2/math.SqrtPi*sum) * exp(-float64(a*a)))
	default:
		f := a
		for n := 60.0; n >= 1; n-- {
			f = a + float64(n/2)/f
		}
		v = 1 - float64(exp(-float64(a*a))/float64(math.SqrtPi*f))
	}
	return math.Copysign(v, x)
}

// pow follows the C library's special cases; ordinary ones are exp(y·log|x|).
func pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x || y != y:
		return math.NaN()
	case y == 1:
		return x
	case y == 2:
		return float64(x * x)
	case y == 0.5 && x >= 0:
		return math.Sqrt(x)
	case y == -1:
		return 1 / x
	case x == 0 || math.IsInf(x, 0) || math.IsInf(y, 0):
		return math.Pow(x, y) // exact special values: no arithmetic to differ in
	}
	whole := y == math.Trunc(y)
	if x < 0 && !whole {
		return math.NaN()
	}
	if whole && math.Abs(y) <= 64 {
		p, base := 1.0, x
		for n := int(math.Abs(y)); n > 0; n >>= 1 {
			if n&1 == 1 {
				p = float64(p * base)
			}
			base = float64(base * base)
		}
		if y < 0 {
			return 1 / p
		}
		return p
	}
	v := exp(float64(y * log(math.Abs(x))))
	if x < 0 && math.Mod(y, 2) != 0 {
		v = -v
	}
	return v
}
