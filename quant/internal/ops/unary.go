package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Scalar is the float32 function of an element-wise operator of one operand, for a checked node. f is evaluated in
// float64 where it has no exact float32 form, and rounded once.
func scalarOf(b *build) func(float32) float32 {
	alpha := func(absent float32) float32 { return b.attrFloat("alpha", absent) }
	switch b.Op {
	case "Relu":
		return func(x float32) float32 { return max(x, 0) }
	case "LeakyRelu":
		a := alpha(0.01)
		return func(x float32) float32 {
			if x < 0 {
				return x * a
			}
			return x
		}
	case "ThresholdedRelu":
		a := alpha(1)
		return func(x float32) float32 {
			if x > a {
				return x
			}
			return 0
		}
	case "Elu":
		a := alpha(1)
		return func(x float32) float32 {
			if x < 0 {
				return float32(float64(a) * (exp(float64(x)) - 1))
			}
			return x
		}
	case "Selu":
		a, g := alpha(1.67326319217681884765625), b.attrFloat("gamma", 1.05070102214813232421875)
		return func(x float32) float32 {
			if x <= 0 {
				return float32(float64(g) * (float64(float64(a)*exp(float64(x))) - float64(a)))
			}
			return g * x
		}
	case "Celu":
		a := float64(alpha(1))
		return func(x float32) float32 {
			if x < 0 {
				return float32(a * (exp(float64(x)/a) - 1))
			}
			return x
		}
	case "HardSigmoid":
		a, c := alpha(0.2), b.attrFloat("beta", 0.5)
		return func(x float32) float32 { return max(0, min(1, float32(a*x)+c)) }
	case "HardSwish":
		return func(x float32) float32 { return x * max(0, min(1, float32(x*float32(1.0/6))+0.5)) }
	case "Swish":
		a := alpha(1)
		return func(x float32) float32 { return float32(float64(x) * sigmoid(float64(a*x))) }
	case "QuickGelu":
		a := alpha(1.702)
		return func(x float32) float32 { return float32(float64(x) * sigmoid(float64(a*x))) }
	case "Gelu":
		if b.Domain == "" && b.attrString("approximate", "none", "tanh") == "tanh" {
			return func(x float32) float32 {
				v := float64(x)
				inner := math.Sqrt(2/math.Pi) * (v + float64(0.044715*float64(v*float64(v*v))))
				return float32(0.5 * float64(v*(1+tanh(inner))))
			}
		}
		return func(x float32) float32 {
			v := float64(x)
			return float32(0.5 * float64(v*(1+erf(v/math.Sqrt2))))
		}
	case "Shrink":
		bias, lambda := b.attrFloat("bias", 0), b.attrFloat("lambd", 0.5)
		return func(x float32) float32 {
			switch {
			case x < -lambda:
				return x + bias
			case x > lambda:
				return x - bias
			}
			return 0
		}
	}
	if f := plain[b.Op]; f != nil {
		return func(x float32) float32 { return float32(f(float64(x))) }
	}
	return nil
}

// plain are the functions without attributes.
var plain = map[string]func(float64) float64{
	"Sigmoid": sigmoid, "Tanh": tanh, "Erf": erf, "Exp": exp, "Log": log, "Softplus": log1pExp, "Sqrt": math.Sqrt,
	"Abs": math.Abs, "Neg": func(x float64) float64 { return -x }, "Floor": math.Floor, "Ceil": math.Ceil,
	"Sin": sin, "Cos": cos, "Tan": tan, "Asin": asin, "Acos": acos, "Atan": atan, "Sinh": sinh, "Cosh": cosh,
	"Asinh": asinh, "Acosh": acosh, "Atanh": atanh,
	"Round":      math.RoundToEven,
	"Reciprocal": func(x float64) float64 { return 1 / x },
	"Softsign":   func(x float64) float64 { return x / (1 + math.Abs(x)) },
	"Mish":       func(x float64) float64 { return float64(x * tanh(log1pExp(x))) },
	"Sign": func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x
	},
}

// buildUnary is an element-wise function of one float32 operand; Abs, Neg, Sign and Relu also take integers.
func buildUnary(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	f := scalarOf(b)
	if f == nil || b.err != nil {
		return b.fail("no such function")
	}
	v := b.In[0]
	n := b.volume(v.Shape)
	if v.Type != tensor.Float32 {
		return buildUnaryOther(b, v, n)
	}
	return one(v.Type, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		x, y := tensor.View[float32](in[0])[lo:hi], tensor.View[float32](out[0])[lo:hi]
		for i, v := range x {
			y[i] = f(v)
		}
	})
}

// buildUnaryOther evaluates the functions that integers and float64 have too in float64; int64 beyond 2⁵³ is not exact
// there, which shape arithmetic never reaches.
func buildUnaryOther(b *build, v *Value, n int) *Impl {
	var f func(float64) float64
	switch {
	case b.Op == "Relu":
		f = func(x float64) float64 { return max(x, 0) }
	case v.Type == tensor.Float64, b.Op == "Abs", b.Op == "Neg", b.Op == "Sign":
		f = plain[b.Op]
	}
	get, put := loader(v.Type), storer(v.Type)
	if f == nil || get == nil || v.Type == tensor.Bool {
		return b.fail("element type %v", v.Type)
	}
	impl := one(v.Type, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		for i := lo; i < hi; i++ {
			put(out[0].Data, i, f(get(in[0].Data, i)))
		}
	})
	impl.Work = 8 * operations(n) // most of these are series
	return impl
}

// buildClip bounds values; from opset 11 the bounds are inputs, which may be run-time scalars.
func buildClip(b *build) *Impl {
	if !b.arity(1, 3) {
		return nil
	}
	v := b.In[0]
	get, put := loader(v.Type), storer(v.Type)
	if get == nil || v.Type == tensor.Bool {
		return b.fail("element type %v", v.Type)
	}
	low, high := math.Inf(-1), math.Inf(1)
	if b.Version < 11 {
		low = float64(b.attrFloat("min", -math.MaxFloat32))
		high = float64(b.attrFloat("max", math.MaxFloat32))
	}
	for i := 1; i < 3; i++ {
		if l := b.in(i); l != nil && (l.Type != v.Type || product(l.Shape) != 1 || len(l.Shape) > 1) {
			return b.fail("bound %d is %v of shape %v, want a scalar %v", i, l.Type, l.Shape, v.Type)
		}
	}
	n := b.volume(v.Shape)
	hasLow, hasHigh := b.in(1) != nil, b.in(2) != nil
	return one(v.Type, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		low, high := low, high
		if hasLow {
			low = get(in[1].Data, 0)
		}
		if hasHigh {
			high = get(in[2].Data, 0)
		}
		lo, hi = span(lo, hi, n)
		if v.Type == tensor.Float32 {
			x, y := tensor.View[float32](in[0])[lo:hi], tensor.View[float32](out[0])[lo:hi]
			for i, v := range x {
				y[i] = min(max(v, float32(low)), float32(high))
			}
			return
		}
		for i := lo; i < hi; i++ {
			put(out[0].Data, i, min(max(get(in[0].Data, i), low), high))
		}
	})
}

// buildIsNaN and its like give bool.
func buildTest(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	up, down := b.Op == "IsInf" && b.attrBool("detect_positive", true), b.Op == "IsInf" && b.attrBool("detect_negative", true)
	n := b.volume(b.In[0].Shape)
	return one(tensor.Bool, clone(b.In[0].Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		x := tensor.View[float32](in[0])
		for i := lo; i < hi; i++ {
			v := float64(x[i])
			out[0].Data[i] = bit(b.Op == "IsNaN" && v != v || up && math.IsInf(v, 1) || down && math.IsInf(v, -1))
		}
	})
}

// buildNot is the logical negation.
func buildNot(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Bool) {
		return nil
	}
	n := b.volume(b.In[0].Shape)
	return one(tensor.Bool, clone(b.In[0].Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		for i := lo; i < hi; i++ {
			out[0].Data[i] = in[0].Data[i] ^ 1
		}
	})
}
