package mask

import "github.com/depthwise/depthwise/internal/pixel"

// ScaleTo writes m at width × height into dst, every pixel from the one of m whose area holds its centre; the facts are
// copied with it, but for the holes. dst reuses its memory and must not be m.
func (m *Mask) ScaleTo(dst *Mask, width, height int) {
	own := dst.facts(m)
	dst.Classes = own
	dst.Resize(width, height)
	dst.Classes = m.appendAt(dst.Classes[:0], &dst.columns, width, height)
}

// SpreadTo has dst stand for m at width × height without a class for every pixel: its Classes are m's, not a copy, under
// a Grid. All else is as with [Mask.ScaleTo], and so are the pixels that every encoder makes of it. A mask with a Grid
// of its own is scaled.
func (m *Mask) SpreadTo(dst *Mask, width, height int) {
	if m.Grid != (Grid{}) {
		m.ScaleTo(dst, width, height)
		return
	}
	dst.facts(m)
	dst.Classes, dst.Grid = m.Classes, Grid{m.Width, m.Height}
	dst.Width, dst.Height = width, height
}

// facts takes m's, and returns the classes that dst has of its own.
func (dst *Mask) facts(m *Mask) (own []uint8) {
	if dst.Grid == (Grid{}) {
		own = dst.Classes
	}
	plane, columns := dst.Holes[:0], dst.columns
	*dst = *m
	dst.Classes, dst.Grid, dst.Holes, dst.NoDepth, dst.columns = nil, Grid{}, plane, 0, columns
	return own
}

// whole is m with a class for every pixel: m itself, or what it is scaled to in spare.
func (m *Mask) whole(spare *Mask) *Mask {
	if m.Grid == (Grid{}) {
		return m
	}
	m.ScaleTo(spare, m.Width, m.Height)
	spare.Holes, spare.NoDepth = append(spare.Holes[:0], m.Holes...), m.NoDepth
	return spare
}

// appendPixels appends the class of every pixel. The samples are kept from mask to mask.
func (m *Mask) appendPixels(b []byte, columns *samples) []byte {
	return m.appendAt(b, columns, m.Width, m.Height)
}

// appendAt appends the classes of m at width × height.
func (m *Mask) appendAt(b []byte, columns *samples, width, height int) []byte {
	w, h := m.cells()
	if width == w && height == h && m.Width == w && m.Height == h {
		return append(b, m.Classes...)
	}
	columns.prepare(w, m.Width, width)
	at := len(b)
	b = extend(b, width*height)
	px, last := b[at:], -1
	for y := range height {
		row := px[y*width : (y+1)*width]
		sy := nearest(nearest(y, m.Height, height), h, m.Height)
		if sy == last {
			copy(row, px[(y-1)*width:])
			continue
		}
		last = sy
		columns.scale(row, m.Classes[sy*w:(sy+1)*w])
	}
	return b
}

// nearest returns the index among `from` samples whose interval holds the centre of sample i of `to`:
// ⌊(i + ½)·from/to⌋.
func nearest(i, from, to int) int { return (2*i + 1) * from / (2 * to) }

// firstOf returns the first sample of `to` that takes sample i of `from`, or a later one: the least j of which
// (2j + 1)·from ≥ 2·to·i.
func firstOf(i, from, to int) int { return (2*to*i + from - 1) / (2 * from) }

// samples are the cell that each of `to` pixels takes, of so many cells that stand for pixels of which there are `from`.
type samples struct {
	cells, from int
	at          []int32
}

// prepare makes s for these numbers.
func (s *samples) prepare(cells, from, to int) {
	if s.cells == cells && s.from == from && len(s.at) == to {
		return
	}
	if cap(s.at) < to {
		s.at = make([]int32, to)
	}
	s.cells, s.from, s.at = cells, from, s.at[:to]
	for x := range s.at {
		s.at[x] = int32(nearest(nearest(x, from, to), cells, from))
	}
}

// scale is a row's classes.
func (s *samples) scale(dst, src []uint8) {
	if s.cells == s.from || s.from == len(dst) { // in one step
		switch len(dst) {
		case len(src):
			copy(dst, src)
			return
		case 2 * len(src):
			pixel.Double(dst, src)
			return
		}
	}
	dst = dst[:len(s.at)]
	for x, i := range s.at {
		dst[x] = src[i]
	}
}
