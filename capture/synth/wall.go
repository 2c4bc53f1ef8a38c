package synth

import "math"

// window is in wall frame f; some let light in.
func (b *builder) window(f frame, w float64, lit bool) {
	defer b.as(indoorWall)()
	r := b.r
	z0, z1 := r.uni(0.7, 1.1), r.uni(1.7, 2.2)
	h, zc := float64((z1-z0)/2), float64((z0+z1)/2)
	fr := b.plain(b.tint(0.2, 0.88, 0.1), 0.2)
	sky := mix(vec{0.6, 0.75, 1}, vec{1, 1, 0.95}, r.Float64())
	e := r.uni(0.8, 4)
	if !lit {
		e = r.uni(0.02, 0.3)
	}
	pane := material{pattern: gradient, c0: mix(vec{0.15, 0.2, 0.1}, sky, 0.5), c1: sky, scale: h * 2, emit: e, mirror: 0.2, hole: 0.85}
	if r.chance(0.4) { // the view outside
		pane.pattern, pane.print, pane.uw, pane.vh = printed, b.prints.face(printPhoto, r.IntN(printVariants)), w*2, h*2
		pane.emit = float64(e * 0.7)
	}
	g := f.at(0, 0.004, zc)
	b.box(g, w, 0.003, h, b.mat(pane))
	t := r.uni(0.02, 0.05)
	for _, s := range [2]float64{-1, 1} {
		b.box(g.at(float64(s*w), 0, 0), t, 0.03, h+t, fr)
		b.box(g.at(0, 0, float64(s*h)), w+t, 0.03, t, fr)
	}
	if r.chance(0.5) {
		b.box(g, t*0.7, 0.025, h, fr)
	}
	b.box(f.at(0, 0.06, z0-t), w+0.08, 0.1, 0.015, fr) // the sill
	switch r.pick(3, 3, 2) {
	case 0: // blinds
		m := material{pattern: slats, c0: b.tint(0.4, 0.9, 0.15), scale: r.uni(0.02, 0.05), emit: e * 0.3}
		m.c1 = m.c0.mul(r.uni(0.3, 0.7))
		d := float64(h * r.uni(0.3, 1))
		b.box(g.at(0, 0.03, h-d), w, 0.008, d, b.mat(m))
	case 1: // curtains
		m := material{pattern: stripes, c0: b.tint(0.1, 0.8, 0.7), scale: r.uni(0.05, 0.12), p1: 0.4, bump: 0.3}
		m.c1 = m.c0.mul(0.7)
		k := b.mat(m)
		b.box(f.at(-w, 0.06, 1.1), w*0.3, 0.03, 1.1, k)
		b.box(f.at(w, 0.06, 1.1), w*0.3, 0.03, 1.1, k)
	}
	if lit {
		p := g.o.madd(f.y, 0.15)
		k := r.uni(1, 4)
		b.lights = append(b.lights, light{pos: p, u: f.x.mul(w), v: vec{0, 0, h}, dir: f.y, color: sky.mul(float64(k * 1.5))})
	}
}

func (b *builder) door(f frame) {
	defer b.as(indoorWall)()
	m := b.plain(b.tint(0.03, 0.8, 0.7), 0.2)
	if b.r.chance(0.4) {
		m = b.wood()
	}
	fr := b.variant(m)
	b.block(f.at(0, 0.01, 0), 0.44, 0.012, 2.03, m)
	for _, s := range [2]float64{-1, 1} {
		b.block(f.at(float64(s*0.47), 0.01, 0), 0.04, 0.03, 2.08, fr)
	}
	b.block(f.at(0, 0.01, 2.04), 0.51, 0.03, 0.07, fr)
	if b.r.chance(0.5) {
		for _, z := range [2]float64{0.25, 1.1} {
			b.block(f.at(0, 0.02, z), 0.3, 0.008, 0.65, fr)
		}
	}
	k := b.plain(grey(b.r.uni(0.1, 0.6)), 0.8)
	b.rod(f.point(0.36, 0.05, 1), f.point(0.26, 0.06, 1), 0.01, k)
}

// decorate puts things along wall i, but leaves [-keep, keep] below 1 m free for the furniture there.
func (b *builder) decorate(i int, keep float64) {
	r := b.r
	f, half := b.wallFrame(i)
	if r.chance(0.8) {
		b.block(f.at(0, 0.006, 0), half, 0.008, r.uni(0.06, 0.14), b.plain(b.tint(0.03, 0.85, 0.3), 0.2))
	}
	if r.chance(0.1) { // a dado or a pipe along the wall
		z := r.uni(0.8, 2.2)
		b.block(f.at(0, 0.02, z), half, 0.02, r.uni(0.03, 0.1), b.plain(b.tint(0.1, 0.8, 0.3), 0.2))
	}
	windows := r.chance(0.45)
	lit := windows && len(b.lights) < 3 && r.chance(0.7)
	for x := -half + r.uni(0.1, 0.6); x < half-0.3; {
		w := 0.3
		high := math.Abs(x+0.4) < keep+0.3
		kind := r.pick(3, 2, 1.2, 0.8, 1.5, 1, 0.8, 0.8, 0.6)
		if high && kind >= 3 && kind != 6 && kind != 4 {
			kind = r.IntN(3)
		}
		switch kind {
		case 0: // posters and pictures
			w = r.uni(0.1, 0.4)
			h := float64(w * r.uni(0.6, 1.5))
			z := r.uni(1.2, 1.8)
			g := f.at(x+w, 0.004, z)
			if r.chance(0.5) {
				b.box(g, w+0.02, 0.008, h+0.02, b.thing())
				g = g.at(0, 0.008, 0)
			}
			kinds := [4]printKind{printPoster, printPhoto, printPage, printPoster}
			b.box(g, w, 0.003, h, b.printMat(kinds[r.IntN(4)], w*2, h*2))
		case 1:
			if !windows {
				x += 0.2
				continue
			}
			w = min(r.uni(0.4, 1.1), (half-x)/2)
			b.window(f.at(x+w, 0, 0), w, lit)
			lit = false
		case 2: // wall shelf
			w = min(r.uni(0.25, 0.7), (half-x)/2)
			d := r.uni(0.1, 0.15)
			for k := range 1 + r.IntN(2) {
				g := f.at(x+w, d, 1.25+float64(float64(k)*0.38))
				b.block(g, w, d, 0.02, b.wood())
				b.shelfRow(g.at(0, 0, 0.02), w*0.9, 0.26)
			}
		case 3:
			w = 0.55
			b.door(f.at(x+w, 0, 0))
		case 4: // board with papers
			w = min(r.uni(0.4, 1), (half-x)/2)
			h := r.uni(0.3, 0.55)
			g := f.at(x+w, 0.01, 1.5)
			b.box(g, w+0.03, 0.01, h+0.03, b.plain(grey(r.uni(0.1, 0.7)), 0.3))
			b.box(g.at(0, 0.004, 0), w, 0.01, h, b.plain(hsv(r.Float64(), r.uni(0, 0.8), r.log(0.1, 0.88)), 0.2))
			for range r.IntN(9) {
				pw := r.uni(0.05, 0.16)
				b.box(g.at(r.uni(-w, w)*0.8, 0.016, r.uni(-h, h)*0.7), pw, 0.002, pw*1.4, b.printMat(printKind(2+r.IntN(2)), pw*2, pw*2.8))
			}
		case 5:
			w = min(r.uni(0.3, 0.6), (half-x)/2)
			b.bookcase(f.at(x+w, 0, 0), w)
		case 6: // television
			w = r.uni(0.3, 0.6)
			b.box(f.at(x+w, 0.05, 1.5), w, 0.03, w*0.58, b.plain(grey(0.01), 0.4))
			b.box(f.at(x+w, 0.081, 1.5), w*0.96, 0.002, w*0.54, b.screenMat(w*1.92, w*1.08))
		case 7: // wardrobe, cupboard
			w = min(r.uni(0.3, 0.7), (half-x)/2)
			m := b.wood()
			h := r.uni(1.3, 2.1)
			b.block(f.at(x+w, 0.28, 0), w, 0.28, h, m)
			for _, s := range [2]float64{-1, 1} {
				b.block(f.at(x+w+float64(float64(s*w)/2), 0.565, 0.05), float64(w/2)-0.004, 0.008, h-0.08, b.variant(m))
			}
		case 8: // radiator
			w = min(r.uni(0.3, 0.6), (half-x)/2)
			m := b.mat(material{pattern: stripes, c0: grey(0.8), c1: grey(0.5), scale: 0.05, p1: 0.3, cos: 1})
			b.block(f.at(x+w, 0.06, 0.12), w, 0.05, 0.55, m)
		}
		x += float64(2*w) + float64(r.uni(0, 1)*r.uni(0, 1.5))
	}
}
