package capture

import (
	"math"

	"github.com/depthwise/depthwise/internal/pixel"
	"github.com/depthwise/depthwise/pool"
)

// glide is the fast way to register, for two cameras that stand side by side and look the same way, as in every RGB-D
// camera. There, all that a reading d changes is how far its pixel glides along a short line in the colour image: with
// f = 1/(d + t) a corner of a patch arrives at
//
//	u = U + S·f + Q·f²
//
// where U is the corner of a surface infinitely far away, S the parallax, and Q is there for colour lenses that distort;
// v likewise. U, S and Q change slowly over the image. They are kept per block of 32 columns and some rows as polynomials,
// in numbers of 16 bits, see [pixel.Block]: 50 to 150 kB for an image, no division but that of f, no grid.
//
// The way is taken if these polynomials carry the corners where the lenses do, to 1/40 of a depth pixel, over the whole
// image and from some nearest reading on; the few readings that are nearer are projected corner by corner, as are blocks
// that the lenses do not reach.
type glide struct {
	pixel.Glide
	perRow int
	blocks []pixel.Block
	reach  []band // of each row of blocks: colour rows that it can touch
	shares [2][]share
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
func newGlide(c Calibration, slack float64, p *pool.Pool) *glide {
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
		f := fitter{optics: &o, c: c, slack: slack, far: 1 / (near + o.shift), widest: 1000}
		f.bent, f.fine = f.bends(), f.depths()
		for _, rows := range []int{16, 8, 4, 2} {
			for frac := 12; frac >= 4; frac-- {
				g := &glide{perRow: (c.Depth.Width + pixel.BlockWidth - 1) / pixel.BlockWidth}
				g.Near, g.Rows, g.Width, g.Frac, g.Bent = int(near), rows, c.Color.Width, frac, f.bent
				g.Fine, g.Offset = f.fine, int32(toFixed(o.t[2]+0.5, math.Ldexp(1, 16+f.fine)))
				g.Shift = float32(o.shift)
				g.Share = float32(math.Floor(32767 * float64(float32(near)+g.Shift)))
				f.width, f.rows, f.one = float64(pixel.BlockWidth), float64(rows), math.Ldexp(1, frac)
				fits, follows := f.follows(g, slack/10)
				if follows {
					g.fill(&f, p)
					return g
				}
				if fits {
					break // fewer bits are worse
				}
			}
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

// follows tells whether the blocks' rectangles are where the lenses put the patches' corners, to within limit pixels, over
// most of the image; what lies outside the lenses' reach is left to the slow way. Fits is false if that is for want of bits.
func (f *fitter) follows(g *glide, limit float64) (fits, follows bool) {
	const tries = 12
	tried, width, height := 0, f.c.Depth.Width, f.c.Depth.Height
	for j := range tries {
		for i := range tries {
			x := i * (g.perRow - 1) / (tries - 1) * pixel.BlockWidth
			y := j * ((height - 1) / g.Rows) / (tries - 1) * g.Rows
			var top, bottom [3]fit
			f.knots(top[:], x, y)
			f.knots(bottom[:], x, y+g.Rows)
			p, ok := f.fit(top[:], bottom[:])
			if !ok {
				continue
			}
			e := p.extent(whole)
			if _, seen := f.reach(e); !seen {
				tried++
				continue
			}
			b, fits := f.block(&p, e, x, y)
			if !fits {
				return false, false
			}
			tried++
			last, lowest := min(pixel.BlockWidth, width-x)-1, min(g.Rows, height-y)-1
			for _, k := range [4]int{0, last / 4, last * 3 / 4, last} {
				for _, row := range [3]int{0, lowest / 2, lowest} {
					if !f.agrees(g, &b, x, y, k, row, limit) {
						return true, false
					}
				}
			}
		}
	}
	return true, tried > tries*tries/2
}

// agrees tells whether the patch of pixel k of row j of the block at (x, y) is where it should be.
func (f *fitter) agrees(g *glide, b *pixel.Block, x, y, k, j int, limit float64) bool {
	r, _ := f.ray(float64(x+k), float64(y+j))
	far := min(65535, int(8/f.c.DepthScale))
	z := float64(r[2]*float64(far)) + f.t[2]
	if math.Abs(float64(g.Depth(b, k, j, uint16(far)))-z) > 0.8 { // units, at 8 m, of which a half is rounding
		return false
	}
	for _, share := range [4]float64{0, 0.2, 0.75, 1} {
		inverse := int16(math.RoundToEven(float64(share * 32767)))
		want, ok := f.rectangle(x+k, y+j, float64(f.far*share))
		got := g.Sides(b, k, j, inverse)
		at := [4]int32{b.X, b.X, b.Y, b.Y}
		for i := range got {
			side := float64(at[i]) + (float64(got[i])-f.one+1)/f.one + f.slack*float64(1-2*(i&1))
			if !ok || math.Abs(side-want[i]) > limit {
				return false
			}
		}
	}
	return true
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

// fill makes the tables, the rows of blocks in parallel.
func (g *glide) fill(f *fitter, p *pool.Pool) {
	rows := (f.c.Depth.Height + g.Rows - 1) / g.Rows
	g.blocks, g.reach = make([]pixel.Block, g.perRow*rows), make([]band, rows)
	p.Run(rows, 1, func(_, lo, hi int) { g.fillRows(f, lo, hi) })
	if p.Threads() > 1 {
		g.shares = split(g.reach, f.c.Color.Height)
	} else {
		g.shares[0] = []share{{0, rows, band{0, f.c.Color.Height}, band{0, f.c.Color.Height}}}
	}
}

func (g *glide) fillRows(f *fitter, first, last int) {
	top, bottom := make([]fit, 2*g.perRow+1), make([]fit, 2*g.perRow+1)
	f.knots(top, 0, first*g.Rows)
	for y := first; y < last; y++ {
		f.knots(bottom, 0, (y+1)*g.Rows)
		var reach band
		for i := range g.perRow {
			b, rows := f.make(top[2*i:], bottom[2*i:], i*pixel.BlockWidth, y*g.Rows)
			g.blocks[y*g.perRow+i] = b
			reach = reach.with(rows)
		}
		g.reach[y] = band{max(reach.lo, 0), min(reach.hi, f.c.Color.Height)}
		top, bottom = bottom, top
	}
}
