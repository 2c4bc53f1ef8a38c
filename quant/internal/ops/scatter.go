package ops

import (
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// indices checks operand i as integer indices of an axis of n, and that those known at load are in range. Run-time
// indices out of range read or write nothing worse than element 0 or nothing: a mask is never worth a crash.
func (b *build) indices(i, n int) bool {
	if !b.want(i, tensor.Int64, tensor.Int32) {
		return false
	}
	v := b.In[i]
	if v.Const == nil {
		return true
	}
	get := indexer(v.Type)
	for k := range v.Const.Len() {
		if j := get(v.Const.Data, k); j < -n || j >= n {
			b.fail("index %d is outside an axis of %d", j, n)
			return false
		}
	}
	return true
}

// indexer reads integer element i.
func indexer(t tensor.DType) func(b []byte, i int) int {
	if t == tensor.Int32 {
		return func(b []byte, i int) int { return int(tensor.Cast[int32](b)[i]) }
	}
	return func(b []byte, i int) int { return int(tensor.Cast[int64](b)[i]) }
}

// wrap turns a negative index into one from the front; ok is false outside the axis.
func wrap(j, n int) (int, bool) {
	if j < 0 {
		j += n
	}
	return j, j >= 0 && j < n
}

// buildGatherElements picks one element of an axis for each index.
func buildGatherElements(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	v, idx := b.In[0], b.In[1]
	axis := b.axis(b.attrInt("axis", 0), len(v.Shape))
	if b.err != nil || !b.indices(1, v.Shape[axis]) {
		return nil
	}
	if !b.inside(idx.Shape, v.Shape, axis) {
		return nil
	}
	n, st, size := v.Shape[axis], strides(v.Shape), v.Type.Size()
	get, out := indexer(idx.Type), clone(idx.Shape)
	count := b.volume(out)
	return one(v.Type, out, chunks(count), func(in, outs []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, count)
		for u := lo; u < hi; u++ {
			j, ok := wrap(get(in[1].Data, u), n)
			if !ok {
				j = 0
			}
			at := offsetBut(u, out, st, axis) + j*st[axis]
			copy(outs[0].Data[u*size:(u+1)*size], in[0].Data[at*size:])
		}
	})
}

// inside checks that indices' shape fits data's beside an axis.
func (b *build) inside(idx, data []int, axis int) bool {
	ok := len(idx) == len(data)
	for k := 0; ok && k < len(idx); k++ {
		ok = k == axis || idx[k] <= data[k]
	}
	if !ok || product(idx) > 0 && data[axis] == 0 {
		b.fail("indices of %v for %v along axis %d", idx, data, axis)
		return false
	}
	return true
}

// offsetBut is the place of row-major index i of shape under strides, axis left out.
func offsetBut(i int, shape, stride []int, axis int) int {
	at := 0
	for k := len(shape) - 1; k >= 0; k-- {
		if k != axis {
			at += i % shape[k] * stride[k]
		}
		i /= shape[k]
	}
	return at
}

// combine is a scatter's reduction of the element there with an update; nil replaces it.
func (b *build) combine() func(was, v float64) float64 {
	switch b.attrString("reduction", "none", "add", "mul", "max", "min") {
	case "add":
		return func(was, v float64) float64 { return was + v }
	case "mul":
		return func(was, v float64) float64 { return float64(was * v) }
	case "max":
		return func(was, v float64) float64 { return max(was, v) }
	case "min":
		return func(was, v float64) float64 { return min(was, v) }
	}
	return nil
}

// writer stores element src of in at element dst of out, combined with what is there.
func (b *build) writer(t tensor.DType) func(out, in []byte, dst, src int) {
	f := b.combine()
	size := t.Size()
	if f == nil {
		return func(out, in []byte, dst, src int) { copy(out[dst*size:(dst+1)*size], in[src*size:]) }
	}
	get, put := loader(t), storer(t)
	if get == nil || t == tensor.Bool {
		b.fail("element type %v", t)
		return nil
	}
	return func(out, in []byte, dst, src int) { put(out, dst, f(get(out, dst), get(in, src))) }
}

// buildScatterElements writes one update to an axis for each index, in order.
func buildScatterElements(b *build) *Impl {
	if !b.arity(3, 3) {
		return nil
	}
	v, idx, up := b.In[0], b.In[1], b.In[2]
	axis := b.axis(b.attrInt("axis", 0), len(v.Shape))
	write := b.writer(v.Type)
	if b.err != nil || !b.indices(1, v.Shape[axis]) || !b.inside(idx.Shape, v.Shape, axis) {
		return nil
	}
	if up.Type != v.Type || !tensor.Equal(up.Shape, idx.Shape) {
		return b.fail("updates of %v %v for indices of %v into %v", up.Type, up.Shape, idx.Shape, v.Type)
	}
	n, st := v.Shape[axis], strides(v.Shape)
	get, count := indexer(idx.Type), b.volume(idx.Shape)
	b.volume(v.Shape)
	return one(v.Type, clone(v.Shape), 1, func(in, outs []*tensor.T, _, _ int) {
		copy(outs[0].Data, in[0].Data)
		for u := range count {
			if j, ok := wrap(get(in[1].Data, u), n); ok {
				write(outs[0].Data, in[2].Data, offsetBut(u, idx.Shape, st, axis)+j*st[axis], u)
			}
		}
	})
}

// buildGatherND picks slices by index tuples along the innermost axis of the indices.
func buildGatherND(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(1, tensor.Int64, tensor.Int32) {
		return nil
	}
	v, idx := b.In[0], b.In[1]
	batch := b.attrInt("batch_dims", 0)
	if batch < 0 || batch >= len(idx.Shape) || batch >= len(v.Shape) || !tensor.Equal(v.Shape[:batch], idx.Shape[:batch]) {
		return b.fail("batch_dims %d with data %v and indices %v", batch, v.Shape, idx.Shape)
	}
	last := len(idx.Shape) - 1
	k := idx.Shape[last]
	if k < 1 || batch+k > len(v.Shape) {
		return b.fail("indices of %v into %v", idx.Shape, v.Shape)
	}
	out := append(clone(idx.Shape[:last]), v.Shape[batch+k:]...)
	b.volume(out)
	get := indexer(idx.Type)
	size := product(v.Shape[batch+k:]) * v.Type.Size()
	each, whole := product(idx.Shape[batch:last]), product(v.Shape[batch:batch+k])
	if whole == 0 {
		return b.fail("nothing to gather from %v", v.Shape)
	}
	return one(v.Type, out, product(idx.Shape[:last]), func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			at := tuple(in[1].Data, get, u*k, v.Shape[batch:batch+k])
			copy(outs[0].Data[u*size:(u+1)*size], in[0].Data[(u/each*whole+max(at, 0))*size:])
		}
	})
}

// tuple is the place of the index tuple that begins at element i in a shape, −1 outside it.
func tuple(data []byte, get func([]byte, int) int, i int, shape []int) int {
	at := 0
	for k, n := range shape {
		j, ok := wrap(get(data, i+k), n)
		if !ok {
			return -1
		}
		at = at*n + j
	}
	return at
}

// buildScatterND writes slices by index tuples, in order.
func buildScatterND(b *build) *Impl {
	if !b.arity(3, 3) || !b.want(1, tensor.Int64, tensor.Int32) {
		return nil
	}
	v, idx, up := b.In[0], b.In[1], b.In[2]
	if len(idx.Shape) == 0 {
		return b.fail("indices are a scalar")
	}
	last := len(idx.Shape) - 1
	k := idx.Shape[last]
	if k < 1 || k > len(v.Shape) {
		return b.fail("indices of %v into %v", idx.Shape, v.Shape)
	}
	want := append(clone(idx.Shape[:last]), v.Shape[k:]...)
	if up.Type != v.Type || !tensor.Equal(up.Shape, want) {
		return b.fail("updates of %v %v, want %v %v", up.Type, up.Shape, v.Type, want)
	}
	write := b.writer(v.Type)
	b.volume(v.Shape)
	b.volume(want)
	get := indexer(idx.Type)
	each, count := product(v.Shape[k:]), product(idx.Shape[:last])
	return one(v.Type, clone(v.Shape), 1, func(in, outs []*tensor.T, _, _ int) {
		copy(outs[0].Data, in[0].Data)
		for u := range count {
			at := tuple(in[1].Data, get, u*k, v.Shape[:k])
			for e := 0; at >= 0 && e < each; e++ {
				write(outs[0].Data, in[2].Data, at*each+e, u*each+e)
			}
		}
	})
}

// buildOneHot writes two values, one where the axis' index is the operand's.
func buildOneHot(b *build) *Impl {
	if !b.arity(3, 3) {
		return nil
	}
	idx, values := b.In[0], b.In[2]
	get := loader(idx.Type)
	if get == nil || len(values.Shape) != 1 || values.Shape[0] != 2 {
		return b.fail("indices of %v, values of shape %v", idx.Type, values.Shape)
	}
	if !b.known(1, "depth") {
		return nil
	}
	depth := b.In[1]
	read := loader(depth.Type)
	if read == nil || depth.Const.Len() != 1 {
		return b.fail("depth is %v of shape %v", depth.Type, depth.Shape)
	}
	d := read(depth.Const.Data, 0)
	if !(d >= 1 && d <= tensor.MaxElements) {
		return b.fail("depth is %v", d)
	}
	n := int(d)
	axis := b.axis(b.attrInt("axis", -1), len(idx.Shape)+1)
	if b.err != nil {
		return nil
	}
	out := append(append(clone(idx.Shape[:axis]), n), idx.Shape[axis:]...)
	b.volume(out)
	inner, size := product(idx.Shape[axis:]), values.Type.Size()
	return one(values.Type, out, product(out[:axis]), func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			for i := range inner {
				j := int(get(in[0].Data, u*inner+i))
				if j < 0 {
					j += n
				}
				for k := range n {
					v := in[2].Data[:size]
					if k == j {
						v = in[2].Data[size:]
					}
					copy(outs[0].Data[((u*n+k)*inner+i)*size:][:size], v)
				}
			}
		}
	})
}

// buildNonZero lists the places of a constant's elements that are not 0: its shape is the data's to say.
func buildNonZero(b *build) *Impl {
	if !b.arity(1, 1) || !b.known(0, "the number of elements that are not 0") {
		return nil
	}
	v := b.In[0]
	get := loader(v.Type)
	if get == nil {
		return b.fail("element type %v", v.Type)
	}
	rank := max(len(v.Shape), 1)
	st := strides(v.Shape)
	var at []int
	for i := range v.Const.Len() {
		if get(v.Const.Data, i) != 0 {
			at = append(at, i)
		}
	}
	return one(tensor.Int64, []int{rank, len(at)}, 1, func(_, outs []*tensor.T, _, _ int) {
		y := tensor.View[int64](outs[0])
		for k := range st {
			for j, i := range at {
				y[k*len(at)+j] = int64(i / st[k] % v.Shape[k])
			}
		}
	})
}

// buildCompress keeps the slices that a constant condition names.
func buildCompress(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(1, tensor.Bool) || !b.known(1, "condition") {
		return nil
	}
	v := b.In[0]
	shape := []int{b.volume(v.Shape)}
	axis := 0
	if _, given := b.Attrs["axis"]; given {
		shape, axis = v.Shape, b.axis(b.attrInt("axis", 0), len(v.Shape))
	}
	if b.err != nil {
		return nil
	}
	st := strides(shape)
	var table []int
	for i, c := range b.In[1].Const.Data {
		if c != 0 && i >= shape[axis] {
			return b.fail("condition %d is outside an axis of %d", i, shape[axis])
		}
		if c != 0 {
			table = append(table, i*st[axis])
		}
	}
	out, from := clone(shape), make([][]int, len(shape))
	if !b.tables(shape...) {
		return nil
	}
	for k := range out {
		from[k] = linear(out[k], 0, st[k])
	}
	out[axis], from[axis] = len(table), table
	return moved(v.Type, newMover(v.Type.Size(), out, from), out)
}
