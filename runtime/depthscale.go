package runtime

import "github.com/depthwise/depthwise/internal/pixel"

// depthScale resizes raw depth without inventing surfaces: an output pixel is the mean of those readings of its box
// that agree with the reading at the box's centre, so that an edge stays an edge and a hole does not bleed.
type depthScale struct {
	inW, inH   int
	outW, outH int
	columns    *pixel.Boxes
	y          []span
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
	s := &depthScale{inW: inW, inH: inH, outW: outW, outH: outH, y: depthSpans(inH, outH), halve: inW == 2*outW && inH == 2*outH}
	var columns []int32
	for _, x := range depthSpans(inW, outW) {
		columns = append(columns, int32(x.first), int32(x.end))
	}
	s.columns = pixel.NewBoxes(columns, inW)
	return s
}

// row writes the bytes of output row y of src to dst, whose pixels lie step bytes apart.
func (s *depthScale) row(dst []byte, step int, src []uint16, table *DepthTable, y int) {
	row := dst[y*s.outW*step:]
	if s.halve {
		two := src[2*s.inW*y : 2*s.inW*(y+1)]
		pixel.HalveDepth(row, step, two[:s.inW], two[s.inW:], (*[1 << 16]uint8)(table))
		return
	}
	ys := s.y[y]
	s.columns.Depth(row, step, src[s.inW*ys.first:], ys.end-ys.first, (*[1 << 16]uint8)(table))
}
