package synth

import "math"

type pattern uint8

const (
	plain pattern = iota
	cloudy
	wood
	planks
	tiles
	carpet
	stripes
	checks
	marble
	speckle
	gradient
	slats
	printed
)

// material is how a surface looks to the colour camera and to the depth camera's infrared light.
type material struct {
	pattern  pattern
	wrap     bool // printed: around a cylinder
	print    *bitmap
	c0, c1   vec // linear RGB
	c2       vec
	scale    float64 // cells per metre, or the pattern's period in metres
	p1, p2   float64
	sin, cos float64 // of the pattern's direction
	spec     float64 // strength of the highlight
	gloss    int     // log2 of the highlight's exponent
	mirror   float64 // share of reflected windows and lamps
	bump     float64
	emit     float64
	hole     float64 // share of depth readings lost on it
	uw, vh   float64 // printed: metres covered
}

// turn sets the pattern's direction.
func (m *material) turn(a float64) { m.sin, m.cos = sincos(a) }

// albedo returns the linear colour at texture coordinates (u, v); foot is a pixel's size there in metres, by which fine
// detail fades.
func (m *material) albedo(t *noiseTable, face int, u, v, foot float64) vec {
	if m.pattern == printed {
		if m.print == nil {
			return m.c0
		}
		if face != 2 || m.wrap || m.p1 == 0 {
			return m.print.sample(u/m.uw+0.5, 0.5-v/m.vh)
		}
		return m.c0
	}
	if m.pattern == plain {
		return m.c0.mul(0.94 + float64(0.12*t.at(float64(u*60), float64(v*60))))
	}
	u, v = float64(u*m.cos)+float64(v*m.sin), float64(v*m.cos)-float64(u*m.sin)
	switch m.pattern {
	case cloudy:
		return mix(m.c0, m.c1, t.at(float64(u*m.scale), float64(v*m.scale)))
	case wood:
		return m.grain(t, u, v, foot)
	case planks:
		row := math.Floor(v / m.p1)
		shift := hash01(int(row), 7)
		col := math.Floor(u/m.p2 + shift)
		h := hash01(int(row), int(col))
		c := m.grain(t, u+float64(h*13), v+float64(h*7), foot).mul(0.8 + float64(0.4*h))
		dv := v - float64(row*m.p1)
		du := float64((u/m.p2 + shift - col) * m.p2)
		if min(dv, m.p1-dv, du) < max(0.0015, foot/2) {
			return c.mul(0.6 + min(0.35, float64(foot*30)))
		}
		return c
	case tiles:
		row := math.Floor(v / m.p1)
		w := float64(m.p1 * m.p2)
		x := u / w
		if int(row)&1 != 0 && m.scale < 0 {
			x += 0.5
		}
		col := math.Floor(x)
		dv, du := v-float64(row*m.p1), float64((x-col)*w)
		if min(dv, m.p1-dv, du, w-du) < max(float64(0.012*m.p1), foot/2) {
			return m.c1
		}
		h := hash01(int(row), int(col))
		n := t.at(float64(u*40)+float64(h*50), float64(v*40))
		return m.c0.mul(0.8 + float64(0.18*h) + float64(0.22*n))
	case carpet:
		n := t.cell(int(math.Floor(u*700)), int(math.Floor(v*700)))
		fade := 1 / (1 + float64(foot*300))
		c := m.c0
		if m.p1 > 0 {
			s := t.at(float64(v/m.p1), float64(u*1.5))
			c = mix(m.c0, m.c1, smooth(0.4, 0.6, s))
		}
		return c.mul(1 + float64((n-0.5)*float64(1.6*fade)))
	case stripes:
		x := u / m.scale
		x -= math.Floor(x)
		if x < m.p1 {
			return m.c1
		}
		return m.c0
	case checks:
		a := int(math.Floor(u/m.scale)) + int(math.Floor(v/m.scale))
		if a&1 == 0 {
			return m.c0
		}
		return m.c1
	case marble:
		n := t.at(float64(u*m.scale), float64(v*m.scale))
		w := t.at(float64(float64(u*m.scale)*0.37)+float64(n*6), float64(float64(v*m.scale)*0.41))
		x := 1 - min(1, float64(math.Abs(w-0.5)*m.p1))
		return mix(mix(m.c0, m.c2, n), m.c1, float64(x*x))
	case speckle:
		h := hash01(int(math.Floor(u/m.scale)), int(math.Floor(v/m.scale)))
		fade := 1 / (1 + float64(foot/m.scale))
		base := mix(m.c0, m.c1, float64(0.5*t.at(float64(u*30), float64(v*30))))
		if h < m.p1 {
			return mix(base, m.c1, fade)
		}
		if h > 1-m.p2 {
			return mix(base, m.c2, fade)
		}
		return base
	case gradient:
		return mix(m.c0, m.c1, clamp(v/m.scale+0.5, 0, 1))
	case slats:
		x := v / m.scale
		x -= math.Floor(x)
		if x < 0.12 {
			return m.c1
		}
		return m.c0.mul(0.75 + float64(0.35*x))
	}
	return m.c0
}

// grain is wood cut along u.
func (m *material) grain(t *noiseTable, u, v, foot float64) vec {
	n := t.at(float64(float64(u*m.scale)*0.12), float64(v*m.scale))
	x := float64(n * m.rings())
	x -= math.Floor(x)
	x = math.Abs(x - 0.5)
	fine := t.at(float64(float64(u*m.scale)*0.5), float64(float64(v*m.scale)*9))
	fade := 1 / (1 + float64(float64(foot*m.scale)*4))
	w := float64(0.55*n) + float64(0.5*x) + float64(float64(0.5*(fine-0.5))*fade)
	return mix(m.c0, m.c1, clamp(w, 0, 1))
}

// rings is how many year rings the noise is folded into.
func (m *material) rings() float64 {
	if m.pattern == planks {
		return 3
	}
	return m.p1
}

func mix(a, b vec, t float64) vec {
	return vec{lerp(a.x, b.x, t), lerp(a.y, b.y, t), lerp(a.z, b.z, t)}
}

// mean is a colour near the average, for the depth camera.
func (m *material) mean() vec {
	switch m.pattern {
	case plain, tiles, slats, carpet:
		return m.c0
	case printed:
		if m.print != nil {
			return m.print.mean
		}
		return m.c0
	case stripes:
		return mix(m.c0, m.c1, m.p1)
	case speckle:
		return mix(m.c0, m.c1, 0.3)
	}
	return mix(m.c0, m.c1, 0.5)
}
