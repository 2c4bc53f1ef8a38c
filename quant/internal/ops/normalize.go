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

// buildLayerNorm standardizes everything from an axis on. Its other outputs are the means and the inverse deviations.
// RMSNormalization leaves the mean in and has no shift.
func buildLayerNorm(b *build) *Impl {
	b.ignore("stash_type")
	rms := b.Op != "LayerNormalization"
	most := 3
	if rms {
		most = 2
	}
	if !b.arity(2, most) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	eps := float64(b.attrFloat("epsilon", 1e-5))
	axis := b.axis(b.attrInt("axis", -1), len(v.Shape))
	if b.err != nil {
		return nil
	}
	b.volume(v.Shape)
	inner := product(v.Shape[axis:])
	var by [2]*spread // how scale and shift go with a row
	for i := 1; i < len(b.In); i++ {
		w := b.in(i)
		if w == nil {
			continue
		}
		if s := b.broadcast(v.Shape, w.Shape); b.err != nil || !tensor.Equal(s, v.Shape) {
			return b.fail("input %d has shape %v for %v", i, w.Shape, v.Shape[axis:])
		}
		by[i-1] = rowsOf(v.Shape, w.Shape, axis)
	}
	stats := clone(v.Shape)
	for k := axis; k < len(stats); k++ {
		stats[k] = 1
	}
	impl := &Impl{Units: product(v.Shape[:axis]), Out: []Value{{Type: v.Type, Shape: clone(v.Shape)}}}
	if !rms {
		impl.Out = append(impl.Out, Value{Type: v.Type, Shape: stats}, Value{Type: v.Type, Shape: stats})
	}
	impl.Run = func(in, out []*tensor.T, lo, hi int) {
		x, s := tensor.View[float32](in[0]), tensor.View[float32](in[1])
		for u := lo; u < hi; u++ {
			row := x[u*inner : (u+1)*inner]
			mean, variance := 0.0, 0.0
			if rms {
				for _, v := range row {
					variance += float64(float64(v) * float64(v))
				}
				variance /= float64(inner)
			} else {
				mean, variance = moments(row)
			}
			k := 1 / math.Sqrt(variance+eps)
			if out[0] != nil {
				y := tensor.View[float32](out[0])[u*inner:]
				for i, v := range row {
					r := float64(float64((float64(v)-mean)*k) * float64(s[by[0].element(u, i)]))
					if by[1] != nil {
						r += float64(tensor.View[float32](in[2])[by[1].element(u, i)])
					}
					y[i] = float32(r)
				}
			}
			if len(out) > 1 && out[1] != nil {
				tensor.View[float32](out[1])[u] = float32(mean)
			}
			if len(out) > 2 && out[2] != nil {
				tensor.View[float32](out[2])[u] = float32(k)
			}
		}
	}
	return impl
}

// rowsOf is how an operand that broadcasts to shape goes with its rows, which begin at an axis.
func rowsOf(shape, operand []int, axis int) *spread {
	full := make([]int, len(shape))
	for k := range full {
		full[k] = 1
	}
	copy(full[len(full)-len(operand):], operand)
	st := strides(full)
	for k := range st {
		if full[k] == 1 {
			st[k] = 0
		}
	}
	s := &spread{shape: shape[:axis], step: [][]int{st[:axis]}, row: 1}
	if product(full[axis:]) == product(shape[axis:]) { // the usual case: an entry an element
		s.inner = []int{1}
		return s
	}
	s.tail, s.tailStep = shape[axis:], st[axis:]
	return s
}

// buildLpNorm divides each line by its sum of magnitudes or its Euclidean length.
func buildLpNorm(b *build) *Impl {
	if !b.arity(1, 1) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	l := b.line(v.Shape, b.attrInt("axis", -1))
	p := b.attrInt("p", 2)
	if p != 1 && p != 2 {
		return b.fail("p is %d", p)
	}
	return one(v.Type, clone(v.Shape), l.outer*l.inner, func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			base, sum := u/l.inner*l.n*l.inner+u%l.inner, 0.0
			for i := range l.n {
				e := float64(x[base+i*l.inner])
				if p == 1 {
					sum += math.Abs(e)
				} else {
					sum += float64(e * e)
				}
			}
			if p == 2 {
				sum = math.Sqrt(sum)
			}
			for i := range l.n {
				if sum == 0 {
					y[base+i*l.inner] = 0
				} else {
					y[base+i*l.inner] = float32(float64(x[base+i*l.inner]) / sum)
				}
			}
		}
	})
}

// buildMeanVariance standardizes over some axes: (x − mean)/(deviation + 1e−9), as ONNX's function body has it.
func buildMeanVariance(b *build) *Impl {
	if !b.arity(1, 1) || !b.float32s() {
		return nil
	}
	v := b.In[0]
	list := b.attrInts("axes")
	if list == nil {
		list = []int{0, 2, 3}
	}
	set := b.axes(list, len(v.Shape))
	if b.err != nil {
		return nil
	}
	b.volume(v.Shape)
	st := strides(v.Shape)
	var kept, keptStride, folded, foldedStride []int
	for k, d := range v.Shape {
		if set[k] {
			folded, foldedStride = append(folded, d), append(foldedStride, st[k])
		} else {
			kept, keptStride = append(kept, d), append(keptStride, st[k])
		}
	}
	n := product(folded)
	return one(v.Type, clone(v.Shape), product(kept), func(in, out []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			base, mean, variance := offset(u, kept, keptStride), 0.0, 0.0
			for i := range n {
				mean += float64(x[base+offset(i, folded, foldedStride)])
			}
			mean /= float64(n)
			for i := range n {
				d := float64(x[base+offset(i, folded, foldedStride)]) - mean
				variance += float64(d * d)
			}
			k := 1 / (math.Sqrt(variance/float64(n)) + 1e-9)
			for i := range n {
				at := base + offset(i, folded, foldedStride)
				y[at] = float32((float64(x[at]) - mean) * k)
			}
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
	impl := one(v.Type, clone(v.Shape), v.Shape[0]*c, func(in, out []*tensor.T, lo, hi int) {
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
	impl.Work = operations(v.Shape[0], c, inner, min(c, size))
	return impl
}
