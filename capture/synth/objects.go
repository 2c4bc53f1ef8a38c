package synth

import "math"

// An object stands on f (z up from the surface) and tells how it may be used by others.
type solid struct {
	radius float64 // of its footprint
	top    float64 // height of a flat top that can carry something, or 0
	hx, hy float64 // half sizes of that top
	in     float64 // radius inside, for containers
	inZ    float64 // height of the inner floor
}

type maker func(*builder, frame) solid

// makers are the objects of table tops with their weights.
var makers = []struct {
	weight float64
	make   maker
}{
	{3, (*builder).carton}, {2, (*builder).smallBox}, {2.5, (*builder).mug}, {1.5, (*builder).bowl}, {1, (*builder).plate},
	{2, (*builder).bottle}, {1.6, (*builder).can}, {2, (*builder).book}, {1, (*builder).bookPile}, {1.6, (*builder).fruit},
	{2.2, (*builder).paper}, {1.6, (*builder).magazine}, {1.6, (*builder).cable}, {1, (*builder).pen}, {1.2, (*builder).tool},
	{1, (*builder).cutlery}, {0.8, (*builder).torch}, {0.7, (*builder).hat}, {1.1, (*builder).laptop}, {0.8, (*builder).monitor},
	{0.9, (*builder).keyboard}, {0.7, (*builder).mouse}, {0.8, (*builder).phone}, {0.5, (*builder).lamp}, {0.8, (*builder).plant},
	{0.8, (*builder).circuit}, {1, (*builder).bricks}, {1, (*builder).cloth}, {0.7, (*builder).bag}, {0.6, (*builder).teapot},
	{0.6, (*builder).pan}, {0.8, (*builder).tray}, {0.7, (*builder).glass}, {0.6, (*builder).roll}, {0.5, (*builder).headphones},
	{0.5, (*builder).stapler}, {0.4, (*builder).binder}, {0.5, (*builder).jar}, {0.4, (*builder).figure},
}

func (b *builder) object(f frame) solid {
	w := 0.0
	for _, m := range makers {
		w += m.weight
	}
	x := float64(b.r.Float64() * w)
	for _, m := range makers {
		if x < m.weight {
			return m.make(b, f)
		}
		x -= m.weight
	}
	return b.carton(f)
}

// carton is a cereal or food box: standing, lying on its back or on its side.
func (b *builder) carton(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.06, 0.2), r.uni(0.025, 0.08), r.uni(0.1, 0.32)
	m := b.printMat(printBox, w, h)
	b.mats[m].p1, b.mats[m].c0 = 1, b.mats[m].print.pix[0]
	switch r.pick(5, 3, 1) {
	case 0:
		p := b.box(f.at(0, 0, h/2), w/2, d/2, h/2, m)
		p.bevel = 0.002
		return solid{radius: w / 2, top: h, hx: w / 2, hy: d / 2}
	case 1: // on its back
		b.mats[m].p1 = 0
		b.mats[m].vh, b.mats[m].uw = h, w
		p := b.box(f.at(0, 0, d/2), w/2, h/2, d/2, m)
		p.bevel = 0.002
		return solid{radius: max(w, h) * 0.55, top: d, hx: w / 2, hy: h / 2}
	}
	p := b.box(f.at(0, 0, w/2).roll(math.Pi/2), w/2, d/2, h/2, m)
	p.bevel = 0.002
	return solid{radius: h / 2, top: w, hx: h / 2, hy: d / 2}
}

func (b *builder) smallBox(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.03, 0.2), r.uni(0.03, 0.15), r.uni(0.02, 0.15)
	var m int32
	if r.chance(0.5) {
		m = b.thing()
	} else {
		m = b.printMat(printLabel, w, h)
	}
	b.box(f.at(0, 0, h/2), w/2, d/2, h/2, m).bevel = 0.003
	return solid{radius: math.Sqrt(float64(w*w)+float64(d*d)) / 2, top: h, hx: w / 2, hy: d / 2}
}

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

func (b *builder) book(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.1, 0.22), r.uni(0.14, 0.3), r.log(0.006, 0.05)
	m := b.printMat(printCover, w, d)
	pages := b.mat(material{pattern: stripes, c0: vec{0.75, 0.73, 0.66}, c1: vec{0.6, 0.58, 0.5}, scale: 0.001, p1: 0.3, cos: 0, sin: 1})
	switch {
	case r.chance(0.12): // standing upright
		g := f.at(0, 0, d/2).pitch(math.Pi / 2)
		b.box(g, w/2, d/2, h/2, m)
		return solid{radius: w / 2}
	case r.chance(0.12): // leaning back
		a := r.uni(0.9, 1.35)
		s, c := sincos(a)
		b.box(f.at(0, 0, float64(float64(s*d)/2)+float64(float64(c*h)/2)).pitch(a), w/2, d/2, h/2, m)
		return solid{radius: d / 2}
	}
	b.block(f, float64(w/2)-0.003, float64(d/2)-0.003, h-0.001, pages)
	c := min(0.002, h/4)
	b.block(f.at(0, 0, h-c), w/2, d/2, c, m)
	b.block(f, w/2, d/2, c, m)
	b.block(f.at(float64(-float64(w/2))+0.001, 0, 0), 0.0012, d/2, h, m)
	return solid{radius: max(w, d) * 0.55, top: h, hx: w / 2, hy: d / 2}
}

func (b *builder) bookPile(f frame) solid {
	z, s := 0.0, solid{}
	for range 2 + b.r.IntN(4) {
		w, d, h := b.r.uni(0.11, 0.22), b.r.uni(0.15, 0.3), b.r.log(0.008, 0.045)
		m := b.printMat(printCover, w, d)
		g := f.at(b.r.uni(-0.01, 0.01), b.r.uni(-0.01, 0.01), z).yaw(b.r.uni(-0.3, 0.3))
		b.block(g, w/2, d/2, h, m)
		z += h
		s = solid{radius: max(s.radius, d*0.55), top: z, hx: w / 2, hy: d / 2}
	}
	return s
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

func (b *builder) paper(f frame) solid {
	r := b.r
	w, d := 0.21, 0.297
	if r.chance(0.4) {
		w, d = r.uni(0.05, 0.2), r.uni(0.05, 0.25)
	}
	z := 0.0005
	for range 1 + r.IntN(3) {
		m := b.printMat(printPage, w, d)
		if r.chance(0.2) { // a sticky note or coloured sheet
			m = b.plain(b.tint(0.4, 0.88, 0.7), 0)
		}
		b.block(f.at(r.uni(-0.04, 0.04), r.uni(-0.04, 0.04), 0).yaw(r.uni(-0.4, 0.4)), w/2, d/2, z, m)
		z += 0.0006
	}
	return solid{radius: d / 2, top: z, hx: w / 2, hy: d / 2}
}

func (b *builder) magazine(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.14, 0.23), r.uni(0.2, 0.3), r.uni(0.002, 0.008)
	if r.chance(0.3) { // open: two pages
		for _, s := range [2]float64{-1, 1} {
			b.box(f.at(float64(s*w)/2, 0, 0.008).roll(float64(s*0.03)), w/2, d/2, 0.004, b.printMat(printPage, w, d))
		}
		return solid{radius: w}
	}
	b.block(f, w/2, d/2, h, b.printMat(printCover, w, d))
	return solid{radius: d / 2, top: h, hx: w / 2, hy: d / 2}
}

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

func (b *builder) hat(f frame) solid {
	m := b.plain(vivid(b.r), 0)
	b.mats[m].bump = 0.4
	b.ball(f, 0.09, 0.1, b.r.uni(0.08, 0.12), 0, 1, m)
	b.ball(f.at(0, 0.11, 0.005).pitch(-0.15), 0.075, 0.07, 0.008, -1, 1, m)
	return solid{radius: 0.11}
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
	g := f.at(0, d/2, 0.012).pitch(a - math.Pi)
	// The lid's frame: y runs down from its upper edge after turning about the hinge.
	g = f.at(0, d/2, 0.012).pitch(math.Pi - a)
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

// binder is a row of standing files or books.
func (b *builder) binder(f frame) solid {
	w, h := b.r.uni(0.1, 0.35), b.r.uni(0.2, 0.32)
	b.block(f, w/2, b.r.uni(0.08, 0.13), h, b.printMat(printSpines, w, h))
	return solid{radius: w * 0.55}
}

func (b *builder) jar(f frame) solid {
	r := b.r
	rad, h := r.uni(0.03, 0.06), r.uni(0.06, 0.18)
	b.lathe(f, b.thing(), capBottom, 0, rad*0.9, h*0.1, rad, h*0.75, rad, h*0.85, rad*0.8)
	b.cone(f.at(0, 0, h*0.83), rad*0.85, rad*0.85, h*0.17, b.thing(), capTop)
	return solid{radius: rad, top: h, hx: rad * 0.5, hy: rad * 0.5}
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
