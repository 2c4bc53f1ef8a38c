package capture

// The depth along the colour camera's axis that fits in a reading, in Q24 units: it rounds to 1…65535.
const (
	nearest  = oneQ24 / 2              // 2²³
	farthest = 65535*oneQ24 + oneQ24/2 // below 2⁴⁰, exclusive
	empty    = 65535
)

// spot is a corner of a patch in the colour image.
type spot struct {
	u, v int64 // Q12 pixels
	z    int64 // Q24 depth units; 0 if the corner is not seen
}

// corner projects a corner at a reading of d units.
//
// Bounds. A reading is below 2¹⁶ and a ray's part within 2³¹ (2²⁹ unless it is nowhere), so the product is within 2⁴⁷;
// the translation is within 2⁵⁴: sums are within 2⁵⁵. After the test of z, 2²³ ≤ z < 2⁴⁰, so that 16·z < 2⁴⁴ and the
// reciprocal 2⁵⁹/z is in (2¹⁹, 2³⁶]. After the test of x, |x| < 16·z, so |x·(2⁵⁹/z)| < 2⁶³ and the quotient in Q28 is
// below 2³². Times fx ≤ 2²⁹ that is below 2⁶¹, and with cx a pixel in Q12 is below 2³⁴. The reciprocal's relative error
// is below 2⁻¹⁹ at 65535 units and 2⁻²³ at 4000.
func (w *view) corner(d int64, c ray) spot {
	z := d*int64(c.z) + w.tz
	if z < nearest || z >= farthest {
		return spot{}
	}
	x := d*int64(c.x) + w.tx
	y := d*int64(c.y) + w.ty
	if beyond(x, z) || beyond(y, z) {
		return spot{}
	}
	inverse := int64((1 << 59) / uint64(z))
	nx, ny := x*inverse>>31, y*inverse>>31
	if w.warp == nil {
		return spot{(w.fx*nx)>>28 + w.cx, (w.fy*ny)>>28 + w.cy, z}
	}
	u, v, ok := w.warp.at(nx, ny)
	if !ok {
		return spot{}
	}
	return spot{u, v, z}
}

// beyond tells whether |x| ≥ 16·z, for positive z.
func beyond(x, z int64) bool { return x >= z<<4 || x <= -z<<4 }

// project draws the patches of the worker's share of the depth rows into its z-buffer.
func (w *worker) project() {
	r, src := w.r, w.r.src
	n := len(r.workers)
	first, last := src.Height*w.index/n, src.Height*(w.index+1)/n
	w.lo, w.hi = r.cal.Color.Height, 0
	for y := first; y < last; y++ {
		row := src.Pix[y*src.Width:][:src.Width]
		top := r.rays[y*(src.Width+1):][:src.Width+1]
		bottom := r.rays[(y+1)*(src.Width+1):][:src.Width+1]
		if r.diagonal {
			w.projectDiagonals(row, top, bottom[1:])
			continue
		}
		var right, rightBelow spot // the right corners of the last patch, which the next one at the same depth shares
		var previous uint16
		for x, d := range row {
			if d == 0 {
				previous = 0
				continue
			}
			a, c := right, rightBelow
			if d != previous {
				a, c = r.view.corner(int64(d), top[x]), r.view.corner(int64(d), bottom[x])
			}
			right = r.view.corner(int64(d), top[x+1])
			rightBelow = r.view.corner(int64(d), bottom[x+1])
			previous = d
			if a.z != 0 && c.z != 0 && right.z != 0 && rightBelow.z != 0 {
				w.cover(a, right, c, rightBelow)
			}
		}
	}
}

// projectDiagonals draws a row of patches from their top left and bottom right corners.
func (w *worker) projectDiagonals(row []uint16, topLeft, bottomRight []ray) {
	view := &w.r.view
	for x, d := range row {
		if d == 0 {
			continue
		}
		a, b := view.corner(int64(d), topLeft[x]), view.corner(int64(d), bottomRight[x])
		if a.z != 0 && b.z != 0 {
			w.cover(a, b, a, b)
		}
	}
}

// upright tells whether two opposite corners of a patch bound it as well as all four do, to a sixteenth of the slack:
// so it is when the cameras are hardly turned against each other. It tries patches all over the image at three depths.
func (r *Registrar) upright() bool {
	const tries = 24
	width, height := r.cal.Depth.Width, r.cal.Depth.Height
	tried := 0
	for _, metres := range []float64{0.4, 1.5, 8} {
		d := int64(min(max(metres/r.cal.DepthScale, 1), 65535))
		for j := range tries {
			for i := range tries {
				at := j*(height-1)/(tries-1)*(width+1) + i*(width-1)/(tries-1)
				a, b := r.view.corner(d, r.rays[at]), r.view.corner(d, r.rays[at+1])
				e, f := r.view.corner(d, r.rays[at+width+1]), r.view.corner(d, r.rays[at+width+2])
				if a.z == 0 || b.z == 0 || e.z == 0 || f.z == 0 {
					continue
				}
				tried++
				off := max(
					min(a.u, f.u)-min(b.u, e.u), max(b.u, e.u)-max(a.u, f.u),
					min(a.v, f.v)-min(b.v, e.v), max(b.v, e.v)-max(a.v, f.v))
				if off > r.slack/16 {
					return false
				}
			}
		}
	}
	return tried > 0
}

// cover writes a patch into the z-buffer. Its depth is the mean of its corners', which is that of its centre: rays are
// linear in pixels but for distortion, whose bend within one pixel is far below a unit.
func (w *worker) cover(a, b, c, d spot) {
	r := w.r
	width, height := int64(r.cal.Color.Width), int64(r.cal.Color.Height)
	x0 := (min(a.u, b.u, c.u, d.u) - r.slack + oneQ12 - 1) >> 12 // first pixel whose centre is inside, rounded up
	x1 := (max(a.u, b.u, c.u, d.u) + r.slack + oneQ12 - 1) >> 12 // one past the last
	y0 := (min(a.v, b.v, c.v, d.v) - r.slack + oneQ12 - 1) >> 12
	y1 := (max(a.v, b.v, c.v, d.v) + r.slack + oneQ12 - 1) >> 12
	if x1-x0 > r.widest || y1-y0 > r.widest {
		return
	}
	x0, x1 = max(x0, 0), min(x1, width)
	y0, y1 = max(y0, 0), min(y1, height)
	if x0 >= x1 || y0 >= y1 {
		return
	}
	// Four corners within [nearest, farthest) have a mean within it: z−1 is in 0…65534, and 65535 stays "empty".
	z := uint16((a.z+b.z+c.z+d.z+2*oneQ24)>>26 - 1)
	w.lo, w.hi = min(w.lo, int(y0)), max(w.hi, int(y1))
	for y := y0; y < y1; y++ {
		span := w.pix[y*width+x0 : y*width+x1]
		for i, have := range span {
			if z < have {
				span[i] = z
			}
		}
	}
}
