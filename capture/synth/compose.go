package synth

import "math"

// compose builds the scene of a kind from a seed.
func (s *scene) compose(kind string, r *rng, p *prints) {
	s.reset()
	b := &builder{scene: s, r: r, prints: p}
	if kind == "mixed" {
		kind = [...]string{"tabletop", "room", "corridor", "empty"}[r.pick(0.66, 0.24, 0.045, 0.055)]
	}
	switch kind {
	case "tabletop":
		b.tabletop()
	case "room":
		b.room()
	case "corridor":
		b.corridor()
	default:
		b.empty()
	}
	s.tree.build(s.prims)
	s.drawShot(r)
}

func (b *builder) count() int {
	switch b.r.pick(0.07, 0.2, 0.4, 0.33) {
	case 0:
		return 0
	case 1:
		return 1 + b.r.IntN(4)
	case 2:
		return 4 + b.r.IntN(7)
	}
	return 11 + b.r.IntN(15)
}

// tabletop is a room with one table that the camera looks at.
func (b *builder) tabletop() {
	r := b.r
	b.shell(r.uni(1.8, 4), r.uni(1.8, 4), r.uni(2.3, 3.2))
	b.lighting()
	hx, hy := r.uni(0.4, 1.1), r.uni(0.28, 0.55)
	height := r.uni(0.65, 0.8)
	if r.chance(0.1) {
		height = r.uni(0.35, 0.55)
	}
	var f frame
	wall, keep := -1, 0.0
	if r.chance(0.5) { // a desk against a wall
		wall = r.IntN(4)
		w, half := b.wallFrame(wall)
		x := 0.0
		if half > hx+0.1 {
			x = r.uni(-half+hx+0.05, half-hx-0.05)
			if r.chance(0.3) { // in the corner
				x = float64(r.sign() * (half - hx - 0.02))
			}
		}
		f = w.at(x, hy+r.uni(0.01, 0.06), 0).yaw(math.Pi)
		keep = half
	} else {
		f = world.at(b.half.x*r.uni(-0.4, 0.4), b.half.y*r.uni(-0.4, 0.4), 0).yaw(r.uni(0, twoPi))
	}
	s := b.table(f, hx, hy, height)
	b.fill(s, b.count())
	for i := range 4 {
		k := 0.0
		if i == wall {
			k = keep
		}
		b.decorate(i, k)
	}
	for range r.IntN(3) { // chairs at the table
		x := r.uni(-hx, hx)
		side := r.sign()
		if wall >= 0 {
			side = -1
		}
		g := f.at(x, float64(side*(s.hy+r.uni(-0.05, 0.35))), 0).yaw(r.uni(-0.4, 0.4))
		if side > 0 {
			g = g.yaw(math.Pi)
		}
		if r.chance(0.15) {
			b.person(g, true)
		}
		b.chair(g)
	}
	b.litter(r.IntN(5), f.o, 1.1)
	if r.chance(0.08) {
		b.arm(s)
	}
	b.aim(s, wall >= 0)
}

// room has counters and tables; the camera stands further off.
func (b *builder) room() {
	r := b.r
	b.shell(r.uni(1.8, 3.6), r.uni(1.8, 3.6), r.uni(2.3, 3))
	b.lighting()
	var tops []surface
	walls := [4]float64{}
	for i := range 4 {
		if r.chance(0.4) || i == 3 && len(tops) == 0 {
			w, half := b.wallFrame(i)
			l := float64(half * r.uni(0.45, 0.95))
			x := float64((half - l) * r.uni(-1, 1))
			tops = append(tops, b.counter(w.at(x, 0, 0), l))
			walls[i] = half
		}
	}
	if r.chance(0.6) {
		f := world.at(b.half.x*r.uni(-0.25, 0.25), b.half.y*r.uni(-0.25, 0.25), 0).yaw(r.uni(0, twoPi))
		tops = append(tops, b.table(f, r.uni(0.4, 0.9), r.uni(0.3, 0.5), r.uni(0.7, 0.78)))
		for range r.IntN(5) {
			a := r.uni(0, twoPi)
			sn, cs := sincos(a)
			b.chair(f.at(float64(cs*1.05), float64(sn*0.75), 0).yaw(a + math.Pi/2))
		}
	}
	for _, s := range tops {
		b.fill(s, b.count())
	}
	for i := range 4 {
		b.decorate(i, walls[i])
	}
	b.litter(r.IntN(5), vec{}, 1)
	i := r.IntN(len(tops))
	b.aim(tops[i], i < len(tops)-1 || walls[3] > 0)
	if r.chance(0.5) {
		b.shot.dist = r.uni(1.0, 2.4)
	}
}

// corridor has no table.
func (b *builder) corridor() {
	r := b.r
	b.shell(r.uni(0.8, 1.4), r.uni(4, 9), r.uni(2.3, 2.9))
	b.lighting()
	for i := range 4 {
		b.decorate(i, 0)
	}
	b.litter(r.IntN(3), vec{}, 1.5)
	b.wander()
	b.shot.az = float64(float64(r.IntN(2))*math.Pi) + math.Pi/2 + float64(r.norm()*0.4)
}

// empty is a room without any table.
func (b *builder) empty() {
	r := b.r
	b.shell(r.uni(1.5, 4), r.uni(1.5, 4), r.uni(2.3, 3))
	b.lighting()
	for i := range 4 {
		b.decorate(i, 0)
	}
	b.litter(r.IntN(10), vec{}, 0.7)
	b.wander()
}
