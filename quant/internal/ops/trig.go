package ops

import "math"

// Trigonometric and hyperbolic functions, under the rule of mathf.go: the same bits on every CPU.

const (
	// π/2 in three parts: the first two have 33 significant bits, so that products with k < 2²⁰ are exact (fdlibm
	// e_rem_pio2.c).
	piHalf1 = 1.57079632673412561417e+00
	piHalf2 = 6.07710050630396597660e-11
	piHalf3 = 2.02226624879595063154e-21
)

// quarter reduces x to r in [−π/4, π/4] and the quadrant modulo 4: x = r + k·π/2.
func quarter(x float64) (r float64, k int) {
	if math.Abs(x) > 1<<20 { // beyond the exact products: the standard library's reduction, to within a rounding
		s, c := math.Sincos(x)
		r = math.Atan2(s, c)
		n := math.Floor(r/(math.Pi/2) + 0.5)
		return r - float64(n*(math.Pi/2)), int(n) & 3
	}
	n := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r = ((x - float64(n*piHalf1)) - float64(n*piHalf2)) - float64(n*piHalf3)
	return r, int(int64(n)) & 3
}

// sinSeries and cosSeries are Taylor's to degree 19 and 18 on [−π/4, π/4]: remainders below 2⁻⁶⁰.
func sinSeries(r float64) float64 {
	z, p := float64(r*r), 1.0
	for n := 18.0; n >= 2; n -= 2 {
		p = 1 - float64(float64(z*p)/(n*(n+1)))
	}
	return float64(r * p)
}

func cosSeries(r float64) float64 {
	z, p := float64(r*r), 1.0
	for n := 17.0; n >= 1; n -= 2 {
		p = 1 - float64(float64(z*p)/(n*(n+1)))
	}
	return p
}

func sin(x float64) float64 {
	if x != x || math.IsInf(x, 0) {
		return math.NaN()
	}
	r, k := quarter(x)
	switch k {
	case 0:
		return sinSeries(r)
	case 1:
		return cosSeries(r)
	case 2:
		return -sinSeries(r)
	}
	return -cosSeries(r)
}

func cos(x float64) float64 {
	if x != x || math.IsInf(x, 0) {
		return math.NaN()
	}
	r, k := quarter(x)
	switch k {
	case 0:
		return cosSeries(r)
	case 1:
		return -sinSeries(r)
	case 2:
		return -cosSeries(r)
	}
	return sinSeries(r)
}

func tan(x float64) float64 { return sin(x) / cos(x) }

// atan halves the angle twice, tan(t/2) = x/(1 + √(1+x²)), and sums Gregory's series below tan(π/16).
func atan(x float64) float64 {
	if x != x {
		return x
	}
	a := math.Abs(x)
	inverse := a > 1
	if inverse {
		a = 1 / a
	}
	for range 2 {
		a = a / (1 + math.Sqrt(1+float64(a*a)))
	}
	z, p := float64(a*a), 0.0
	for n := 25.0; n >= 1; n -= 2 {
		p = 1/n - float64(z*p)
	}
	t := 4 * float64(a*p)
	if inverse {
		t = math.Pi/2 - t
	}
	return math.Copysign(t, x)
}

func asin(x float64) float64 {
	if !(math.Abs(x) <= 1) {
		return math.NaN()
	}
	if math.Abs(x) == 1 {
		return math.Copysign(math.Pi/2, x)
	}
	return atan(x / math.Sqrt(float64((1-x)*(1+x))))
}

func acos(x float64) float64 {
	switch {
	case !(math.Abs(x) <= 1):
		return math.NaN()
	case x == -1:
		return math.Pi
	}
	return 2 * atan(math.Sqrt((1-x)/(1+x)))
}

func sinh(x float64) float64 {
	a := math.Abs(x)
	if a < 0.1 { // the difference below would cancel: the series to x⁹
		z := float64(x * x)
		return float64(x * (1 + float64(z/6*(1+float64(z/20*(1+float64(z/42*(1+z/72))))))))
	}
	e := exp(a)
	return math.Copysign((e-1/e)/2, x)
}

func cosh(x float64) float64 {
	e := exp(math.Abs(x))
	return (e + 1/e) / 2
}

func asinh(x float64) float64 {
	a := math.Abs(x)
	if a < 0.01 {
		z := float64(x * x)
		return float64(x * (1 - float64(z*(1.0/6-float64(z*(3.0/40-float64(z*(15.0/336))))))))
	}
	return math.Copysign(log(a+math.Sqrt(float64(a*a)+1)), x)
}

func acosh(x float64) float64 {
	if !(x >= 1) {
		return math.NaN()
	}
	t := x - 1 // log(1 + t + √(2t + t²)), whose small argument log1p wants
	return log1p(t + math.Sqrt(float64(2*t)+float64(t*t)))
}

func atanh(x float64) float64 {
	a := math.Abs(x)
	if a == 1 {
		return math.Inf(int(x))
	}
	if !(a < 1) {
		return math.NaN()
	}
	return math.Copysign(0.5*log1p(float64(2*a)/(1-a)), x)
}

// log1p is log(1 + x) for x ≥ 0: below 2⁻⁷ by 2·artanh(x/(2+x)).
func log1p(x float64) float64 {
	if x > 1.0/128 {
		return log(1 + x)
	}
	s := x / (2 + x)
	z := float64(s * s)
	return 2 * float64(s*(1+float64(z*(1.0/3+float64(z*(1.0/5+float64(z*(1.0/7+z/9))))))))
}
