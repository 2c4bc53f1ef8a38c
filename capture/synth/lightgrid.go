package synth

const gridStep = 4 // pixels between the points where light is sampled

// gridPoint holds how much of each light and of the ambience reaches a point.
type gridPoint struct {
	n     vec
	id    int32
	open  float32    // share of the ambience
	light [4]float32 // share of each light that is not in shadow
	refl  [3]float32 // what a mirror would show
}

// gridLight is what a point of the grid sends back.
type gridLight struct {
	irr   [3]float32 // a white surface
	gleam [3]float32 // highlights and reflections
}

// lightGrid samples shadows at every fourth pixel with one ray per light, aimed at a different part of the light from
// point to point; smoothing over neighbours of the same surface then gives soft shadows (interleaved sampling, Keller
// and Heidrich 2001).
type lightGrid struct {
	w, h   int
	raw    []gridPoint
	smooth []gridPoint
	lit    []gridLight
}

func (g *lightGrid) resize(w, h int) {
	g.w, g.h = (w+gridStep-1)/gridStep+1, (h+gridStep-1)/gridStep+1
	if n := g.w * g.h; len(g.raw) != n {
		g.raw, g.smooth, g.lit = make([]gridPoint, n), make([]gridPoint, n), make([]gridLight, n)
	}
}

const lift = 1e-4 // metres that a shadow ray starts above its surface

// sample fills the four rows of the grid that begin with row, by squares of 4 × 4 points, whose rays share shafts.
func (g *lightGrid) sample(s *scene, v *view, row int, f *shafts) {
	w, h := v.in.Width, v.in.Height
	rows := min(square, g.h-row)
	for c := 0; c < g.w; c += square {
		cols := min(square, g.w-c)
		around := noHull
		for k := range rows * cols {
			p := &f.points[k]
			y, x := min((row+k/cols)*gridStep, h-1), min((c+k%cols)*gridStep, w-1)
			v.at(s, y*w+x, p)
			around.take(p.pos.madd(p.n, lift))
		}
		f.around, f.aimed = around, [len(f.shaft)]bool{}
		for k := range rows * cols {
			y, x := min((row+k/cols)*gridStep, h-1), min((c+k%cols)*gridStep, w-1)
			g.raw[(row+k/cols)*g.w+c+k%cols] = s.lightAt(&f.points[k], v.id[y*w+x], c+k%cols, row+k/cols, f)
		}
	}
}

const square = 4 // points of the grid, each way, whose rays share shafts

// shafts are what the rays of one square of the grid share: what may stand between its points and each light, and
// close above them.
type shafts struct {
	points [square * square]hitPoint
	around hull // the points
	shaft  [5]shaft
	aimed  [5]bool
}

const above = 4 // the shaft of the short rays

// blocked tells whether anything stands on the ray within (0, tmax); k is its light, or above. Without shafts the whole
// scene is looked through.
func (f *shafts) blocked(s *scene, k int, o, d vec, tmax float64) bool {
	if f == nil {
		return s.tree.blocked(s.prims, o, d, 0, tmax)
	}
	if !f.aimed[k] {
		f.aimed[k] = true
		to := f.around.grow(reach)
		if k != above {
			l := &s.lights[k]
			to = noHull
			for i := range 4 {
				to.take(l.pos.madd(l.u, float64(i&1*2-1)).madd(l.v, float64(i&2-1)))
			}
		}
		f.shaft[k].aim(&s.tree, s.prims, f.around, to)
	}
	return f.shaft[k].blocked(s.prims, o, d, tmax)
}

const reach = 0.22 // metres of the short rays

// lightAt casts the shadow rays of one point; (a, b) picks the part of each light. f may be nil.
func (s *scene) lightAt(h *hitPoint, id int32, a, b int, f *shafts) gridPoint {
	p := gridPoint{id: id, n: h.n}
	o := h.pos.madd(h.n, lift)
	// 4 × 4 neighbours cover the light evenly.
	ju := float64((float64(a&3)+0.5)/2) - 1
	jv := float64((float64((b+(a>>1))&3)+0.5)/2) - 1
	for k := range s.lights {
		l := &s.lights[k]
		d := l.pos.madd(l.u, ju).madd(l.v, jv).sub(o)
		if d.dot(h.n) <= 0 || l.dir != (vec{}) && d.dot(l.dir) >= 0 {
			continue
		}
		if !f.blocked(s, k, o, d, 0.97) {
			p.light[k] = 1
		}
	}
	// Ambient occlusion: two short rays over the hemisphere.
	x := h.n.perp()
	y := h.n.cross(x)
	open := float32(1)
	for k := range 2 {
		phi := float64((hash01(a*2+k, b) + float64(k)) * (twoPi / 2))
		sn, cs := sincos(phi)
		r := 0.45 + float64(0.5*float64((a+2*b+k)&1))
		d := h.n.mul(0.6).madd(x, float64(cs*r)).madd(y, float64(sn*r)).unit()
		if f.blocked(s, above, o, d, reach) {
			open -= 0.37
		}
	}
	p.open = open
	if s.mats[h.mat].mirror > 0.02 {
		d := h.d.sub(h.n.mul(float64(2 * h.d.dot(h.n))))
		c := s.reflected(o, d.mul(1/d.length()))
		p.refl = [3]float32{float32(c.x), float32(c.y), float32(c.z)}
	}
	return p
}

// blend smooths one row of the grid over 5 × 5 neighbours on the same plane and works out the light there.
func (g *lightGrid) blend(s *scene, v *view, row int) {
	w, h := v.in.Width, v.in.Height
	var hp hitPoint
	for c := range g.w {
		p := &g.raw[row*g.w+c]
		q := &g.smooth[row*g.w+c]
		q.n, q.id = p.n, p.id
		var light [4]float32
		var refl [3]float32
		var open, sum float32
		for y := max(row-2, 0); y <= min(row+2, g.h-1); y++ {
			line := g.raw[y*g.w+max(c-2, 0) : y*g.w+min(c+2, g.w-1)+1]
			for x := range line {
				k := &line[x]
				if k.id != p.id || k.n.dot(p.n) < 0.9 {
					continue
				}
				light[0] += k.light[0]
				light[1] += k.light[1]
				light[2] += k.light[2]
				light[3] += k.light[3]
				refl[0] += k.refl[0]
				refl[1] += k.refl[1]
				refl[2] += k.refl[2]
				open += k.open
				sum++
			}
		}
		for j := range light {
			q.light[j] = light[j] / sum
		}
		for j := range refl {
			q.refl[j] = refl[j] / sum
		}
		q.open = open / sum
		v.at(s, min(row*gridStep, h-1)*w+min(c*gridStep, w-1), &hp)
		irr, gleam := s.radiance(&s.mats[hp.mat], &hp, hp.n, hp.d.mul(-1/hp.d.length()), q)
		g.lit[row*g.w+c] = gridLight{
			[3]float32{float32(irr.x), float32(irr.y), float32(irr.z)},
			[3]float32{float32(gleam.x), float32(gleam.y), float32(gleam.z)},
		}
	}
}

// corners are the points of the grid around a pixel that lie on the same surface, and the weight of each.
type corners struct {
	n     int // 0: there are none
	flat  bool
	w     [4]float32
	point [4]*gridPoint
	light [4]*gridLight
}

// find fills m for a pixel of primitive id and normal n; flat tells whether the corners face the same way as the pixel,
// so that the light that they send back holds for it.
func (g *lightGrid) find(m *corners, x, y int, id int32, n *vec) {
	at := y/gridStep*g.w + x/gridStep
	fx, fy := float32(float32(x%gridStep)/gridStep), float32(float32(y%gridStep)/gridStep)
	ws := [4]float32{float32((1 - fx) * (1 - fy)), float32(fx * (1 - fy)), float32((1 - fx) * fy), float32(fx * fy)}
	var sum float32
	m.n, m.flat = 0, true
	for k, w := range ws {
		if w == 0 {
			continue
		}
		i := at + k>>1*g.w + k&1
		q := &g.smooth[i]
		if q.id != id {
			continue
		}
		cos := q.n.dot(*n)
		if cos < 0.8 {
			continue
		}
		m.flat = m.flat && cos > 0.9995
		m.w[m.n&3], m.point[m.n&3], m.light[m.n&3] = w, q, &g.lit[i]
		m.n++
		sum += w
	}
	if sum < 0.02 {
		m.n = 0
		return
	}
	if sum != 1 {
		i := 1 / sum
		for k := range m.w {
			m.w[k] = float32(m.w[k] * i)
		}
	}
}

// lit mixes the light that the corners send back.
func (m *corners) lit() (irr, gleam vec) {
	var r, g, b, u, v, w float32
	for k, q := range m.light[:m.n] {
		t := m.w[k]
		r += float32(t * q.irr[0])
		g += float32(t * q.irr[1])
		b += float32(t * q.irr[2])
		u += float32(t * q.gleam[0])
		v += float32(t * q.gleam[1])
		w += float32(t * q.gleam[2])
	}
	return vec{float64(r), float64(g), float64(b)}, vec{float64(u), float64(v), float64(w)}
}

// mix mixes what reaches the corners.
func (m *corners) mix(p *gridPoint) {
	*p = gridPoint{}
	for k, q := range m.point[:m.n] {
		w := m.w[k]
		for j := range p.light {
			p.light[j] += float32(w * q.light[j])
		}
		for j := range p.refl {
			p.refl[j] += float32(w * q.refl[j])
		}
		p.open += float32(w * q.open)
	}
}
