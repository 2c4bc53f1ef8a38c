package synth

import "math"

const toneSize = 1 << 14

// makeTone fills the table from linear light to 8 bits of one shot.
func (c *Camera) makeTone(t *shot) {
	for i := range c.tone {
		x := float64(i) / (toneSize - 1)
		y := pow(x, t.gamma)
		if y <= 0.0031308 {
			y = float64(y * 12.92)
		} else {
			y = float64(1.055*pow(y, 1/2.4)) - 0.055
		}
		s := smooth(0, 1, y)
		y = lerp(y, s, float64(t.contra*0.8))
		c.tone[i] = float32(float64(255 * (t.haze + float64((1-t.haze)*clamp(y, 0, 1)))))
	}
}

// exposure is the gain that brings the picture to the shot's brightness, from every 16th pixel; bright ones count less,
// so that a window does not darken the room too much.
func (c *Camera) exposure(lin []float32) float64 {
	sum, n := 0.0, 0
	for i := 0; i+2 < len(lin); i += 48 {
		l := float64(0.3*float64(lin[i])) + float64(0.6*float64(lin[i+1])) + float64(0.1*float64(lin[i+2]))
		sum += l / (1 + float64(l*0.3))
		n++
	}
	want := pow(c.scene.shot.bright, 2.2)
	return want / max(sum/float64(n), 1e-6)
}

// kernel is the lens blur: the centre, the neighbours and their neighbours of a Gaussian, each way.
func (c *Camera) kernel() (k [3]float32) {
	s := c.scene.shot.blur * float64(c.color.in.Width) / 640
	s = clamp(s, 0.2, 1.8)
	a := exp(-1 / float64(2*float64(s*s)))
	b := exp(-4 / float64(2*float64(s*s)))
	n := 1 + float64(2*a) + float64(2*b)
	return [3]float32{float32(1 / n), float32(a / n), float32(b / n)}
}

// blurRow blurs one row sideways.
func (c *Camera) blurRow(y int, src, dst []float32, k [3]float32) {
	w := c.color.in.Width
	s, d := src[3*y*w:3*(y+1)*w], dst[3*y*w:3*(y+1)*w]
	n := 3 * w
	edge := func(i int) float32 {
		if i < 0 {
			return s[(i+6)%3]
		}
		if i >= n {
			return s[n-3+i%3]
		}
		return s[i]
	}
	for i := range n {
		if i < 6 || i >= n-6 {
			d[i] = float32(k[0]*s[i]) + float32(k[1]*(edge(i-3)+edge(i+3))) + float32(k[2]*(edge(i-6)+edge(i+6)))
			continue
		}
		d[i] = float32(k[0]*s[i]) + float32(k[1]*(s[i-3]+s[i+3])) + float32(k[2]*(s[i-6]+s[i+6]))
	}
}

// develop finishes one row: vertical blur, motion smear, vignetting, white balance, tone curve, sensor noise. smeared is
// scratch memory for one row.
func (c *Camera) develop(y int, src []float32, out []byte, k [3]float32, gain float64, seed uint32, smeared []float32) {
	w, h := c.color.in.Width, c.color.in.Height
	t := &c.scene.shot
	n := 3 * w
	row := func(j int) []float32 { j = min(max(j, 0), h-1); return src[j*n : (j+1)*n] }
	line := smeared[:n]
	if math.Abs(t.smear.x)+math.Abs(t.smear.y) > 0.7 {
		clear(line)
		scale := float64(w) / 640
		for q := range 5 {
			f := float64(float64(q-2) * (scale / 2))
			dx := int(math.Floor(float64(t.smear.x*f) + 0.5))
			from := row(y + int(math.Floor(float64(t.smear.y*f)+0.5)))
			for x := range w {
				sx := 3 * min(max(x+dx, 0), w-1)
				p, s := line[3*x:3*x+3], from[sx:sx+3]
				p[0] += float32(0.2 * s[0])
				p[1] += float32(0.2 * s[1])
				p[2] += float32(0.2 * s[2])
			}
		}
	} else {
		r0, r1, r2, r3, r4 := row(y - 2)[:n], row(y - 1)[:n], row(y)[:n], row(y + 1)[:n], row(y + 2)[:n]
		for i := range line {
			line[i] = float32(k[0]*r2[i]) + float32(k[1]*(r1[i]+r3[i])) + float32(k[2]*(r0[i]+r4[i]))
		}
	}
	g := [3]float32{float32(gain * t.gain.x), float32(gain * t.gain.y), float32(gain * t.gain.z)}
	cy := (float64(y) - float64(float64(h)/2)) / float64(w)
	cy2, vignet := float64(cy*cy), float64(t.vignet*2.2)
	noise, sat := float32(t.grain), float32(t.satur)
	at := int(hash(y, int(seed)))
	pix := out[y*n : (y+1)*n]
	for x := range w {
		p, o := line[3*x:3*x+3:3*x+3], pix[3*x:3*x+3:3*x+3]
		v := float32(1 - float64(vignet*(c.cx2[x]+cy2)))
		lum := float32(0.3*p[0]) + float32(0.6*p[1]) + float32(0.1*p[2])
		luma := float32(c.gauss[(at+x*7)&(gaussSize-1)] * noise)
		for ch := range 3 {
			e := lum + float32((p[ch]-lum)*sat)
			e = float32(float32(e*v) * g[ch])
			u := 0
			if e >= 1 {
				u = toneSize - 1
			} else if e > 0 {
				u = int(float32(e*(toneSize-1))) & (toneSize - 1)
			}
			z := c.tone[u] + luma + float32(c.gauss[(at+x*3+ch*7919+1234)&(gaussSize-1)]*noise*0.5)
			switch {
			case z <= 0:
				o[ch] = 0
			case z >= 255:
				o[ch] = 255
			default:
				o[ch] = uint8(int32(z + 0.5))
			}
		}
	}
}
