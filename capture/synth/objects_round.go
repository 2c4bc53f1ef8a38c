package synth

import "math"

func (b *builder) mug(f frame) solid {
	r := b.r
	rad, h := r.uni(0.033, 0.05), r.uni(0.07, 0.12)
	rb := float64(rad * r.uni(0.7, 1.05))
	m := b.thing()
	if r.chance(0.25) {
		m = b.printMat(printLabel, rad*3, h)
		b.mats[m].wrap = true
	}
	b.cone(f, rb, rad, h, m, capBottom)
	inner := b.mat(b.mats[m])
	if r.chance(0.5) {
		inner = b.plain(grey(r.uni(0.5, 0.85)), 0.3)
	}
	b.mats[inner].pattern, b.mats[inner].c0 = plain, b.mats[inner].mean()
	b.cone(f.at(0, 0, 0.004), rb-0.004, rad-0.003, h-0.005, inner, 0)
	if r.chance(0.5) {
		drink := b.plain(hsv(r.uni(0.04, 0.1), r.uni(0.4, 0.9), r.log(0.02, 0.4)), 0.6)
		lvl := r.uni(0.4, 0.9)
		b.cone(f.at(0, 0, h*lvl), lerp(rb, rad, lvl)-0.004, lerp(rb, rad, lvl)-0.004, 0.002, drink, capTop)
	}
	if r.chance(0.8) {
		var pts []vec
		a0 := r.uni(0, twoPi)
		g := f.yaw(a0)
		hr := float64(h * r.uni(0.25, 0.36))
		for i := range 8 {
			s, c := sincos(lerp(-math.Pi/2, math.Pi/2, float64(i)/7))
			pts = append(pts, vec{rad - 0.004 + float64(hr*c), 0, float64(h/2) + float64(hr*s)})
		}
		b.chain(g, r.uni(0.004, 0.007), m, pts...)
	}
	return solid{radius: rad + 0.02}
}

func (b *builder) bowl(f frame) solid {
	r := b.r
	rad := r.uni(0.05, 0.14)
	h := float64(rad * r.uni(0.4, 0.9))
	m := b.thing()
	b.ball(f.at(0, 0, h), rad, rad, h, -1, 0, m)
	in := m
	if r.chance(0.5) {
		in = b.thing()
	}
	b.ball(f.at(0, 0, h), rad-0.004, rad-0.004, h-0.004, -1, 0, in)
	b.cone(f, rad*0.45, rad*0.4, 0.012, m, 0)
	return solid{radius: rad, in: rad * 0.6, inZ: h * 0.25}
}

func (b *builder) plate(f frame) solid {
	r := b.r
	rad := r.uni(0.07, 0.14)
	m := b.thing()
	if r.chance(0.6) {
		m = b.plain(hsv(r.Float64(), r.uni(0, 0.15), r.uni(0.6, 0.88)), 0.5)
	}
	b.cone(f, rad*0.6, rad*0.65, 0.006, m, capBottom|capTop)
	b.cone(f.at(0, 0, 0.005), rad*0.65, rad, 0.015, m, 0)
	return solid{radius: rad, in: rad * 0.6, inZ: 0.007}
}

func (b *builder) bottle(f frame) solid {
	r := b.r
	rad, h := r.uni(0.025, 0.05), r.uni(0.14, 0.33)
	m, lid := b.thing(), b.thing()
	neck := float64(rad * r.uni(0.25, 0.6))
	sh := r.uni(0.55, 0.8)
	if r.chance(0.2) {
		f = f.at(0, 0, rad).yaw(r.uni(0, twoPi)).pitch(math.Pi/2).at(0, 0, -h/2)
	}
	b.lathe(f, m, capBottom, 0, rad*0.9, h*0.03, rad, h*sh, rad, h*(sh+0.1), rad*0.75, h*0.9, neck)
	b.cone(f.at(0, 0, h*0.9), neck*1.1, neck*1.1, h*0.1, lid, capTop)
	if r.chance(0.7) {
		l := b.printMat(printLabel, float64(rad*r.uni(2, 6.28)), h*0.35)
		b.mats[l].wrap = true
		b.cone(f.at(0, 0, h*sh*0.35), rad+0.0005, rad+0.0005, h*sh*0.5, l, 0)
	}
	return solid{radius: rad}
}

func (b *builder) can(f frame) solid {
	r := b.r
	rad, h := r.uni(0.028, 0.055), r.uni(0.05, 0.17)
	m := b.printMat(printLabel, float64(rad*r.uni(2.2, 6.28)), h)
	b.mats[m].wrap = true
	if r.chance(0.3) {
		m = b.thing()
	}
	lid := b.mat(material{pattern: plain, c0: grey(r.uni(0.2, 0.6)), spec: 0.6, gloss: 5, mirror: 0.3, hole: 0.2})
	lying := r.chance(0.2)
	if lying {
		f = f.at(0, 0, rad).yaw(r.uni(0, twoPi)).pitch(math.Pi/2).at(0, 0, -h/2)
	}
	b.cone(f, rad, rad, h, m, 0)
	b.cone(f.at(0, 0, 0.001), rad*0.97, rad*0.97, h-0.003, lid, capTop|capBottom)
	if lying {
		return solid{radius: h / 2}
	}
	return solid{radius: rad, top: h, hx: rad * 0.6, hy: rad * 0.6}
}

func (b *builder) fruit(f frame) solid {
	r := b.r
	rad := r.uni(0.025, 0.05)
	m := material{pattern: cloudy, scale: r.uni(10, 60), spec: r.uni(0.05, 0.5), gloss: 4}
	switch r.IntN(5) {
	case 0: // apple, tomato, peach
		m.c0, m.c1 = hsv(r.uni(0.95, 1.3), 0.85, r.uni(0.3, 0.7)), hsv(r.uni(0, 0.25), 0.8, r.uni(0.3, 0.7))
		b.ball(f.at(0, 0, rad*0.92), rad, rad, rad*0.92, -1, 1, b.mat(m))
		stem := b.plain(vec{0.1, 0.06, 0.03}, 0)
		b.rod(f.point(0, 0, rad*1.8), f.point(0.004, 0.002, rad*2.1), 0.0015, stem)
	case 1: // orange
		m.c0, m.c1 = hsv(0.08, 0.95, 0.8), hsv(0.06, 0.95, 0.7)
		m.bump = 0.3
		b.ball(f.at(0, 0, rad), rad, rad, rad, -1, 1, b.mat(m))
	case 2: // lemon, lime, potato, egg
		m.c0 = hsv(r.uni(0.08, 0.28), r.uni(0.2, 0.9), r.uni(0.4, 0.85))
		m.c1 = m.c0.mul(0.85)
		b.ball(f.at(0, 0, rad*0.75).yaw(r.uni(0, 3)), rad*1.15, rad*0.8, rad*0.75, -1, 1, b.mat(m))
	case 3: // bananas
		m.c0, m.c1 = hsv(0.14, 0.85, 0.8), hsv(0.12, 0.8, 0.55)
		k := b.mat(m)
		for j := range 1 + r.IntN(3) {
			var pts []vec
			for i := range 7 {
				s, c := sincos(lerp(-0.7, 0.7, float64(i)/6))
				pts = append(pts, vec{float64(0.12 * s), float64(0.12*c) - 0.1 + float64(float64(j)*0.025), 0.018})
			}
			b.chain(f, 0.016, k, pts...)
		}
		return solid{radius: 0.1}
	default: // grapes, nuts, sweets: a few small balls
		m.c0 = vivid(r)
		m.c1 = m.c0.mul(0.7)
		k := b.mat(m)
		for range 3 + r.IntN(7) {
			s := r.uni(0.008, 0.018)
			b.ball(f.at(r.uni(-0.03, 0.03), r.uni(-0.03, 0.03), s), s, s, s, -1, 1, k)
		}
	}
	return solid{radius: rad}
}

func (b *builder) teapot(f frame) solid {
	r := b.r
	rad := r.uni(0.05, 0.09)
	m := b.thing()
	b.ball(f.at(0, 0, rad*0.85), rad, rad, rad*0.85, -1, 1, m)
	b.ball(f.at(0, 0, rad*1.75), rad*0.15, rad*0.15, rad*0.15, -1, 1, m)
	b.chain(f, rad*0.14, m, vec{rad * 0.8, 0, rad * 0.7}, vec{rad * 1.2, 0, rad * 0.95}, vec{rad * 1.5, 0, rad * 1.5})
	b.chain(f, rad*0.1, m, vec{-rad * 0.9, 0, rad * 1.2}, vec{-rad * 1.5, 0, rad * 1.3}, vec{-rad * 1.5, 0, rad * 0.6}, vec{-rad * 0.95, 0, rad * 0.5})
	return solid{radius: rad * 1.3}
}

func (b *builder) pan(f frame) solid {
	r := b.r
	rad, h := r.uni(0.08, 0.14), r.uni(0.04, 0.12)
	m, k := b.thing(), b.thing()
	b.cone(f, rad*0.92, rad, h, m, capBottom)
	b.cone(f.at(0, 0, 0.006), rad*0.91, rad*0.98, h-0.006, m, 0)
	b.cone(f.at(0, 0, 0.004), rad*0.9, rad*0.9, 0.002, m, capTop)
	b.rod(f.point(rad, 0, h*0.85), f.point(rad+0.16, 0, float64(h*0.85)+0.02), 0.011, k)
	return solid{radius: rad, in: rad * 0.7, inZ: 0.007}
}

// glass is a drinking glass, which the depth camera mostly looks through or loses.
func (b *builder) glass(f frame) solid {
	r := b.r
	rad, h := r.uni(0.025, 0.042), r.uni(0.08, 0.16)
	m := b.mat(material{pattern: plain, c0: hsv(r.Float64(), r.uni(0, 0.15), r.uni(0.3, 0.7)), spec: 1, gloss: 6, mirror: 0.5, hole: 0.8})
	if r.chance(0.4) { // a wine glass
		b.cone(f, rad, rad, 0.003, m, capTop)
		b.rod(f.point(0, 0, 0), f.point(0, 0, h*0.5), 0.003, m)
		b.ball(f.at(0, 0, h*0.8), rad, rad, h*0.3, -1, 0.6, m)
		return solid{radius: rad}
	}
	b.cone(f, rad*0.8, rad, h, m, capBottom)
	b.cone(f.at(0, 0, 0.006), rad*0.76, rad*0.97, h-0.006, m, 0)
	return solid{radius: rad}
}

// roll is tape, kitchen paper, a spool.
func (b *builder) roll(f frame) solid {
	r := b.r
	rad, h := r.uni(0.03, 0.06), r.uni(0.02, 0.24)
	m := b.plain(b.tint(0.3, 0.88, 0.5), 0.1)
	g := f
	if r.chance(0.4) {
		g = f.at(0, 0, rad).pitch(math.Pi/2).at(0, 0, -h/2)
	}
	b.cone(g, rad, rad, h, m, capTop|capBottom)
	b.cone(g.at(0, 0, -0.0005), rad*0.4, rad*0.4, h+0.001, b.plain(grey(0.08), 0), capTop|capBottom)
	return solid{radius: max(rad, h/2)}
}

func (b *builder) jar(f frame) solid {
	r := b.r
	rad, h := r.uni(0.03, 0.06), r.uni(0.06, 0.18)
	b.lathe(f, b.thing(), capBottom, 0, rad*0.9, h*0.1, rad, h*0.75, rad, h*0.85, rad*0.8)
	b.cone(f.at(0, 0, h*0.83), rad*0.85, rad*0.85, h*0.17, b.thing(), capTop)
	return solid{radius: rad, top: h, hx: rad * 0.5, hy: rad * 0.5}
}
