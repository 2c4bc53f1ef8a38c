package synth

import "math"

// depthModel is the depth camera's behaviour, fixed by the camera's seed.
type depthModel struct {
	stereo   bool
	side     float64 // of the projector or second eye: +1 right, -1 left
	baseline float64 // metres between the two
	step     float64 // disparity is known to this many pixels
	sigma    float64 // standard deviation of disparity in pixels
	wobble   float64 // slow disparity error in pixels
	jitter   float64 // raggedness of edges in pixels
	border   [4]int  // missing pixels: left, right, top, bottom
	near     float64
	far      float64
	holes    float64 // readiness to lose readings
}

func drawDepthModel(r *rng) depthModel {
	m := depthModel{stereo: r.chance(0.5), side: r.sign(), near: r.uni(0.2, 0.45), far: r.uni(4, 10), holes: r.uni(0.4, 1.7)}
	if m.stereo { // Keselman et al. 2017: 50-55 mm, subpixel RMS below a tenth of a pixel
		m.baseline, m.step = r.uni(0.045, 0.06), 1./32
		m.sigma, m.wobble, m.jitter = r.uni(0.02, 0.06), r.uni(0.03, 0.15), r.uni(1, 3)
	} else { // Kinect: 75 mm, disparity in eighths; Nguyen, Izadi and Lovell 2012
		m.baseline, m.step = 0.075, 1./8
		m.sigma, m.wobble, m.jitter = r.uni(0.04, 0.09), r.uni(0, 0.04), r.uni(0.5, 1.5)
	}
	if r.chance(0.6) {
		for i := range m.border {
			m.border[i] = int(float64(r.uni(0, 12) * r.Float64()))
		}
	}
	if r.chance(0.35) { // a wide margin on one side, where the two eyes' views do not overlap
		m.border[r.IntN(2)] = 10 + r.IntN(40)
	}
	return m
}

// measure turns one row of true depth into readings in millimetres.
func (c *Camera) measure(y int, out []uint16, seed uint32, scratch []bool) {
	v, m := c.depth, &c.model
	w, h := v.in.Width, v.in.Height
	level := c.o.Noise
	z := v.z[y*w : (y+1)*w]
	if level == 0 {
		for x := range w {
			out[y*w+x] = millimetres(z[x])
		}
		return
	}
	shadow := scratch[:w]
	c.shadows(z, shadow)
	fb := float64(v.in.Fx * m.baseline)
	scale := float64(w) / 640
	jitter := float64(float64(m.jitter*level) * scale)
	off := float64(hash(int(seed), 3) & 255)
	at := int(hash(y, int(seed)+1))
	hx0, hx1 := int(float64(float64(m.border[0])*scale)), w-int(float64(float64(m.border[1])*scale))
	inside := y >= int(float64(float64(m.border[2])*scale)) && y < h-int(float64(float64(m.border[3])*scale))
	slow, next, primed := 0.0, 0.0, false
	dx, dy, cell := 0, 0, -1
	for x := range w {
		i := y*w + x
		out[i] = 0
		if !inside || x < hx0 || x >= hx1 || shadow[x] {
			continue
		}
		// Lateral: the reading belongs to a place nearby, alike for neighbours.
		fx, fy := float64(x)/scale, float64(y)/scale
		if bx := int(float64(fx * 0.5)); bx != cell {
			cell = bx
			bx, by := bx+int(off), int(float64(fy*0.5))
			n0, n1 := c.noise.cell(bx, by)-0.5, c.noise.cell(bx+99, by+57)-0.5
			dx = int(math.Floor(float64(float64(n0*5)*jitter) + 0.5))
			dy = int(math.Floor(float64(float64(n1*5)*jitter) + 0.5))
		}
		jx, jy := min(max(x+dx, 0), w-1), min(max(y+dy, 0), h-1)
		j := jy*w + jx
		t := v.z[j]
		if t < m.near || t > m.far {
			continue
		}
		// Readings lost in blobs, more where little of the pattern comes back.
		p := c.lost(j, jx, jy, t)
		if p = float64(float64(p*m.holes) * level); p > 0.01 {
			b := c.noise.at(float64(fx*0.21)+float64(off*3), float64(fy*0.21)+off)
			if float64((b-0.2)*1.8) < p {
				continue
			}
		}
		if rare := uint32(float64(float64(p*p) * 80)); rare > 0 && hash(i, int(seed)+2)&1023 < rare {
			continue
		}
		// Axial: an error in disparity grows with z².
		g := float64(c.gauss[(at+x*5)&(gaussSize-1)])
		if x&7 == 0 || !primed {
			slow = c.noise.at(float64(fx*0.06)+off, float64(fy*0.06)+17) - 0.5
			next = c.noise.at(float64((fx+8)*0.06)+off, float64(fy*0.06)+17) - 0.5
			primed = true
		}
		slow := lerp(slow, next, float64(x&7)/8)
		d := fb / t
		d += float64(float64(float64(m.sigma*g)+float64(float64(m.wobble*slow)*4)) * float64(level*scale))
		q := m.step * scale
		d = float64(math.Floor(d/q+0.5) * q)
		if d < q {
			continue
		}
		out[i] = millimetres(fb / d)
	}
}

func millimetres(z float64) uint16 {
	mm := math.Floor(float64(z*1000) + 0.5)
	if mm < 0 || mm > 65535 {
		return 0
	}
	return uint16(mm)
}

// lost is the share of readings lost at pixel i: dark, shiny or clear surfaces, grazing angles, far away.
func (c *Camera) lost(i, x, y int, z float64) float64 {
	s, v := &c.scene, c.depth
	w, h := v.in.Width, v.in.Height
	p := &s.prims[v.id[i]]
	mi := p.mat
	m := &s.mats[mi]
	albedo := c.infra[mi]
	k := m.hole
	if albedo < 0.03 {
		k += float64((0.03 - albedo) * 12 * min(1, float64(z*0.6)))
	}
	if over := z - float64(0.6*c.model.far); over > 0 {
		k += float64(over / c.model.far * 0.8)
	}
	if x > 0 && y > 0 && x < w-1 && y < h-1 {
		gx := math.Abs(v.z[i+1]-v.z[i-1]) + math.Abs(v.z[i+w]-v.z[i-w])
		slope := float64(gx*v.in.Fx) / float64(2*z)
		if slope <= 2 {
			return k + 0.004
		}
		if v.id[i+1] == v.id[i-1] && v.id[i+w] == v.id[i-w] {
			k += float64(0.25 * smooth(3, 12, slope))
		} else {
			k += 0.2
		}
	}
	return k + 0.004
}

// shadows marks the pixels of a row that the projector or second eye does not see: going from its side, a point whose
// image there falls behind one already passed is hidden.
func (c *Camera) shadows(z []float64, out []bool) {
	fb := float64(c.depth.in.Fx * c.model.baseline)
	w := len(z)
	best := 1e9
	for k := range w {
		x := k
		if c.model.side > 0 {
			x = w - 1 - k
		}
		// Position from the far side, as the other eye sees it.
		u := float64(w-k) - fb/z[x]
		if u > best+0.5 {
			out[x] = true
			continue
		}
		out[x] = false
		best = min(best, u)
	}
}
