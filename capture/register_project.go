package capture

// The depth along the colour camera's axis that fits in a reading, in Q24 units: it rounds to 1…65535.
const (
	closest  = oneQ24 / 2              // 2²³
	farthest = 65535*oneQ24 + oneQ24/2 // below 2⁴⁰, exclusive
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
	if z < closest || z >= farthest {
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

// projects draws the patches of the depth rows of shares [first, last) into their z-buffers.
func (r *Registrar) projects(first, last int) {
	for i := first; i < last; i++ {
		r.projectInto(&r.zbuffers[i], r.src.Height*i/len(r.zbuffers), r.src.Height*(i+1)/len(r.zbuffers))
	}
}

// projectInto draws the patches of depth rows [first, last).
func (r *Registrar) projectInto(w *buffer, first, last int) {
	src := r.src
	w.lo, w.hi = r.cal.Color.Height, 0
	for y := first; y < last; y++ {
		row := src.Pix[y*src.Width:][:src.Width]
		top := r.rays[y*(src.Width+1):][:src.Width+1]
		bottom := r.rays[(y+1)*(src.Width+1):][:src.Width+1]
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
				r.cover(w, a, right, c, rightBelow)
			}
		}
	}
}

// patch draws one pixel of reading d; top and bottom are its corners' rays.
func (r *Registrar) patch(w *buffer, d int64, top, bottom []ray) {
	view := &r.view
	a, b, c, e := view.corner(d, top[0]), view.corner(d, top[1]), view.corner(d, bottom[0]), view.corner(d, bottom[1])
	if a.z != 0 && b.z != 0 && c.z != 0 && e.z != 0 {
		r.cover(w, a, b, c, e)
	}
}

// cover draws a patch. Its depth is the mean of its corners', which is that of its centre: rays are linear in pixels but
// for distortion, whose bend within one pixel is far below a unit.
func (r *Registrar) cover(w *buffer, a, b, c, d spot) {
	x0 := (min(a.u, b.u, c.u, d.u) - r.slack + oneQ12 - 1) >> 12 // first pixel whose centre is inside, rounded up
	x1 := (max(a.u, b.u, c.u, d.u) + r.slack + oneQ12 - 1) >> 12 // one past the last
	y0 := (min(a.v, b.v, c.v, d.v) - r.slack + oneQ12 - 1) >> 12
	y1 := (max(a.v, b.v, c.v, d.v) + r.slack + oneQ12 - 1) >> 12
	// Four corners within [closest, farthest) have a mean within it.
	r.fill(w, x0, x1, y0, y1, uint16((a.z+b.z+c.z+d.z+2*oneQ24)>>26-1))
}

// fill writes the patch [x0, x1) × [y0, y1) of depth key+1 into the rows of the z-buffer that may be drawn into.
func (r *Registrar) fill(w *buffer, x0, x1, y0, y1 int64, key uint16) {
	width := int64(r.cal.Color.Width)
	if x1-x0 > r.widest || y1-y0 > r.widest {
		return
	}
	x0, x1 = max(x0, 0), min(x1, width)
	y0, y1 = max(y0, int64(w.clip.lo)), min(y1, int64(w.clip.hi))
	if x0 >= x1 || y0 >= y1 {
		return
	}
	w.lo, w.hi = min(w.lo, int(y0)), max(w.hi, int(y1))
	for y := y0; y < y1; y++ {
		span := w.pix[y*width+x0 : y*width+x1]
		for i, have := range span {
			if key < have-1 { // 0, no reading yet, is the farthest
				span[i] = key + 1
			}
		}
	}
}
