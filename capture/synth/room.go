package synth

import "math"

// wallFrame is the middle of wall i (0…3) at the floor: x along it, y into the room. half is half its length.
func (s *scene) wallFrame(i int) (f frame, half float64) {
	d, l := s.half.y, s.half.x
	if i&1 != 0 {
		d, l = l, d
	}
	return world.yaw(float64(float64(i)*(math.Pi/2))).at(0, -d, 0), l
}

// shell makes the room: walls, floor, ceiling; its materials follow each other (walls, floor, ceiling, other wall).
func (b *builder) shell(hx, hy, height float64) {
	b.half = vec{hx, hy, height / 2}
	m := b.wallMat()
	b.floorMat()
	ceil := hsv(b.r.Float64(), b.r.uni(0, 0.1), b.r.uni(0.5, 0.88))
	c := material{pattern: plain, c0: ceil}
	if b.r.chance(0.3) {
		c = material{pattern: tiles, c0: ceil, c1: ceil.mul(0.7), p1: 0.6, p2: 1}
	}
	b.mat(c)
	if b.r.chance(0.4) {
		b.wallMat()
	} else {
		b.mat(b.mats[m])
	}
	b.add(prim{frame: world.at(0, 0, height/2), shape: shapeRoom, s: b.half, mat: m})
}

// lighting puts in ceiling lights and the ambience.
func (b *builder) lighting() {
	r := b.r
	warm := func() vec { return mix(vec{1, 0.72, 0.42}, vec{0.85, 0.95, 1.1}, r.Float64()) }
	n := 1 + r.IntN(2)
	if r.chance(0.15) {
		n = 0
	}
	c := warm()
	for range n {
		z := float64(b.half.z*2) - 0.02
		w, h := r.log(0.06, 0.6), r.log(0.06, 0.6)
		f := world.at(b.half.x*r.uni(-0.8, 0.8), b.half.y*r.uni(-0.8, 0.8), z)
		if r.chance(0.3) { // hanging
			f.o.z = r.uni(1.7, z)
		}
		k := float64(r.uni(0.6, 2.2) * f.o.z * f.o.z)
		b.lights = append(b.lights, light{pos: f.o.add(vec{0, 0, -0.04}), u: vec{w, 0, 0}, v: vec{0, h, 0}, dir: vec{0, 0, -1}, color: c.mul(k)})
		b.block(f.at(0, 0, -0.02), w, h, 0.04, b.mat(material{pattern: plain, c0: c, emit: 4}))
	}
	a := r.uni(0.12, 0.6)
	if n == 0 {
		a = r.uni(0.5, 1)
	}
	amb := mix(warm(), vec{1, 1, 1}, 0.5)
	b.up = amb.mul(a)
	b.down = amb.times(b.mats[1].mean()).mul(float64(a * 0.9))
}

// litter stands things about on the floor, clear of the point c by dist.
func (b *builder) litter(n int, c vec, dist float64) {
	r := b.r
	for range n {
		x, y := float64(b.half.x*r.uni(-0.92, 0.92)), float64(b.half.y*r.uni(-0.92, 0.92))
		dx, dy := x-c.x, y-c.y
		if float64(dx*dx)+float64(dy*dy) < float64(dist*dist) {
			continue
		}
		f := world.at(x, y, 0).yaw(r.uni(0, twoPi))
		switch r.pick(2.5, 1, 1.2, 1, 0.6, 0.5) {
		case 0:
			b.chair(f)
		case 1: // bin, bucket
			rad := r.uni(0.1, 0.2)
			b.cone(f, rad*0.8, rad, r.uni(0.25, 0.6), b.thing(), capBottom)
		case 2: // a box
			b.block(f, r.uni(0.1, 0.3), r.uni(0.1, 0.3), r.uni(0.1, 0.5), b.printMat(printBox, 0.4, 0.4))
		case 3:
			b.bag(f)
		case 4:
			b.person(f, false)
		case 5:
			b.sofa(f)
		}
	}
}
