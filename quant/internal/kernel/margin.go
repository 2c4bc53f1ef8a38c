package kernel

import (
	"fmt"
	"math"
)

// Margin writes rows [y0, y1) of dst, OutH × OutW bytes: by how much the greatest channel of a pixel leads the second,
// floor(factor × lead), at most 255. The lead is in steps of the map, interpolated as the class map is but in integers:
// r's taps with their weights of 11 bits, so that a value stays below 2^30. r is nil for a map that is not resized.
// scratch is memory of the worker, [MarginScratch] values. Every variant gives the generic one's bytes.
//
// The integers are exact, so a lead inside of a cell of four logits is a mean of those at its corners: where one channel
// leads at all four by so much that the byte is 255, it is 255 in between, and nothing is interpolated.
func (s *Set) Margin(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32) {
	h, w := src.H, src.W
	if r != nil {
		r.check("margin", src, y0, y1)
		h, w = r.OutH, r.OutW
	} else {
		src.checkRows("margin", y0, y1)
	}
	if len(dst) < h*w || src.C < 2 || len(scratch) < MarginScratch(src, r) || !(factor > 0) {
		panic(fmt.Sprintf("kernel: margin: %d channels into %d bytes, want %d×%d; %d of scratch, factor %v", src.C, len(dst), w, h, len(scratch), factor))
	}
	factor /= 1 << (2 * weightBits) // exact
	if r == nil {
		marginPlain(dst, src, factor, y0, y1, scratch)
		return
	}
	if s != nil && s.margin != nil {
		s.margin.run(dst, src, r, factor, y0, y1, scratch)
		return
	}
	marginGeneric(dst, src, r, factor, y0, y1, scratch)
}

func marginGeneric(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32) {
	w, n := r.OutW, src.W*src.C
	m := margins{c: src.C, factor: factor, enough: enough(factor), upper: scratch[:n], lower: scratch[n : 2*n], row: scratch[2*n : 3*n],
		sure: scratch[3*n:][:src.W], base: scratch[3*n+src.W:][:src.C], step: scratch[3*n+src.W+src.C:][:src.C]}
	last := int32(-1)
	for y := y0; y < y1; y++ {
		t := r.y[y]
		if t.a != last { // b goes with a
			unpack(m.upper, src, int(t.a))
			unpack(m.lower, src, int(t.b))
			m.lookForSure()
			last = t.a
		}
		for i, a := range m.upper {
			m.row[i] = a<<weightBits + (m.lower[i]-a)*t.w
		}
		m.write(dst[y*w:(y+1)*w], r.x)
	}
}

// MarginKernel names what makes margins of maps that r resizes.
func (s *Set) MarginKernel(r *Resize) string {
	if r == nil || s == nil || s.margin == nil {
		return "margin_generic"
	}
	return s.margin.name
}

// MarginScratch is how many values of scratch [Set.Margin] needs.
func MarginScratch(src *Map, r *Resize) int {
	if r == nil {
		return src.W * src.C
	}
	return max(3*src.W*src.C+src.W+2*src.C, 2*marginPlane(r)*src.C+src.W)
}

// marginPlane is how many values the kernels' planes of logits have.
func marginPlane(r *Resize) int { return (r.OutW + 15) &^ 15 }

// margins is what rows between the same two rows of logits have in common.
type margins struct {
	c            int
	factor       float32
	enough       int32   // a lead in steps of the map that makes 255
	upper, lower []int32 // two rows of logits, pixel after pixel
	row          []int32 // their mean for an output row
	sure         []int32 // of the cell right of each pixel: 1 if all its margins are 255
	base, step   []int32 // a cell's channels: the left value, and what a step of the weight adds
}

// enough is the smallest lead of which the byte is 255; more than there can be where none is.
func enough(factor float32) int32 {
	for lead := range int32(256) {
		if float32(lead<<(2*weightBits))*factor >= 255 {
			return lead
		}
	}
	return 1 << 10
}

// unpack takes a row of the map.
func unpack(dst []int32, src *Map, y int) {
	flip := src.Type.flip()
	for x := range src.W {
		at := src.Offset(y, x, 0)
		for c := range src.C {
			dst[x*src.C+c] = int32(src.Data[at+c>>2*Cell+c&3]^flip) - int32(flip)
		}
	}
}

// lookForSure finds the cells of which one channel leads by enough at each corner.
func (m *margins) lookForSure() {
	w := len(m.sure)
	for x := range w {
		m.sure[x] = 0
		a, b := x*m.c, min(x+1, w-1)*m.c
		best := greatest(m.upper[a : a+m.c])
		if m.leads(m.upper[a:a+m.c], best) && m.leads(m.lower[a:a+m.c], best) && m.leads(m.upper[b:b+m.c], best) && m.leads(m.lower[b:b+m.c], best) {
			m.sure[x] = 1
		}
	}
}

func greatest(v []int32) (at int) {
	for c := range v {
		if v[c] > v[at] {
			at = c
		}
	}
	return at
}

func (m *margins) leads(v []int32, best int) bool {
	limit := v[best] - m.enough
	for c, x := range v {
		if c != best && x > limit {
			return false
		}
	}
	return true
}

// write makes an output row, cell by cell.
func (m *margins) write(dst []byte, taps []tap) {
	for x := 0; x < len(dst); {
		t, end := taps[x], x+1
		for end < len(dst) && taps[end].a == t.a {
			end++
		}
		switch {
		case m.sure[t.a] != 0:
			for i := range dst[x:end] {
				dst[x+i] = 255
			}
		case m.c == 3:
			m.three(dst[x:end], taps[x:end], m.row[3*t.a:][:3], m.row[3*t.b:][:3])
		default:
			m.cell(dst[x:end], taps[x:end], m.row[int(t.a)*m.c:][:m.c], m.row[int(t.b)*m.c:][:m.c])
		}
		x = end
	}
}

// three is cell for the commonest number of classes.
func (m *margins) three(dst []byte, taps []tap, left, right []int32) {
	a, b, c := left[0], left[1], left[2]
	da, db, dc := right[0]-a, right[1]-b, right[2]-c
	a, b, c = a<<weightBits, b<<weightBits, c<<weightBits
	for i, t := range taps[:len(dst)] {
		u, v, x := a+da*t.w, b+db*t.w, c+dc*t.w
		high, low := max(u, v), min(u, v)
		dst[i] = m.byteOf(max(high, x) - max(low, min(high, x)))
	}
}

// cell makes the pixels between two columns of logits.
func (m *margins) cell(dst []byte, taps []tap, left, right []int32) {
	for c, v := range left {
		m.base[c], m.step[c] = v<<weightBits, right[c]-v
	}
	step := m.step[:len(m.base)]
	for i, t := range taps[:len(dst)] {
		first, second := int32(math.MinInt32), int32(math.MinInt32)
		for c, v := range m.base {
			v += step[c] * t.w
			second = max(second, min(first, v))
			first = max(first, v)
		}
		dst[i] = m.byteOf(first - second)
	}
}

func (m *margins) byteOf(lead int32) byte { return byte(min(float32(lead)*m.factor, 255)) }

// marginPlain is Margin for a map that is not resized: a lead is one of 256.
func marginPlain(dst []byte, src *Map, factor float32, y0, y1 int, row []int32) {
	var bytes [256]byte
	for lead := range bytes {
		bytes[lead] = byte(min(float32(int32(lead)<<(2*weightBits))*factor, 255))
	}
	for y := y0; y < y1; y++ {
		unpack(row, src, y)
		for x := range src.W {
			first, second := int32(math.MinInt32), int32(math.MinInt32)
			for _, v := range row[x*src.C:][:src.C] {
				second = max(second, min(first, v))
				first = max(first, v)
			}
			dst[y*src.W+x] = bytes[uint8(first-second)]
		}
	}
}
