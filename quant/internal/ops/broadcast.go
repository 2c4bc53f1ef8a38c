package ops

import "slices"

// broadcast is the shape that operands share under ONNX's (numpy's) rule.
func (b *build) broadcast(shapes ...[]int) []int {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
	}
	for _, s := range shapes {
		for i, d := range s {
			o := &out[rank-len(s)+i]
			switch {
			case d == *o || d == 1:
			case *o == 1:
				*o = d
			default:
				b.fail("shapes %v do not broadcast", shapes)
				return out
			}
		}
	}
	b.volume(out)
	return out
}

// spread walks an output shape and, for each innermost row, gives the operands' offsets and their innermost strides.
type spread struct {
	shape []int // outer dims, then the row
	step  [][]int
	inner []int // per operand: 0 (repeated) or 1
	row   int
	// tail and tailStep are, for rowsOf, the row's own axes where an operand repeats along some of them.
	tail, tailStep []int
}

// element is where rowsOf's operand lies for element i of row r.
func (s *spread) element(r, i int) int {
	if s.tail != nil {
		return s.offset(0, r) + offset(i, s.tail, s.tailStep)
	}
	return s.offset(0, r) + i
}

func newSpread(out []int, operands ...[]int) *spread {
	s := &spread{}
	if len(out) == 0 {
		out = []int{1}
	}
	// Merge trailing dims that every operand has in full, or none has, into one row.
	padded := make([][]int, len(operands))
	for i, o := range operands {
		p := make([]int, len(out))
		for k := range p {
			p[k] = 1
		}
		copy(p[len(out)-len(o):], o)
		padded[i] = p
	}
	shape := slices.Clone(out)
	for len(shape) > 1 {
		k := len(shape) - 1
		ok := true
		for _, p := range padded {
			full := p[k] == shape[k] && p[k-1] == shape[k-1]
			none := p[k] == 1 && p[k-1] == 1
			ok = ok && (full || none)
		}
		if !ok {
			break
		}
		shape[k-1] *= shape[k]
		shape = shape[:k]
		for i, p := range padded {
			p[k-1] *= p[k]
			padded[i] = p[:k]
		}
	}
	last := len(shape) - 1
	s.row, s.shape = shape[last], shape[:last]
	for _, p := range padded {
		st := strides(p)
		for k := range st {
			if p[k] == 1 {
				st[k] = 0
			}
		}
		s.step = append(s.step, st[:last])
		inner := 1
		if p[last] == 1 && s.row != 1 {
			inner = 0
		}
		s.inner = append(s.inner, inner)
	}
	return s
}

// rows is the number of innermost rows.
func (s *spread) rows() int { return product(s.shape) }

// offset is where operand i begins in row r.
func (s *spread) offset(i, r int) int {
	at := 0
	for k := len(s.shape) - 1; k >= 0; k-- {
		at += r % s.shape[k] * s.step[i][k]
		r /= s.shape[k]
	}
	return at
}
