package synth

import "math"

type shape uint8

const (
	shapeBox       shape = iota // half sizes s
	shapeCone                   // frustum along z: half height s.z, radius s.x + s.y·z, caps by flags
	shapeEllipsoid              // half sizes s, kept for z/s.z in [lo, hi]
	shapeCapsule                // segment of half length s.z along z, radius s.x
	shapeRoom                   // seen from inside: half sizes s
)

const (
	capBottom = 1 << iota
	capTop
	twoFaced // the texture of a printed box is on the two faces of its shortest axis and its top
)

// prim is one ray-traced surface in its own frame.
type prim struct {
	frame
	s      vec
	lo, hi float64 // ellipsoid: kept range of z
	shape  shape
	class  uint8 // classTable counts only where the normal is up
	indoor uint8 // indoor class of background; a room's follows from the face
	flags  uint8
	mat    int32
	tex    vec     // added to local coordinates before texturing
	ext    vec     // half sizes of the local bounding box
	bevel  float64 // box: metres over which the shading normal bends at edges
	bmin   vec     // world bounds
	bmax   vec
}

// bound fills the bounding boxes.
func (p *prim) bound() {
	switch p.shape {
	case shapeBox, shapeRoom, shapeEllipsoid:
		p.ext = p.s
	case shapeCone:
		r := p.s.x + math.Abs(float64(p.s.y*p.s.z))
		p.ext = vec{r, r, p.s.z}
	case shapeCapsule:
		p.ext = vec{p.s.x, p.s.x, p.s.z + p.s.x}
	}
	e := p.ext
	h := vec{
		float64(math.Abs(p.x.x)*e.x) + float64(math.Abs(p.y.x)*e.y) + float64(math.Abs(p.z.x)*e.z),
		float64(math.Abs(p.x.y)*e.x) + float64(math.Abs(p.y.y)*e.y) + float64(math.Abs(p.z.y)*e.z),
		float64(math.Abs(p.x.z)*e.x) + float64(math.Abs(p.y.z)*e.y) + float64(math.Abs(p.z.z)*e.z),
	}
	p.bmin, p.bmax = p.o.sub(h), p.o.add(h)
}

const tiny = 1e-9

// hit returns the first ray parameter in (tmin, tmax) at which the ray o + t·d, given in local coordinates, meets the
// surface, or tmax.
func (p *prim) hit(o, d vec, tmin, tmax float64) float64 {
	switch p.shape {
	case shapeBox:
		return hitBox(o, d, p.s, tmin, tmax)
	case shapeCone:
		return p.hitCone(o, d, tmin, tmax)
	case shapeEllipsoid:
		return p.hitEllipsoid(o, d, tmin, tmax)
	case shapeCapsule:
		return p.hitCapsule(o, d, tmin, tmax)
	}
	return hitRoom(o, d, p.s, tmin, tmax)
}

// recip is 1/x, kept finite.
func recip(x float64) float64 {
	if math.Abs(x) < tiny {
		if x < 0 {
			return -1 / tiny
		}
		return 1 / tiny
	}
	return 1 / x
}

func hitBox(o, d, s vec, tmin, tmax float64) float64 {
	i := recip(d.x)
	a, b := float64((-s.x-o.x)*i), float64((s.x-o.x)*i)
	if a > b {
		a, b = b, a
	}
	near, far := a, b
	i = recip(d.y)
	a, b = float64((-s.y-o.y)*i), float64((s.y-o.y)*i)
	if a > b {
		a, b = b, a
	}
	if a > near {
		near = a
	}
	if b < far {
		far = b
	}
	if near > far {
		return tmax
	}
	i = recip(d.z)
	a, b = float64((-s.z-o.z)*i), float64((s.z-o.z)*i)
	if a > b {
		a, b = b, a
	}
	if a > near {
		near = a
	}
	if b < far {
		far = b
	}
	if near > far || near <= tmin || near >= tmax {
		return tmax
	}
	return near
}

// hitRoom is the far side of a box, met from inside.
func hitRoom(o, d, s vec, tmin, tmax float64) float64 {
	far := tmax
	if t := (math.Copysign(s.x, d.x) - o.x) * recip(d.x); t > tmin && t < far {
		far = t
	}
	if t := (math.Copysign(s.y, d.y) - o.y) * recip(d.y); t > tmin && t < far {
		far = t
	}
	if t := (math.Copysign(s.z, d.z) - o.z) * recip(d.z); t > tmin && t < far {
		far = t
	}
	return far
}

func (p *prim) hitCone(o, d vec, tmin, tmax float64) float64 {
	best := tmax
	r, k, h := p.s.x, p.s.y, p.s.z
	ro := r + float64(k*o.z)
	rd := float64(k * d.z)
	a := float64(d.x*d.x) + float64(d.y*d.y) - float64(rd*rd)
	b := float64(o.x*d.x) + float64(o.y*d.y) - float64(ro*rd)
	c := float64(o.x*o.x) + float64(o.y*o.y) - float64(ro*ro)
	disc := float64(b*b) - float64(a*c)
	if disc >= 0 && math.Abs(a) > tiny {
		q := math.Sqrt(disc)
		i := 1 / a
		t0, t1 := float64((-b-q)*i), float64((-b+q)*i)
		if t0 > t1 {
			t0, t1 = t1, t0
		}
		if z := o.z + float64(t0*d.z); t0 > tmin && t0 < best && z >= -h && z <= h && ro+float64(t0*rd) >= 0 {
			best = t0
		} else if z := o.z + float64(t1*d.z); t1 > tmin && t1 < best && z >= -h && z <= h && ro+float64(t1*rd) >= 0 {
			best = t1
		}
	}
	if p.flags&(capBottom|capTop) == 0 || math.Abs(d.z) < tiny {
		return best
	}
	i := 1 / d.z
	if p.flags&capTop != 0 {
		if t := float64((h - o.z) * i); t > tmin && t < best {
			x, y, rr := o.x+float64(t*d.x), o.y+float64(t*d.y), r+float64(k*h)
			if float64(x*x)+float64(y*y) <= float64(rr*rr) {
				best = t
			}
		}
	}
	if p.flags&capBottom != 0 {
		if t := float64((-h - o.z) * i); t > tmin && t < best {
			x, y, rr := o.x+float64(t*d.x), o.y+float64(t*d.y), r-float64(k*h)
			if float64(x*x)+float64(y*y) <= float64(rr*rr) {
				best = t
			}
		}
	}
	return best
}

func (p *prim) hitEllipsoid(o, d vec, tmin, tmax float64) float64 {
	s := p.s
	o = vec{o.x / s.x, o.y / s.y, o.z / s.z}
	d = vec{d.x / s.x, d.y / s.y, d.z / s.z}
	a, b, c := d.dot(d), o.dot(d), o.dot(o)-1
	disc := float64(b*b) - float64(a*c)
	if disc < 0 {
		return tmax
	}
	q := math.Sqrt(disc)
	i := 1 / a
	if t := float64((-b - q) * i); t > tmin && t < tmax {
		if z := o.z + float64(t*d.z); z >= p.lo && z <= p.hi {
			return t
		}
	}
	if t := float64((-b + q) * i); t > tmin && t < tmax {
		if z := o.z + float64(t*d.z); z >= p.lo && z <= p.hi {
			return t
		}
	}
	return tmax
}

func (p *prim) hitCapsule(o, d vec, tmin, tmax float64) float64 {
	r, h := p.s.x, p.s.z
	a := float64(d.x*d.x) + float64(d.y*d.y)
	b := float64(o.x*d.x) + float64(o.y*d.y)
	c := float64(o.x*o.x) + float64(o.y*o.y) - float64(r*r)
	disc := float64(b*b) - float64(a*c)
	if disc < 0 {
		return tmax
	}
	if a > tiny {
		t := (-b - math.Sqrt(disc)) / a
		if z := o.z + float64(t*d.z); z >= -h && z <= h {
			if t > tmin && t < tmax {
				return t
			}
			return tmax
		}
	}
	best := tmax
	a += float64(d.z * d.z)
	for _, e := range [2]float64{-h, h} {
		z := o.z - e
		b := float64(o.x*d.x) + float64(o.y*d.y) + float64(z*d.z)
		c := float64(o.x*o.x) + float64(o.y*o.y) + float64(z*z) - float64(r*r)
		if disc := float64(b*b) - float64(a*c); disc >= 0 {
			if t := (-b - math.Sqrt(disc)) / a; t > tmin && t < best {
				best = t
			}
		}
	}
	return best
}

// surface returns the outward normal in local coordinates, turned towards the viewer, the face (0 side, 1 end or top,
// by shape) and texture coordinates in metres for the local point q of the surface seen along local direction d.
func (p *prim) surface(q, d vec) (n vec, face int, u, v float64) {
	s := p.s
	switch p.shape {
	case shapeBox, shapeRoom:
		ax, ay, az := math.Abs(q.x)-s.x, math.Abs(q.y)-s.y, math.Abs(q.z)-s.z
		t := q.add(p.tex)
		switch {
		case az >= ax && az >= ay:
			n, face, u, v = vec{0, 0, math.Copysign(1, q.z)}, 2, t.x, t.y
		case ax >= ay:
			n, face, u, v = vec{math.Copysign(1, q.x), 0, 0}, 0, t.y, t.z
		default:
			n, face, u, v = vec{0, math.Copysign(1, q.y), 0}, 1, t.x, t.z
		}
		if p.bevel > 0 {
			i := 1 / p.bevel
			w := vec{bend(ax, q.x, i), bend(ay, q.y, i), bend(az, q.z, i)}
			return n.madd(w, 0.7).unit(), face, u, v // a bent normal may lean away: it must not be turned
		}
	case shapeCone:
		if p.flags&capTop != 0 && q.z > s.z-1e-7 {
			n, face, u, v = vec{0, 0, 1}, 2, q.x+p.tex.x, q.y+p.tex.y
			break
		}
		if p.flags&capBottom != 0 && q.z < -s.z+1e-7 {
			n, face, u, v = vec{0, 0, -1}, 2, q.x+p.tex.x, q.y+p.tex.y
			break
		}
		r := s.x + float64(s.y*q.z)
		n = vec{q.x, q.y, -float64(s.y * r)}.unit()
		u, v = float64(atan2(q.y, q.x)*s.x), q.z+p.tex.z
	case shapeEllipsoid:
		n = vec{q.x / float64(s.x*s.x), q.y / float64(s.y*s.y), q.z / float64(s.z*s.z)}.unit()
		u, v = q.x+p.tex.x+float64(q.z*0.7), q.y+p.tex.y+float64(q.z*0.7)
	case shapeCapsule:
		z := clamp(q.z, -s.z, s.z)
		n = vec{q.x, q.y, q.z - z}.unit()
		u, v = q.x+p.tex.x, q.z+p.tex.z
	}
	if n.dot(d) > 0 {
		n = n.mul(-1)
	}
	return n, face, u, v
}

// bend is how far a normal leans towards an axis at distance a < 0 from the box's face.
func bend(a, q, i float64) float64 {
	w := 1 + float64(a*i)
	if w <= 0 {
		return 0
	}
	return math.Copysign(w, q)
}
