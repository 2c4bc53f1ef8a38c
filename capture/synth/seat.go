package synth

// chair stands on f and faces +y.
func (b *builder) chair(f frame) {
	defer b.as(indoorChair)()
	r := b.r
	m := b.wood()
	if r.chance(0.5) {
		m = b.thing()
	}
	seat := m
	if r.chance(0.5) {
		seat = b.thing()
	}
	h, w := r.uni(0.42, 0.5), r.uni(0.19, 0.24)
	top := h + r.uni(0.35, 0.5)
	if r.chance(0.3) { // an office chair
		b.ball(f.at(0, 0, h), w*1.2, w*1.2, 0.06, -1, 1, seat)
		b.ball(f.at(0, -w*1.1, top-0.1).pitch(-0.15), w, 0.04, 0.3, -1, 1, seat)
		b.rod(f.point(0, 0, 0.08), f.point(0, 0, h), 0.025, m)
		b.rod(f.point(0, -w, h), f.point(0, -w*1.1, top-0.1), 0.02, m)
		for i := range 5 {
			s, c := sincos(float64(float64(i) * twoPi / 5))
			b.rod(f.point(0, 0, 0.1), f.point(float64(0.3*c), float64(0.3*s), 0.05), 0.018, m)
			b.ball(f.at(float64(0.3*c), float64(0.3*s), 0.03), 0.03, 0.03, 0.03, -1, 1, b.plain(grey(0.02), 0.2))
		}
		return
	}
	b.box(f.at(0, 0, h), w, w, 0.016, seat).bevel = 0.01
	leg := r.uni(0.012, 0.024)
	for _, s := range [4][2]float64{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}} {
		l := h
		if s[1] < 0 {
			l = top
		}
		b.block(f.at(float64(s[0]*(w-leg)), float64(s[1]*(w-leg)), 0), leg, leg, l, m)
	}
	switch r.IntN(3) {
	case 0: // horizontal slats
		n := 2 + r.IntN(4)
		for i := range n {
			b.block(f.at(0, -w+leg, lerp(h+0.12, top-0.08, float64(i)/float64(n-1))), w-leg, 0.009, 0.05, m)
		}
	case 1: // vertical
		for i := range 5 {
			b.block(f.at(lerp(-w*0.7, w*0.7, float64(i)/4), -w+leg, h), 0.012, 0.008, top-h, m)
		}
		b.block(f.at(0, -w+leg, top-0.06), w, 0.012, 0.06, m)
	default:
		b.box(f.at(0, -w+leg, float64((h+top)/2)+0.06), w, 0.012, float64((top-h)/2)-0.06, seat)
	}
}

func (b *builder) sofa(f frame) {
	defer b.as(indoorChair)()
	m := b.plain(b.tint(0.02, 0.6, 0.7), 0)
	b.mats[m].bump = 0.3
	w := b.r.uni(0.5, 1.1)
	b.box(f.at(0, 0.4, 0.22), w, 0.4, 0.2, m).bevel = 0.06
	b.box(f.at(0, 0.1, 0.5), w, 0.12, 0.35, m).bevel = 0.08
	for _, s := range [2]float64{-1, 1} {
		b.box(f.at(float64(s*w), 0.4, 0.32), 0.1, 0.4, 0.3, m).bevel = 0.06
	}
	for range b.r.IntN(4) {
		c := b.thing()
		b.mats[c].hole = 0
		b.ball(f.at(b.r.uni(-w, w)*0.8, 0.32, 0.6).pitch(-0.3), 0.22, 0.08, 0.2, -1, 1, c)
	}
}
