package ops

import (
	"slices"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// line is one axis of a tensor: outer × n × inner elements.
type line struct{ outer, n, inner int }

func (b *build) line(shape []int, axis int) line {
	axis = b.axis(axis, len(shape))
	if b.err != nil {
		return line{1, 1, 1}
	}
	b.volume(shape)
	return line{product(shape[:axis]), shape[axis], product(shape[axis+1:])}
}

// buildCumulative is CumSum and CumProd along a constant axis. Integers add in float64, exact below 2⁵³.
func buildCumulative(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	v := b.In[0]
	axis := b.ints(1, "axis")
	exclusive, reverse := b.attrBool("exclusive", false), b.attrBool("reverse", false)
	get, put := loader(v.Type), storer(v.Type)
	if b.err != nil || len(axis) != 1 || get == nil || v.Type == tensor.Bool {
		return b.fail("axis %v of %v", axis, v.Type)
	}
	l := b.line(v.Shape, axis[0])
	start, add := 0.0, func(a, v float64) float64 { return a + v }
	if b.Op == "CumProd" {
		start, add = 1, func(a, v float64) float64 { return float64(a * v) }
	}
	return one(v.Type, clone(v.Shape), l.outer*l.inner, func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			base, acc := u/l.inner*l.n*l.inner+u%l.inner, start
			for i := range l.n {
				at := base + i*l.inner
				if reverse {
					at = base + (l.n-1-i)*l.inner
				}
				x := get(in[0].Data, at)
				if exclusive {
					put(outs[0].Data, at, acc)
					acc = add(acc, x)
				} else {
					acc = add(acc, x)
					put(outs[0].Data, at, acc)
				}
			}
		}
	})
}

// buildTopK is the k greatest (or least) of each line, with their indices; of equals the first comes first.
func buildTopK(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	v := b.In[0]
	var k int
	if b.Version < 10 {
		k = b.attrInt("k", 0)
	} else if list := b.ints(1, "k"); len(list) == 1 {
		k = list[0]
	} else {
		return b.fail("k is %v", list)
	}
	largest := b.attrBool("largest", true)
	b.ignore("sorted")
	axis := b.attrInt("axis", -1)
	l := b.line(v.Shape, axis)
	get := loader(v.Type)
	if b.err != nil || k < 0 || k > l.n || get == nil {
		return b.fail("%d of %d elements of %v", k, l.n, v.Type)
	}
	out := clone(v.Shape)
	out[b.axis(axis, len(out))] = k
	size := v.Type.Size()
	impl := &Impl{Units: l.outer * l.inner, Out: []Value{{Type: v.Type, Shape: out}, {Type: tensor.Int64, Shape: out}}}
	if !b.tables(b.volume(v.Shape)) {
		return nil
	}
	orders := make([]int32, b.volume(v.Shape)) // one line each: units share nothing
	impl.Run = func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			base, order := u/l.inner*l.n*l.inner+u%l.inner, orders[u*l.n:(u+1)*l.n]
			for i := range order {
				order[i] = int32(i)
			}
			slices.SortStableFunc(order, func(i, j int32) int {
				x, y := get(in[0].Data, base+int(i)*l.inner), get(in[0].Data, base+int(j)*l.inner)
				switch {
				case x == y:
					return 0
				case x > y == largest:
					return -1
				}
				return 1
			})
			to := u/l.inner*k*l.inner + u%l.inner
			for i := range k {
				if outs[0] != nil {
					copy(outs[0].Data[(to+i*l.inner)*size:][:size], in[0].Data[(base+int(order[i])*l.inner)*size:])
				}
				if len(outs) > 1 && outs[1] != nil {
					tensor.View[int64](outs[1])[to+i*l.inner] = int64(order[i])
				}
			}
		}
	}
	return impl
}

// buildTrilu keeps a triangle of each matrix and clears the other.
func buildTrilu(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	v := b.In[0]
	k := 0
	if b.in(1) != nil {
		list := b.ints(1, "k")
		if b.err != nil || len(list) != 1 {
			return b.fail("k is %v", list)
		}
		k = list[0]
	}
	upper := b.attrBool("upper", true)
	rank := len(v.Shape)
	if rank < 2 {
		return b.fail("input has shape %v", v.Shape)
	}
	b.volume(v.Shape)
	rows, cols, size := v.Shape[rank-2], v.Shape[rank-1], v.Type.Size()
	return one(v.Type, clone(v.Shape), product(v.Shape[:rank-1]), func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			from, to := 0, cols // columns kept
			if diagonal := min(max(u%rows+min(max(k, -rows-cols), rows+cols), -1), cols); upper {
				from = max(diagonal, 0)
			} else {
				to = min(diagonal+1, cols)
			}
			dst, src := outs[0].Data[u*cols*size:(u+1)*cols*size], in[0].Data[u*cols*size:]
			clear(dst)
			if from < to {
				copy(dst[from*size:to*size], src[from*size:])
			}
		}
	})
}

// buildEyeLike has ones on a diagonal of a matrix of the operand's shape.
func buildEyeLike(b *build) *Impl {
	if !b.arity(1, 1) || !b.rank(0, 2) {
		return nil
	}
	v := b.In[0]
	t := tensor.DType(b.attrInt("dtype", int(v.Type)))
	if t == tensor.Float16 || t == tensor.BFloat16 {
		t = tensor.Float32
	}
	k, put := b.attrInt("k", 0), storer(t)
	if put == nil {
		return b.fail("element type %v", t)
	}
	b.volume(v.Shape)
	rows, cols := v.Shape[0], v.Shape[1]
	return one(t, clone(v.Shape), 1, func(_, outs []*tensor.T, _, _ int) {
		clear(outs[0].Data)
		for i := range rows {
			if j := i + k; j >= 0 && j < cols {
				put(outs[0].Data, i*cols+j, 1)
			}
		}
	})
}

// buildHardmax is 1 at the first greatest element of each line, else 0.
func buildHardmax(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	v := b.In[0]
	absent := -1
	if b.Version < 13 {
		absent = 1
	}
	axis := b.attrInt("axis", absent)
	l := b.line(v.Shape, axis)
	if b.Version < 13 {
		l.n, l.inner = l.n*l.inner, 1
	}
	return one(v.Type, clone(v.Shape), l.outer*l.inner, func(in, outs []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](outs[0])
		for u := lo; u < hi; u++ {
			base, best := u/l.inner*l.n*l.inner+u%l.inner, 0
			for i := range l.n {
				y[base+i*l.inner] = 0
				if x[base+i*l.inner] > x[base+best*l.inner] {
					best = i
				}
			}
			if l.n > 0 {
				y[base+best*l.inner] = 1
			}
		}
	})
}

// buildReverseSequence turns the first elements of a time axis around, as many as the batch's length says.
func buildReverseSequence(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(1, tensor.Int64) {
		return nil
	}
	v := b.In[0]
	time, batch := b.attrInt("time_axis", 0), b.attrInt("batch_axis", 1)
	if len(v.Shape) < 2 || time+batch != 1 || time < 0 || time > 1 {
		return b.fail("time axis %d, batch axis %d of %v", time, batch, v.Shape)
	}
	b.vector(1, v.Shape[batch])
	b.volume(v.Shape)
	n, size := v.Shape[time], product(v.Shape[2:])*v.Type.Size()
	return one(v.Type, clone(v.Shape), v.Shape[0]*v.Shape[1], func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			at := [2]int{u / v.Shape[1], u % v.Shape[1]}
			if length := int(min(tensor.View[int64](in[1])[at[batch]], int64(n))); at[time] < length {
				at[time] = length - 1 - at[time]
			}
			copy(outs[0].Data[u*size:(u+1)*size], in[0].Data[(at[0]*v.Shape[1]+at[1])*size:])
		}
	})
}
