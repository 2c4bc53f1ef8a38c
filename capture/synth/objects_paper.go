package synth

import "math"

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

// binder is a row of standing files or books.
func (b *builder) binder(f frame) solid {
	w, h := b.r.uni(0.1, 0.35), b.r.uni(0.2, 0.32)
	b.block(f, w/2, b.r.uni(0.08, 0.13), h, b.printMat(printSpines, w, h))
	return solid{radius: w * 0.55}
}
