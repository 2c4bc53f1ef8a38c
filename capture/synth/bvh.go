package synth

// node of the bounding-volume hierarchy. A leaf has count > 0 and covers order[first : first+count]; an inner node's
// children are the next node and node right.
type node struct {
	box   [2]vec // lower and upper corner
	right int32
	first int32
	count int32
}

// bvh answers the shadow and occlusion rays.
type bvh struct {
	nodes []node
	order []int32
}

// build covers the primitives but the room's shell, which never stands between two points inside it.
func (b *bvh) build(prims []prim) {
	b.nodes, b.order = b.nodes[:0], b.order[:0]
	for i := range prims {
		if prims[i].shape != shapeRoom {
			b.order = append(b.order, int32(i))
		}
	}
	if len(b.order) > 0 {
		b.split(prims, 0, len(b.order))
	}
}

func (b *bvh) split(prims []prim, lo, hi int) {
	i := len(b.nodes)
	b.nodes = append(b.nodes, node{})
	first := &prims[b.order[lo]]
	mn, mx := first.bmin, first.bmax
	cmn, cmx := first.o, first.o
	for _, k := range b.order[lo:hi] {
		p := &prims[k]
		mn, mx = mn.min(p.bmin), mx.max(p.bmax)
		cmn, cmx = cmn.min(p.o), cmx.max(p.o)
	}
	n := node{box: [2]vec{mn, mx}}
	if hi-lo <= 3 {
		n.first, n.count = int32(lo), int32(hi-lo)
		b.nodes[i] = n
		return
	}
	mid := b.partition(prims, lo, hi, cmn, cmx)
	b.split(prims, lo, mid)
	n.right = int32(len(b.nodes))
	b.split(prims, mid, hi)
	b.nodes[i] = n
}

const bins = 12

// partition reorders order[lo:hi] at the cheapest of some planes by the surface-area heuristic (Wald 2007) and returns
// the border; a range that no plane divides is halved.
func (b *bvh) partition(prims []prim, lo, hi int, cmn, cmx vec) int {
	e := cmx.sub(cmn)
	bestCost, bestAxis, bestBin := 1e30, -1, 0
	var scale [3]float64
	for axis, w := range [3]float64{e.x, e.y, e.z} {
		if w < 1e-6 {
			continue
		}
		scale[axis] = bins / float64(w*1.0001)
		var mn, mx [bins]vec
		var count [bins]int
		for _, k := range b.order[lo:hi] {
			p := &prims[k]
			i := binOf(p, axis, cmn, scale[axis])
			if count[i] == 0 {
				mn[i], mx[i] = p.bmin, p.bmax
			} else {
				mn[i], mx[i] = mn[i].min(p.bmin), mx[i].max(p.bmax)
			}
			count[i]++
		}
		var left [bins]float64
		sweep := func(i int, n *int, lo, hi *vec) float64 {
			if count[i] > 0 {
				if *n == 0 {
					*lo, *hi = mn[i], mx[i]
				} else {
					*lo, *hi = lo.min(mn[i]), hi.max(mx[i])
				}
				*n += count[i]
			}
			if *n == 0 {
				return 0
			}
			d := hi.sub(*lo)
			return float64((float64(d.x*d.y) + float64(d.y*d.z) + float64(d.z*d.x)) * float64(*n))
		}
		n, l, h := 0, vec{}, vec{}
		for i := range bins {
			left[i] = sweep(i, &n, &l, &h)
		}
		n = 0
		for i := bins - 1; i > 0; i-- {
			cost := sweep(i, &n, &l, &h) + left[i-1]
			if n > 0 && n < hi-lo && cost < bestCost {
				bestCost, bestAxis, bestBin = cost, axis, i
			}
		}
	}
	if bestAxis < 0 {
		return (lo + hi) / 2
	}
	i, j := lo, hi
	for i < j {
		if binOf(&prims[b.order[i]], bestAxis, cmn, scale[bestAxis]) < bestBin {
			i++
		} else {
			j--
			b.order[i], b.order[j] = b.order[j], b.order[i]
		}
	}
	return i
}

func binOf(p *prim, axis int, lo vec, scale float64) int {
	d := p.o.x - lo.x
	switch axis {
	case 1:
		d = p.o.y - lo.y
	case 2:
		d = p.o.z - lo.z
	}
	return min(max(int(float64(d*scale)), 0), bins-1)
}

// ray is what boxes are tried with.
type ray struct{ o, i vec } // from, 1/direction

func newRay(o, d vec) ray { return ray{o, vec{recip(d.x), recip(d.y), recip(d.z)}} }

// crosses tells whether the ray meets the box [lo, hi] before tmax.
func (r *ray) crosses(lo, hi *vec, tmax float64) bool {
	near, far := float64((lo.x-r.o.x)*r.i.x), float64((hi.x-r.o.x)*r.i.x)
	if r.i.x < 0 {
		near, far = far, near
	}
	a, b := float64((lo.y-r.o.y)*r.i.y), float64((hi.y-r.o.y)*r.i.y)
	if r.i.y < 0 {
		a, b = b, a
	}
	if a > near {
		near = a
	}
	if b < far {
		far = b
	}
	a, b = float64((lo.z-r.o.z)*r.i.z), float64((hi.z-r.o.z)*r.i.z)
	if r.i.z < 0 {
		a, b = b, a
	}
	if a > near {
		near = a
	}
	if b < far {
		far = b
	}
	return near <= far && far >= 0 && near <= tmax
}

// blocked tells whether anything lies on the ray within (tmin, tmax).
func (b *bvh) blocked(prims []prim, o, d vec, tmin, tmax float64) bool {
	if len(b.nodes) == 0 {
		return false
	}
	r := newRay(o, d)
	var stack [96]int32
	top := 1
	for top > 0 {
		top--
		k := stack[top]
		n := &b.nodes[k]
		if !r.crosses(&n.box[0], &n.box[1], tmax) {
			continue
		}
		if n.count == 0 {
			stack[top], stack[top+1] = n.right, k+1
			top += 2
			continue
		}
		for _, j := range b.order[n.first : n.first+n.count] {
			p := &prims[j]
			if p.hit(p.local(o.sub(p.o)), p.local(d), tmin, tmax) < tmax {
				return true
			}
		}
	}
	return false
}

// nearest returns the first hit within (tmin, tmax) and its primitive, or tmax and -1.
func (b *bvh) nearest(prims []prim, o, d vec, tmin, tmax float64) (float64, int) {
	best, id := tmax, -1
	if len(b.nodes) == 0 {
		return best, id
	}
	r := newRay(o, d)
	var stack [96]int32
	top := 1
	for top > 0 {
		top--
		k := stack[top]
		n := &b.nodes[k]
		if !r.crosses(&n.box[0], &n.box[1], best) {
			continue
		}
		if n.count == 0 {
			stack[top], stack[top+1] = n.right, k+1
			top += 2
			continue
		}
		for _, j := range b.order[n.first : n.first+n.count] {
			p := &prims[j]
			if t := p.hit(p.local(o.sub(p.o)), p.local(d), tmin, best); t < best {
				best, id = t, int(j)
			}
		}
	}
	return best, id
}
