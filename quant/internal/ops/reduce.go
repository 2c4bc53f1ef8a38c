package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// reduction is one way of folding the values along axes; folding is in float64, in row-major order, rounded once.
type reduction struct {
	start  float64
	add    func(acc, v float64) float64
	finish func(acc float64, n int) float64
}

func keep(acc float64, _ int) float64 { return acc }

var reductions = map[string]reduction{
	"ReduceMean":      {0, func(a, v float64) float64 { return a + v }, func(a float64, n int) float64 { return a / float64(n) }},
	"ReduceSum":       {0, func(a, v float64) float64 { return a + v }, keep},
	"ReduceMax":       {math.Inf(-1), func(a, v float64) float64 { return math.Max(a, v) }, keep},
	"ReduceMin":       {math.Inf(1), func(a, v float64) float64 { return math.Min(a, v) }, keep},
	"ReduceProd":      {1, func(a, v float64) float64 { return float64(a * v) }, keep},
	"ReduceL1":        {0, func(a, v float64) float64 { return a + math.Abs(v) }, keep},
	"ReduceL2":        {0, func(a, v float64) float64 { return a + float64(v*v) }, func(a float64, _ int) float64 { return math.Sqrt(a) }},
	"ReduceLogSum":    {0, func(a, v float64) float64 { return a + v }, func(a float64, _ int) float64 { return log(a) }},
	"ReduceSumSquare": {0, func(a, v float64) float64 { return a + float64(v*v) }, keep},
}

func buildReduce(b *build) *Impl {
	if !b.arity(1, 2) {
		return nil
	}
	v := b.In[0]
	r := reductions[b.Op]
	get, put := loader(v.Type), storer(v.Type)
	if b.Op == "ReduceLogSumExp" {
		r = reductions["ReduceMax"] // found first, and taken out of the exponents
	}
	// Before opset 20 only numbers have a maximum; of truth values it is whether any, the minimum whether all are true.
	if get == nil || v.Type == tensor.Bool && b.Op != "ReduceMax" && b.Op != "ReduceMin" {
		return b.fail("element type %v", v.Type)
	}
	keepDims, set := b.attrBool("keepdims", true), b.reducedAxes(len(v.Shape))
	if b.err != nil {
		return nil
	}
	b.volume(v.Shape)
	st := strides(v.Shape)
	out := []int{}
	var kept, keptStride, folded, foldedStride []int
	for k, d := range v.Shape {
		if set[k] {
			folded, foldedStride = append(folded, d), append(foldedStride, st[k])
			if keepDims {
				out = append(out, 1)
			}
		} else {
			kept, keptStride = append(kept, d), append(keptStride, st[k])
			out = append(out, d)
		}
	}
	n := product(folded)
	if n == 0 && (b.Op == "ReduceMax" || b.Op == "ReduceMin" || b.Op == "ReduceMean" || b.Op == "ReduceLogSumExp") && product(kept) > 0 {
		return b.fail("%v has nothing to reduce", v.Shape)
	}
	return one(v.Type, out, product(kept), func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			base := offset(u, kept, keptStride)
			acc := r.start
			for i := range n {
				acc = r.add(acc, get(in[0].Data, base+offset(i, folded, foldedStride)))
			}
			if b.Op == "ReduceLogSumExp" {
				top := acc
				if math.IsInf(top, 0) {
					top = 0
				}
				acc = 0
				for i := range n {
					acc += exp(get(in[0].Data, base+offset(i, folded, foldedStride)) - top)
				}
				acc = top + log(acc)
			}
			put(outs[0].Data, u, r.finish(acc, n))
		}
	})
}

// reducedAxes are the axes that a reduction folds.
func (b *build) reducedAxes(rank int) []bool {
	since := 18
	if b.Op == "ReduceSum" {
		since = 13
	}
	list, _ := b.listSince(since, "axes", 1)
	noop := b.attrBool("noop_with_empty_axes", false)
	set := b.axes(list, rank)
	if len(list) == 0 && !noop { // noop reduces over no axes: each element is a sum, and so on, by itself
		for i := range set {
			set[i] = true
		}
	}
	return set
}

// ReducedAxes are the axes that a checked reduction of a tensor of this rank folds.
func ReducedAxes(n *Node, rank int) ([]bool, error) {
	b := &build{Node: n, used: map[string]bool{}}
	set := b.reducedAxes(rank)
	return set, b.err
}

// offset is the place of row-major index i of shape under strides.
func offset(i int, shape, stride []int) int {
	at := 0
	for k := len(shape) - 1; k >= 0; k-- {
		at += i % shape[k] * stride[k]
		i /= shape[k]
	}
	return at
}

// buildArg is ArgMax and ArgMin: the first of equals, or the last on request.
func buildArg(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	v := b.In[0]
	get := loader(v.Type)
	if get == nil {
		return b.fail("element type %v", v.Type)
	}
	axis := b.axis(b.attrInt("axis", 0), len(v.Shape))
	keepDims, last := b.attrBool("keepdims", true), b.attrBool("select_last_index", false)
	if b.err != nil {
		return nil
	}
	n := v.Shape[axis]
	outer, inner := product(v.Shape[:axis]), product(v.Shape[axis+1:])
	if n == 0 {
		return b.fail("axis %d of %v is empty", axis, v.Shape)
	}
	out := clone(v.Shape[:axis])
	if keepDims {
		out = append(out, 1)
	}
	out = append(out, v.Shape[axis+1:]...)
	sign := 1.0
	if b.Op == "ArgMin" {
		sign = -1
	}
	return one(tensor.Int64, out, outer*inner, func(in, outs []*tensor.T, lo, hi int) {
		y := tensor.View[int64](outs[0])
		for u := lo; u < hi; u++ {
			base := u/inner*n*inner + u%inner
			best, at := sign*get(in[0].Data, base), 0
			for i := 1; i < n; i++ {
				if x := sign * get(in[0].Data, base+i*inner); x > best || last && x == best {
					best, at = x, i
				}
			}
			y[u] = int64(at)
		}
	})
}

// buildSoftmax is Softmax and LogSoftmax. Before opset 13 everything from the axis on is one vector.
func buildSoftmax(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	v := b.In[0]
	absent := -1
	if b.Version < 13 {
		absent = 1
	}
	a := b.attrInt("axis", absent)
	if b.Version < 13 && a == len(v.Shape) {
		a = len(v.Shape) - 1
	}
	axis := b.axis(a, len(v.Shape))
	if b.err != nil {
		return nil
	}
	b.volume(v.Shape)
	outer, n, inner := product(v.Shape[:axis]), v.Shape[axis], product(v.Shape[axis+1:])
	if b.Version < 13 {
		n, inner = n*inner, 1
	}
	logs := b.Op == "LogSoftmax"
	return one(v.Type, clone(v.Shape), outer*inner, func(in, outs []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](outs[0])
		for u := lo; u < hi; u++ {
			base := u/inner*n*inner + u%inner
			softmax(y[base:], x[base:], n, inner, logs)
		}
	})
}

// softmax normalises n values stride apart.
func softmax(y, x []float32, n, stride int, logs bool) {
	top := float32(math.Inf(-1))
	for i := range n {
		top = max(top, x[i*stride])
	}
	sum := 0.0
	for i := range n {
		sum += exp(float64(x[i*stride] - top))
	}
	for i := range n {
		d := float64(x[i*stride] - top)
		if logs {
			y[i*stride] = float32(d - log(sum))
		} else {
			y[i*stride] = float32(exp(d) / sum)
		}
	}
}
