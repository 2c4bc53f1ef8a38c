package synth

import "math"

const gridStep = 4 // pixels between the points where light is sampled

// gridPoint holds how much of each light and of the ambience reaches a point.
type gridPoint struct {
	id    int32
	n     vec
	z     float64
	light [4]float32 // share of each light that is not in shadow
	open  float32    // share of the ambience
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
		phi := hash01(a*2+k, b) * twoPi
		sn, cs := sincos(phi)
		r := 0.45 + float64(0.5*float64((a+2*b+k)&1))
		d := h.flat.mul(0.6).madd(x, float64(cs*r)).madd(y, float64(sn*r)).unit()
		if s.tree.blocked(s.prims, o, d, 0, 0.22) {
			open -= 0.36
		}
	}
	p.open = open
	return p
}

// blend smooths one row of the grid over 5 × 5 neighbours on the same plane.
func (g *lightGrid) blend(row int) {
	for c := range g.w {
		p := &g.raw[row*g.w+c]
		q := *p
		var light [4]float32
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
				open += k.open
				sum++
			}
		}
		for j := range light {
			q.light[j] = light[j] / sum
		}
		q.open = open / sum
		g.smooth[row*g.w+c] = q
	}
}

// find mixes the grid's corners around a pixel that lie on the same surface.
func (g *lightGrid) find(x, y int, id int32, n vec) (light [4]float32, open float32, ok bool) {
	c, r := x/gridStep, y/gridStep
	fx, fy := float32(float32(x%gridStep)/gridStep), float32(float32(y%gridStep)/gridStep)
	var sum float32
	for k := range 4 {
		w := float32(1)
		if k&1 != 0 {
			w = fx
		} else {
			w = 1 - fx
		}
		if k&2 != 0 {
			w = float32(w * fy)
		} else {
			w = float32(w * (1 - fy))
		}
		p := &g.smooth[(r+k>>1)*g.w+c+k&1]
		if w == 0 || p.id != id || p.n.dot(n) < 0.8 {
			continue
		}
		for j := range light {
			light[j] += float32(w * p.light[j])
		}
		open += float32(w * p.open)
		sum += w
	}
	if sum < 0.02 {
		return light, open, false
	}
	i := 1 / sum
	for j := range light {
		light[j] = float32(light[j] * i)
	}
	return light, float32(open * i), true
}

// shade computes one row of linear colour and of labels.
func (c *Camera) shade(y int, lin []float32, labels []uint8) {
	s, v, g := &c.scene, c.color, &c.grid
	w := v.in.Width
	pixel := 1 / v.in.Fx
	for x := range w {
		i := y*w + x
		h := v.at(s, i)
		labels[i] = h.class()
		m := &s.mats[h.mat]
		light, open, ok := g.find(x, y, v.id[i], h.n)
		if !ok {
			p := s.lightAt(&h, v.id[i], v.z[i], x, y)
			light, open = p.light, p.open
			open = float32(open/2) + 0.4
		}
		a := m.albedo(c.noise, h.face, h.u, h.v, float64(v.z[i]*pixel))
		n := h.n
		if m.bump > 0 {
			n = c.bumped(&h, m.bump)
		}
		d := h.d.mul(-1 / h.d.length())
		col := s.radiance(m, &h, a, n, d, light, float64(open))
		lin[3*i], lin[3*i+1], lin[3*i+2] = float32(col.x), float32(col.y), float32(col.z)
	}
}

// bumped leans the normal by noise.
func (c *Camera) bumped(h *hitPoint, k float64) vec {
	x := h.flat.perp()
	y := h.flat.cross(x)
	a := c.noise.at(float64(h.u*90), float64(h.v*90)) - 0.5
	b := c.noise.at(float64(h.u*90)+71, float64(h.v*90)+33) - 0.5
	return h.n.madd(x, float64(k*a)).madd(y, float64(k*b)).unit()
}

// radiance is the light that a point of albedo a and normal n sends towards d.
func (s *scene) radiance(m *material, h *hitPoint, a, n, d vec, light [4]float32, open float64) vec {
	amb := mix(s.down, s.up, float64(0.5*n.z)+0.5).mul(open)
	col := a.times(amb)
	refl := n.mul(float64(2 * n.dot(d))).sub(d)
	for k := range s.lights {
		l := &s.lights[k]
		to := l.pos.sub(h.pos)
		r2 := to.dot(to)
		r := math.Sqrt(r2)
		to = to.mul(1 / max(r, 1e-6))
		share := float64(light[k])
		if share > 0 {
			f := n.dot(to)
			if l.dir != (vec{}) {
				f = float64(f * max(0, -l.dir.dot(to)))
			}
			if f > 0 {
				f = float64(float64(f*share) / (r2 + 0.3))
				col = col.add(a.times(l.color).mul(f))
				if m.spec > 0 {
					hv := to.add(d).unit()
					e := max(0, n.dot(hv))
					for range m.gloss {
						e = float64(e * e)
					}
					col = col.madd(l.color, float64(float64(m.spec*e)*float64(share*0.6))/(r2+0.3))
				}
			}
		}
		if m.mirror > 0 && l.dir != (vec{}) {
			col = col.madd(l.color, float64(m.mirror*l.glare(h.pos, refl, d.dot(n))))
		}
	}
	if m.mirror > 0 { // the room's own light, stronger at grazing angles
		f := 1 - math.Abs(d.dot(n))
		f = float64(float64(f*f) * m.mirror)
		col = col.madd(s.up, f)
	}
	if m.emit > 0 {
		col = col.madd(a, m.emit)
	}
	return col
}

// glare is how much of the light's own face is seen from p along the mirrored direction.
func (l *light) glare(p, refl vec, cos float64) float64 {
	f := refl.dot(l.dir)
	if f >= -1e-3 {
		return 0
	}
	t := l.pos.sub(p).dot(l.dir) / f
	if t <= 0 {
		return 0
	}
	q := p.madd(refl, t).sub(l.pos)
	lu, lv := l.u.length(), l.v.length()
	a := math.Abs(q.dot(l.u)/lu) - lu
	b := math.Abs(q.dot(l.v)/lv) - lv
	soft := 0.05 + float64(0.15*t)
	k := 1 - clamp(max(a, b)/soft, 0, 1)
	if k <= 0 {
		return 0
	}
	fres := 1 - math.Abs(cos)
	return float64(float64(float64(k*k)*0.35) * (0.25 + float64(fres*fres)))
}
