package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// moved is an operator made of one mover from input 0 to output 0.
func moved(t tensor.DType, m *mover, shape []int) *Impl {
	return one(t, shape, m.units(), func(in, out []*tensor.T, lo, hi int) { m.rows(out[0].Data, in[0].Data, lo, hi) })
}

func buildTranspose(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	v := b.In[0]
	perm := b.Perm(v.Shape)
	if b.err != nil {
		return nil
	}
	if !b.tables(v.Shape...) {
		return nil
	}
	m := permuted(v.Type.Size(), v.Shape, perm)
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = v.Shape[p]
	}
	return moved(v.Type, m, shape)
}

// Perm is the checked permutation of a Transpose node.
func (b *build) Perm(shape []int) []int {
	perm := b.attrInts("perm")
	if perm == nil {
		for i := range shape {
			perm = append(perm, len(shape)-1-i)
		}
	}
	seen := make([]bool, len(shape))
	if len(perm) != len(shape) {
		b.fail("perm %v for shape %v", perm, shape)
		return nil
	}
	for _, p := range perm {
		if p < 0 || p >= len(shape) || seen[p] {
			b.fail("perm %v is not a permutation", perm)
			return nil
		}
		seen[p] = true
	}
	return perm
}

// PermOf is the checked permutation of a Transpose node on a source shape.
func PermOf(n *Node, shape []int) ([]int, error) {
	b := &build{Node: n, used: map[string]bool{}}
	p := b.Perm(shape)
	return p, b.err
}

func buildConcat(b *build) *Impl {
	if len(b.In) == 0 || !b.arity(len(b.In), len(b.In)) {
		return b.fail("no inputs")
	}
	first := b.In[0]
	axis := b.axis(b.attrInt("axis", 1), len(first.Shape))
	if b.err != nil {
		return nil
	}
	out := clone(first.Shape)
	out[axis] = 0
	for _, v := range b.In {
		if v.Type != first.Type || len(v.Shape) != len(out) {
			return b.fail("inputs of %v %v and %v %v", first.Type, first.Shape, v.Type, v.Shape)
		}
		for k, d := range v.Shape {
			if k != axis && d != out[k] {
				return b.fail("inputs of shapes %v and %v differ beside axis %d", first.Shape, v.Shape, axis)
			}
		}
		out[axis] += v.Shape[axis]
		if out[axis] > tensor.MaxElements {
			return b.fail("%d slices", out[axis])
		}
	}
	size := first.Type.Size()
	outer, inner := product(out[:axis]), product(out[axis+1:])*size
	return one(first.Type, out, outer, func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			dst := outs[0].Data[u*out[axis]*inner:]
			for i, v := range in {
				n := b.In[i].Shape[axis] * inner
				copy(dst[:n], v.Data[u*n:])
				dst = dst[n:]
			}
		}
	})
}

func buildSplit(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	v := b.In[0]
	axis := b.axis(b.attrInt("axis", 0), len(v.Shape))
	sizes, given := b.listSince(13, "split", 1)
	parts := b.attrInt("num_outputs", b.Outs)
	if b.err != nil {
		return nil
	}
	if !given {
		if parts < 1 || parts > 1<<16 {
			return b.fail("%d parts", parts)
		}
		each := (v.Shape[axis] + parts - 1) / parts
		for left := v.Shape[axis]; len(sizes) < parts; left -= each {
			sizes = append(sizes, max(min(each, left), 0))
		}
	}
	total := 0
	for _, s := range sizes {
		if s < 0 || total > tensor.MaxElements {
			return b.fail("split %v", sizes)
		}
		total += s
	}
	if total != v.Shape[axis] || len(sizes) < b.Outs {
		return b.fail("split %v of axis %d of %v into %d outputs", sizes, axis, v.Shape, b.Outs)
	}
	size := v.Type.Size()
	outer, inner := product(v.Shape[:axis]), product(v.Shape[axis+1:])*size
	impl := &Impl{Units: outer}
	for _, s := range sizes {
		shape := clone(v.Shape)
		shape[axis] = s
		impl.Out = append(impl.Out, Value{Type: v.Type, Shape: shape})
	}
	impl.Run = func(in, out []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			src := in[0].Data[u*total*inner:]
			for i, o := range out {
				n := sizes[i] * inner
				if o != nil {
					copy(o.Data[u*n:(u+1)*n], src)
				}
				src = src[n:]
			}
		}
	}
	return impl
}

func buildSlice(b *build) *Impl {
	if !b.arity(1, 5) {
		return nil
	}
	v := b.In[0]
	var starts, ends, axes, steps []int
	if b.Version < 10 {
		starts, ends, axes = b.attrInts("starts"), b.attrInts("ends"), b.attrInts("axes")
	} else {
		if !b.arity(3, 5) {
			return nil
		}
		starts, ends, axes, steps = b.ints(1, "starts"), b.ints(2, "ends"), b.ints(3, "axes"), b.ints(4, "steps")
	}
	if b.err != nil {
		return nil
	}
	if axes == nil {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	if len(starts) != len(ends) || len(starts) != len(axes) || steps != nil && len(steps) != len(starts) {
		return b.fail("starts %v, ends %v, axes %v, steps %v", starts, ends, axes, steps)
	}
	b.axes(axes, len(v.Shape))
	if b.err != nil {
		return nil
	}
	st := strides(v.Shape)
	out := clone(v.Shape)
	if !b.tables(out...) {
		return nil
	}
	from := make([][]int, len(out))
	for k := range out {
		from[k] = linear(out[k], 0, st[k])
	}
	for i, a := range axes {
		step := 1
		if steps != nil {
			step = steps[i]
		}
		if step == 0 {
			return b.fail("step of axis %d is 0", a)
		}
		a = b.axis(a, len(out))
		start, n := slice(starts[i], ends[i], step, v.Shape[a])
		out[a] = n
		from[a] = linear(n, start*st[a], step*st[a])
	}
	return moved(v.Type, newMover(v.Type.Size(), out, from), out)
}

// slice is numpy's start:end:step on n elements: the first index and how many follow.
func slice(start, end, step, n int) (first, count int) {
	clamp := func(v, lo, hi int) int {
		if v < 0 {
			v += n
		}
		return min(max(v, lo), hi)
	}
	if step > 0 {
		start, end = clamp(start, 0, n), clamp(end, 0, n)
		if start >= end {
			return 0, 0
		}
		step = min(step, n)
		return start, (end - start + step - 1) / step
	}
	start, end = clamp(start, -1, n-1), clamp(end, -1, n-1)
	if start <= end {
		return 0, 0
	}
	step = min(-max(step, -1<<40), n)
	return start, (start - end + step - 1) / step
}

func buildPad(b *build) *Impl {
	if !b.arity(1, 4) {
		return nil
	}
	v := b.In[0]
	mode := b.attrString("mode", "constant", "edge", "reflect", "wrap")
	var pads []int
	value := make([]byte, v.Type.Size())
	var axes []int
	if b.Version < 11 {
		pads = b.attrInts("pads")
		if put := storer(v.Type); put != nil {
			value = tensor.Aligned(v.Type.Size())
			put(value, 0, float64(b.attrFloat("value", 0)))
		}
	} else {
		pads, axes = b.ints(1, "pads"), b.ints(3, "axes")
		if c := b.in(2); c != nil {
			if !b.known(2, "the padding value") {
				return nil
			}
			if c.Type != v.Type || c.Const.Len() != 1 {
				return b.fail("the padding value is %v of shape %v", c.Type, c.Shape)
			}
			value = c.Const.Data
		}
	}
	if axes == nil {
		for i := range v.Shape {
			axes = append(axes, i)
		}
	}
	if b.err != nil {
		return nil
	}
	if len(pads) != 2*len(axes) {
		return b.fail("pads %v for %d axes", pads, len(axes))
	}
	b.axes(axes, len(v.Shape))
	if b.err != nil {
		return nil
	}
	st := strides(v.Shape)
	out := clone(v.Shape)
	if !b.tables(out...) {
		return nil
	}
	from := make([][]int, len(out))
	for k := range out {
		from[k] = linear(out[k], 0, st[k])
	}
	for i, a := range axes {
		a = b.axis(a, len(out))
		before, after := pads[i], pads[i+len(axes)]
		n := v.Shape[a]
		if max(before, after) > tensor.MaxElements || min(before, after) < -tensor.MaxElements || n+before+after < 0 {
			return b.fail("pads %v on axis of %d", pads, n)
		}
		if mode == "reflect" && max(before, after) >= n && max(before, after) > 0 || mode != "constant" && n == 0 {
			return b.fail("%s pads %v on axis of %d", mode, pads, n)
		}
		out[a] = n + before + after
		if b.volume(out); b.err != nil || !b.tables(out[a]) {
			return nil
		}
		from[a] = make([]int, out[a])
		for j := range from[a] {
			s := padIndex(j-before, n, mode)
			if s < 0 {
				from[a][j] = fillMark
			} else {
				from[a][j] = s * st[a]
			}
		}
	}
	m := newMover(v.Type.Size(), out, from)
	m.fill = value
	return moved(v.Type, m, out)
}

// padIndex is the source index of padded index i, negative outside in constant mode.
func padIndex(i, n int, mode string) int {
	if i >= 0 && i < n {
		return i
	}
	switch mode {
	case "edge":
		return min(max(i, 0), n-1)
	case "reflect":
		if i < 0 {
			return -i
		}
		return 2*(n-1) - i
	case "wrap":
		return (i%n + n) % n
	}
	return math.MinInt
}

func buildExpand(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	v := b.In[0]
	want := b.ints(1, "shape")
	for _, d := range want {
		if d < 0 {
			return b.fail("shape %v", want)
		}
	}
	out := b.broadcast(v.Shape, want)
	if b.err != nil || !b.tables(out...) {
		return nil
	}
	st := strides(v.Shape)
	from := make([][]int, len(out))
	for k := range out {
		if j := k - len(out) + len(v.Shape); j >= 0 && v.Shape[j] != 1 {
			from[k] = linear(out[k], 0, st[j])
		} else {
			from[k] = make([]int, out[k])
		}
	}
	return moved(v.Type, newMover(v.Type.Size(), out, from), out)
}

func buildTile(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	v := b.In[0]
	times := b.ints(1, "repeats")
	if b.err != nil {
		return nil
	}
	if len(times) != len(v.Shape) {
		return b.fail("repeats %v for shape %v", times, v.Shape)
	}
	st := strides(v.Shape)
	out := make([]int, len(times))
	for k, r := range times {
		if r < 0 || r > tensor.MaxElements {
			return b.fail("repeats %v", times)
		}
		out[k] = r * v.Shape[k]
	}
	if b.volume(out); b.err != nil || !b.tables(out...) {
		return nil
	}
	from := make([][]int, len(times))
	for k := range times {
		from[k] = make([]int, out[k])
		for i := range from[k] {
			from[k][i] = i % v.Shape[k] * st[k]
		}
	}
	return moved(v.Type, newMover(v.Type.Size(), out, from), out)
}

// buildDepthSpace is DepthToSpace and SpaceToDepth: a transposition of a finer view.
func buildDepthSpace(b *build) *Impl {
	if !b.arity(1, 1) || !b.rank(0, 4) {
		return nil
	}
	v := b.In[0]
	k := b.attrInt("blocksize", 0)
	n, c, h, w := v.Shape[0], v.Shape[1], v.Shape[2], v.Shape[3]
	size := v.Type.Size()
	if k < 1 || k > 1<<12 {
		return b.fail("blocksize is %d", k)
	}
	mode := b.attrString("mode", "DCR", "CRD")
	if !b.tables(n, c, h, w, k, k) {
		return nil
	}
	if b.Op == "SpaceToDepth" {
		if h%k != 0 || w%k != 0 {
			return b.fail("blocksize %d does not divide %v", k, v.Shape)
		}
		perm := []int{0, 3, 5, 1, 2, 4}
		if mode == "CRD" {
			perm = []int{0, 1, 3, 5, 2, 4}
		}
		m := permuted(size, []int{n, c, h / k, k, w / k, k}, perm)
		return moved(v.Type, m, []int{n, c * k * k, h / k, w / k})
	}
	if c%(k*k) != 0 {
		return b.fail("blocksize %d does not divide %d channels", k, c)
	}
	var m *mover
	if mode == "DCR" {
		m = permuted(size, []int{n, k, k, c / (k * k), h, w}, []int{0, 3, 4, 1, 5, 2})
	} else {
		m = permuted(size, []int{n, c / (k * k), k, k, h, w}, []int{0, 1, 4, 2, 5, 3})
	}
	return moved(v.Type, m, []int{n, c / (k * k), h * k, w * k})
}

// buildGather picks slices of an axis by index; the indices may be run-time data, and then one out of range reads
// slice 0: a mask is never worth a crash.
func buildGather(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(1, tensor.Int64, tensor.Int32) {
		return nil
	}
	v, idx := b.In[0], b.In[1]
	axis := b.axis(b.attrInt("axis", 0), len(v.Shape))
	if b.err != nil {
		return nil
	}
	n := v.Shape[axis]
	get := loader(idx.Type)
	count := b.volume(idx.Shape)
	if idx.Const != nil {
		for i := range count {
			if j := get(idx.Const.Data, i); j < float64(-n) || j >= float64(n) {
				return b.fail("index %v is outside axis %d of %v", j, axis, v.Shape)
			}
		}
	}
	out := append(clone(v.Shape[:axis]), idx.Shape...)
	out = append(out, v.Shape[axis+1:]...)
	b.volume(out)
	outer, inner := product(v.Shape[:axis]), product(v.Shape[axis+1:])*v.Type.Size()
	if n == 0 && count > 0 {
		return b.fail("axis %d of %v is empty", axis, v.Shape)
	}
	return one(v.Type, out, outer*count, func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			j := int(get(in[1].Data, u%count))
			if j < 0 {
				j += n
			}
			if j < 0 || j >= n {
				j = 0
			}
			copy(outs[0].Data[u*inner:(u+1)*inner], in[0].Data[(u/count*n+j)*inner:])
		}
	})
}
