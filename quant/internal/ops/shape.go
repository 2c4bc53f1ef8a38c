package ops

import (
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// view is an operator that renames a tensor's shape and keeps its bytes.
func view(v *Value, shape []int) *Impl {
	size := v.Type.Size()
	total := 1
	for _, d := range shape {
		total *= d
	}
	impl := one(v.Type, shape, chunks(total), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, total)
		copy(out[0].Data[lo*size:hi*size], in[0].Data[lo*size:hi*size])
	})
	impl.View = true
	return impl
}

// buildIdentity is Identity, and Dropout outside training.
func buildIdentity(b *build) *Impl {
	b.ignore("ratio", "seed", "is_test")
	if !b.arity(1, 3) {
		return nil
	}
	if t := b.in(2); t != nil {
		if !b.known(2, "training mode") {
			return nil
		}
		if t.Type != tensor.Bool || len(t.Const.Data) != 1 {
			return b.fail("training mode is %v of shape %v", t.Type, t.Shape)
		}
		if t.Const.Data[0] != 0 && !b.keepsAll() {
			return b.fail("training mode is not supported")
		}
	}
	b.volume(b.In[0].Shape)
	if b.Outs < 2 {
		return view(b.In[0], clone(b.In[0].Shape))
	}
	// The mask says what was kept: outside training, everything.
	v, n := b.In[0], b.volume(b.In[0].Shape)
	size := v.Type.Size()
	impl := &Impl{Units: chunks(n), Out: []Value{{Type: v.Type, Shape: clone(v.Shape)}, {Type: tensor.Bool, Shape: clone(v.Shape)}}}
	impl.Run = func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		if out[0] != nil {
			copy(out[0].Data[lo*size:hi*size], in[0].Data[lo*size:])
		}
		for i := lo; i < hi; i++ {
			out[1].Data[i] = 1
		}
	}
	return impl
}

func buildReshape(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	allowZero := b.attrBool("allowzero", false)
	want := b.ints(1, "shape")
	if b.err != nil {
		return nil
	}
	from := b.In[0].Shape
	n := b.volume(from)
	shape := clone(want)
	free, known := -1, 1
	for i, d := range shape {
		if d == 0 && !allowZero {
			if i >= len(from) {
				return b.fail("shape %v copies axis %d of %v", want, i, from)
			}
			shape[i] = from[i]
			d = from[i]
		}
		if d == -1 {
			if free >= 0 {
				return b.fail("shape %v has two free axes", want)
			}
			free = i
			continue
		}
		if d < 0 || d > tensor.MaxElements || known > tensor.MaxElements {
			return b.fail("shape %v", want)
		}
		known *= d
	}
	if free >= 0 {
		if known == 0 || n%known != 0 {
			return b.fail("cannot reshape %v to %v", from, want)
		}
		shape[free] = n / known
	}
	if b.volume(shape) != n {
		return b.fail("cannot reshape %v to %v", from, want)
	}
	return view(b.In[0], shape)
}

func buildFlatten(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	s := b.In[0].Shape
	axis := b.attrInt("axis", 1)
	if axis != len(s) {
		axis = b.axis(axis, len(s))
	}
	if b.err != nil {
		return nil
	}
	b.volume(s)
	return view(b.In[0], []int{product(s[:axis]), product(s[axis:])})
}

func buildSqueeze(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	s := b.In[0].Shape
	list, given := b.listSince(13, "axes", 1)
	set := b.axes(list, len(s))
	var shape = []int{}
	for i, d := range s {
		switch {
		case given && !set[i] || !given && d != 1:
			shape = append(shape, d)
		case d != 1:
			return b.fail("axis %d of %v is not 1", i, s)
		}
	}
	return view(b.In[0], shape)
}

func buildUnsqueeze(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	s := b.In[0].Shape
	list, given := b.listSince(13, "axes", 1)
	if !given {
		return b.fail("axes are missing")
	}
	set := b.axes(list, len(s)+len(list))
	if b.err != nil {
		return nil
	}
	shape := make([]int, 0, len(set))
	for _, added := range set {
		if added {
			shape = append(shape, 1)
		} else {
			shape = append(shape, s[0])
			s = s[1:]
		}
	}
	return view(b.In[0], shape)
}

// buildShape gives a tensor's shape, known at load.
func buildShape(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	s := b.In[0].Shape
	from, to := b.attrInt("start", 0), b.attrInt("end", len(s))
	clamp := func(v int) int {
		if v < 0 {
			v += len(s)
		}
		return min(max(v, 0), len(s))
	}
	from, to = clamp(from), clamp(to)
	var dims []int64
	for i := from; i < to; i++ {
		dims = append(dims, int64(s[i]))
	}
	if b.Op == "Size" {
		dims = []int64{int64(b.volume(s))}
		return one(tensor.Int64, []int{}, 1, func(_, out []*tensor.T, _, _ int) { tensor.View[int64](out[0])[0] = dims[0] })
	}
	return one(tensor.Int64, []int{len(dims)}, 1, func(_, out []*tensor.T, _, _ int) { copy(tensor.View[int64](out[0]), dims) })
}

// buildConstant is a Constant node's value.
// keepsAll reports whether a Dropout's ratio is known to be 0.
func (b *build) keepsAll() bool {
	r := b.in(1)
	return r != nil && r.Const != nil && r.Type == tensor.Float32 && r.Const.Len() == 1 && tensor.View[float32](r.Const)[0] == 0
}

// buildBitCast keeps the bits and renames their type.
func buildBitCast(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	to := tensor.DType(b.attrInt("to", 0))
	if storer(to) == nil || to.Size() != b.In[0].Type.Size() || to.PackedBits() != b.In[0].Type.PackedBits() {
		return b.fail("cannot take the bits of %v as %v", b.In[0].Type, to)
	}
	v := view(b.In[0], clone(b.In[0].Shape))
	if to == tensor.Bool && b.In[0].Type != tensor.Bool {
		return b.fail("cannot take the bits of %v as %v", b.In[0].Type, to)
	}
	v.Out[0].Type = to
	return v
}

func buildConstant(b *build) *Impl {
	if !b.arity(0, 0) || len(b.Attrs) != 1 {
		return b.fail("a constant has one attribute and no inputs")
	}
	var t *tensor.T
	switch v := b.Attrs["value"].(type) {
	case *tensor.T:
		b.used["value"] = true
		t = v
	default:
		switch {
		case b.Attrs["value_int"] != nil:
			t = tensor.From(tensor.Int64, []int64{int64(b.attrInt("value_int", 0))})
		case b.Attrs["value_ints"] != nil:
			s := b.attrInts("value_ints")
			w := make([]int64, len(s))
			for i, e := range s {
				w[i] = int64(e)
			}
			t = tensor.From(tensor.Int64, w, len(w))
		case b.Attrs["value_float"] != nil:
			t = tensor.From(tensor.Float32, []float32{b.attrFloat("value_float", 0)})
		case b.Attrs["value_floats"] != nil:
			s := b.attrFloats("value_floats")
			t = tensor.From(tensor.Float32, s, len(s))
		default:
			return b.fail("the constant's kind is not supported")
		}
	}
	if b.err != nil {
		return nil
	}
	return one(t.Type, t.Shape, 1, func(_, out []*tensor.T, _, _ int) { copy(out[0].Data, t.Data) })
}

// buildConstantOfShape fills a shape with one value, float32 0 when absent.
func buildConstantOfShape(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	shape := b.ints(0, "shape")
	t := tensor.From(tensor.Float32, []float32{0}, 1)
	if v, ok := b.Attrs["value"].(*tensor.T); ok {
		t = v
	}
	b.ignore("value")
	if t.Len() != 1 {
		return b.fail("value has %d elements", t.Len())
	}
	n := b.volume(shape)
	return one(t.Type, clone(shape), chunks(n), fill(t, n))
}

// fill writes a tensor's only element everywhere.
func fill(t *tensor.T, n int) func(in, out []*tensor.T, lo, hi int) {
	size := t.Type.Size()
	return func(_, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		for i := lo; i < hi; i++ {
			copy(out[0].Data[i*size:(i+1)*size], t.Data)
		}
	}
}

// buildRange is start, start + delta, … below limit; all known at load.
func buildRange(b *build) *Impl {
	if !b.arity(3, 3) {
		return nil
	}
	t := b.In[0].Type
	get, put := loader(t), storer(t)
	var v [3]float64
	for i := range v {
		in := b.In[i]
		if !b.known(i, "the range") {
			return nil
		}
		if in.Type != t || in.Const.Len() != 1 || get == nil {
			return b.fail("bounds are of %v and %v", t, in.Type)
		}
		v[i] = get(in.Const.Data, 0)
	}
	if v[2] == 0 {
		return b.fail("delta is 0")
	}
	count := (v[1] - v[0]) / v[2]
	if !(count < tensor.MaxElements) {
		return b.fail("%v elements", count)
	}
	n := 0
	if count > 0 {
		n = int(count)
		if float64(n) < count {
			n++
		}
	}
	return one(t, []int{n}, 1, func(_, out []*tensor.T, _, _ int) {
		for i := range n {
			put(out[0].Data, i, v[0]+float64(float64(i)*v[2]))
		}
	})
}
