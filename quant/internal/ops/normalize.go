package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// float32s reports whether every operand is float32.
func (b *build) float32s() bool {
	for i := range b.In {
		if !b.want(i, tensor.Float32) {
			return false
		}
	}
	return b.err == nil
}

// vector checks that operand i has n elements in one axis.
func (b *build) vector(i, n int) {
	if v := b.in(i); v != nil && (len(v.Shape) != 1 || v.Shape[0] != n) {
		b.fail("input %d has shape %v, want [%d]", i, v.Shape, n)
	}
}

// buildBatchNorm is (x − mean)/√(var + ε)·scale + bias with given statistics.
func buildBatchNorm(b *build) *Impl {
	b.ignore("momentum", "spatial")
	if !b.arity(5, 5) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	if len(v.Shape) < 2 {
		return b.fail("input has shape %v", v.Shape)
	}
	eps := float64(b.attrFloat("epsilon", 1e-5))
	if b.attrBool("training_mode", false) || b.Outs > 1 {
		return b.fail("training mode is not supported")
	}
	c := v.Shape[1]
	for i := 1; i < 5; i++ {
		b.vector(i, c)
	}
	b.volume(v.Shape)
	inner := product(v.Shape[2:])
	return one(v.Type, clone(v.Shape), v.Shape[0]*c, func(in, out []*tensor.T, lo, hi int) {
		f := func(i, c int) float64 { return float64(tensor.View[float32](in[i])[c]) }
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			k := f(1, u%c) / math.Sqrt(f(4, u%c)+eps)
			shift := f(2, u%c) - float64(f(3, u%c)*k)
			for i := u * inner; i < (u+1)*inner; i++ {
				y[i] = float32(float64(float64(x[i])*k) + shift)
			}
		}
	})
}

// standardize writes (x − mean)/√(var + ε) of n values, then scale and shift by what affine gives for index i.
func standardize(y, x []float32, eps float64, affine func(i int) (scale, shift float64)) {
	mean, variance := moments(x)
	k := 1 / math.Sqrt(variance+eps)
	for i, v := range x {
		s, t := affine(i)
		y[i] = float32(float64(float64((float64(v)-mean)*k)*s) + t)
	}
}

// moments is the mean and the (population) variance, in float64 and in order.
func moments(x []float32) (mean, variance float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		d := float64(v) - mean
		variance += float64(d * d)
	}
	return mean, variance / float64(len(x))
}

// buildInstanceNorm standardizes each channel of each image.
func buildInstanceNorm(b *build) *Impl {
	if !b.arity(3, 3) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	if len(v.Shape) < 3 {
		return b.fail("input has shape %v", v.Shape)
	}
	eps := float64(b.attrFloat("epsilon", 1e-5))
	c := v.Shape[1]
	b.vector(1, c)
	b.vector(2, c)
	b.volume(v.Shape)
	inner := product(v.Shape[2:])
	return one(v.Type, clone(v.Shape), v.Shape[0]*c, func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		s, t := tensor.View[float32](in[1]), tensor.View[float32](in[2])
		for u := lo; u < hi; u++ {
			standardize(y[u*inner:(u+1)*inner], x[u*inner:(u+1)*inner], eps,
				func(int) (float64, float64) { return float64(s[u%c]), float64(t[u%c]) })
		}
	})
}

// buildGroupNorm standardizes each group of channels; before opset 21 scale and bias were per group.
func buildGroupNorm(b *build) *Impl {
	b.ignore("stash_type")
	if !b.arity(3, 3) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	if len(v.Shape) < 3 {
		return b.fail("input has shape %v", v.Shape)
	}
	eps := float64(b.attrFloat("epsilon", 1e-5))
	groups, c := b.attrInt("num_groups", 0), v.Shape[1]
	if groups < 1 || c%groups != 0 {
		return b.fail("%d groups do not divide %d channels", groups, c)
	}
	per := c / groups
	entries := c
	if b.Version < 21 {
		entries = groups
	}
	b.vector(1, entries)
	b.vector(2, entries)
	b.volume(v.Shape)
	inner := product(v.Shape[2:])
	return one(v.Type, clone(v.Shape), v.Shape[0]*groups, func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		s, t := tensor.View[float32](in[1]), tensor.View[float32](in[2])
		for u := lo; u < hi; u++ {
			g, n := u%groups, per*inner
			standardize(y[u*n:(u+1)*n], x[u*n:(u+1)*n], eps, func(i int) (float64, float64) {
				e := g
				if entries == c {
					e = g*per + i/inner
				}
				return float64(s[e]), float64(t[e])
			})
		}
	})
}

// buildLayerNorm standardizes everything from an axis on.
func buildLayerNorm(b *build) *Impl {
	b.ignore("stash_type")
	if !b.arity(2, 3) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	eps := float64(b.attrFloat("epsilon", 1e-5))
	axis := b.axis(b.attrInt("axis", -1), len(v.Shape))
	if b.err != nil {
		return nil
	}
	if b.Outs > 1 {
		return b.fail("the mean and deviation outputs are not supported")
	}
	b.volume(v.Shape)
	inner := product(v.Shape[axis:])
	for i := 1; i < len(b.In); i++ {
		if w := b.in(i); w != nil && (product(w.Shape) != inner || product(w.Shape) == 0) {
			return b.fail("input %d has shape %v for %v", i, w.Shape, v.Shape[axis:])
		}
	}
	hasBias := b.in(2) != nil
	return one(v.Type, clone(v.Shape), product(v.Shape[:axis]), func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		s := tensor.View[float32](in[1])
		for u := lo; u < hi; u++ {
			standardize(y[u*inner:(u+1)*inner], x[u*inner:(u+1)*inner], eps, func(i int) (float64, float64) {
				if hasBias {
					return float64(s[i]), float64(tensor.View[float32](in[2])[i])
				}
				return float64(s[i]), 0
			})
		}
	})
}

// buildLRN divides by the energy of neighbouring channels (Krizhevsky et al., 2012, section 3.3).
func buildLRN(b *build) *Impl {
	if !b.arity(1, 1) || !b.float32s() || len(b.In[0].Shape) < 2 {
		return b.fail("input is missing or not a float32 map")
	}
	v := b.In[0]
	size := b.attrInt("size", 0)
	alpha, beta, bias := float64(b.attrFloat("alpha", 1e-4)), float64(b.attrFloat("beta", 0.75)), float64(b.attrFloat("bias", 1))
	if size < 1 || size > 1<<16 {
		return b.fail("size is %d", size)
	}
	b.volume(v.Shape)
	c, inner := v.Shape[1], product(v.Shape[2:])
	return one(v.Type, clone(v.Shape), v.Shape[0]*c, func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			ch, base := u%c, u/c*c
			from, to := max(0, ch-(size-1)/2), min(c-1, ch+size/2)
			for i := range inner {
				sum := 0.0
				for k := from; k <= to; k++ {
					e := float64(x[(base+k)*inner+i])
					sum += float64(e * e)
				}
				y[u*inner+i] = float32(float64(x[u*inner+i]) / pow(bias+float64(alpha/float64(size)*sum), beta))
			}
		}
	})
}
