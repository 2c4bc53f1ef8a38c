package synth

import (
	"math"

	"github.com/depthwise/depthwise/capture"
)

// Rays are traced by tiles of tileSize pixels, and those that see more than one face by blocks of blockSize.
const (
	tileSize  = 16
	blockSize = 8
)

// view is one camera's rays and what they hit.
type view struct {
	in     capture.Intrinsics
	ray    []float64 // x, y of each pixel's ray at z = 1, lens distortion taken out
	bw, bh int
	block  []extent // of each block's rays
	th     int      // rows of tiles
	pose   frame
	bounds []extent // of each primitive, on the plane z = 1
	origin []vec    // the camera in each primitive's frame
	axes   []axes   // the camera's axes in each primitive's frame
	id     []int32  // primitive at each pixel
	z      []float64
}

// extent is a rectangle on the plane z = 1, and the smallest z of what it bounds.
type extent struct{ x0, y0, x1, y1, z float64 }

func newView(in capture.Intrinsics) *view {
	w, h := in.Width, in.Height
	v := &view{in: in, ray: make([]float64, 2*w*h), id: make([]int32, w*h), z: make([]float64, w*h)}
	v.bw, v.bh, v.th = (w+blockSize-1)/blockSize, (h+blockSize-1)/blockSize, (h+tileSize-1)/tileSize
	v.block = make([]extent, v.bw*v.bh)
	for i := range v.block {
		v.block[i] = extent{1e9, 1e9, -1e9, -1e9, 0}
	}
	for y := range h {
		for x := range w {
			u, t := undistort(in, float64(x), float64(y))
			i := y*w + x
			v.ray[2*i], v.ray[2*i+1] = u, t
			e := &v.block[y/blockSize*v.bw+x/blockSize]
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
	v.bounds, v.origin, v.axes = v.bounds[:0], v.origin[:0], v.axes[:0]
	for i := range s.prims {
		p := &s.prims[i]
		v.origin = append(v.origin, p.local(pose.o.sub(p.o)))
		v.axes = append(v.axes, axes{p.local(pose.x), p.local(pose.y), p.local(pose.z)})
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
	id, rank int32   // of two at the same distance the lower rank is seen
	in       float64 // no ray of the tile meets it before
}

// trace fills id and z for one row of tiles. list is scratch memory, returned for use again.
func (v *view) trace(s *scene, row int, list []candidate) []candidate {
	const n = tileSize / blockSize
	y0, y1 := row*n, min((row+1)*n, v.bh)
	band := v.span(0, y0, v.bw, y1)
	list = list[:0]
	for i := range v.bounds {
		e := &v.bounds[i]
		if e.y0 <= band.y1 && e.y1 >= band.y0 && e.x0 <= e.x1 {
			list = append(list, candidate{extent: *e, id: int32(i)})
		}
	}
	sortCandidates(list)
	for i := range list {
		list[i].rank = int32(i)
	}
	all := len(list)
	for x0 := 0; x0 < v.bw; x0 += n {
		x1 := min(x0+n, v.bw)
		list = v.cull(s, list[:all], list[:all], v.span(x0, y0, x1, y1))
		mine := len(list)
		if v.fillFace(s, list[all:], x0, y0, x1, y1) {
			continue
		}
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				list = v.cull(s, list[:mine], list[all:mine], v.span(x, y, x+1, y+1))
				if !v.fillFace(s, list[mine:], x, y, x+1, y+1) {
					v.fill(s, list[mine:], x, y)
				}
			}
		}
	}
	return list
}

// fill traces the pixels of block (bx, by) one by one.
func (v *view) fill(s *scene, list []candidate, bx, by int) {
	w, h := v.in.Width, v.in.Height
	for y := by * blockSize; y < min((by+1)*blockSize, h); y++ {
		for x := bx * blockSize; x < min((bx+1)*blockSize, w); x++ {
			i := y*w + x
			v.id[i], v.z[i] = v.first(s, list, v.ray[2*i], v.ray[2*i+1])
		}
	}
}

// first finds the nearest of the candidates, which are sorted by how near they can be.
func (v *view) first(s *scene, list []candidate, x, y float64) (int32, float64) {
	d := v.pose.z.madd(v.pose.x, x).madd(v.pose.y, y)
	best, limit, id, rank := 1e9, 1e9, int32(0), int32(math.MaxInt32)
	for i := range list {
		k := &list[i]
		if k.in > best {
			break
		}
		if x < k.x0 || x > k.x1 || y < k.y0 || y > k.y1 {
			continue
		}
		p := &s.prims[k.id]
		t := p.hit(v.origin[k.id], p.local(d), nearPlane, limit)
		if t < best || t == best && t < limit && k.rank < rank {
			best, id, rank = t, k.id, k.rank
			limit = math.Nextafter(best, 2e9) // what is as near must be seen too
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

// hitPoint is everything about the point that a pixel sees.
type hitPoint struct {
	p    *prim
	pos  vec // world
	n    vec // world, towards the viewer
	face int
	u, v float64
	mat  int32
	d    vec // the ray, of length sqrt(1+x²+y²)
}

// at fills h for pixel i.
func (v *view) at(s *scene, i int, h *hitPoint) {
	id, z := v.id[i], v.z[i]
	d := v.pose.z.madd(v.pose.x, v.ray[2*i]).madd(v.pose.y, v.ray[2*i+1])
	p := &s.prims[id]
	ld := p.local(d)
	q := v.origin[id].madd(ld, z)
	n, face, u, t := p.surface(q, ld)
	h.p, h.d, h.face, h.u, h.v, h.mat = p, d, face, u, t, p.mat
	h.pos = v.pose.o.madd(d, z)
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
}

// inside is the indoor label of the point.
func (h *hitPoint) inside() uint8 {
	switch h.class() {
	case classTable:
		return indoorTable
	case classObject:
		return indoorObject
	}
	if h.p.shape != shapeRoom {
		return h.p.indoor
	}
	switch h.mat - h.p.mat {
	case 1:
		return indoorFloor
	case 2:
		return indoorCeiling
	}
	return indoorWall
}

// class is the label of the point.
func (h *hitPoint) class() uint8 {
	if h.p.class == classTable && (h.face != 2 || h.n.z < 0) {
		return classBackground
	}
	return h.p.class
}
