package synth

import (
	"cmp"
	"slices"
)

// node of the bounding-volume hierarchy. A leaf has count > 0 and covers order[first : first+count]; an inner node's
// children are the next node and node right.
type node struct {
	min, max vec
	right    int32
	first    int32
	count    int32
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
	n := node{min: mn, max: mx}
	if hi-lo <= 3 {
		n.first, n.count = int32(lo), int32(hi-lo)
		b.nodes[i] = n
		return
	}
	e := cmx.sub(cmn)
	axis := func(p *prim) float64 { return p.o.x }
	if e.y > e.x && e.y >= e.z {
		axis = func(p *prim) float64 { return p.o.y }
	} else if e.z > e.x && e.z > e.y {
		axis = func(p *prim) float64 { return p.o.z }
	}
	slices.SortFunc(b.order[lo:hi], func(x, y int32) int {
		if c := cmp.Compare(axis(&prims[x]), axis(&prims[y])); c != 0 {
			return c
		}
		return cmp.Compare(x, y)
	})
	mid := (lo + hi) / 2
	b.split(prims, lo, mid)
	n.right = int32(len(b.nodes))
	b.split(prims, mid, hi)
	b.nodes[i] = n
}

// crosses tells whether the ray meets the node's box before tmax. i is 1/d.
func (n *node) crosses(o, i vec, tmax float64) bool {
	a, b := float64((n.min.x-o.x)*i.x), float64((n.max.x-o.x)*i.x)
	if a > b {
		a, b = b, a
	}
	near, far := max(a, 0), min(b, tmax)
	a, b = float64((n.min.y-o.y)*i.y), float64((n.max.y-o.y)*i.y)
	if a > b {
		a, b = b, a
	}
	near, far = max(near, a), min(far, b)
	a, b = float64((n.min.z-o.z)*i.z), float64((n.max.z-o.z)*i.z)
	if a > b {
		a, b = b, a
	}
	near, far = max(near, a), min(far, b)
	return near <= far
}

// blocked tells whether anything lies on the ray within (tmin, tmax).
func (b *bvh) blocked(prims []prim, o, d vec, tmin, tmax float64) bool {
	if len(b.nodes) == 0 {
		return false
	}
	i := vec{recip(d.x), recip(d.y), recip(d.z)}
	var stack [48]int32
	top := 1
	for top > 0 {
		top--
		k := stack[top]
		n := &b.nodes[k]
		if !n.crosses(o, i, tmax) {
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
	i := vec{recip(d.x), recip(d.y), recip(d.z)}
	var stack [48]int32
	top := 1
	for top > 0 {
		top--
		k := stack[top]
		n := &b.nodes[k]
		if !n.crosses(o, i, best) {
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
