package synth

// person stands on f; only a coarse shape.
func (b *builder) person(f frame, sitting bool) {
	defer b.as(indoorPerson)()
	r := b.r
	skin := b.plain(hsv(r.uni(0.04, 0.08), r.uni(0.4, 0.65), r.log(0.12, 0.7)), 0.1)
	shirt, legs := b.thing(), b.plain(b.tint(0.01, 0.3, 0.6), 0)
	b.mats[shirt].bump, b.mats[shirt].hole, b.mats[shirt].mirror, b.mats[legs].bump = 0.6, 0, 0, 0.4
	z := 0.85
	if sitting {
		z = 0.45
		for _, s := range [2]float64{-0.1, 0.1} {
			b.chain(f, 0.075, legs, vec{s, 0, z}, vec{s, 0.4, z}, vec{s, 0.42, 0.08})
		}
	} else {
		for _, s := range [2]float64{-0.1, 0.1} {
			b.chain(f, 0.075, legs, vec{s, 0, z}, vec{s, 0.03, 0.08})
		}
	}
	b.ball(f.at(0, 0, z+0.3), 0.2, 0.13, 0.36, -1, 1, shirt)
	b.ball(f.at(0, 0, z+0.55), 0.22, 0.1, 0.1, -1, 1, shirt)
	b.rod(f.point(0, 0, z+0.6), f.point(0, 0.01, z+0.72), 0.05, skin)
	b.ball(f.at(0, 0.02, z+0.8), 0.08, 0.1, 0.12, -1, 1, skin)
	b.ball(f.at(0, 0, z+0.84), 0.085, 0.1, 0.1, -1, 1, b.plain(hsv(0.07, 0.6, r.log(0.005, 0.2)), 0.2))
	for _, s := range [2]float64{-1, 1} {
		hx, hy, hz := float64(s*r.uni(0.15, 0.35)), r.uni(0.05, 0.4), z+r.uni(-0.05, 0.35)
		b.chain(f, 0.05, shirt, vec{float64(s * 0.22), 0, z + 0.55}, vec{float64(s * 0.3), 0.08, z + 0.28})
		b.chain(f, 0.04, skin, vec{float64(s * 0.3), 0.08, z + 0.28}, vec{hx, hy, hz})
		b.ball(f.at(hx, hy+0.05, hz), 0.04, 0.07, 0.025, -1, 1, skin)
	}
}

// arm reaches from beyond the edge over a surface: background by definition.
func (b *builder) arm(s surface) {
	defer b.as(indoorPerson)()
	r := b.r
	skin := b.plain(hsv(r.uni(0.04, 0.08), r.uni(0.4, 0.65), r.log(0.12, 0.7)), 0.15)
	sleeve := b.thing()
	b.mats[sleeve].bump = 0.6
	a := r.uni(0, twoPi)
	sn, cs := sincos(a)
	from := s.f.point(float64(cs*(s.hx+0.25)), float64(sn*(s.hy+0.25)), r.uni(0.15, 0.4))
	to := s.f.point(float64(cs*s.hx)*r.uni(0.1, 0.7), float64(sn*s.hy)*r.uni(0.1, 0.7), r.uni(0.05, 0.15))
	d := to.sub(from)
	k := r.uni(0.3, 0.8)
	b.rod(from, from.madd(d, k), 0.05, sleeve)
	b.rod(from.madd(d, k), to, 0.035, skin)
	g := along(from, to)
	g.o = to
	b.ball(g.at(0, 0, 0.05), 0.045, 0.025, 0.06, -1, 1, skin)
	for i := range 4 {
		x := lerp(-0.035, 0.035, float64(i)/3)
		b.rod(g.point(x, 0, 0.08), g.point(float64(x*1.2), -r.uni(0, 0.04), 0.16), 0.009, skin)
	}
	b.rod(g.point(0.04, 0, 0.03), g.point(0.075, -0.02, 0.09), 0.011, skin)
}
