package synth

import "math"

// shade computes one row of linear colour and of labels.
func (c *Camera) shade(y int, lin []float32, labels []uint8) {
	s, v, g := &c.scene, c.color, &c.grid
	w := v.in.Width
	pixel := 1 / v.in.Fx
	last, lastX := gridPoint{id: -1}, 0
	var h hitPoint
	var near corners
	var p gridPoint
	for x := range w {
		i := y*w + x
		v.at(s, i, &h)
		if labels[i] = h.class(); c.o.Labels == "indoor" {
			labels[i] = h.inside()
		}
		m := &s.mats[h.mat]
		a := m.albedo(c.noise, h.face, h.u, h.v, float64(v.z[i]*pixel))
		g.find(&near, x, y, v.id[i], &h.n)
		var irr, gleam vec
		if near.n > 0 && near.flat && m.bump == 0 {
			irr, gleam = near.lit()
		} else {
			if near.n > 0 && !near.flat {
				near.mix(&p)
			} else {
				// A thing too thin for the grid: rays of its own, one set for a few pixels.
				if last.id != v.id[i] || x-lastX > 3 || last.n.dot(h.n) < 0.8 {
					last, lastX = s.lightAt(&h, v.id[i], x, y, nil), x
				}
				p = last
				if near.n == 0 {
					p.open = float32(p.open/2) + 0.4
				}
			}
			n := h.n
			if m.bump > 0 {
				n = c.bumped(&h, m.bump)
			}
			irr, gleam = s.radiance(m, &h, n, h.d.mul(-1/h.d.length()), &p)
		}
		lin[3*i] = float32(float64(a.x*irr.x) + gleam.x)
		lin[3*i+1] = float32(float64(a.y*irr.y) + gleam.y)
		lin[3*i+2] = float32(float64(a.z*irr.z) + gleam.z)
	}
}

// bumped leans the normal by noise.
func (c *Camera) bumped(h *hitPoint, k float64) vec {
	x := h.n.perp()
	y := h.n.cross(x)
	a := c.noise.at(float64(h.u*90), float64(h.v*90)) - 0.5
	b := c.noise.at(float64(h.u*90)+71, float64(h.v*90)+33) - 0.5
	return h.n.madd(x, float64(k*a)).madd(y, float64(k*b)).unit()
}

// radiance is the light that a point of normal n sends towards d: irr for each unit of albedo, gleam besides.
func (s *scene) radiance(m *material, h *hitPoint, n, d vec, p *gridPoint) (irr, gleam vec) {
	irr = mix(s.down, s.up, float64(0.5*n.z)+0.5).mul(float64(p.open))
	cos := n.dot(d)
	refl := n.mul(float64(2 * cos)).sub(d)
	for k := range s.lights {
		l := &s.lights[k]
		if share := float64(p.light[k]); share > 0 {
			to := l.pos.sub(h.pos)
			r2 := to.dot(to)
			to = to.mul(1 / max(math.Sqrt(r2), 1e-6))
			f := n.dot(to)
			if l.dir != (vec{}) {
				f = float64(f * max(0, -l.dir.dot(to)))
			}
			if f > 0 {
				fall := share / (r2 + 0.3)
				irr = irr.madd(l.color, float64(f*fall))
				if m.spec > 0 {
					e := max(0, n.dot(to.add(d).unit()))
					for range m.gloss {
						e = float64(e * e)
					}
					gleam = gleam.madd(l.color, float64(float64(float64(m.spec*e)*fall)*0.6))
				}
			}
		}
		if m.mirror > 0.02 && l.dir != (vec{}) {
			gleam = gleam.madd(l.color, float64(m.mirror*l.glare(h.pos, refl, cos)))
		}
	}
	if m.mirror > 0 { // stronger at grazing angles, after Schlick
		f := 1 - math.Abs(cos)
		f2 := float64(f * f)
		f = float64(m.mirror * (0.25 + float64(float64(f2*f2)*2.5)))
		gleam = gleam.add(vec{float64(float64(p.refl[0]) * f), float64(float64(p.refl[1]) * f), float64(float64(p.refl[2]) * f)})
	}
	if m.emit > 0 {
		irr = irr.add(grey(m.emit))
	}
	return irr, gleam
}

// reflected is the light that comes from along the mirrored direction, coarsely: the mean colour of what is there.
func (s *scene) reflected(o, d vec) vec {
	_, id := s.tree.nearest(s.prims, o, d, 0, 30)
	q := &s.prims[max(id, 0)]
	mat := q.mat
	if id < 0 {
		for i := range s.prims {
			if q = &s.prims[i]; q.shape == shapeRoom {
				break
			}
		}
		t := hitRoom(o.sub(q.o), d, q.s, 0, 30)
		mat = q.mat
		if z := o.z + float64(t*d.z) - q.o.z; math.Abs(z) > q.s.z-1e-6 {
			mat++
			if z > 0 {
				mat++
			}
		}
	}
	m := &s.mats[mat]
	return m.mean().times(mix(s.up, vec{1, 1, 1}, 0.3).mul(1.2 + m.emit))
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
