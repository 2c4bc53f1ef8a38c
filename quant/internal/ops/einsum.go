package ops

import (
	"strings"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// einsum is a checked Einsum: for each output index, the sum over the other labels of the product of the operands.
type einsum struct {
	out         []int   // output dims, in order
	sum         []int   // dims of the summed labels
	outSteps    [][]int // per operand: its stride for each output label
	sumSteps    [][]int // per operand: its stride for each summed label
	count, each int     // output elements, products of one
}

// buildEinsum evaluates the equation as it stands, in float64 and rounded once. Operands of integers are summed in
// float64 too, exact below 2⁵³.
func buildEinsum(b *build) *Impl {
	if len(b.In) == 0 || !b.arity(len(b.In), len(b.In)) {
		return b.fail("no inputs")
	}
	b.used["equation"] = true
	text, err := b.Attrs.String("equation", "")
	b.note(err)
	t := b.In[0].Type
	get, put := loader(t), storer(t)
	for _, v := range b.In {
		if v.Type != t {
			return b.fail("inputs are of %v and %v", t, v.Type)
		}
	}
	if b.err != nil || get == nil || t == tensor.Bool {
		return b.fail("element type %v", t)
	}
	e := b.einsum(strings.ReplaceAll(text, " ", ""))
	if b.err != nil {
		return nil
	}
	impl := one(t, e.out, chunks(e.count), func(in, outs []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, e.count)
		if t == tensor.Float32 && len(in) == 2 {
			e.pair(tensor.View[float32](outs[0]), tensor.View[float32](in[0]), tensor.View[float32](in[1]), lo, hi)
			return
		}
		for u := lo; u < hi; u++ {
			total := 0.0
			for s := range e.each {
				p := 1.0
				for i, v := range in {
					p = float64(p * get(v.Data, offset(u, e.out, e.outSteps[i])+offset(s, e.sum, e.sumSteps[i])))
				}
				total += p
			}
			put(outs[0].Data, u, total)
		}
	})
	impl.MACs = int64(e.count) * int64(e.each)
	return impl
}

// pair is the sum of products of two float32 operands; the innermost summed label is a plain loop.
func (e *einsum) pair(dst, x, y []float32, lo, hi int) {
	last := len(e.sum) - 1
	inner, sx, sy := 1, 0, 0
	var outer, ox, oy []int
	if last >= 0 {
		inner, sx, sy = e.sum[last], e.sumSteps[0][last], e.sumSteps[1][last]
		outer, ox, oy = e.sum[:last], e.sumSteps[0][:last], e.sumSteps[1][:last]
	}
	for u := lo; u < hi; u++ {
		bx, by, total := offset(u, e.out, e.outSteps[0]), offset(u, e.out, e.outSteps[1]), 0.0
		for s := range product(outer) {
			i, j := bx+offset(s, outer, ox), by+offset(s, outer, oy)
			for range inner {
				total += float64(float64(x[i]) * float64(y[j]))
				i += sx
				j += sy
			}
		}
		dst[u] = float32(total)
	}
}

// einsum parses the equation and finds each label's dimension. An ellipsis stands for the axes that have no letter,
// aligned at the right; its labels are capital and other runes that no equation may write.
func (b *build) einsum(text string) *einsum {
	left, right, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(b.In) {
		b.fail("equation %q has %d terms for %d inputs", text, len(terms), len(b.In))
		return nil
	}
	dims := map[rune]int{}
	labels := make([][]rune, len(terms))
	var dots []rune // the longest ellipsis
	for i, term := range terms {
		shape := b.In[i].Shape
		l, n := b.labels(text, term, len(shape))
		if b.err != nil {
			return nil
		}
		if n > len(dots) {
			dots = ellipsis(n)
		}
		for k, r := range l {
			if d, seen := dims[r]; seen && d != shape[k] && d != 1 && shape[k] != 1 {
				b.fail("equation %q: a label has dimensions %d and %d", text, d, shape[k])
				return nil
			} else if !seen || d == 1 {
				dims[r] = shape[k]
			}
		}
		labels[i] = l
	}
	var out []rune
	if explicit {
		for _, r := range strings.Replace(right, "...", "\x00", 1) {
			if r == 0 {
				out = append(out, dots...)
			} else {
				out = append(out, r)
			}
		}
	} else { // the labels that appear once, in alphabetic order, behind the ellipsis
		out = append(out, dots...)
		for r := 'A'; r <= 'z'; r++ {
			if strings.Count(left, string(r)) == 1 {
				out = append(out, r)
			}
		}
	}
	return b.einsumOf(text, labels, dims, out)
}

// ellipsis are the labels of n axes without a letter: the last is always the same.
func ellipsis(n int) []rune {
	r := make([]rune, n)
	for i := range r {
		r[i] = rune(0x1000 + i - n)
	}
	return r
}

// labels are a term's labels, one an axis, and how many of them the ellipsis stands for.
func (b *build) labels(text, term string, rank int) (list []rune, dots int) {
	letters := strings.Replace(term, "...", "", 1)
	dots = rank - len(letters)
	if dots < 0 || dots > 0 && letters == term {
		b.fail("equation %q: term %q for rank %d", text, term, rank)
		return nil, 0
	}
	for _, r := range strings.Replace(term, "...", "\x00", 1) {
		switch {
		case r == 0:
			list = append(list, ellipsis(dots)...)
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			list = append(list, r)
		default:
			b.fail("equation %q: term %q", text, term)
			return nil, 0
		}
	}
	return list, dots
}

func (b *build) einsumOf(text string, labels [][]rune, dims map[rune]int, out []rune) *einsum {
	e := &einsum{out: []int{}, outSteps: make([][]int, len(labels)), sumSteps: make([][]int, len(labels))}
	given := map[rune]bool{}
	steps := make([]map[rune]int, len(labels))
	for i, l := range labels {
		st := strides(b.In[i].Shape)
		steps[i] = map[rune]int{}
		for k, r := range l {
			if b.In[i].Shape[k] != 1 {
				steps[i][r] += st[k] // a label twice in a term walks the diagonal
			}
		}
	}
	for _, r := range out {
		d, ok := dims[r]
		if !ok || given[r] {
			b.fail("equation %q: output label %q", text, r)
			return nil
		}
		given[r] = true
		e.out = append(e.out, d)
		for i := range labels {
			e.outSteps[i] = append(e.outSteps[i], steps[i][r])
		}
	}
	for i := range labels {
		for _, r := range labels[i] {
			if given[r] {
				continue
			}
			given[r] = true
			e.sum = append(e.sum, dims[r])
			for j := range labels {
				e.sumSteps[j] = append(e.sumSteps[j], steps[j][r])
			}
		}
	}
	e.count, e.each = b.volume(e.out), b.volume(e.sum)
	return e
}
