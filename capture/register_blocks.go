package capture

import (
	"math"

	"github.com/depthwise/depthwise/internal/pixel"
)

// fitter makes the blocks.
type fitter struct {
	*optics
	c           Calibration
	slack       float64 // colour pixels
	far         float64 // inverse of the nearest reading
	bent        bool
	fine        int     // bits of depths beyond 16
	width, rows float64 // of a block
	one         float64 // a pixel in units of the blocks
	widest      float64 // pixels of a patch
}

// fit is one corner's U, S and Q, both ways.
type fit struct {
	u, v, s, t, qu, qv float64 // S and Q times the inverse of the nearest reading, and its square: pixels
	ok                 bool
}

// corner fits at the depth image's point (x, y): exact for readings infinitely far away, at twice the nearest, and at it.
func (f *fitter) corner(x, y float64) (a fit) {
	r, ok := f.ray(x, y)
	u0, v0, ok0 := f.land(r, 0)
	u1, v1, ok1 := f.land(r, f.far/2)
	u2, v2, ok2 := f.land(r, f.far)
	a.u, a.v, a.ok = u0, v0, ok && ok0 && ok1 && ok2
	a.s, a.qu = parabola(u0, u1, u2)
	a.t, a.qv = parabola(v0, v1, v2)
	return a
}

// parabola through a, b and c at 0, ½ and 1.
func parabola(a, b, c float64) (s, q float64) {
	bend := float64(2 * (c - float64(2*b) + a))
	return c - a - bend, bend
}

// bends tells whether Q matters: whether some is more than 1/1024 pixel.
func (f *fitter) bends() bool {
	q := 0.0
	const tries = 12
	for j := range tries + 1 {
		for i := range tries + 1 {
			a := f.corner(float64(float64(i*f.c.Depth.Width)/tries)-0.5, float64(float64(j*f.c.Depth.Height)/tries)-0.5)
			if a.ok {
				q = max(q, math.Abs(a.qu), math.Abs(a.qv))
			}
		}
	}
	return q > 1./1024
}

// depths returns how many bits beyond 16 are there for depths: the blocks' Z has 14 in all, and with it the offset 30.
func (f *fitter) depths() (bits int) {
	most := 0.0
	const tries = 12
	for j := range tries + 1 {
		for i := range tries + 1 {
			if r, ok := f.ray(float64(i*f.c.Depth.Width)/tries, float64(j*f.c.Depth.Height)/tries); ok {
				most = max(most, math.Abs(r[2]-1))
			}
		}
	}
	for bits = 3; bits > 0 && (math.Ldexp(most, 16+bits) > 1<<14-64 || math.Ldexp(math.Abs(f.t[2])+1, 16+bits) > 1<<30-1); bits-- {
	}
	return bits
}

// knots are the fits of a row of corners from column x on, half a block apart; those of the last block in the image end
// where it does.
func (f *fitter) knots(row []fit, x, y int) {
	y = min(y, f.c.Depth.Height)
	for i := range row {
		first := x + i/2*pixel.BlockWidth
		width := min(pixel.BlockWidth, f.c.Depth.Width-first)
		row[i] = f.corner(float64(first)+float64(width*(i%2))/2-0.5, float64(y)-0.5)
		if first == x+len(row)/2*pixel.BlockWidth { // the end of the last one
			row[i] = f.corner(float64(min(first, f.c.Depth.Width))-0.5, float64(y)-0.5)
		}
	}
}

// plane is a block's polynomial of one number: at column k and row j of it, from 0 to 1 each,
// a + k·x + 4k(1−k)·bow + j·y + j·k·xy.
type plane struct{ a, x, bow, y, xy float64 }

func (p *plane) at(k, j float64) float64 {
	return p.a + float64(k*p.x) + float64(float64(4*k)*(1-k)*p.bow) + float64(j*p.y) + float64(float64(j*k)*p.xy)
}

// stretch is p over r times as many columns and s times as many rows.
func (p *plane) stretch(r, s float64) plane {
	return plane{p.a, float64(p.x*r) + float64(4*(r-float64(r*r))*p.bow), float64(float64(p.bow*r) * r), float64(p.y * s), float64(float64(p.xy*r) * s)}
}

// curved goes through the values at the ends of the upper and lower edge, and takes the mean of their bows.
func curved(a, b, c, d, e, f float64) plane {
	return plane{a, c - a, (b - float64((a+c)/2) + e - float64((d+f)/2)) / 2, d - a, f - d - c + a}
}

// flat is the plane that is nearest to the four corners.
func flat(a, b, c, d float64) plane {
	twist := (d - c - b + a) / 4
	return plane{a: a - twist, x: (b - a + d - c) / 2, y: (c - a + d - b) / 2}
}

// sides are a block's polynomials of one corner of its patches.
type sides struct{ u, v, s, t, qu, qv plane }

// at is the corner where column k and row j meet, in pixels, at inverse depth w of 0 to 1.
func (p *sides) at(k, j, w float64) (u, v float64) {
	u = p.u.at(k, j) + float64(p.s.at(k, j)*w) + float64(p.qu.at(k, j)*float64(w*w))
	v = p.v.at(k, j) + float64(p.t.at(k, j)*w) + float64(p.qv.at(k, j)*float64(w*w))
	return u, v
}

// fit makes a block's polynomials from the knots at the ends and in the middle of its upper and lower edge.
func (f *fitter) fit(top, bottom []fit) (p sides, ok bool) {
	a, b, c, d, e, g := &top[0], &top[1], &top[2], &bottom[0], &bottom[1], &bottom[2]
	p.u, p.v = curved(a.u, b.u, c.u, d.u, e.u, g.u), curved(a.v, b.v, c.v, d.v, e.v, g.v)
	p.s, p.t = flat(a.s, c.s, d.s, g.s), flat(a.t, c.t, d.t, g.t)
	if f.bent {
		p.qu, p.qv = flat(a.qu, c.qu, d.qu, g.qu), flat(a.qv, c.qv, d.qv, g.qv)
	}
	return p, a.ok && b.ok && c.ok && d.ok && e.ok && g.ok
}

func (p *sides) stretch(r, s float64) sides {
	return sides{p.u.stretch(r, s), p.v.stretch(r, s), p.s.stretch(r, s), p.t.stretch(r, s), p.qu.stretch(r, s), p.qv.stretch(r, s)}
}

// part is some of a block: rows from top to bottom, of 0 to 1, at inverse depths from far to near, of 0 to 1.
type part struct{ top, bottom, far, near float64 }

var whole = part{0, 1, 0, 1}

// extent is what corners span in the colour image.
type extent struct{ u0, u1, v0, v1 float64 }

// extent is of a part's corners. Between the points that are looked at, a polynomial is at most its bows and twists further
// out.
func (p *sides) extent(a part) extent {
	u0, u1, v0, v1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, w := range [3]float64{a.far, (a.far + a.near) / 2, a.near} {
		for _, j := range [2]float64{a.top, a.bottom} {
			for _, k := range [3]float64{0, 0.5, 1} {
				u, v := p.at(k, j, w)
				u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
			}
		}
	}
	beyond := func(a, q *plane) float64 {
		return math.Abs(a.bow)/2 + (math.Abs(q.a)+math.Abs(q.x)+math.Abs(q.y))/4
	}
	mu, mv := beyond(&p.u, &p.qu), beyond(&p.v, &p.qv)
	return extent{u0 - mu, u1 + mu, v0 - mv, v1 + mv}
}

// reach is the colour rows that patches of an extent can touch, and whether they can be in sight at all.
func (f *fitter) reach(e extent) (rows band, seen bool) {
	rows = band{int(math.Floor(e.v0-f.slack)) - 2, int(math.Ceil(e.v1+f.slack)) + 3}
	seen = e.u1+f.slack+2 > 0 && e.u0-f.slack-2 < float64(f.c.Color.Width) && rows.hi > 0 && rows.lo < f.c.Color.Height
	return rows, seen
}

// sight finds the rows and readings of a block that can be in sight. Height is all its rows, e the whole's extent.
func (f *fitter) sight(p *sides, e extent, b *pixel.Block, height int) {
	all := whole
	hidden := func(a part) bool { _, seen := f.reach(p.extent(a)); return !seen }
	if e.u0 < 0 || e.u1 > float64(f.c.Color.Width) {
		for step := 0.5; step >= 1./64; step /= 2 {
			if hidden(part{0, 1, all.far, all.far + step}) {
				all.far += step
			}
			if hidden(part{0, 1, all.near - step, all.near}) {
				all.near -= step
			}
		}
		// The depth that has such an inverse, and one unit more for rounding.
		reading := func(w float64) float64 { return 1/float64(f.far*w) - f.shift }
		if all.near < 1 {
			b.Low = uint16(min(max(math.Floor(reading(all.near))-1, 1), math.MaxUint16))
		}
		if all.far > 0 {
			b.High = uint16(min(max(math.Ceil(reading(all.far))+1, 1), math.MaxUint16))
		}
	}
	if e.v0 < 0 || e.v1 > float64(f.c.Color.Height) {
		row := func(j int16) part {
			return part{float64(j) / float64(height), float64(j+1) / float64(height), all.far, all.near}
		}
		for b.First < b.End && hidden(row(b.First)) {
			b.First++
		}
		for b.First < b.End && hidden(row(b.End-1)) {
			b.End--
		}
	}
}

// block turns a block's polynomials into integers: of each side of the patches' bounding rectangle the corner that makes
// it in the middle of the block. E is the whole's extent. It tells whether they fit.
func (f *fitter) block(p *sides, e extent, x, y int) (b pixel.Block, fits bool) {
	width, height := float64(min(pixel.BlockWidth, f.c.Depth.Width-x)), min(f.rows, float64(f.c.Depth.Height-y))
	stretched := p.stretch(f.width/width, f.rows/height)
	p = &stretched
	// The middle pixel's corners.
	k, j, dk, dj := (width/2-0.5)/f.width, (height/2-0.5)/f.rows, 1/f.width, 1/f.rows
	u, v := func(k, j float64) float64 { return p.u.at(k, j) }, func(k, j float64) float64 { return p.v.at(k, j) }
	var left, right, upper, lower [2]float64 // the corner's place within a pixel
	right[0], lower[1] = 1, 1
	if u(k, j+dj) < u(k, j) {
		left[1] = 1
	}
	if u(k+dk, j+dj) > u(k+dk, j) {
		right[1] = 1
	}
	if v(k+dk, j) < v(k, j) {
		upper[0] = 1
	}
	if v(k+dk, j+dj) > v(k, j+dj) {
		lower[0] = 1
	}
	// X and Y are whole pixels from the middle, so that little is left for the 16 bits.
	b.X, b.Y = int32(math.Floor((e.u0+e.u1)/2)), int32(math.Floor((e.v0+e.v1)/2))
	size := max(e.u1-e.u0, e.v1-e.v0)/2 + float64(2*f.slack) + 1
	fits = float64(size*f.one) < 1<<15 && max(b.X, b.Y) < 1<<14 && min(b.X, b.Y) > -1<<14
	q := func(v float64) int16 {
		w := math.RoundToEven(float64(v * f.one))
		fits = fits && math.Abs(w) < 1<<15
		return int16(w)
	}
	const arch = 32768. / (127 * pixel.BlockWidth * pixel.BlockWidth / 4) // the most of the kernels' parabola
	// Sides are moved out by the slack, and by what has ⌊⌋ round up.
	up := float64((f.one - 1) / f.one)
	spread := func(a *plane, corner [2]float64, at int32) (c, x, bow, y, xy int16) {
		ck, cj := corner[0]*dk, corner[1]*dj
		half := (a.x + float64(cj*a.xy) - float64(8*ck*a.bow)) / 2
		c = q(a.at(ck, cj) + half - float64(at) - f.slack + up)
		return c, q(half), q(float64(a.bow * arch)), q(a.y + float64((ck+0.5)*a.xy)), q(a.xy / 2)
	}
	b.U, b.UK, b.UKK, b.UJ, b.UJK = spread(&p.u, left, b.X)
	b.V, b.VK, b.VKK, b.VJ, b.VJK = spread(&p.v, upper, b.Y)
	tilt := func(a *plane, corner [2]float64) (c, x, y int16) {
		return q(a.at(float64(corner[0]*dk), float64(corner[1]*dj)) + a.x/2), q(a.x / 2), q(a.y)
	}
	b.S, b.SK, b.SJ = tilt(&p.s, left)
	b.T, b.TK, b.TJ = tilt(&p.t, upper)
	b.Q, b.QK, b.QJ = tilt(&p.qu, left)
	b.R, b.RK, b.RJ = tilt(&p.qv, upper)
	// The sizes of patches at the ends of the middle row.
	size2 := func(a *plane, from, to [2]float64, k float64) float64 {
		return a.at(k+float64(to[0]*dk), j+float64(to[1]*dj)) - a.at(k+float64(from[0]*dk), j+float64(from[1]*dj))
	}
	last := max(width-1, 1) / f.width
	e0, e1 := size2(&p.u, left, right, 0), size2(&p.u, left, right, last)
	f0, f1 := size2(&p.v, upper, lower, 0), size2(&p.v, upper, lower, last)
	moreE, moreF := (e1-e0)/last/2, (f1-f0)/last/2 // half a block's, from its middle column on
	b.E, b.EK = q(e0+moreE+float64(2*f.slack)), q(moreE)
	b.F, b.FK = q(f0+moreF+float64(2*f.slack)), q(moreF)
	growU, growV := size2(&p.s, left, right, k), size2(&p.t, upper, lower, k)
	b.G, b.H = q(growU), q(growV)
	// The depth of a pixel's centre over its reading.
	turn := func(k, j float64) float64 {
		r, ok := f.ray(float64(x)+k, float64(y)+j)
		fits = fits && ok
		return math.Ldexp(r[2]-1, 16+f.fine)
	}
	z := flat(turn(0, 0), turn(width, 0), turn(0, height), turn(width, height))
	z = z.stretch(f.width/width, f.rows/height)
	fits = fits && max(math.Abs(turn(0, 0)), math.Abs(turn(width, 0)), math.Abs(turn(0, height)), math.Abs(turn(width, height))) < 1<<14-32
	round := func(v float64) int16 { return int16(math.RoundToEven(min(max(v, -1<<15+1), 1<<15-1))) }
	b.Z, b.ZK, b.ZJ = round(z.a+z.x/2), round(z.x/2), round(z.y)
	// Patches must keep their corners' order, at any reading.
	fits = fits && max(e0, e1, f0, f1) < f.widest && min(e0, e1)-math.Abs(growU) > 0 && min(f0, f1)-math.Abs(growV) > 0
	return b, fits
}

// make is the block at column x and row y, and the colour rows it can touch.
func (f *fitter) make(top, bottom []fit, x, y int) (b pixel.Block, reach band) {
	p, ok := f.fit(top, bottom)
	if !ok {
		return pixel.Block{State: pixel.Slow}, band{}
	}
	e := p.extent(whole)
	reach, seen := f.reach(e)
	if !seen {
		return pixel.Block{State: pixel.Unseen}, band{}
	}
	b, fits := f.block(&p, e, x, y)
	if !fits {
		return pixel.Block{State: pixel.Slow}, band{}
	}
	height := min(int(f.rows), f.c.Depth.Height-y)
	b.First, b.End, b.Low, b.High = 0, int16(height), 1, math.MaxUint16
	f.sight(&p, e, &b, height)
	return b, reach
}
