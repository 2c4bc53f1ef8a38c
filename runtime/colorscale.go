package runtime

import "encoding/binary"

// colorScale resizes RGB8 rows by the exact integer average of its taps, rounded half up.
type colorScale struct {
	inW, inH   int
	outW, outH int
	x, y       axis
	div        divider
	halve      bool       // exactly 2:1 on both axes: the short loop
	copies     bool       // same size
	acc        [][]uint32 // per worker: one source row's weighted column sums
	bgr        bool       // write B, G, R
}

func newColorScale(inW, inH, outW, outH, workers int, bgr bool) *colorScale {
	s := &colorScale{inW: inW, inH: inH, outW: outW, outH: outH, bgr: bgr}
	s.x, s.y = newAxis(inW, outW), newAxis(inH, outH)
	s.div = newDivider(s.x.total * s.y.total)
	s.halve = inW == 2*outW && inH == 2*outH
	s.copies = inW == outW && inH == outH
	s.acc = make([][]uint32, workers)
	for i := range s.acc {
		s.acc[i] = make([]uint32, 3*inW)
	}
	return s
}

// rows writes output rows [first, end) of src to dst, whose pixels lie step bytes apart and begin with the three
// channels.
func (s *colorScale) rows(dst []byte, step int, src []byte, worker, first, end int) {
	for y := first; y < end; y++ {
		row := dst[y*s.outW*step : (y+1)*s.outW*step]
		switch {
		case s.copies:
			s.copyRow(row, step, src[3*s.inW*y:3*s.inW*(y+1)])
		case s.halve:
			s.halveRow(row, step, src[6*s.inW*y:6*s.inW*(y+1)])
		default:
			s.columns(s.acc[worker], src, &s.y.taps[y])
			s.across(row, step, s.acc[worker])
		}
	}
	if s.bgr {
		for i := first * s.outW * step; i < end*s.outW*step; i += step {
			dst[i], dst[i+2] = dst[i+2], dst[i]
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

// halveRow averages 2×2 source pixels; src is two rows. Eight bytes b0…b7 of each row, of which six are the two pixels,
// are added in four lanes of 16 bits: even holds b0, b2, b4, b6 and odd b1, b3, b5, b7 of the rows' sum, so that
// even + odd>>16 begins with the sums of red and blue, odd + even>>32 with that of green.
func (s *colorScale) halveRow(dst []byte, step int, src []byte) {
	const lanes = 0x00ff00ff00ff00ff
	top, bottom := src[:len(src)/2], src[len(src)/2:]
	for len(top) >= 8 && len(bottom) >= 8 && len(dst) >= step {
		t, b := binary.LittleEndian.Uint64(top), binary.LittleEndian.Uint64(bottom)
		even := t&lanes + b&lanes
		odd := t>>8&lanes + b>>8&lanes
		redBlue := even + odd>>16
		green := odd + even>>32
		dst[0] = byte((redBlue&0xffff + 2) >> 2)
		dst[1] = byte((green&0xffff + 2) >> 2)
		dst[2] = byte((redBlue>>16&0xffff + 2) >> 2)
		top, bottom, dst = top[6:], bottom[6:], dst[step:]
	}
	for len(top) >= 6 && len(bottom) >= 6 && len(dst) >= 3 { // the last pixel
		for k := range 3 {
			dst[k] = byte((uint32(top[k]) + uint32(top[k+3]) + uint32(bottom[k]) + uint32(bottom[k+3]) + 2) >> 2)
		}
		top, bottom, dst = top[6:], bottom[6:], dst[min(step, len(dst)):]
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
