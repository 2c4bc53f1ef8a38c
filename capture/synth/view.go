package synth

import (
	"github.com/depthwise/depthwise/capture"
)

const tileSize = 16

// view is one camera's rays and what they hit.
type view struct {
	in     capture.Intrinsics
	ray    []float64 // x, y of each pixel's ray at z = 1, lens distortion taken out
	tw, th int
	tile   []extent // of each tile's rays
	pose   frame
	bounds []extent // of each primitive, on the plane z = 1
	origin []vec    // the camera in each primitive's frame
	id     []int32  // primitive at each pixel
	z      []float64
}

// extent is a rectangle on the plane z = 1, and the smallest z of what it bounds.
type extent struct{ x0, y0, x1, y1, z float64 }

func newView(in capture.Intrinsics) *view {
	w, h := in.Width, in.Height
	v := &view{in: in, ray: make([]float64, 2*w*h), id: make([]int32, w*h), z: make([]float64, w*h)}
	v.tw, v.th = (w+tileSize-1)/tileSize, (h+tileSize-1)/tileSize
	v.tile = make([]extent, v.tw*v.th)
	for i := range v.tile {
		v.tile[i] = extent{1e9, 1e9, -1e9, -1e9, 0}
	}
	for y := range h {
		for x := range w {
			u, t := undistort(in, float64(x), float64(y))
			i := y*w + x
			v.ray[2*i], v.ray[2*i+1] = u, t
			e := &v.tile[y/tileSize*v.tw+x/tileSize]
			e.x0, e.x1 = min(e.x0, u), max(e.x1, u)
			e.y0, e.y1 = min(e.y0, t), max(e.y1, t)
		}
	}
	return v
}

// undistort returns the ray at z = 1 that the lens images at pixel (px, py): Brown-Conrady turned round by fixed-point
// steps, which converge for the mild lenses here.
func undistort(in capture.Intrinsics, px, py float64) (x, y float64) {
	u, v := (px-in.Cx)/in.Fx, (py-in.Cy)/in.Fy
	x, y = u, v
	if in.Model != capture.BrownConrady {
		return x, y
	}
	for range 12 {
		dx, dy := distort(in.Coeffs, x, y)
		x, y = x+u-dx, y+v-dy
	}
	return x, y
}

// distort applies Brown-Conrady coefficients k1, k2, p1, p2, k3.
func distort(c [5]float64, x, y float64) (float64, float64) {
	r2 := float64(x*x) + float64(y*y)
	k := horner(r2, 1, c[0], c[1], c[4])
	xy := float64(2 * float64(x*y))
	return float64(x*k) + float64(c[2]*xy) + float64(c[3]*(r2+float64(2*float64(x*x)))),
		float64(y*k) + float64(c[3]*xy) + float64(c[2]*(r2+float64(2*float64(y*y))))
}

const nearPlane = 0.02

// look prepares the primitives' bounds as seen from pose.
func (v *view) look(s *scene, pose frame) {
	v.pose = pose
	v.bounds, v.origin = v.bounds[:0], v.origin[:0]
	for i := range s.prims {
		p := &s.prims[i]
		v.origin = append(v.origin, p.local(pose.o.sub(p.o)))
		if p.shape == shapeRoom {
			v.bounds = append(v.bounds, extent{-1e9, -1e9, 1e9, 1e9, 0})
			continue
		}
		v.bounds = append(v.bounds, v.bound(p))
	}
}

// bound projects the primitive's box, cut at the near plane.
func (v *view) bound(p *prim) extent {
	e := extent{1e9, 1e9, -1e9, -1e9, 1e9}
	c := v.pose.local(p.o.sub(v.pose.o))
	x, y, z := v.pose.local(p.x.mul(p.ext.x)), v.pose.local(p.y.mul(p.ext.y)), v.pose.local(p.z.mul(p.ext.z))
	var q [8]vec
	behind := 0
	for i := range q {
		a := c
		for k, d := range [3]vec{x, y, z} {
			if i>>k&1 != 0 {
				a = a.add(d)
			} else {
				a = a.sub(d)
			}
		}
		q[i] = a
		if a.z < nearPlane {
			behind++
		} else {
			e.take(a)
		}
	}
	if behind == 8 {
		return e
	}
	if behind > 0 {
		for i := range q {
			for k := range 3 {
				j := i | 1<<k
				if j == i || (q[i].z < nearPlane) == (q[j].z < nearPlane) {
					continue
				}
				t := (nearPlane - q[i].z) / (q[j].z - q[i].z)
				a := q[i].madd(q[j].sub(q[i]), t)
				a.z = nearPlane
				e.take(a)
			}
		}
	}
	const slack = 1e-6
	e.x0, e.y0, e.x1, e.y1 = e.x0-slack, e.y0-slack, e.x1+slack, e.y1+slack
	return e
}

func (e *extent) take(a vec) {
	i := 1 / a.z
	x, y := float64(a.x*i), float64(a.y*i)
	e.x0, e.x1 = min(e.x0, x), max(e.x1, x)
	e.y0, e.y1 = min(e.y0, y), max(e.y1, y)
	e.z = min(e.z, a.z)
}

// candidate is a primitive that may cover a tile.
type candidate struct {
	extent
	id int32
}

// trace fills id and z for one row of tiles. list is scratch memory, returned for use again.
func (v *view) trace(s *scene, row int, list []candidate) []candidate {
	w, h := v.in.Width, v.in.Height
	band := extent{1e9, 1e9, -1e9, -1e9, 0}
	for c := range v.tw {
		t := &v.tile[row*v.tw+c]
		band.y0, band.y1 = min(band.y0, t.y0), max(band.y1, t.y1)
	}
	list = list[:0]
	for i := range v.bounds {
		e := &v.bounds[i]
		if e.y0 <= band.y1 && e.y1 >= band.y0 && e.x0 <= e.x1 {
			list = append(list, candidate{*e, int32(i)})
		}
	}
	sortCandidates(list)
	n := len(list)
	for c := range v.tw {
		t := &v.tile[row*v.tw+c]
		list = list[:n]
		for _, k := range list[:n] {
			if k.y0 <= t.y1 && k.y1 >= t.y0 && k.x0 <= t.x1 && k.x1 >= t.x0 {
				list = append(list, k)
			}
		}
		mine := list[n:]
		for y := row * tileSize; y < min(h, (row+1)*tileSize); y++ {
			for x := c * tileSize; x < min(w, (c+1)*tileSize); x++ {
				i := y*w + x
				v.id[i], v.z[i] = v.first(s, mine, v.ray[2*i], v.ray[2*i+1])
			}
		}
	}
	return list
}

// first finds the nearest of the candidates, which are sorted by their nearest z.
func (v *view) first(s *scene, list []candidate, x, y float64) (int32, float64) {
	d := v.pose.z.madd(v.pose.x, x).madd(v.pose.y, y)
	best, id := 1e9, int32(0)
	for i := range list {
		k := &list[i]
		if k.z > best {
			break
		}
		if x < k.x0 || x > k.x1 || y < k.y0 || y > k.y1 {
			continue
		}
		p := &s.prims[k.id]
		if t := p.hit(v.origin[k.id], p.local(d), nearPlane, best); t < best {
			best, id = t, k.id
		}
	}
	return id, best
}

func sortCandidates(l []candidate) {
	// Shell sort: no allocation, and the order of equals does not matter to the picture but must be fixed.
	for gap := len(l) / 2; gap > 0; gap = gap * 5 / 11 {
		for i := gap; i < len(l); i++ {
			k := l[i]
			j := i
			for ; j >= gap && (l[j-gap].z > k.z || l[j-gap].z == k.z && l[j-gap].id > k.id); j -= gap {
				l[j] = l[j-gap]
			}
			l[j] = k
		}
		if gap == 2 {
			gap = 3
		}
	}
}

// hitAt is everything about the point seen at pixel i.
type hitPoint struct {
	p    *prim
	pos  vec // world
	n    vec // world, towards the viewer
	flat vec // n without bumps
	face int
	u, v float64
	mat  int32
	d    vec // the ray, of length sqrt(1+x²+y²)
}

func (v *view) at(s *scene, i int) hitPoint {
	d := v.pose.z.madd(v.pose.x, v.ray[2*i]).madd(v.pose.y, v.ray[2*i+1])
	p := &s.prims[v.id[i]]
	o := v.origin[v.id[i]]
	ld := p.local(d)
	q := o.madd(ld, v.z[i])
	n, face, u, t := p.surface(q, ld)
	h := hitPoint{p: p, pos: v.pose.o.madd(d, v.z[i]), face: face, u: u, v: t, mat: p.mat, d: d}
	h.n = p.x.mul(n.x).madd(p.y, n.y).madd(p.z, n.z)
	if p.shape == shapeRoom {
		switch {
		case face == 2 && q.z < 0:
			h.mat++
		case face == 2:
			h.mat += 2
		case face == 0 && q.x > 0:
			h.mat += 3
		}
	}
	h.flat = h.n
	return h
}

// class is the label of the point.
func (h *hitPoint) class() uint8 {
	if h.p.class == classTable && (h.face != 2 || h.flat.z < 0) {
		return classBackground
	}
	return h.p.class
}
