package runtime

import "github.com/depthwise/depthwise/internal/pixel"

// depthScale resizes raw depth without inventing surfaces: an output pixel is the mean of those readings of its box
// that agree with the reading at the box's centre, so that an edge stays an edge and a hole does not bleed.
type depthScale struct {
	inW, inH   int
	outW, outH int
	x, y       []span
	halve      bool
}

// span is the source range [first, end) of one output position.
type span struct{ first, end int }

// depthSpans gives each output position its box along one axis: shrinking, ⌊j·in/out⌋ to ⌊(j+1)·in/out⌋, so that each
// source pixel is in one box; enlarging, the nearest pixel ⌊(2j+1)·in/(2·out)⌋ alone.
func depthSpans(in, out int) []span {
	spans := make([]span, out)
	for j := range spans {
		if out <= in {
			spans[j] = span{j * in / out, (j + 1) * in / out}
		} else {
			i := (2*j + 1) * in / (2 * out)
			spans[j] = span{i, i + 1}
		}
	}
	return spans
}

func newDepthScale(inW, inH, outW, outH int) *depthScale {
	return &depthScale{
		inW: inW, inH: inH, outW: outW, outH: outH,
		x: depthSpans(inW, outW), y: depthSpans(inH, outH),
		halve: inW == 2*outW && inH == 2*outH,
	}
}

// rows writes the bytes of output rows [first, end) of src to dst, whose pixels lie step bytes apart.
func (s *depthScale) rows(dst []byte, step int, src []uint16, table *DepthTable, first, end int) {
	for y := first; y < end; y++ {
		row := dst[y*s.outW*step:]
		if s.halve {
			two := src[2*s.inW*y : 2*s.inW*(y+1)]
			pixel.HalveDepth(row, step, two[:s.inW], two[s.inW:], (*[1 << 16]uint8)(table))
			continue
		}
		ys := s.y[y]
		for j, xs := range s.x {
			row[j*step] = table[s.box(src, xs, ys)]
		}
	}
}

// box returns one output reading: with the reference r = the reading at the box's centre, or the valid one nearest to
// the centre, the mean, rounded half up, of the readings d with 32·|d − r| ≤ r; 0 where the box has no reading.
func (s *depthScale) box(src []uint16, xs, ys span) uint16 {
	cx, cy := (xs.first+xs.end-1)/2, (ys.first+ys.end-1)/2
	r := src[cy*s.inW+cx]
	if xs.end-xs.first == 1 && ys.end-ys.first == 1 {
		return r
	}
	if r == 0 {
		if r = s.nearest(src, xs, ys, cx, cy); r == 0 {
			return 0
		}
	}
	lo, width := uint32(r)-uint32(r)/32, 2*(uint32(r)/32)
	var sum uint64
	var n uint64
	for y := ys.first; y < ys.end; y++ {
		for _, d := range src[y*s.inW+xs.first : y*s.inW+xs.end] {
			if uint32(d)-lo <= width {
				sum += uint64(d)
				n++
			}
		}
	}
	return uint16((sum + n/2) / n)
}

// nearest returns the box's valid reading with the smallest squared distance to the centre; of equals the first from
// top to bottom, left to right.
func (s *depthScale) nearest(src []uint16, xs, ys span, cx, cy int) uint16 {
	var found uint16
	best := -1
	for y := ys.first; y < ys.end; y++ {
		for x := xs.first; x < xs.end; x++ {
			d := src[y*s.inW+x]
			if at := (x-cx)*(x-cx) + (y-cy)*(y-cy); d != 0 && (best < 0 || at < best) {
				found, best = d, at
			}
		}
	}
	return found
}
