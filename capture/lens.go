package capture

import "math"

// A Lens maps between the pixels of an image and the rays that the camera sees there: (x, y) stands for the ray
// through (x, y, 1), without distortion. It is [Intrinsics] prepared for use, and safe for concurrent use.
//
// Both distortion models are the same polynomial, read in opposite directions (librealsense rs_types.h and rsutil.h;
// OpenCV's five coefficients):
//
//	f  = 1 + k1·r² + k2·r⁴ + k3·r⁶,  r² = x² + y²
//	x' = x·f + 2·p1·x·y + p2·(r² + 2·x²)
//	y' = y·f + 2·p2·x·y + p1·(r² + 2·y²)
//
// Brown-Conrady carries undistorted to distorted, inverse Brown-Conrady distorted to undistorted. The direction that
// has no closed form is solved by Newton's method. The polynomial describes the lens up to the radius at which it
// stops growing; beyond it, pixels would repeat, and both directions report false there.
//
// Products are rounded on their own (the float64 conversions), so that compilers that fuse multiplication and addition
// give the same bits as those that do not.
type Lens struct {
	in    Intrinsics
	bent  bool    // the model distorts
	limit float64 // r² at which the polynomial stops growing
}

// maxRay bounds rays: |x| and |y| are below it. It is an angle of 86° from the optical axis, where a pin-hole camera
// has long ended.
const maxRay = 16

// NewLens prepares the lens of a camera whose intrinsics validate.
func NewLens(in Intrinsics) Lens {
	l := Lens{in: in}
	l.bent = in.Model != "" && in.Model != NoDistortion && in.Coeffs != [5]float64{}
	if l.bent {
		l.limit = growingUntil(in.Coeffs)
	}
	return l
}

// Ray returns the ray through the point (px, py) of the image, in pixels; (0, 0) is the centre of the top-left pixel.
// It reports false where the lens sees nothing.
func (l *Lens) Ray(px, py float64) (x, y float64, ok bool) {
	x, y = (px-l.in.Cx)/l.in.Fx, (py-l.in.Cy)/l.in.Fy
	switch {
	case !l.bent:
		ok = true
	case l.in.Model == BrownConrady:
		x, y, ok = l.solve(x, y)
	default:
		x, y, ok = l.bend(x, y)
	}
	return x, y, ok && math.Abs(x) < maxRay && math.Abs(y) < maxRay
}

// Pixel returns the point of the image, in pixels and not bounded by the image's size, where the ray (x, y, 1)
// arrives. It reports false where the lens sees nothing.
func (l *Lens) Pixel(x, y float64) (px, py float64, ok bool) {
	if !(math.Abs(x) < maxRay && math.Abs(y) < maxRay) {
		return 0, 0, false
	}
	switch {
	case !l.bent:
		ok = true
	case l.in.Model == BrownConrady:
		x, y, ok = l.bend(x, y)
	default:
		x, y, ok = l.solve(x, y)
	}
	return float64(x*l.in.Fx) + l.in.Cx, float64(y*l.in.Fy) + l.in.Cy, ok
}

// bend evaluates the polynomial. It reports false beyond the radius at which the polynomial stops growing.
func (l *Lens) bend(x, y float64) (bx, by float64, ok bool) {
	bx, by, j := l.polynomial(x, y)
	r2 := float64(x*x) + float64(y*y)
	return bx, by, r2 < l.limit && j.det() > 0
}

// solve finds the point that bend carries to (bx, by).
func (l *Lens) solve(bx, by float64) (x, y float64, ok bool) {
	const steps, enough = 40, 1e-12
	x, y = bx, by
	for range steps {
		gx, gy, j := l.polynomial(x, y)
		ex, ey := gx-bx, gy-by
		if math.Abs(ex) <= enough && math.Abs(ey) <= enough {
			r2 := float64(x*x) + float64(y*y)
			return x, y, r2 < l.limit && j.det() > 0
		}
		det := j.det()
		if !(math.Abs(det) > 1e-9 && math.Abs(x) < 4*maxRay && math.Abs(y) < 4*maxRay) {
			break
		}
		x -= (float64(ex*j.yy) - float64(ey*j.xy)) / det
		y -= (float64(ey*j.xx) - float64(ex*j.yx)) / det
	}
	return x, y, false
}

// jacobian is the derivative of the polynomial: xy is ∂x'/∂y.
type jacobian struct{ xx, xy, yx, yy float64 }

func (j jacobian) det() float64 { return float64(j.xx*j.yy) - float64(j.xy*j.yx) }

func (l *Lens) polynomial(x, y float64) (bx, by float64, j jacobian) {
	k1, k2, p1, p2, k3 := l.in.Coeffs[0], l.in.Coeffs[1], l.in.Coeffs[2], l.in.Coeffs[3], l.in.Coeffs[4]
	xx, yy, xy := float64(x*x), float64(y*y), float64(x*y)
	r2 := xx + yy
	f := 1 + float64(r2*(k1+float64(r2*(k2+float64(r2*k3)))))
	df := k1 + float64(r2*(float64(2*k2)+float64(3*float64(r2*k3)))) // ∂f/∂r²
	bx = float64(x*f) + float64(2*float64(p1*xy)) + float64(p2*(r2+2*xx))
	by = float64(y*f) + float64(2*float64(p2*xy)) + float64(p1*(r2+2*yy))
	cross := float64(2*float64(xy*df)) + float64(2*float64(p1*x)) + float64(2*float64(p2*y))
	j.xx = f + float64(2*float64(xx*df)) + float64(2*float64(p1*y)) + float64(6*float64(p2*x))
	j.yy = f + float64(2*float64(yy*df)) + float64(2*float64(p2*x)) + float64(6*float64(p1*y))
	j.xy, j.yx = cross, cross
	return bx, by, j
}

// growingUntil returns the smallest r² at which d(r·f)/dr = 1 + 3·k1·r² + 5·k2·r⁴ + 7·k3·r⁶ falls to 0, found on a grid
// and by bisection, or the square of the largest ray if there is none below it.
func growingUntil(c [5]float64) float64 {
	slope := func(s float64) float64 {
		return 1 + float64(s*(float64(3*c[0])+float64(s*(float64(5*c[1])+float64(7*float64(c[4]*s))))))
	}
	const largest, steps = 2 * maxRay * maxRay, 1 << 14
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		hi := float64(largest * float64(t*t)) // finer near the axis, where lenses are used
		if slope(hi) > 0 {
			continue
		}
		t = float64(i-1) / steps
		lo := float64(largest * float64(t*t))
		for range 60 {
			mid := (lo + hi) / 2
			if slope(mid) > 0 {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	}
	return largest
}
