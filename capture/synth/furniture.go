package synth

import "math"

// surface is a horizontal top that carries objects: f.z points up at its height.
type surface struct {
	f      frame
	hx, hy float64
	round  bool
}

// table stands on f; its top is height above. All but the top's upper side is background.
func (b *builder) table(f frame, hx, hy, height float64) surface {
	r := b.r
	top := b.topMat()
	leg := b.wood()
	if r.chance(0.5) {
		leg = b.plain(hsv(r.Float64(), 0.1, r.log(0.01, 0.8)), 0.4)
	}
	thick := r.uni(0.018, 0.05)
	round := r.chance(0.15)
	f0 := f
	b.class = classTable
	g := f.at(0, 0, height-thick)
	switch {
	case round:
		hx = min(hx, hy*1.2)
		hy = hx
		b.cone(g, hx, hx, thick, top, capTop|capBottom)
	case r.chance(0.35):
		b.slab(g, hx, hy, thick, r.uni(0.02, 0.15), top)
	default:
		b.box(g.at(0, 0, thick/2), hx, hy, thick/2, top).bevel = r.uni(0, 0.004)
	}
	b.class = classBackground
	if !round && r.chance(0.35) { // an edge band of another colour
		m := b.thing()
		for _, s := range [2]float64{-1, 1} {
			b.block(g.at(0, float64(s*hy), 0.001), hx, 0.0015, thick-0.002, m)
			b.block(g.at(float64(s*hx), 0, 0.001), 0.0015, hy, thick-0.002, m)
		}
	}
	h := height - thick
	switch kind := r.pick(5, 2, 2, 1.5); {
	case round || kind == 3: // one column
		b.cone(f0, 0.04, 0.035, h, leg, 0)
		b.cone(f0, hx*0.5, hx*0.4, 0.03, leg, capTop)
	case kind == 1: // side panels and drawers
		for _, s := range [2]float64{-1, 1} {
			b.block(f0.at(float64(s*(hx-0.03)), 0, 0), 0.015, hy*0.95, h, leg)
		}
		if r.chance(0.6) {
			b.block(f0.at(hx-0.26, 0, 0.05), 0.2, hy*0.9, h-0.05, leg)
			for i := range 3 {
				b.block(f0.at(hx-0.26, -hy*0.9, 0.12+float64(float64(i)*0.2)), 0.18, 0.012, 0.16, b.mats2(leg))
			}
		}
	default: // four legs and a frame
		w := r.uni(0.02, 0.045)
		in := r.uni(0.03, 0.12)
		for _, s := range [4][2]float64{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}} {
			l := f0.at(float64(s[0]*(hx-in)), float64(s[1]*(hy-in)), 0)
			if kind == 2 {
				b.cone(l, w*0.6, w*0.8, h, leg, 0)
			} else {
				b.block(l, w, w, h, leg)
			}
		}
		if r.chance(0.7) {
			for _, s := range [2]float64{-1, 1} {
				b.block(f0.at(0, float64(s*(hy-in)), h-0.08), hx-in, 0.01, 0.08, leg)
				b.block(f0.at(float64(s*(hx-in)), 0, h-0.08), 0.01, hy-in, 0.08, leg)
			}
		}
	}
	return surface{f.at(0, 0, height), hx, hy, round}
}

// mats2 is a slightly different copy of a material.
func (b *builder) mats2(m int32) int32 {
	c := b.mats[m]
	k := b.r.uni(0.75, 1.2)
	c.c0, c.c1 = c.c0.mul(k), c.c1.mul(k)
	return b.mat(c)
}

// counter stands against a wall with its back at f (y into the room): cabinet fronts, plinth, top.
func (b *builder) counter(f frame, half float64) surface {
	r := b.r
	h, depth := r.uni(0.8, 0.95), r.uni(0.5, 0.68)
	front := b.plain(b.tint(0.02, 0.8, 0.9), 0.4)
	if r.chance(0.3) {
		front = b.wood()
	}
	b.mats[front].mirror = r.uni(0, 0.15)
	handle := b.plain(grey(r.log(0.02, 0.6)), 0.8)
	thick := r.uni(0.02, 0.05)
	b.block(f.at(0, float64(depth/2)-0.03, 0.1), half, float64(depth/2)-0.04, h-0.1-thick, b.plain(grey(0.05), 0))
	b.block(f.at(0, float64(depth/2)-0.06, 0), half, float64(depth/2)-0.06, 0.1, b.plain(grey(0.03), 0))
	w := r.uni(0.35, 0.65)
	n := max(1, int(2*half/w))
	w = 2 * half / float64(n)
	for i := range n {
		x := float64((float64(i)+0.5)*w) - half
		y := depth - 0.055
		if r.chance(0.3) { // drawers
			for k := range 3 {
				dh := (h - 0.12 - thick) / 3
				g := f.at(x, y, 0.11+float64(float64(k)*dh))
				b.block(g, float64(w/2)-0.002, 0.009, dh-0.004, front)
				b.rod(g.point(-w*0.2, 0.03, dh*0.75), g.point(w*0.2, 0.03, dh*0.75), 0.005, handle)
			}
			continue
		}
		b.block(f.at(x, y, 0.11), float64(w/2)-0.002, 0.009, h-0.12-thick, front)
		s := r.sign()
		b.rod(f.point(x+float64(float64(s*w)*0.4), y+0.03, h*0.65), f.point(x+float64(float64(s*w)*0.4), y+0.03, h*0.8), 0.005, handle)
	}
	b.class = classTable
	b.block(f.at(0, depth/2, h-thick), half, depth/2, thick, b.topMat())
	b.class = classBackground
	if r.chance(0.6) { // backsplash
		b.block(f.at(0, 0.004, h), half, 0.006, r.uni(0.08, 0.6), b.wallMat())
	}
	if r.chance(0.4) { // wall cabinets
		m := b.mats2(front)
		z := h + r.uni(0.45, 0.6)
		for i := range n {
			x := float64((float64(i)+0.5)*w) - half
			if r.chance(0.8) {
				b.block(f.at(x, 0.16, z), float64(w/2)-0.002, 0.16, 0.7, m)
			}
		}
	}
	return surface{f.at(0, depth/2, h), half, depth / 2, false}
}

// chair stands on f and faces +y.
func (b *builder) chair(f frame) {
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

// bookcase stands with its back at f.
func (b *builder) bookcase(f frame, half float64) {
	r := b.r
	h, d := r.uni(1.25, 2.1), r.uni(0.22, 0.4)
	m := b.wood()
	if r.chance(0.4) {
		m = b.plain(b.tint(0.02, 0.85, 0.2), 0.2)
	}
	b.block(f.at(0, 0.01, 0), half, 0.01, h, b.mats2(m))
	for _, s := range [2]float64{-1, 1} {
		b.block(f.at(float64(s*half), d/2, 0), 0.012, d/2, h, m)
	}
	step := r.uni(0.28, 0.42)
	for z := 0.05; z < h; z += step {
		b.block(f.at(0, d/2, z), half, d/2, 0.02, m)
		b.shelfRow(f.at(0, d/2, z+0.02), half*0.92, step*0.75)
	}
	b.block(f.at(0, d/2, h), half, d/2, 0.02, m)
	if r.chance(0.5) {
		b.object(f.at(0, d/2, h+0.02))
	}
}

// shelfRow puts things on a shelf centred at f.
func (b *builder) shelfRow(f frame, half, room float64) {
	r := b.r
	for x := -half; x < half-0.06; {
		switch r.pick(3, 1.2, 1.5) {
		case 0:
			w := min(r.uni(0.08, 0.4), half-x)
			h := float64(room * r.uni(0.6, 1))
			b.block(f.at(x+float64(w/2), 0, 0), w/2, 0.09, h, b.printMat(printSpines, w, h))
			x += w
		case 1:
			w := min(r.uni(0.05, 0.12), (half-x)/2)
			b.block(f.at(x+w, 0, 0), w, 0.08, room*0.6, b.thing())
			x += 2 * w
		}
		x += r.uni(0, 0.15)
	}
}

// person stands on f; only a coarse shape.
func (b *builder) person(f frame, sitting bool) {
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

// fill puts up to n objects on a surface, some on or in others.
func (b *builder) fill(s surface, n int) {
	r := b.r
	b.class = classObject
	type spot struct{ x, y, r float64 }
	var spots []spot
	cx, cy, spread := 0.0, 0.0, 1.0
	if r.chance(0.45) { // a cluster
		cx, cy, spread = float64(r.uni(-0.6, 0.6)*s.hx), float64(r.uni(-0.6, 0.6)*s.hy), r.uni(0.15, 0.6)
	}
	gap := r.uni(0.75, 1.3)
	for range n {
		var x, y float64
		ok := false
		est := r.uni(0.04, 0.13)
		for range 12 {
			x = clamp(cx+float64(r.uni(-1, 1)*max(s.hx, 0.2)*spread), -s.hx+0.05, s.hx-0.05)
			y = clamp(cy+float64(r.uni(-1, 1)*max(s.hy, 0.2)*spread), -s.hy+0.05, s.hy-0.05)
			if s.round && float64(x*x)+float64(y*y) > float64(float64(s.hx*s.hx)*0.8) {
				continue
			}
			ok = true
			for _, p := range spots {
				dx, dy := x-p.x, y-p.y
				d := float64((p.r + est) * gap)
				if float64(dx*dx)+float64(dy*dy) < float64(d*d) {
					ok = false
					break
				}
			}
			if ok {
				break
			}
		}
		if !ok {
			continue
		}
		yaw := r.uni(0, twoPi)
		if r.chance(0.3) {
			yaw = float64(float64(r.IntN(4))*(math.Pi/2)) + r.uni(-0.1, 0.1)
		}
		f := s.f.at(x, y, 0).yaw(yaw)
		o := b.object(f)
		spots = append(spots, spot{x, y, o.radius})
		if o.top > 0 && r.chance(0.3) {
			b.object(f.at(float64(r.uni(-0.3, 0.3)*o.hx), float64(r.uni(-0.3, 0.3)*o.hy), o.top).yaw(r.uni(0, twoPi)))
		}
		if o.in > 0 && r.chance(0.6) {
			for range 1 + r.IntN(4) {
				b.fruit(f.at(r.uni(-o.in, o.in)*0.7, r.uni(-o.in, o.in)*0.7, o.inZ))
			}
		}
	}
	b.class = classBackground
}
