package capture

import (
	"math"
	"sync"

	"github.com/depthwise/depthwise/internal/pixel"
)

// glide is the fast way to register, for two cameras that stand side by side and look the same way, as in every RGB-D
// camera. There, all that a reading d changes is how far its pixel glides along a short line in the colour image: with
// f = 1/(d + t) a corner of a patch arrives at
//
//	u = U + S·f + Q·f²
//
// where U is the corner of a surface infinitely far away, S the parallax, and Q is there for colour lenses that distort;
// v likewise. U, S and Q change slowly over the image. They are kept per run of some depth pixels as polynomials in the
// column, see [pixel.Run]: 5 to 20 bytes a pixel, no division, no grid.
//
// The way is taken if these polynomials carry the corners where the lenses do, to 1/32 of a depth pixel, over the whole
// image and from some nearest reading on; the few readings that are nearer are projected corner by corner, as are runs
// that the lenses do not reach.
type glide struct {
	pixel.Glide
	perRow int
	runs   []pixel.Run
	reach  []band // of each depth row: colour rows that its runs can touch
	near   int    // units
}

// band is a range of colour rows: [lo, hi).
type band struct{ lo, hi int }

// optics is the two cameras in floating point. Products are rounded on their own, see [Lens].
type optics struct {
	color, depth Lens
	rot          [9]float64
	t            [3]float64 // depth units
	shift        float64    // t.z over the depth of the middle ray: f = 1/(d + shift)
}

func newOptics(c Calibration) optics {
	o := optics{color: NewLens(c.Color), depth: NewLens(c.Depth), rot: c.DepthToColor.Rotation}
	for i, t := range c.DepthToColor.Translation {
		o.t[i] = t / c.DepthScale
	}
	return o
}

// ray is the direction, along the colour camera's axes, of a point of the depth image.
func (o *optics) ray(px, py float64) (r [3]float64, ok bool) {
	x, y, ok := o.depth.Ray(px, py)
	for i := range r {
		r[i] = float64(o.rot[3*i]*x) + float64(o.rot[3*i+1]*y) + o.rot[3*i+2]
	}
	return r, ok
}

// land is the point of the colour image where a point on the ray arrives whose reading has inverse w.
func (o *optics) land(r [3]float64, w float64) (u, v float64, ok bool) {
	k := 1 - float64(o.shift*w)
	x, y := float64(r[0]*k)+float64(o.t[0]*w), float64(r[1]*k)+float64(o.t[1]*w)
	z := float64(r[2]*k) + float64(o.t[2]*w)
	if z < 0.1 {
		return 0, 0, false
	}
	u, v, ok = o.color.Pixel(x/z, y/z)
	return u, v, ok && math.Abs(u) < 30000 && math.Abs(v) < 30000
}

// newGlide returns nil where the cameras do not stand side by side.
func newGlide(c Calibration, slack int64, threads int) *glide {
	o := newOptics(c)
	mid, ok := o.ray(float64(c.Depth.Width)/2, float64(c.Depth.Height)/2)
	if !ok || mid[2] < 0.7 {
		return nil
	}
	o.shift = o.t[2] / mid[2]
	if !o.upright(c) {
		return nil
	}
	for _, metres := range []float64{0.1, 0.15, 0.22, 0.33, 0.5} {
		near := math.Ceil(metres / c.DepthScale)
		if near < 64 || near > 20000 || math.Abs(o.shift) > near/4 {
			continue
		}
		for _, length := range []int{16, 8, 4} {
			g := &glide{near: int(near), perRow: (c.Depth.Width + length - 1) / length}
			g.Length, g.Width, g.Slack = length, c.Color.Width, int32(slack<<4)
			f := fitter{optics: &o, length: length, far: 1 / (near + o.shift), widest: 1000}
			if !f.scale(g, c) || !f.follows(g, c, float64(slack)/oneQ12/8) {
				continue
			}
			g.fill(&f, c, slack, threads)
			return g
		}
	}
	return nil
}

// upright tells whether a patch's left corners stay left of its right ones in the colour image, and its upper ones above
// its lower ones, all over the image.
func (o *optics) upright(c Calibration) bool {
	const tries = 16
	tried := 0
	for _, metres := range []float64{0.4, 1.5, 8} {
		w := 1 / (metres/c.DepthScale + o.shift)
		for j := range tries {
			for i := range tries {
				x, y := float64(i*(c.Depth.Width-1)/(tries-1))-0.5, float64(j*(c.Depth.Height-1)/(tries-1))-0.5
				var u, v [4]float64
				seen := true
				for k := range u {
					r, ok := o.ray(x+float64(k&1), y+float64(k>>1))
					var landed bool
					u[k], v[k], landed = o.land(r, w)
					seen = seen && ok && landed
				}
				if !seen {
					continue
				}
				tried++
				if max(u[0], u[2]) >= min(u[1], u[3]) || max(v[0], v[1]) >= min(v[2], v[3]) {
					return false
				}
			}
		}
	}
	return tried > 0
}

// fitter makes the runs.
type fitter struct {
	*optics
	length         int
	far            float64 // inverse of the nearest reading
	scaleF         float64 // fixed points of f, S and Q
	scaleS, scaleQ float64
	widest         float64 // pixels of a patch
}

// fit is one corner's U, S and Q, both ways.
type fit struct {
	u, v, s, t, qu, qv float64
	ok                 bool
}

// corner fits at the depth image's point (x, y): exact at w = 0, far/2 and far.
func (f *fitter) corner(x, y float64) (a fit) {
	r, ok := f.ray(x, y)
	u0, v0, ok0 := f.land(r, 0)
	u1, v1, ok1 := f.land(r, f.far/2)
	u2, v2, ok2 := f.land(r, f.far)
	a.u, a.v, a.ok = u0, v0, ok && ok0 && ok1 && ok2
	a.s, a.qu = f.parabola(u0, u1, u2)
	a.t, a.qv = f.parabola(v0, v1, v2)
	return a
}

func (f *fitter) parabola(a, b, c float64) (s, q float64) {
	bend := c - float64(2*b) + a
	return (float64(4*b) - c - float64(3*a)) / f.far, float64(2*bend) / float64(f.far*f.far)
}

// poly is the corners of a row from some column on: value, first and second difference per pixel.
type poly struct {
	u, du, ddu, v, dv, ddv float64
	s, ds, t, dt           float64
	qu, dqu, qv, dqv       float64
	ok                     bool
}

// poly fits the corners of columns x to x + length in row y. from is the fit at x, to the one at x + length.
func (f *fitter) poly(x, y int, from, to *fit) (p poly) {
	n := float64(f.length)
	r, ok := f.ray(float64(x)+n/2-0.5, float64(y)-0.5)
	u, v, landed := f.land(r, 0)
	p.ok = from.ok && to.ok && ok && landed
	p.u, p.du, p.ddu = f.differences(from.u, u, to.u)
	p.v, p.dv, p.ddv = f.differences(from.v, v, to.v)
	p.s, p.ds, p.t, p.dt = from.s, (to.s-from.s)/n, from.t, (to.t-from.t)/n
	p.qu, p.dqu, p.qv, p.dqv = from.qu, (to.qu-from.qu)/n, from.qv, (to.qv-from.qv)/n
	return p
}

// row fits a whole row of corners.
func (f *fitter) row(polys []poly, y int) {
	from := f.corner(-0.5, float64(y)-0.5)
	for i := range polys {
		to := f.corner(float64((i+1)*f.length)-0.5, float64(y)-0.5)
		polys[i] = f.poly(i*f.length, y, &from, &to)
		from = to
	}
}

// differences of the parabola through a, b and c at columns 0, length/2 and length. The second one is rounded to Q16, and
// the first one takes that up, so that the end stays where it is.
func (f *fitter) differences(a, b, c float64) (v, d, dd float64) {
	n := float64(f.length)
	dd = float64(4*(c-float64(2*b)+a)) / float64(n*n)
	dd = math.RoundToEven(float64(dd*65536)) / 65536
	return a, (c-a)/n - float64(dd*(n-1))/2, dd
}

// at is the fitted corner k columns on, in pixels, for inverse depth w.
func (p *poly) at(k, w float64) (u, v float64) {
	u = p.u + float64(k*p.du) + float64(k*(k-1)/2*p.ddu) + float64((p.s+float64(k*p.ds))*w) + float64((p.qu+float64(k*p.dqu))*float64(w*w))
	v = p.v + float64(k*p.dv) + float64(k*(k-1)/2*p.ddv) + float64((p.t+float64(k*p.dt))*w) + float64((p.qv+float64(k*p.dqv))*float64(w*w))
	return u, v
}

// scale chooses the fixed points: f of the nearest reading has 31 bits, and the upper halves of S·f and Q·f² are Q16.
func (f *fitter) scale(g *glide, c Calibration) bool {
	var s, q float64
	const tries = 12
	for j := range tries + 1 {
		for i := range tries + 1 {
			a := f.corner(float64(float64(i*c.Depth.Width)/tries)-0.5, float64(float64(j*c.Depth.Height)/tries)-0.5)
			if a.ok {
				s, q = max(s, math.Abs(a.s), math.Abs(a.t)), max(q, math.Abs(a.qu), math.Abs(a.qv))
			}
		}
	}
	g.Bent = float64(q*float64(f.far*f.far)) > 1./1024
	_, bits := math.Frexp(f.far) // far < 2^bits
	f.scaleF = math.Ldexp(1, 31-bits)
	f.scaleS, f.scaleQ = math.Ldexp(1, 17+bits), math.Ldexp(1, 18+2*bits)
	return float64(s*f.scaleS) < 1<<30 && float64(q*f.scaleQ) < 1<<30
}

// follows tells whether the runs' rectangles are where the lenses put the patches' corners, to within limit pixels, over
// most of the image; what lies outside the lenses' reach is left to the slow way.
func (f *fitter) follows(g *glide, c Calibration, limit float64) bool {
	const tries = 12
	tried := 0
	for j := range tries {
		for i := range tries {
			x, y := i*(g.perRow-1)/(tries-1)*g.Length, j*(c.Depth.Height-1)/(tries-1)
			top, bottom := f.single(x, y), f.single(x, y+1)
			run := f.run(&top, &bottom, x, y)
			if run.Slow != 0 {
				continue
			}
			tried++
			last := min(g.Length, c.Depth.Width-x) - 1
			for _, k := range [4]int{0, last / 4, last * 3 / 4, last} {
				r, _ := f.ray(float64(x+k), float64(y))
				z := (float64(run.Z) + float64(float64(k)*float64(run.DZ))) / (1 << 30)
				if float64(math.Abs(z-r[2])*min(65535, 8/c.DepthScale)) > 0.3 { // units, at 8 m
					return false
				}
				for _, share := range [4]float64{0, 0.2, 0.75, 1} {
					want, ok := f.rectangle(x+k, y, float64(f.far*share))
					got := f.sides(&run, float64(k), float64(f.far*share))
					for i := range got {
						if !ok || math.Abs(got[i]-want[i]) > limit {
							return false
						}
					}
				}
			}
		}
	}
	return tried > tries*tries/2
}

// single fits the corners of one run.
func (f *fitter) single(x, y int) poly {
	from, to := f.corner(float64(x)-0.5, float64(y)-0.5), f.corner(float64(x+f.length)-0.5, float64(y)-0.5)
	return f.poly(x, y, &from, &to)
}

// rectangle bounds the four corners of depth pixel (x, y): left, right, upper, lower.
func (f *fitter) rectangle(x, y int, w float64) (side [4]float64, ok bool) {
	side, ok = [4]float64{1e9, -1e9, 1e9, -1e9}, true
	for k := range 4 {
		r, lit := f.ray(float64(x+k&1)-0.5, float64(y+k>>1)-0.5)
		u, v, landed := f.land(r, w)
		ok = ok && lit && landed
		side = [4]float64{min(side[0], u), max(side[1], u), min(side[2], v), max(side[3], v)}
	}
	return side, ok
}

// sides is what a run makes of its pixel k, in the order of rectangle.
func (f *fitter) sides(r *pixel.Run, k, w float64) [4]float64 {
	move := func(s, ds, q, dq int32) float64 {
		s1, q1 := float64(s)+float64(k*float64(ds)), float64(q)+float64(k*float64(dq))
		return float64(s1*w)/f.scaleS + float64(q1*float64(w*w))/f.scaleQ
	}
	at := func(u, du, ddu int32) float64 {
		return (float64(u) + float64(k*float64(du)) + float64(k*(k-1)/2*float64(ddu))) / 65536
	}
	left := at(r.U, r.DU, r.DDU) + move(r.S, r.DS, r.QU, r.DQU)
	upper := at(r.V, r.DV, r.DDV) + move(r.T, r.DT, r.QV, r.DQV)
	return [4]float64{
		left, left + at(r.EU, r.DEU, 0) + move(r.GU, 0, 0, 0),
		upper, upper + at(r.EV, r.DEV, 0) + move(r.GV, 0, 0, 0),
	}
}

// fill makes the tables, the rows in parallel.
func (g *glide) fill(f *fitter, c Calibration, slack int64, threads int) {
	g.Inverse = new([1 << 16]uint32)
	for d := g.near; d < len(g.Inverse); d++ {
		g.Inverse[d] = uint32(min(toFixed(1/(float64(d)+f.shift), f.scaleF), 1<<31-1))
	}
	g.Offset = int32(toFixed(f.t[2], oneQ12)) + oneQ12/2
	g.runs, g.reach = make([]pixel.Run, g.perRow*c.Depth.Height), make([]band, c.Depth.Height)
	var wait sync.WaitGroup
	for i := range threads {
		wait.Go(func() {
			g.fillRows(f, c, float64(slack)/oneQ12, c.Depth.Height*i/threads, c.Depth.Height*(i+1)/threads)
		})
	}
	wait.Wait()
	size := 0.0
	for i := range g.runs {
		if r := &g.runs[i]; r.Slow == 0 {
			n := int32(g.Length) - 1
			size = max(size, float64(max(r.EU, r.EU+n*r.DEU)), float64(max(r.EV, r.EV+n*r.DEV)))
		}
	}
	g.Columns = int(math.Ceil((size + float64(2*g.Slack)) / 65536))
}

func (g *glide) fillRows(f *fitter, c Calibration, slack float64, first, last int) {
	top, bottom := make([]poly, g.perRow), make([]poly, g.perRow)
	f.row(top, first)
	above := g.reaches(f, top, slack)
	for y := first; y < last; y++ {
		f.row(bottom, y+1)
		for i := range bottom {
			g.runs[y*g.perRow+i] = f.run(&top[i], &bottom[i], i*g.Length, y)
		}
		below := g.reaches(f, bottom, slack)
		reach := above.with(below)
		// A row beyond the image still belongs to somebody, who looks for readings that go the slow way.
		reach.lo, reach.hi = min(max(reach.lo, 0), c.Color.Height-1), max(min(reach.hi, c.Color.Height), 1)
		g.reach[y] = band{min(reach.lo, reach.hi-1), reach.hi}
		top, bottom, above = bottom, top, below
	}
}

// reaches returns the colour rows that patches with corners in a row can touch at any reading. A parabola is at most an
// eighth of its second difference beyond its ends.
func (g *glide) reaches(f *fitter, row []poly, slack float64) band {
	lo, hi := 1e9, -1e9
	n := float64(g.Length)
	for i := range row {
		p := &row[i]
		if !p.ok {
			continue
		}
		bulge := (math.Abs(float64(p.ddv*n*n)) + math.Abs(float64((math.Abs(p.qv)+math.Abs(float64(n*p.dqv)))*float64(f.far*f.far)))) / 2
		for _, k := range [2]float64{0, n} {
			for _, w := range [2]float64{0, f.far} {
				_, v := p.at(k, w)
				lo, hi = min(lo, v-bulge), max(hi, v+bulge)
			}
		}
	}
	if lo > hi {
		return band{math.MaxInt32, 0}
	}
	return band{int(math.Floor(lo-slack)) - 1, int(math.Ceil(hi+slack)) + 2}
}

func (b band) with(a band) band { return band{min(a.lo, b.lo), max(a.hi, b.hi)} }

// next is p one column on.
func (p *poly) next() poly {
	n := *p
	n.u, n.du, n.v, n.dv = p.u+p.du, p.du+p.ddu, p.v+p.dv, p.dv+p.ddv
	n.s, n.t, n.qu, n.qv = p.s+p.ds, p.t+p.dt, p.qu+p.dqu, p.qv+p.dqv
	return n
}

// run turns the corners of two rows into integers: of each side of the patches' bounding rectangle the corner that makes
// it in the middle of the run.
func (f *fitter) run(top, bottom *poly, x, y int) (k pixel.Run) {
	n := float64(f.length)
	a, okA := f.ray(float64(x), float64(y))
	b, okB := f.ray(float64(x)+n, float64(y))
	if !top.ok || !bottom.ok || !okA || !okB || a[2] >= 1.9 || b[2] >= 1.9 || a[2] < 0.1 || b[2] < 0.1 {
		return pixel.Run{Slow: -1}
	}
	half := (n - 1) / 2
	topNext, bottomNext := top.next(), bottom.next()
	left, right, upper, lower := top, &topNext, top, bottom
	ua, va := top.at(half, 0)
	ub, vb := topNext.at(half, 0)
	uc, vc := bottom.at(half, 0)
	ud, vd := bottomNext.at(half, 0)
	if uc < ua {
		left = bottom
	}
	if ud > ub {
		right = &bottomNext
	}
	if vb < va {
		upper = &topNext
	}
	if vd > vc {
		lower = &bottomNext
	}
	fits := true
	q := func(v, one float64) int32 {
		w := toFixed(v, one)
		fits = fits && w > math.MinInt32 && w < math.MaxInt32
		return int32(w)
	}
	const q16 = 1 << 16
	k.U, k.DU, k.DDU = q(left.u, q16), q(left.du, q16), q(left.ddu, q16)
	k.V, k.DV, k.DDV = q(upper.v, q16), q(upper.dv, q16), q(upper.ddv, q16)
	k.S, k.DS, k.T, k.DT = q(left.s, f.scaleS), q(left.ds, f.scaleS), q(upper.t, f.scaleS), q(upper.dt, f.scaleS)
	k.QU, k.DQU = q(left.qu, f.scaleQ), q(left.dqu, f.scaleQ)
	k.QV, k.DQV = q(upper.qv, f.scaleQ), q(upper.dqv, f.scaleQ)
	l0, _ := left.at(0, 0)
	r0, _ := right.at(0, 0)
	l1, _ := left.at(n-1, 0)
	r1, _ := right.at(n-1, 0)
	_, u0 := upper.at(0, 0)
	_, d0 := lower.at(0, 0)
	_, u1 := upper.at(n-1, 0)
	_, d1 := lower.at(n-1, 0)
	k.EU, k.DEU = q(r0-l0, q16), q((r1-l1-r0+l0)/(n-1), q16)
	k.EV, k.DEV = q(d0-u0, q16), q((d1-u1-d0+u0)/(n-1), q16)
	k.GU = q(right.s+float64(half*right.ds)-left.s-float64(half*left.ds), f.scaleS)
	k.GV = q(lower.t+float64(half*lower.dt)-upper.t-float64(half*upper.dt), f.scaleS)
	k.Z, k.DZ = q(a[2], 1<<30), q((b[2]-a[2])/n, 1<<30)
	// Both ends must keep the corners' order, at any reading.
	least := min(r0-l0, r1-l1) - math.Abs(float64(float64(k.GU)*f.far))/f.scaleS
	leastV := min(d0-u0, d1-u1) - math.Abs(float64(float64(k.GV)*f.far))/f.scaleS
	if !fits || max(r0-l0, r1-l1, d0-u0, d1-u1) > f.widest || least <= 0 || leastV <= 0 {
		return pixel.Run{Slow: -1}
	}
	return k
}
