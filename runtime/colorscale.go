package runtime

import (
	"math/bits"

	"github.com/depthwise/depthwise/internal/pixel"
)

// colorScale resizes RGB8 rows by the exact integer average of its taps, rounded half up.
type colorScale struct {
	inW, inH   int
	outW, outH int
	x, y       axis
	div        divider
	halve      bool       // exactly 2:1 on both axes
	copies     bool       // same size
	acc        [][]uint32 // per worker: one source row's weighted column sums
	narrow     [][]uint16 // the same where they fit, which the kernels take
	across16   pixel.Across
	weights    [][]uint16 // of y's taps
	bgr        bool       // write B, G, R
}

func newColorScale(inW, inH, outW, outH, workers int, bgr bool) *colorScale {
	s := &colorScale{inW: inW, inH: inH, outW: outW, outH: outH, bgr: bgr}
	s.x, s.y = newAxis(inW, outW), newAxis(inH, outH)
	s.div = newDivider(s.x.total * s.y.total)
	s.halve = inW == 2*outW && inH == 2*outH
	s.copies = inW == outW && inH == outH
	if s.halve || s.copies {
		return s
	}
	if s.y.total <= 257 && s.div.t == 0 && s.div.m < 1<<32 && bits.Len64(s.x.total*s.y.total) < 24 {
		s.prepare(workers)
		return s
	}
	s.acc = make([][]uint32, workers)
	for i := range s.acc {
		s.acc[i] = make([]uint32, 3*inW)
	}
	return s
}

// prepare makes the kernels' tables: as many taps for each pixel, of which the last may weigh nothing.
func (s *colorScale) prepare(workers int) {
	s.narrow = make([][]uint16, workers)
	for i := range s.narrow {
		s.narrow[i] = make([]uint16, 3*s.inW)
	}
	for i := range s.y.taps {
		t := &s.y.taps[i]
		w := make([]uint16, len(t.weight))
		for k := range w {
			w[k] = uint16(t.weight[k])
		}
		s.weights = append(s.weights, w)
	}
	a := &s.across16
	for i := range s.x.taps {
		a.Taps = max(a.Taps, len(s.x.taps[i].weight))
	}
	for i := range s.x.taps {
		t := &s.x.taps[i]
		first := min(t.first, s.inW-a.Taps)
		a.First = append(a.First, int32(3*first))
		w := make([]uint32, a.Taps)
		copy(w[t.first-first:], t.weight)
		a.Weights = append(a.Weights, w...)
	}
	a.Half, a.M, a.K = uint32(s.div.half), uint32(s.div.m), s.div.k
}

// row writes output row y of src to dst, whose pixels lie step bytes apart and begin with the three channels.
func (s *colorScale) row(dst []byte, step int, src []byte, worker, y int) {
	row := dst[y*s.outW*step : (y+1)*s.outW*step]
	switch {
	case s.copies:
		s.copyRow(row, step, src[3*s.inW*y:3*s.inW*(y+1)])
	case s.halve:
		two := src[6*s.inW*y : 6*s.inW*(y+1)]
		pixel.HalveColor(row, step, two[:3*s.inW], two[3*s.inW:], s.bgr)
	case s.narrow != nil:
		acc, t := s.narrow[worker], &s.y.taps[y]
		pixel.BlendRows(acc, src[3*s.inW*t.first:], 3*s.inW, s.weights[y])
		s.across16.Blend(row, step, acc)
	default:
		s.columns(s.acc[worker], src, &s.y.taps[y])
		s.across(row, step, s.acc[worker])
	}
	if s.bgr && !s.halve {
		for i := 0; i < len(row); i += step {
			row[i], row[i+2] = row[i+2], row[i]
		}
	}
}

func (s *colorScale) copyRow(dst []byte, step int, src []byte) {
	if step == 3 {
		copy(dst, src)
		return
	}
	for len(src) >= 3 && len(dst) >= step {
		dst[0], dst[1], dst[2] = src[0], src[1], src[2]
		src, dst = src[3:], dst[step:]
	}
}

// columns sums the tap's source rows by weight into acc.
func (s *colorScale) columns(acc []uint32, src []byte, t *tap) {
	for k, w := range t.weight {
		at := 3 * s.inW * (t.first + k)
		row := src[at : at+3*s.inW]
		acc := acc[:len(row)]
		switch {
		case k == 0:
			for i, v := range row {
				acc[i] = w * uint32(v)
			}
		case w == 1:
			for i, v := range row {
				acc[i] += uint32(v)
			}
		default:
			for i, v := range row {
				acc[i] += w * uint32(v)
			}
		}
	}
}

// across sums acc's columns by the taps along x and divides.
func (s *colorScale) across(dst []byte, step int, acc []uint32) {
	for j := range s.x.taps {
		t := &s.x.taps[j]
		in := acc[3*t.first : 3*(t.first+len(t.weight))]
		var r, g, b uint64
		for _, w := range t.weight {
			r += uint64(w) * uint64(in[0])
			g += uint64(w) * uint64(in[1])
			b += uint64(w) * uint64(in[2])
			in = in[3:]
		}
		out := dst[j*step : j*step+3]
		out[0], out[1], out[2] = s.div.round(r), s.div.round(g), s.div.round(b)
	}
}
