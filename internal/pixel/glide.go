package pixel

// Run is the polynomials by which some neighbouring depth pixels are drawn into the colour image. Of pixel k, the left
// side of its patch is at U + k·DU + k(k−1)/2·DDU for a surface infinitely far away, and the right side is EU + k·DEU
// further; with f the inverse of its reading, see [Glide], both move by (S + k·DS)·f + (QU + k·DQU)·f², and the right one by GU·f
// more. V, EV, T, GV and QV with their steps are the upper and lower sides. Its depth is (Z + k·DZ)·reading.
//
// U and what is added to it are pixels in Q16, Z is in Q30. A product with f is the upper 32 bits of its 64.
type Run struct {
	U, DU, DDU, V, DV, DDV int32
	EU, DEU, EV, DEV       int32
	S, DS, T, DT           int32
	GU, GV                 int32
	QU, DQU, QV, DQV       int32
	Z, DZ                  int32
	Slow                   int32 // −1: the run is not drawn, Row only tells that there was something to draw; else 0
}

// Glide draws rows of a depth image into the z-buffer of a colour image.
type Glide struct {
	Inverse *[1 << 16]uint32 // of each reading, below 2³¹; 0: such a reading is not drawn
	Length  int              // depth pixels of a run: 4, 8 or 16
	Width   int              // of the z-buffer
	Slack   int32            // by how much each side of a patch is further out, Q16
	Offset  int32            // added to depths, with a half for rounding, Q12
	Bent    bool             // QU and QV are not 0
	Columns int              // patches are at most so many pixels wide and high, if it is 2 or 3; more are slower
}

// longest is the largest number of depth pixels in a run, narrowest the least width that variants draw into.
const longest, narrowest = 16, 32

// Row draws the readings src of one depth row, whose runs are runs, into the rows [lo, hi) of the z-buffer pix, where the
// nearest stays and 0 is none yet. A patch covers the pixels whose centres are inside. Depths that are not 1…65535 are
// left out. Row tells whether it met a reading, not 0, that it does not draw: its inverse is 0, or its run slow.
func (g *Glide) Row(pix []uint16, lo, hi int, runs []Run, src []uint16) (slow bool) {
	if g.Width < 1 || lo < 0 || hi > len(pix)/g.Width || g.Width > 1<<15-longest || len(pix) > 1<<31-1 ||
		g.Length != 4 && g.Length != 8 && g.Length != 16 || len(runs)*g.Length < len(src) {
		panic("pixel: glide: broken shape")
	}
	done := 0
	if v := glideFor(); v != nil && g.Width >= narrowest {
		done = len(src) &^ (longest - 1)
		slow = done > 0 && v(g, pix, lo, hi, runs, src[:done])
	}
	return g.rowGeneric(pix, lo, hi, runs[done/g.Length:], src[done:]) || slow
}

func (g *Glide) rowGeneric(pix []uint16, lo, hi int, runs []Run, src []uint16) (slow bool) {
	for i := 0; len(src) > 0; i++ {
		r := &runs[i]
		part := src[:min(g.Length, len(src))]
		src = src[len(part):]
		u, du, v, dv := r.U+65535-g.Slack, r.DU, r.V+65535-g.Slack, r.DV // from its centre on: rounded up
		eu, ev, s, t, z := r.EU+2*g.Slack, r.EV+2*g.Slack, r.S, r.T, r.Z
		qu, qv := r.QU, r.QV
		for _, d := range part {
			f := int32(g.Inverse[d])
			switch {
			case f != 0 && r.Slow == 0:
				u0, v0 := u+high(s, f), v+high(t, f)
				if g.Bent {
					f2 := high(f, f)
					u0, v0 = u0+high(qu, f2), v0+high(qv, f2)
				}
				u1, v1 := u0+eu+high(r.GU, f), v0+ev+high(r.GV, f)
				key := (high(z, int32(d)<<14)+g.Offset)>>12 - 1
				if key >= 0 && key < 65535 {
					g.draw(pix, lo, hi, u0>>16, u1>>16, v0>>16, v1>>16, uint16(key))
				}
			case d != 0:
				slow = true
			}
			u, du, v, dv = u+du, du+r.DDU, v+dv, dv+r.DDV
			eu, ev, s, t, z = eu+r.DEU, ev+r.DEV, s+r.DS, t+r.DT, z+r.DZ
			qu, qv = qu+r.DQU, qv+r.DQV
		}
	}
	return slow
}

// high is the upper half of a product.
func high(a, b int32) int32 { return int32(int64(a) * int64(b) >> 32) }

// draw covers [x0, x1) × [y0, y1) with depth key+1.
func (g *Glide) draw(pix []uint16, lo, hi int, x0, x1, y0, y1 int32, key uint16) {
	left, right := max(int(x0), 0), min(int(x1), g.Width)
	for y := max(int(y0), lo); y < min(int(y1), hi); y++ {
		for x := left; x < right; x++ {
			if p := &pix[y*g.Width+x]; key < *p-1 { // 0, no reading yet, is the farthest
				*p = key + 1
			}
		}
	}
}
