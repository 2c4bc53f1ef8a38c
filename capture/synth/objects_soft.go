package synth

func (b *builder) hat(f frame) solid {
	m := b.plain(vivid(b.r), 0)
	b.mats[m].bump = 0.4
	b.ball(f, 0.09, 0.1, b.r.uni(0.08, 0.12), 0, 1, m)
	b.ball(f.at(0, 0.11, 0.005).pitch(-0.15), 0.075, 0.07, 0.008, -1, 1, m)
	return solid{radius: 0.11}
}

func (b *builder) plant(f frame) solid {
	r := b.r
	rad, h := r.uni(0.04, 0.09), r.uni(0.07, 0.15)
	b.cone(f, rad*0.75, rad, h, b.thing(), capBottom)
	b.cone(f.at(0, 0, h*0.85), rad*0.93, rad*0.93, 0.004, b.plain(vec{0.03, 0.02, 0.012}, 0), capTop)
	leaf := b.mat(material{pattern: cloudy, c0: hsv(r.uni(0.2, 0.38), 0.8, r.log(0.06, 0.35)), c1: hsv(0.3, 0.8, 0.05), scale: 40, spec: 0.2, gloss: 4})
	for range 12 + r.IntN(18) {
		a := r.uni(0, twoPi)
		g := f.at(0, 0, h*0.9).yaw(a).pitch(r.uni(0.1, 1.2))
		l := r.uni(0.03, 0.09)
		b.ball(g.at(0, l, r.uni(0, rad)), l*0.35, l, 0.003, -1, 1, leaf)
	}
	return solid{radius: rad}
}

func (b *builder) bricks(f frame) solid {
	s := b.r.uni(0.015, 0.045)
	z := 0.0
	for range 1 + b.r.IntN(5) {
		m := b.plain(vivid(b.r), b.r.uni(0, 0.5))
		if b.r.chance(0.3) {
			b.block(f.at(b.r.uni(-2*s, 2*s), b.r.uni(-2*s, 2*s), 0).yaw(b.r.uni(0, 3)), s, s/2, s, m)
			continue
		}
		b.block(f.at(0, 0, z).yaw(b.r.uni(-0.2, 0.2)), s, s/b.r.uni(1, 2), s, m)
		z += s
	}
	return solid{radius: s * 2}
}

func (b *builder) cloth(f frame) solid {
	r := b.r
	m := material{pattern: cloudy, c0: b.tint(0.03, 0.8, 0.8), scale: 30, bump: 1.2}
	m.c1 = m.c0.mul(0.8)
	if r.chance(0.4) {
		m.pattern, m.scale, m.p1, m.c1 = stripes, r.uni(0.01, 0.03), 0.4, b.tint(0.1, 0.8, 0.6)
		if r.chance(0.5) {
			m.pattern = checks
		}
	}
	m.turn(r.uni(0, 3))
	k := b.mat(m)
	w := r.uni(0.06, 0.16)
	for range 2 + r.IntN(5) {
		h := r.uni(0.012, 0.05)
		b.ball(f.at(r.uni(-w, w)*0.6, r.uni(-w, w)*0.6, 0).yaw(r.uni(0, 3)), r.uni(w*0.3, w*0.8), r.uni(w*0.3, w*0.8), h, 0, 1, k)
	}
	return solid{radius: w}
}

func (b *builder) bag(f frame) solid {
	r := b.r
	m := b.plain(b.tint(0.01, 0.7, 0.9), 0.1)
	b.mats[m].bump = 1
	w, d, h := r.uni(0.08, 0.18), r.uni(0.05, 0.1), r.uni(0.08, 0.2)
	b.ball(f.at(0, 0, h*0.8), w, d, h, -0.8, 1, m)
	b.ball(f.at(0, -d*0.7, h*0.5), w*0.7, d*0.5, h*0.5, -1, 1, m)
	b.chain(f, 0.008, m, vec{-0.04, 0, h * 1.7}, vec{-0.03, 0, float64(h*1.7) + 0.06}, vec{0.03, 0, float64(h*1.7) + 0.06}, vec{0.04, 0, h * 1.7})
	return solid{radius: w}
}

// tray is a flat open box: a basket, a drawer tray, a carton without lid.
func (b *builder) tray(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.1, 0.2), r.uni(0.08, 0.15), r.uni(0.02, 0.12)
	m := b.thing()
	b.block(f, w, d, 0.005, m)
	for _, s := range [2]float64{-1, 1} {
		b.block(f.at(float64(s*w), 0, 0), 0.003, d, h, m)
		b.block(f.at(0, float64(s*d), 0), w, 0.003, h, m)
	}
	return solid{radius: w, in: d * 0.7, inZ: 0.006}
}

// figure is a toy: balls and rods.
func (b *builder) figure(f frame) solid {
	m, k := b.thing(), b.thing()
	s := b.r.uni(0.02, 0.05)
	b.ball(f.at(0, 0, s*1.6), s, s*0.8, s*1.2, -1, 1, m)
	b.ball(f.at(0, 0, s*3.2), s*0.7, s*0.7, s*0.7, -1, 1, k)
	for _, i := range [2]float64{-1, 1} {
		b.rod(f.point(float64(i*s)*0.5, 0, s*0.3), f.point(float64(i*s)*0.4, 0, s), s*0.3, k)
		b.rod(f.point(float64(i*s)*0.9, 0, s*2.2), f.point(float64(i*s)*1.5, float64(-s*0.6), s*1.4), s*0.25, m)
	}
	return solid{radius: s * 1.5}
}
