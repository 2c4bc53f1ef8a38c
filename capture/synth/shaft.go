package synth

// shaft is the space swept by a box that moves and changes from box a to box b in a straight line: it holds every ray
// from a point of a to a point of b. What stands in it may block one of them; nothing else can.
type shaft struct {
	hi, lo     vec // of a
	ihi, ilo   vec // 1/(b.hi − a.hi), 1/(b.lo − a.lo)
	candidates []int32
}

// hull is a box that grows around points.
type hull struct{ lo, hi vec }

var noHull = hull{vec{1e9, 1e9, 1e9}, vec{-1e9, -1e9, -1e9}}

func (h *hull) take(p vec) { h.lo, h.hi = h.lo.min(p), h.hi.max(p) }

func (h hull) grow(m float64) hull {
	e := vec{m, m, m}
	return hull{h.lo.sub(e), h.hi.add(e)}
}

// aim directs the shaft from a to b and gathers the primitives that stand in it.
func (f *shaft) aim(t *bvh, prims []prim, a, b hull) {
	const slack = 1e-6 // more than all rounding, metres
	a, b = a.grow(slack), b.grow(slack)
	f.lo, f.hi = a.lo, a.hi
	u, l := b.hi.sub(a.hi), b.lo.sub(a.lo)
	f.ihi, f.ilo = vec{recip(u.x), recip(u.y), recip(u.z)}, vec{recip(l.x), recip(l.y), recip(l.z)}
	f.candidates = f.candidates[:0]
	if len(t.nodes) == 0 {
		return
	}
	var stack [96]int32
	top := 1
	for top > 0 {
		top--
		k := stack[top]
		n := &t.nodes[k]
		if !f.meets(&n.box[0], &n.box[1]) {
			continue
		}
		if n.count == 0 {
			stack[top], stack[top+1] = n.right, k+1
			top += 2
			continue
		}
		for _, j := range t.order[n.first : n.first+n.count] {
			if p := &prims[j]; f.meets(&p.bmin, &p.bmax) {
				f.candidates = append(f.candidates, j)
			}
		}
	}
}

// meets tells whether the moving box overlaps the box [lo, hi] at any time in [0, 1]. Each side of the box is passed at
// one time; the overlap begins after it or ends before it.
func (f *shaft) meets(lo, hi *vec) bool {
	from, to := 0.0, 1.0
	if t := float64((lo.x - f.hi.x) * f.ihi.x); f.ihi.x < 0 {
		to = min(to, t)
	} else {
		from = max(from, t)
	}
	if t := float64((hi.x - f.lo.x) * f.ilo.x); f.ilo.x < 0 {
		from = max(from, t)
	} else {
		to = min(to, t)
	}
	if t := float64((lo.y - f.hi.y) * f.ihi.y); f.ihi.y < 0 {
		to = min(to, t)
	} else {
		from = max(from, t)
	}
	if t := float64((hi.y - f.lo.y) * f.ilo.y); f.ilo.y < 0 {
		from = max(from, t)
	} else {
		to = min(to, t)
	}
	if t := float64((lo.z - f.hi.z) * f.ihi.z); f.ihi.z < 0 {
		to = min(to, t)
	} else {
		from = max(from, t)
	}
	if t := float64((hi.z - f.lo.z) * f.ilo.z); f.ilo.z < 0 {
		from = max(from, t)
	} else {
		to = min(to, t)
	}
	return from <= to
}

// blocked tells whether a candidate lies on the ray within (0, tmax). The one found moves to the front: the next ray
// tries it first.
func (f *shaft) blocked(prims []prim, o, d vec, tmax float64) bool {
	if len(f.candidates) == 0 {
		return false
	}
	r := newRay(o, d)
	for i, j := range f.candidates {
		p := &prims[j]
		if r.crosses(&p.bmin, &p.bmax, tmax) && p.hit(p.local(o.sub(p.o)), p.local(d), 0, tmax) < tmax {
			f.candidates[0], f.candidates[i] = f.candidates[i], f.candidates[0]
			return true
		}
	}
	return false
}
