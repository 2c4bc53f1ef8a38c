package synth

// Paints: materials drawn at random for a purpose.

func grey(v float64) vec { return vec{v, v, v} }

// tint is a muted colour of the given brightness.
func (b *builder) tint(lo, hi, sat float64) vec {
	return hsv(b.r.Float64(), float64(b.r.Float64()*sat), b.r.log(lo, hi))
}

func (b *builder) plain(c vec, spec float64) int32 {
	return b.mat(material{pattern: plain, c0: c, spec: spec, gloss: 3 + b.r.IntN(4)})
}

// woodColours are pairs of light and dark of common woods: oak, beech, birch, walnut, mahogany, pine, grey oak, wenge.
var woodColours = [][2]vec{
	{{0.55, 0.36, 0.19}, {0.36, 0.20, 0.09}},
	{{0.62, 0.42, 0.27}, {0.50, 0.32, 0.19}},
	{{0.74, 0.60, 0.43}, {0.62, 0.46, 0.30}},
	{{0.22, 0.12, 0.06}, {0.10, 0.05, 0.025}},
	{{0.20, 0.06, 0.03}, {0.09, 0.025, 0.012}},
	{{0.72, 0.52, 0.28}, {0.55, 0.34, 0.15}},
	{{0.42, 0.37, 0.31}, {0.28, 0.24, 0.20}},
	{{0.07, 0.045, 0.03}, {0.03, 0.02, 0.014}},
}

func (b *builder) woodMat(p pattern) material {
	w := woodColours[b.r.IntN(len(woodColours))]
	k := b.r.uni(0.7, 1.25)
	m := material{pattern: p, c0: w[0].mul(k), c1: mix(w[0], w[1], b.r.uni(0.3, 1)).mul(k),
		scale: b.r.log(12, 50), p1: b.r.uni(2, 9), spec: b.r.uni(0, 0.35), gloss: 3 + b.r.IntN(5), mirror: b.r.uni(0, 0.12)}
	m.turn(0)
	return m
}

func (b *builder) wood() int32 { return b.mat(b.woodMat(wood)) }

// topMat is a table top or counter.
func (b *builder) topMat() int32 {
	r := b.r
	m := material{spec: r.uni(0, 0.5), gloss: 3 + r.IntN(6), mirror: r.uni(0, 0.2)}
	switch r.pick(5, 3, 1.2, 1, 1.2, 0.8, 0.7, 0.7, 0.6) {
	case 0:
		m = b.woodMat(wood)
	case 1: // plain laminate, mostly white, grey or beige
		m.c0 = hsv(r.uni(0.03, 0.18), r.uni(0, 0.25), r.log(0.15, 0.85))
		m.pattern, m.c1, m.scale = cloudy, m.c0.mul(r.uni(0.85, 1)), r.log(3, 60)
	case 2: // stone
		m.pattern, m.scale, m.p1 = marble, r.log(6, 30), r.uni(4, 14)
		m.c0 = b.tint(0.1, 0.8, 0.2)
		m.c1, m.c2 = b.tint(0.05, 0.8, 0.2), m.c0.mul(r.uni(0.5, 0.9))
	case 3:
		m.pattern, m.scale, m.p1, m.p2 = speckle, r.log(0.0015, 0.006), r.uni(0.05, 0.4), r.uni(0.02, 0.2)
		m.c0, m.c1, m.c2 = b.tint(0.04, 0.6, 0.2), b.tint(0.02, 0.7, 0.3), b.tint(0.02, 0.8, 0.3)
	case 4: // black or dark
		m.c0 = hsv(r.Float64(), r.uni(0, 0.3), r.log(0.008, 0.05))
		m.pattern, m.c1, m.scale = cloudy, m.c0.mul(r.uni(1, 1.8)), r.log(3, 80)
	case 5: // any colour
		m.c0 = b.tint(0.05, 0.7, 0.9)
	case 6: // a cloth: checks or stripes
		m.pattern, m.scale = checks, r.log(0.015, 0.08)
		if r.chance(0.5) {
			m.pattern, m.p1 = stripes, r.uni(0.1, 0.6)
		}
		m.c0, m.c1 = b.tint(0.2, 0.85, 0.5), b.tint(0.1, 0.8, 0.9)
		m.spec, m.mirror = 0, 0
	case 7: // planks
		m = b.woodMat(planks)
		m.p1, m.p2 = r.uni(0.06, 0.2), r.uni(0.8, 3)
	case 8: // brushed steel
		g := r.uni(0.25, 0.55)
		m.pattern, m.c0, m.c1, m.scale, m.p1 = wood, grey(g), grey(float64(g*0.85)), 60, 1
		m.spec, m.gloss, m.mirror, m.hole = 0.7, 6, 0.3, r.uni(0, 0.25)
	}
	m.turn([]float64{0, 0, 1.5707963267948966, r.uni(0, 3)}[r.IntN(4)])
	m.hole = max(m.hole, 0)
	return b.mat(m)
}

func (b *builder) floorMat() int32 {
	r := b.r
	m := material{spec: r.uni(0, 0.2), gloss: 4 + r.IntN(4), mirror: r.uni(0, 0.1)}
	switch r.pick(3, 2.5, 2, 1.5, 1) {
	case 0:
		m = b.woodMat(planks)
		m.p1, m.p2 = r.uni(0.06, 0.22), r.uni(0.4, 1.6)
	case 1:
		m.pattern, m.c0, m.c1 = carpet, b.tint(0.02, 0.4, 0.5), b.tint(0.02, 0.3, 0.4)
		if r.chance(0.5) {
			m.p1 = r.log(0.0005, 0.004)
		}
		m.spec, m.mirror = 0, 0
	case 2:
		m.pattern, m.p1, m.p2 = tiles, r.uni(0.15, 0.6), r.uni(1, 2)
		m.c0 = b.tint(0.08, 0.75, 0.25)
		m.c1 = b.tint(0.05, 0.6, 0.1)
		m.mirror = r.uni(0, 0.25)
	case 3:
		m.pattern, m.c0, m.scale = cloudy, b.tint(0.05, 0.5, 0.3), r.log(1, 30)
		m.c1 = m.c0.mul(r.uni(0.78, 0.97))
		m.mirror = r.uni(0, 0.3)
	case 4:
		m.pattern, m.scale, m.p1, m.p2 = speckle, r.log(0.003, 0.012), r.uni(0.1, 0.4), r.uni(0.05, 0.2)
		m.c0 = b.tint(0.1, 0.6, 0.2)
		m.c1, m.c2 = m.c0.mul(0.6), m.c0.mul(1.4)
	}
	m.turn(float64(float64(r.IntN(4)) * 0.7853981633974483))
	return b.mat(m)
}

func (b *builder) wallMat() int32 {
	r := b.r
	m := material{}
	switch r.pick(7, 1.5, 1, 0.7, 0.7, 0.7) {
	case 0:
		m.c0 = hsv(r.uni(0.02, 0.7), float64(r.uni(0, 0.6)*r.uni(0, 0.6)), r.log(0.3, 0.85))
		m.pattern, m.scale, m.c1 = cloudy, r.log(0.5, 30), m.c0.mul(r.uni(0.88, 1))
	case 1:
		m.c0 = b.tint(0.06, 0.7, 0.8)
	case 2:
		m.pattern, m.p1, m.p2, m.scale = tiles, r.uni(0.05, 0.1), r.uni(1.8, 3), -1
		m.c0, m.c1 = b.tint(0.1, 0.5, 0.6), b.tint(0.3, 0.7, 0.1)
	case 3:
		m.pattern, m.p1, m.p2 = tiles, r.uni(0.08, 0.3), r.uni(1, 2)
		m.c0, m.c1 = b.tint(0.2, 0.8, 0.4), b.tint(0.2, 0.8, 0.1)
		m.mirror = 0.1
	case 4:
		m.pattern, m.scale, m.p1 = stripes, r.uni(0.03, 0.3), r.uni(0.2, 0.6)
		m.c0 = b.tint(0.2, 0.8, 0.4)
		m.c1 = mix(m.c0, b.tint(0.1, 0.8, 0.6), 0.5)
	case 5:
		m = b.woodMat(planks)
		m.p1, m.p2 = r.uni(0.08, 0.3), 3
		m.turn(float64(float64(r.IntN(2)) * 1.5707963267948966))
	}
	return b.mat(m)
}

// thing is a material for an object: plastic, metal, ceramic, cloth, wood.
func (b *builder) thing() int32 {
	r := b.r
	m := material{pattern: plain, spec: r.uni(0, 0.6), gloss: 3 + r.IntN(6), mirror: float64(r.uni(0, 0.3) * r.Float64())}
	switch r.pick(4, 2, 2, 1.5, 0.8, 0.8, 1) {
	case 0:
		m.c0 = vivid(r)
	case 1:
		m.c0 = hsv(r.Float64(), r.uni(0, 0.15), r.uni(0.5, 0.88))
	case 2:
		m.c0 = hsv(r.Float64(), r.uni(0, 0.3), r.log(0.005, 0.06))
		m.hole = float64(r.uni(0, 0.5) * r.Float64())
	case 3:
		m.c0 = b.tint(0.05, 0.8, 0.6)
	case 4:
		return b.wood()
	case 5:
		m.c0 = grey(r.uni(0.2, 0.6))
		m.spec, m.mirror, m.gloss, m.hole = 0.9, r.uni(0.2, 0.5), 6, r.uni(0.1, 0.6)
	case 6:
		m.c0, m.c1 = b.tint(0.1, 0.8, 0.9), b.tint(0.1, 0.8, 0.9)
		m.pattern, m.scale, m.p1 = stripes, r.log(0.006, 0.04), r.uni(0.1, 0.6)
		if r.chance(0.4) {
			m.pattern, m.scale = cloudy, r.log(10, 200)
		}
		m.turn(r.uni(0, 3))
	}
	return b.mat(m)
}

// printMat is a face w × h metres.
func (b *builder) printMat(kind printKind, w, h float64) int32 {
	return b.mat(material{pattern: printed, print: b.prints.face(kind, b.r.IntN(printVariants)), uw: w, vh: h,
		spec: float64(b.r.uni(0, 0.35) * b.r.Float64()), gloss: 4 + b.r.IntN(3), mirror: float64(b.r.uni(0, 0.15) * b.r.Float64())})
}
