package synth

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
				b.block(f0.at(hx-0.26, -hy*0.9, 0.12+float64(float64(i)*0.2)), 0.18, 0.012, 0.16, b.variant(leg))
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

// variant is a slightly different copy of a material.
func (b *builder) variant(m int32) int32 {
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
		m := b.variant(front)
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
