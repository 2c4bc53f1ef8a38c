package ops

import "encoding/binary"

// mover copies elements from a source to a box of a destination. Output index (i₀, …, iₙ) reads source element
// Σ from[k][iₖ] and writes destination element at + Σ iₖ·stride[k]; a negative table entry reads the fill value.
// Every operator that only moves elements is one or more of these.
type mover struct {
	shape  []int
	from   [][]int
	stride []int
	at     int
	size   int    // bytes an element
	fill   []byte // size bytes; nil = zeros
	run    int    // length of the innermost contiguous run, 0 when there is none
}

// newMover prepares a dense destination of the given shape.
func newMover(size int, shape []int, from [][]int) *mover {
	m := &mover{shape: shape, from: from, stride: strides(shape), size: size}
	m.prepare()
	return m
}

// strides are the row-major strides of a shape, in elements.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	p := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = p
		p *= shape[i]
	}
	return s
}

// linear is the table of a plain axis: i·stride.
func linear(n, start, stride int) []int {
	t := make([]int, n)
	for i := range t {
		t[i] = start + i*stride
	}
	return t
}

const fillMark = -1 << 40

func (m *mover) prepare() {
	if len(m.shape) == 0 {
		m.shape, m.from, m.stride = []int{1}, [][]int{{0}}, []int{1}
	}
	last := len(m.shape) - 1
	if m.shape[last] == 0 || m.stride[last] != 1 {
		return
	}
	t := m.from[last]
	for i := range t {
		if t[i] < 0 || t[i] != t[0]+i {
			return
		}
	}
	m.run = len(t)
}

// units is the number of innermost rows.
func (m *mover) units() int {
	return product(m.shape[:len(m.shape)-1])
}

// rows moves innermost rows [lo, hi).
func (m *mover) rows(dst, src []byte, lo, hi int) {
	last := len(m.shape) - 1
	if m.shape[last] == 0 {
		return
	}
	for r := lo; r < hi; r++ {
		from, to, rest := 0, m.at, r
		filled := false
		for k := last - 1; k >= 0; k-- {
			i := rest % m.shape[k]
			rest /= m.shape[k]
			if m.from[k][i] < 0 {
				filled = true
			}
			from += m.from[k][i]
			to += i * m.stride[k]
		}
		switch {
		case filled:
			m.fillRow(dst, to)
		case m.run > 0:
			from += m.from[last][0]
			copy(dst[to*m.size:(to+m.run)*m.size], src[from*m.size:])
		default:
			m.row(dst, src, from, to)
		}
	}
}

// row moves one innermost row whose elements are not contiguous.
func (m *mover) row(dst, src []byte, from, to int) {
	last := len(m.shape) - 1
	step := m.stride[last]
	for i, f := range m.from[last] {
		d := dst[(to+i*step)*m.size:]
		if f < 0 {
			m.put(d)
			continue
		}
		s := src[(from+f)*m.size:]
		switch m.size {
		case 1:
			d[0] = s[0]
		case 4:
			binary.LittleEndian.PutUint32(d, binary.LittleEndian.Uint32(s))
		default:
			copy(d[:m.size], s)
		}
	}
}

func (m *mover) fillRow(dst []byte, to int) {
	last := len(m.shape) - 1
	for i := range m.shape[last] {
		m.put(dst[(to+i*m.stride[last])*m.size:])
	}
}

func (m *mover) put(d []byte) {
	if m.fill == nil {
		clear(d[:m.size])
		return
	}
	copy(d[:m.size], m.fill)
}

// permuted is the mover of a transposition: output axis k is source axis perm[k].
func permuted(size int, shape, perm []int) *mover {
	s := strides(shape)
	out := make([]int, len(shape))
	from := make([][]int, len(shape))
	for k, p := range perm {
		out[k] = shape[p]
		from[k] = linear(shape[p], 0, s[p])
	}
	return newMover(size, out, from)
}
