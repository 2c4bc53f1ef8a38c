package synth

import "math"

// axes are a camera's axes in a primitive's frame: the local direction of ray (x, y) is z + x·X + y·Y.
type axes struct{ x, y, z vec }

// span is the extent of the rays of blocks [x0, x1) × [y0, y1).
func (v *view) span(x0, y0, x1, y1 int) extent {
	e := v.block[y0*v.bw+x0]
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			b := &v.block[y*v.bw+x]
			e.x0, e.x1 = min(e.x0, b.x0), max(e.x1, b.x1)
			e.y0, e.y1 = min(e.y0, b.y0), max(e.y1, b.y1)
		}
	}
	return e
}

// cull appends to list those of the candidates from that rays within e may meet first, sorted by how near they can be.
func (v *view) cull(s *scene, list, from []candidate, e extent) []candidate {
	first, clip := len(list), math.Inf(1)
	for i := range from {
		k := &from[i]
		if k.y0 > e.y1 || k.y1 < e.y0 || k.x0 > e.x1 || k.x1 < e.x0 {
			continue
		}
		c := v.crossing(s, k.id, &e)
		if c.in > c.out || c.in > clip {
			continue
		}
		if c.axis >= 0 {
			clip = min(clip, c.last)
		}
		j := len(list)
		list = append(list, candidate{})
		for ; j > first && list[j-1].in > c.in; j-- {
			list[j] = list[j-1]
		}
		list[j] = *k
		list[j].in = c.in
	}
	n := len(list)
	for n > first && list[n-1].in > clip {
		n--
	}
	return list[:n]
}

// fillFace fills the blocks [bx0, bx1) × [by0, by1) when all their rays meet the same face of a box or of the room, and
// tells whether they do. The arithmetic for a pixel is that of hitBox and hitRoom.
func (v *view) fillFace(s *scene, list []candidate, bx0, by0, bx1, by1 int) bool {
	if len(list) != 1 {
		return false
	}
	id := list[0].id
	e := v.span(bx0, by0, bx1, by1)
	c := v.crossing(s, id, &e)
	if c.axis < 0 {
		return false
	}
	p, o := &s.prims[id], v.origin[id]
	var a vec
	var size, from float64
	switch c.axis {
	case 0:
		a, size, from = p.x, p.s.x, o.x
	case 1:
		a, size, from = p.y, p.s.y, o.y
	default:
		a, size, from = p.z, p.s.z, o.z
	}
	if c.back == (p.shape == shapeBox) {
		size = -size
	}
	n := -size - from
	w, h := v.in.Width, v.in.Height
	x0, x1 := bx0*blockSize, min(bx1*blockSize, w)
	for y := by0 * blockSize; y < min(by1*blockSize, h); y++ {
		ids, zs, rays := v.id[y*w+x0:y*w+x1], v.z[y*w+x0:y*w+x1], v.ray[2*(y*w+x0):2*(y*w+x1)]
		for i := range zs {
			d := v.pose.z.madd(v.pose.x, rays[2*i]).madd(v.pose.y, rays[2*i+1])
			ids[i], zs[i] = id, float64(n*recip(d.dot(a)))
		}
	}
	return true
}

// crossing is what can be said of where a bundle of rays meets a primitive.
type crossing struct {
	in, out float64 // no ray meets it before in or after out
	axis    int     // -1, or the axis across the face of the box or room that every ray meets first,
	last    float64 // none of them after last;
	back    bool    // the rays go down the axis
}

// crossing bounds where rays within e meet primitive id, from the bounds of its three pairs of planes. Directions are
// taken 1e-9 wider than they are, which is more than all rounding.
func (v *view) crossing(s *scene, id int32, e *extent) crossing {
	p, o, a := &s.prims[id], &v.origin[id], &v.axes[id]
	size := p.ext
	if p.shape != shapeBox && p.shape != shapeRoom { // a tangent ray is found to meet it a little outside
		size = size.add(vec{1e-6, 1e-6, 1e-6})
	}
	cx, cy := float64(0.5*(e.x0+e.x1)), float64(0.5*(e.y0+e.y1))
	rx, ry := e.x1-cx, e.y1-cy
	mid := a.z.madd(a.x, cx).madd(a.y, cy)
	r := vec{
		float64(math.Abs(a.x.x)*rx) + float64(math.Abs(a.y.x)*ry) + 1e-9,
		float64(math.Abs(a.x.y)*rx) + float64(math.Abs(a.y.y)*ry) + 1e-9,
		float64(math.Abs(a.x.z)*rx) + float64(math.Abs(a.y.z)*ry) + 1e-9,
	}
	k := [3]slab{crossSlab(o.x, size.x, mid.x, r.x), crossSlab(o.y, size.y, mid.y, r.y), crossSlab(o.z, size.z, mid.z, r.z)}
	c := crossing{axis: -1}
	if p.shape == shapeRoom {
		c.in, c.out = min(k[0].leave, k[1].leave, k[2].leave), math.Inf(1)
		for i := range k {
			l, m := &k[(i+1)%3], &k[(i+2)%3]
			if k[i].lastLeave < min(l.leave, m.leave) && k[i].leave > nearPlane {
				c.axis, c.last, c.back = i, k[i].lastLeave, k[i].back
			}
		}
		return c
	}
	c.in = max(k[0].enter, k[1].enter, k[2].enter)
	c.out = min(k[0].lastLeave, k[1].lastLeave, k[2].lastLeave)
	if p.shape != shapeBox {
		return c
	}
	leave := min(k[0].leave, k[1].leave, k[2].leave)
	for i := range k {
		l, m := &k[(i+1)%3], &k[(i+2)%3]
		if k[i].enter > max(l.lastEnter, m.lastEnter, nearPlane) && k[i].lastEnter < leave {
			c.axis, c.last, c.back = i, k[i].lastEnter, k[i].back
		}
	}
	return c
}

// slab bounds when rays enter and leave the space between two parallel planes.
type slab struct {
	enter, lastEnter float64
	leave, lastLeave float64
	back             bool // the rays go down the axis
}

// crossSlab is for planes at -s and s, rays from o and directions within r of d.
func crossSlab(o, s, d, r float64) slab {
	if d < 0 {
		k := crossSlab(-o, s, -d, r)
		k.back = !k.back
		return k
	}
	inf := math.Inf(1)
	if d > r {
		slow, fast := 1/(d-r), 1/(d+r)
		n := -s - o
		k := slab{enter: float64(n * fast), lastEnter: float64(n * slow)}
		if n < 0 {
			k.enter, k.lastEnter = k.lastEnter, k.enter
		}
		n = s - o
		k.leave, k.lastLeave = float64(n*fast), float64(n*slow)
		if n < 0 {
			k.leave, k.lastLeave = k.lastLeave, k.leave
		}
		return k
	}
	up, down := 1/(d+r), 1/max(r-d, tiny) // both ways are possible
	switch {
	case o > s:
		t := float64((o - s) * down)
		return slab{t, inf, t, inf, false}
	case o < -s:
		t := float64((-s - o) * up)
		return slab{t, inf, t, inf, false}
	}
	return slab{-inf, 0, min(float64((s-o)*up), float64((s+o)*down)), inf, false}
}
