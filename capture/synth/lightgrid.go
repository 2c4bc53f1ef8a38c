package synth

const gridStep = 4 // pixels between the points where light is sampled

// gridPoint holds how much of each light and of the ambience reaches a point.
type gridPoint struct {
	id    int32
	n     vec
	z     float64
	light [4]float32 // share of each light that is not in shadow
	open  float32    // share of the ambience
	refl  [3]float32 // what a mirror would show
	irr   [3]float32 // light that a white surface sends back
	gleam [3]float32 // highlights and reflections
}

// lightGrid samples shadows at every fourth pixel with one ray per light, aimed at a different part of the light from
// point to point; smoothing over neighbours of the same surface then gives soft shadows (interleaved sampling, Keller
// and Heidrich 2001).
type lightGrid struct {
	w, h   int
	raw    []gridPoint
	smooth []gridPoint
}

func (g *lightGrid) resize(w, h int) {
	g.w, g.h = (w+gridStep-1)/gridStep+1, (h+gridStep-1)/gridStep+1
	if n := g.w * g.h; len(g.raw) != n {
		g.raw, g.smooth = make([]gridPoint, n), make([]gridPoint, n)
	}
}

const lift = 1e-4 // metres that a shadow ray starts above its surface

// sample fills one row of the grid.
func (g *lightGrid) sample(s *scene, v *view, row int) {
	w, h := v.in.Width, v.in.Height
	for c := range g.w {
		i := min(row*gridStep, h-1)*w + min(c*gridStep, w-1)
		hp := v.at(s, i)
		g.raw[row*g.w+c] = s.lightAt(&hp, v.id[i], v.z[i], c, row)
	}
}

// lightAt casts the shadow rays of one point; (a, b) picks the part of each light.
func (s *scene) lightAt(h *hitPoint, id int32, z float64, a, b int) gridPoint {
	p := gridPoint{id: id, n: h.flat, z: z}
	o := h.pos.madd(h.flat, lift)
	// 4 × 4 neighbours cover the light evenly.
	ju := float64((float64(a&3)+0.5)/2) - 1
	jv := float64((float64((b+(a>>1))&3)+0.5)/2) - 1
	for k := range s.lights {
		l := &s.lights[k]
		d := l.pos.madd(l.u, ju).madd(l.v, jv).sub(o)
		if d.dot(h.flat) <= 0 || l.dir != (vec{}) && d.dot(l.dir) >= 0 {
			continue
		}
		if !s.tree.blocked(s.prims, o, d, 0, 0.97) {
			p.light[k] = 1
		}
	}
	// Ambient occlusion: two short rays over the hemisphere.
	x := h.flat.perp()
	y := h.flat.cross(x)
	open := float32(1)
	for k := range 2 {
		phi := float64((hash01(a*2+k, b) + float64(k)) * (twoPi / 2))
		sn, cs := sincos(phi)
		r := 0.45 + float64(0.5*float64((a+2*b+k)&1))
		d := h.flat.mul(0.6).madd(x, float64(cs*r)).madd(y, float64(sn*r)).unit()
		if s.tree.blocked(s.prims, o, d, 0, 0.22) {
			open -= 0.37
		}
	}
	p.open = open
	if s.mats[h.mat].mirror > 0.02 {
		d := h.d.sub(h.flat.mul(float64(2 * h.d.dot(h.flat))))
		c := s.reflected(o, d.mul(1/d.length()))
		p.refl = [3]float32{float32(c.x), float32(c.y), float32(c.z)}
	}
	return p
}

// blend smooths one row of the grid over 5 × 5 neighbours on the same plane and works out the light there.
func (g *lightGrid) blend(s *scene, v *view, row int) {
	w, h := v.in.Width, v.in.Height
	for c := range g.w {
		p := &g.raw[row*g.w+c]
		q := *p
		var light [4]float32
		var refl [3]float32
		var open, sum float32
		for y := max(row-2, 0); y <= min(row+2, g.h-1); y++ {
			for x := max(c-2, 0); x <= min(c+2, g.w-1); x++ {
				k := &g.raw[y*g.w+x]
				if k.id != p.id || k.n.dot(p.n) < 0.9 {
					continue
				}
				for j := range light {
					light[j] += k.light[j]
				}
				for j := range refl {
					refl[j] += k.refl[j]
				}
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
		hp := v.at(s, min(row*gridStep, h-1)*w+min(c*gridStep, w-1))
		irr, gleam := s.radiance(&s.mats[hp.mat], &hp, hp.n, hp.d.mul(-1/hp.d.length()), &q)
		q.irr = [3]float32{float32(irr.x), float32(irr.y), float32(irr.z)}
		q.gleam = [3]float32{float32(gleam.x), float32(gleam.y), float32(gleam.z)}
		g.smooth[row*g.w+c] = q
	}
}

// find mixes into p the grid's corners around a pixel that lie on the same surface; flat tells whether they face the
// same way as the pixel, so that irr and gleam hold for it.
func (g *lightGrid) find(p *gridPoint, x, y int, id int32, n vec) (ok, flat bool) {
	c, r := x/gridStep, y/gridStep
	fx, fy := float32(float32(x%gridStep)/gridStep), float32(float32(y%gridStep)/gridStep)
	var sum float32
	flat = true
	ws := [4]float32{float32((1 - fx) * (1 - fy)), float32(fx * (1 - fy)), float32((1 - fx) * fy), float32(fx * fy)}
	var use [4]*gridPoint
	for k, w := range ws {
		q := &g.smooth[(r+k>>1)*g.w+c+k&1]
		if w == 0 || q.id != id {
			continue
		}
		cos := q.n.dot(n)
		if cos < 0.8 {
			continue
		}
		flat = flat && cos > 0.9995
		use[k] = q
		sum += w
	}
	if sum < 0.02 {
		return false, false
	}
	i := 1 / sum
	*p = gridPoint{}
	for k, q := range use {
		if q == nil {
			continue
		}
		w := float32(ws[k] * i)
		if flat {
			for j := range p.irr {
				p.irr[j] += float32(w * q.irr[j])
				p.gleam[j] += float32(w * q.gleam[j])
			}
			continue
		}
		for j := range p.light {
			p.light[j] += float32(w * q.light[j])
		}
		for j := range p.refl {
			p.refl[j] += float32(w * q.refl[j])
		}
		p.open += float32(w * q.open)
	}
	return true, flat
}
