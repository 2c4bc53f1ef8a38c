package synth

import "math"

func (b *builder) cable(f frame) solid {
	r := b.r
	rad := r.uni(0.002, 0.005)
	m := b.plain(hsv(r.Float64(), r.uni(0, 0.9), r.log(0.01, 0.7)), 0.3)
	var pts []vec
	if r.chance(0.4) { // coiled
		c := r.uni(0.03, 0.08)
		turns := r.uni(1.5, 3.5)
		n := int(turns * 9)
		for i := range n {
			s, k := sincos(float64(float64(i) / 9 * twoPi))
			q := c + r.uni(-0.008, 0.008)
			pts = append(pts, vec{float64(q * k), float64(q * s), rad + float64(float64(i/9)*rad*1.5)})
		}
	} else {
		x, y, a := 0.0, 0.0, r.uni(0, twoPi)
		for range 8 + r.IntN(14) {
			pts = append(pts, vec{x, y, rad})
			a += r.uni(-0.9, 0.9)
			s, k := sincos(a)
			x += float64(0.025 * k)
			y += float64(0.025 * s)
		}
	}
	b.chain(f, rad, m, pts...)
	e := pts[len(pts)-1]
	b.block(f.at(e.x, e.y, 0), 0.012, 0.007, 0.008, b.thing())
	return solid{radius: 0.08}
}

func (b *builder) pen(f frame) solid {
	m, l := b.thing(), b.r.uni(0.12, 0.18)
	b.rod(f.point(-l/2, 0, 0.005), f.point(l/2, 0, 0.005), 0.0045, m)
	b.rod(f.point(l/2, 0, 0.005), f.point(float64(l/2)+0.012, 0, 0.004), 0.002, b.thing())
	return solid{radius: 0.05}
}

func (b *builder) tool(f frame) solid {
	r := b.r
	m := b.mat(material{pattern: plain, c0: grey(r.uni(0.1, 0.5)), spec: 0.8, gloss: 5, mirror: 0.2, hole: r.uni(0, 0.5)})
	h := b.thing()
	switch r.IntN(3) {
	case 0: // screwdriver
		b.rod(f.point(-0.05, 0, 0.014), f.point(0.03, 0, 0.014), 0.013, h)
		b.rod(f.point(0.03, 0, 0.012), f.point(0.14, 0, 0.006), 0.003, m)
	case 1: // pliers, scissors
		for _, s := range [2]float64{-1, 1} {
			b.chain(f, 0.007, h, vec{-0.1, float64(s * 0.03), 0.008}, vec{-0.05, float64(s * 0.022), 0.008}, vec{0, 0, 0.008})
			b.rod(f.point(0, 0, 0.008), f.point(0.06, float64(s*0.006), 0.007), 0.006, m)
		}
	default: // hammer
		b.rod(f.point(-0.15, 0, 0.014), f.point(0.1, 0, 0.014), 0.012, h)
		b.box(f.at(0.1, 0, 0.016), 0.014, 0.05, 0.014, m)
	}
	return solid{radius: 0.1}
}

func (b *builder) cutlery(f frame) solid {
	r := b.r
	m := b.mat(material{pattern: plain, c0: grey(r.uni(0.2, 0.6)), spec: 0.9, gloss: 5, mirror: 0.4, hole: r.uni(0, 0.7)})
	if r.chance(0.3) {
		m = b.thing()
	}
	h := m
	if r.chance(0.4) {
		h = b.thing()
	}
	switch r.IntN(2) {
	case 0: // knife
		b.box(f.at(0.06, 0, 0.003), 0.07, 0.01, 0.001, m)
		b.box(f.at(-0.06, 0, 0.006), 0.05, 0.009, 0.006, h).bevel = 0.004
	default: // spoon
		b.rod(f.point(-0.1, 0, 0.005), f.point(0.05, 0, 0.008), 0.004, h)
		b.ball(f.at(0.075, 0, 0.014), 0.03, 0.019, 0.012, -1, 0, m)
	}
	return solid{radius: 0.06}
}

func (b *builder) torch(f frame) solid {
	m, k := b.thing(), b.thing()
	l, rad := b.r.uni(0.08, 0.2), b.r.uni(0.012, 0.02)
	g := f.at(-l/2, 0, rad*1.6).roll(math.Pi / 2)
	b.cone(g, rad, rad, l, m, capBottom)
	b.cone(g.at(0, 0, l), rad, rad*1.7, 0.04, k, capTop)
	b.cone(g.at(0, 0, l*0.4), rad+0.002, rad+0.002, l*0.1, k, 0)
	return solid{radius: l / 2}
}

func (b *builder) laptop(f frame) solid {
	r := b.r
	w, d := r.uni(0.27, 0.37), r.uni(0.19, 0.25)
	body := b.plain(hsv(r.Float64(), r.uni(0, 0.1), r.log(0.01, 0.6)), 0.4)
	if r.chance(0.2) { // closed
		b.slab(f, w/2, d/2, 0.018, 0.012, body)
		return solid{radius: w / 2, top: 0.018, hx: w / 2, hy: d / 2}
	}
	b.block(f, w/2, d/2, 0.014, body)
	b.block(f.at(0, 0.02, 0.0142), w*0.44, d*0.28, 0.0006, b.printMat(printKeys, w*0.9, d*0.56))
	b.block(f.at(0, -d*0.32, 0.0142), 0.05, 0.028, 0.0004, b.plain(b.mats[body].c0.mul(0.8), 0.3))
	a := r.uni(1.2, 2.1)
	// The lid's frame: y runs down from its upper edge after turning about the hinge.
	g := f.at(0, d/2, 0.012).pitch(math.Pi - a)
	b.box(g.at(0, d/2, 0), w/2, d/2, 0.004, body)
	s := b.screenMat(w*0.94, d*0.88)
	b.box(g.at(0, d/2, 0.0045), w*0.47, d*0.44, 0.0006, s)
	return solid{radius: w * 0.55}
}

func (b *builder) screenMat(w, h float64) int32 {
	m := b.printMat(printScreen, w, h)
	b.mats[m].emit, b.mats[m].mirror, b.mats[m].hole = b.r.uni(0.1, 0.9), b.r.uni(0.1, 0.3), b.r.uni(0, 0.6)
	return m
}

func (b *builder) monitor(f frame) solid {
	r := b.r
	w, h := r.uni(0.4, 0.6), r.uni(0.25, 0.36)
	z := r.uni(0.08, 0.16)
	body := b.plain(hsv(r.Float64(), 0.1, r.log(0.01, 0.5)), 0.3)
	b.slab(f, 0.12, 0.09, 0.012, 0.03, body)
	b.block(f.at(0, 0.03, 0), 0.02, 0.012, z+float64(h/2), body)
	g := f.at(0, 0, z+float64(h/2)).pitch(r.uni(-0.15, 0.05))
	b.box(g, w/2, 0.015, h/2, body)
	b.box(g.at(0, -0.0155, 0.005), w*0.475, 0.0006, h*0.45, b.screenMat(w*0.95, h*0.9))
	return solid{radius: w * 0.45}
}

func (b *builder) keyboard(f frame) solid {
	w, d := b.r.uni(0.28, 0.45), b.r.uni(0.11, 0.16)
	b.box(f.at(0, 0, 0.011).pitch(0.05), w/2, d/2, 0.009, b.printMat(printKeys, w, d))
	return solid{radius: w * 0.4}
}

func (b *builder) mouse(f frame) solid {
	b.ball(f, 0.03, 0.055, b.r.uni(0.03, 0.04), 0, 1, b.thing())
	return solid{radius: 0.05}
}

func (b *builder) phone(f frame) solid {
	w, d := b.r.uni(0.065, 0.08), b.r.uni(0.13, 0.165)
	if b.r.chance(0.2) {
		w, d = 0.17, 0.24
	}
	m := b.plain(grey(b.r.log(0.006, 0.5)), 0.5)
	b.slab(f, w/2, d/2, 0.008, 0.01, m)
	b.block(f.at(0, 0, 0.0081), w*0.46, d*0.46, 0.0004, b.screenMat(w*0.92, d*0.92))
	return solid{radius: d / 2, top: 0.009, hx: w / 2, hy: d / 2}
}

func (b *builder) lamp(f frame) solid {
	r := b.r
	m, s := b.thing(), b.thing()
	b.cone(f, 0.08, 0.07, 0.02, m, capTop|capBottom)
	if r.chance(0.5) { // a shade
		h := r.uni(0.2, 0.4)
		b.rod(f.point(0, 0, 0.02), f.point(0, 0, h), 0.008, m)
		b.cone(f.at(0, 0, h-0.06), 0.12, 0.08, 0.16, s, 0)
		return solid{radius: 0.1}
	}
	b.chain(f, 0.009, m, vec{0, 0, 0.02}, vec{0.03, 0.12, 0.28}, vec{0, -0.12, 0.42})
	b.cone(f.at(0, -0.14, 0.36).pitch(0.3), 0.06, 0.025, 0.1, s, capTop)
	return solid{radius: 0.1}
}

func (b *builder) circuit(f frame) solid {
	r := b.r
	w, d := r.uni(0.05, 0.2), r.uni(0.04, 0.14)
	b.block(f.at(0, 0, 0.006), w/2, d/2, 0.0016, b.plain(hsv(r.uni(0.3, 0.65), 0.8, r.log(0.03, 0.2)), 0.3))
	for range 4 + r.IntN(10) {
		h := r.uni(0.002, 0.016)
		hx, hy := r.uni(0.003, w/6), r.uni(0.003, d/6)
		b.block(f.at(float64(r.uni(-0.5, 0.5)*(w-2*hx)), float64(r.uni(-0.5, 0.5)*(d-2*hy)), 0.0076), hx, hy, h, b.thing())
	}
	if r.chance(0.5) {
		b.cable(f.at(w/2, 0, 0))
	}
	return solid{radius: w / 2}
}

func (b *builder) headphones(f frame) solid {
	m, k := b.thing(), b.thing()
	var pts []vec
	for i := range 10 {
		s, c := sincos(float64(float64(i) / 9 * math.Pi))
		pts = append(pts, vec{float64(0.08 * c), float64(0.08 * s), 0.02})
	}
	b.chain(f, 0.009, m, pts...)
	b.ball(f.at(0.08, -0.01, 0.025), 0.022, 0.035, 0.025, -1, 1, k)
	b.ball(f.at(-0.08, -0.01, 0.025), 0.022, 0.035, 0.025, -1, 1, k)
	return solid{radius: 0.1}
}

func (b *builder) stapler(f frame) solid {
	m := b.thing()
	b.box(f.at(0, 0, 0.008), 0.07, 0.016, 0.008, m).bevel = 0.004
	b.box(f.at(0, 0, 0.034).roll(-0.15), 0.07, 0.017, 0.01, m).bevel = 0.005
	return solid{radius: 0.07}
}
