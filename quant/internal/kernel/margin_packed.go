//go:build amd64 || arm64

package kernel

import "unsafe"

// marginPlanes are rows of logits, a plane for each class, enlarged along their width: v·2^weightBits.
type marginPlanes struct {
	c, plane     int
	upper, lower []int32
	line         []int32 // of one class, as the map has it
}

// runMargin enlarges each row of logits once, and gives the kernel all output rows between two of them.
func runMargin(kernel func(*marginArgs)) func(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32) {
	return func(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32) {
		w, plane := r.OutW, marginPlane(r)
		m := marginPlanes{c: src.C, plane: plane, upper: scratch[:src.C*plane], lower: scratch[src.C*plane:][:src.C*plane],
			line: scratch[2*src.C*plane:][:src.W]}
		factors := [2]float32{factor, 255}
		a := marginArgs{n: int64(w &^ 15), plane: int64(plane), classes: int64(src.C), factor: unsafe.Pointer(&factors)}
		last := tap{a: -1}
		for y := y0; y < y1; y++ {
			t := r.y[y]
			if t.a != last.a { // b goes with a
				if last.a >= 0 && last.b == t.a {
					m.upper, m.lower = m.lower, m.upper
				} else {
					m.enlarge(m.upper, src, int(t.a), r.x)
				}
				m.enlarge(m.lower, src, int(t.b), r.x)
				last = t
			}
			row := dst[y*w : (y+1)*w]
			if a.n > 0 {
				a.dst, a.upper, a.lower, a.weight = unsafe.Pointer(&row[0]), unsafe.Pointer(&m.upper[0]), unsafe.Pointer(&m.lower[0]), int64(t.w)
				kernel(hide(&a))
			}
			m.rest(row, int(a.n), t.w, factor)
		}
	}
}

// enlarge makes the planes of row y of the map.
func (m *marginPlanes) enlarge(dst []int32, src *Map, y int, taps []tap) {
	flip := src.Type.flip()
	for c := range m.c {
		row := src.Data[y*src.Row+c>>2*Cell+c&3:]
		for x := range m.line {
			m.line[x] = int32(row[x>>2*src.Block+x&3*4]^flip) - int32(flip)
		}
		out := dst[c*m.plane:][:len(taps)]
		for x, t := range taps {
			v := m.line[t.a]
			out[x] = v<<weightBits + (m.line[t.b]-v)*t.w
		}
	}
}

// rest is what the kernel does, for the pixels from x on.
func (m *marginPlanes) rest(row []byte, x int, w int32, factor float32) {
	for ; x < len(row); x++ {
		at := func(c int) int32 {
			v := m.upper[c*m.plane+x]
			return v<<weightBits + (m.lower[c*m.plane+x]-v)*w
		}
		first, second := max(at(0), at(1)), min(at(0), at(1))
		for c := 2; c < m.c; c++ {
			v := at(c)
			second = max(second, min(first, v))
			first = max(first, v)
		}
		row[x] = byte(min(float32(first-second)*factor, 255))
	}
}
