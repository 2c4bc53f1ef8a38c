package pixel

// BlendRows sums rows of bytes by weight: dst[i] = Σ weights[k]·src[k·stride + i]. The weights' sum is at most 257, so that
// sums fit.
func BlendRows(dst []uint16, src []byte, stride int, weights []uint16) {
	n, total := len(dst), 0
	for _, w := range weights {
		total += int(w)
	}
	if len(weights) == 0 || stride < 0 || len(src) < (len(weights)-1)*stride+n || total > 257 {
		panic("pixel: blend rows: broken shape")
	}
	done := 0
	if v := shrinkFor(); v != nil && n >= 32 {
		done = n &^ 31
		v.rows(dst[:done], src, stride, weights)
	}
	for i := done; i < n; i++ {
		sum := uint16(0)
		for k, w := range weights {
			sum += w * uint16(src[k*stride+i])
		}
		dst[i] = sum
	}
}

// Across is how a row of sums becomes a row of pixels: pixel j is the weighted mean of Taps pixels of three channels from
// the number First[j] on, which do not fall, with Weights[j·Taps:]: (Σ + Half)·M >> K, which must be below 256.
type Across struct {
	First   []int32
	Weights []uint32
	Taps    int
	Half, M uint32
	K       uint
}

// Blend writes pixels that lie step (3 or 4) bytes apart in dst. A fourth byte between pixels is left in any state. All of
// Σ + Half fit in 32 bits.
func (a *Across) Blend(dst []byte, step int, src []uint16) {
	n := len(a.First)
	if step != 3 && step != 4 || a.Taps < 1 || len(a.Weights) != n*a.Taps || n > 0 && len(dst) < step*(n-1)+3 || a.K > 63 {
		panic("pixel: blend across: broken shape")
	}
	done := 0
	last := 0
	for _, f := range a.First {
		if int(f) < last || int(f)+3*a.Taps > len(src) {
			panic("pixel: blend across: broken shape")
		}
		last = int(f)
	}
	if v := shrinkFor(); v != nil {
		// The kernel reads and writes a number more than a pixel has.
		for done = max(n-1, 0); done > 0 && int(a.First[done-1])+3*a.Taps >= len(src); done-- {
		}
		if done > 0 {
			v.across(a, dst, step, src, done)
		}
	}
	for j := done; j < n; j++ {
		in, w := src[a.First[j]:], a.Weights[j*a.Taps:]
		sum := [3]uint32{a.Half, a.Half, a.Half}
		for t := range a.Taps {
			for c := range 3 {
				sum[c] += w[t] * uint32(in[3*t+c])
			}
		}
		for c := range 3 {
			dst[j*step+c] = byte(uint64(sum[c]) * uint64(a.M) >> a.K)
		}
	}
}

// Boxes are the columns of boxes of readings in a row of width readings.
type Boxes struct {
	spans         []int32 // first and end of each
	width, widest int
}

// NewBoxes has box j reach from column spans[2j] up to but without spans[2j+1]. It keeps spans, in which the boxes begin one
// after the other.
func NewBoxes(spans []int32, width int) *Boxes {
	b := &Boxes{spans: spans, width: width}
	last := int32(0)
	for j := 0; j+1 < len(spans); j += 2 {
		if spans[j] < last || spans[j+1] <= spans[j] || int(spans[j+1]) > width {
			panic("pixel: boxes: broken shape")
		}
		b.widest, last = max(b.widest, int(spans[j+1]-spans[j])), spans[j]
	}
	if len(spans)%2 != 0 || width < 1 {
		panic("pixel: boxes: broken shape")
	}
	return b
}

// Depth makes a byte, step apart in dst, of each box of readings, which is rows readings high and begins in src. With the
// reference r the reading at the box's centre, rounded down, or if that is 0 the one nearest to it, of equals the first, the
// mean, rounded half up, of the readings d that are not 0 with 32·|d − r| ≤ r goes through table; without a reading it is
// table[0].
func (b *Boxes) Depth(dst []byte, step int, src []uint16, rows int, table *[1 << 16]uint8) {
	n, spans := len(b.spans)/2, b.spans
	if step < 1 || rows < 1 || n > 0 && len(dst) <= step*(n-1) || len(src) < b.width*rows {
		panic("pixel: box depth: broken shape")
	}
	done := 0
	if v := shrinkFor(); v != nil && b.widest <= 8 && rows <= 16 {
		// The kernel reads 8 readings of each row.
		for done = n; done > 0 && b.width*(rows-1)+int(spans[2*done-2])+8 > len(src); done-- {
		}
		if done > 0 {
			v.box(b, dst, step, src, rows, done, table)
		}
	}
	for j := done; j < n; j++ {
		dst[j*step] = table[boxMean(src, b.width, rows, int(spans[2*j]), int(spans[2*j+1]))]
	}
}

// boxMean is one box, the generic way.
func boxMean(src []uint16, width, rows, x0, x1 int) uint16 {
	cx, cy := (x0+x1-1)/2, (rows-1)/2
	r := src[cy*width+cx]
	if r == 0 {
		best := -1
		for y := range rows {
			for x := x0; x < x1; x++ {
				d := src[y*width+x]
				if at := (x-cx)*(x-cx) + (y-cy)*(y-cy); d != 0 && (best < 0 || at < best) {
					r, best = d, at
				}
			}
		}
		if r == 0 {
			return 0
		}
	}
	lo, span := uint32(r)-uint32(r)/32, 2*(uint32(r)/32)
	var sum, n uint64
	for y := range rows {
		for _, d := range src[y*width+x0 : y*width+x1] {
			if uint32(d)-lo <= span {
				sum += uint64(d)
				n++
			}
		}
	}
	return uint16((sum + n/2) / n)
}
