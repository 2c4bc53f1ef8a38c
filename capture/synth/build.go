package synth

// Classes of the labels.
const (
	classBackground = 0
	classTable      = 1
	classObject     = 2
)

// Classes of the labels of a room, Options.Labels = "indoor". What is none of them is other: legs, cabinets, shelves.
const (
	indoorOther = iota
	indoorWall
	indoorFloor
	indoorCeiling
	indoorTable // the same as classTable
	indoorChair // sofas too
	indoorPerson
	indoorObject // the same as classObject
	indoorClasses
)

// light is a rectangle that shines: a ceiling panel, a lamp, a window.
type light struct {
	pos, u, v vec // centre and half edges
	dir       vec // unit, the way it faces; zero shines all around
	color     vec // irradiance × metre²
}

// scene is everything that the two cameras see.
type scene struct {
	prims  []prim
	mats   []material
	lights []light
	tree   bvh
	up     vec // ambient light from above and below
	down   vec
	half   vec // the room's half sizes, its centre at (0, 0, half.z)
	shot   shot
}

func (s *scene) reset() {
	s.prims, s.mats, s.lights = s.prims[:0], s.mats[:0], s.lights[:0]
}

// builder adds things to a scene.
type builder struct {
	*scene
	r      *rng
	prints *prints
	class  uint8 // of what is added
	indoor uint8 // its indoor class, where class is background
}

func (b *builder) mat(m material) int32 {
	if m.cos == 0 && m.sin == 0 {
		m.cos = 1
	}
	b.mats = append(b.mats, m)
	return int32(len(b.mats) - 1)
}

// as gives what is added an indoor class until the function that it returns is called.
func (b *builder) as(indoor uint8) (done func()) {
	was := b.indoor
	b.indoor = indoor
	return func() { b.indoor = was }
}

func (b *builder) add(p prim) *prim {
	p.class, p.indoor = b.class, b.indoor
	p.bound()
	b.prims = append(b.prims, p)
	return &b.prims[len(b.prims)-1]
}

// box is centred at f.
func (b *builder) box(f frame, hx, hy, hz float64, mat int32) *prim {
	return b.add(prim{frame: f, shape: shapeBox, s: vec{hx, hy, hz}, mat: mat})
}

// block stands on f.
func (b *builder) block(f frame, hx, hy, height float64, mat int32) *prim {
	return b.box(f.at(0, 0, height/2), hx, hy, height/2, mat)
}

// slab is a block with rounded vertical edges of radius rad.
func (b *builder) slab(f frame, hx, hy, height, rad float64, mat int32) {
	rad = min(rad, hx-1e-4, hy-1e-4)
	b.block(f, hx, hy-rad, height, mat)
	b.block(f, hx-rad, hy, height, mat)
	for _, s := range [4][2]float64{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}} {
		x, y := float64(s[0]*(hx-rad)), float64(s[1]*(hy-rad))
		b.cone(f.at(x, y, 0), rad, rad, height, mat, capTop|capBottom).tex = vec{x, y, 0}
	}
}

// cone is a frustum from radius r0 at f to r1 at height.
func (b *builder) cone(f frame, r0, r1, height float64, mat int32, caps uint8) *prim {
	return b.add(prim{frame: f.at(0, 0, height/2), shape: shapeCone,
		s: vec{(r0 + r1) / 2, (r1 - r0) / height, height / 2}, mat: mat, flags: caps})
}

// ball is an ellipsoid centred at f, of which z in [lo, hi]·rz is kept.
func (b *builder) ball(f frame, rx, ry, rz, lo, hi float64, mat int32) *prim {
	return b.add(prim{frame: f, shape: shapeEllipsoid, s: vec{rx, ry, rz}, lo: lo, hi: hi, mat: mat})
}

// rod is a capsule between world points.
func (b *builder) rod(p, q vec, rad float64, mat int32) *prim {
	f := along(p, q)
	l := q.sub(p).length() / 2
	f.o = f.at(0, 0, l).o
	return b.add(prim{frame: f, shape: shapeCapsule, s: vec{rad, rad, l}, mat: mat})
}

// chain joins local points by rods.
func (b *builder) chain(f frame, rad float64, mat int32, pts ...vec) {
	for i := 1; i < len(pts); i++ {
		b.rod(f.point(pts[i-1].x, pts[i-1].y, pts[i-1].z), f.point(pts[i].x, pts[i].y, pts[i].z), rad, mat)
	}
}

// lathe stacks frustums: pairs of height and radius, from the bottom up.
func (b *builder) lathe(f frame, mat int32, caps uint8, zr ...float64) {
	for i := 2; i+1 < len(zr); i += 2 {
		var c uint8
		if i == 2 {
			c |= caps & capBottom
		}
		if i+3 >= len(zr) {
			c |= caps & capTop
		}
		b.cone(f.at(0, 0, zr[i-2]), zr[i-1], zr[i+1], zr[i]-zr[i-2], mat, c)
	}
}
