package calibrate

import (
	"math"
	"slices"

	"github.com/depthwise/depthwise/capture"
)

// params is the number of what can be estimated: turn about x, y, z in radians, shift along x, y, z in metres, and the
// logarithm of the focal length's factor.
const params = 7

// moved returns c with the step applied to what stands: rotation exp(step)·R, translation T + step, focal lengths times
// exp(step).
func moved(c capture.Calibration, step [params]float64) capture.Calibration {
	turn := rodrigues([3]float64(step[:3]))
	r := c.DepthToColor.Rotation
	var out [9]float64
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[3*i+j] += turn[3*i+k] * r[3*k+j]
			}
		}
	}
	c.DepthToColor.Rotation = orthonormal(out)
	for i := range 3 {
		c.DepthToColor.Translation[i] += step[3+i]
	}
	k := math.Exp(step[6])
	c.Color.Fx *= k
	c.Color.Fy *= k
	return c
}

// rodrigues is the rotation about v by its length.
func rodrigues(v [3]float64) [9]float64 {
	a := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	s, c := 1.0, 0.5 // of sin(a)/a and (1−cos a)/a²
	if a > 1e-6 {
		s, c = math.Sin(a)/a, (1-math.Cos(a))/(a*a)
	}
	x, y, z := v[0], v[1], v[2]
	return [9]float64{
		1 - c*(y*y+z*z), c*x*y - s*z, c*x*z + s*y,
		c*x*y + s*z, 1 - c*(x*x+z*z), c*y*z - s*x,
		c*x*z - s*y, c*y*z + s*x, 1 - c*(x*x+y*y),
	}
}

// orthonormal straightens a rotation (Gram and Schmidt), so that steps do not add their rounding up.
func orthonormal(r [9]float64) [9]float64 {
	a, b := [3]float64(r[:3]), [3]float64(r[3:6])
	unit := func(v [3]float64) [3]float64 {
		n := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		return [3]float64{v[0] / n, v[1] / n, v[2] / n}
	}
	a = unit(a)
	dot := a[0]*b[0] + a[1]*b[1] + a[2]*b[2]
	b = unit([3]float64{b[0] - dot*a[0], b[1] - dot*a[1], b[2] - dot*a[2]})
	return [9]float64{a[0], a[1], a[2], b[0], b[1], b[2],
		a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// projector carries points of the depth camera into the colour image.
type projector struct {
	r    [9]float64
	t    [3]float64
	lens capture.Lens
}

func newProjector(c capture.Calibration) projector {
	return projector{c.DepthToColor.Rotation, c.DepthToColor.Translation, capture.NewLens(c.Color)}
}

func (p *projector) turn(x [3]float64) (y [3]float64) {
	for i := range 3 {
		y[i] = p.r[3*i]*x[0] + p.r[3*i+1]*x[1] + p.r[3*i+2]*x[2] + p.t[i]
	}
	return y
}

func (p *projector) pixel(x [3]float64) (u, v float64, ok bool) {
	y := p.turn(x)
	if !(y[2] > nearest/2) {
		return 0, 0, false
	}
	return p.lens.Pixel(y[0]/y[2], y[1]/y[2])
}

// RotationVector is a rotation, row by row, as a vector along its axis that is as long as its angle in radians.
func RotationVector(r [9]float64) [3]float64 { return turned(capture.Identity.Rotation, r) }

// turned is the rotation from one transform to another, in radians about the colour camera's axes.
func turned(from, to [9]float64) [3]float64 {
	var m [9]float64 // to·fromᵀ
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[3*i+j] += to[3*i+k] * from[3*j+k]
			}
		}
	}
	v := [3]float64{(m[7] - m[5]) / 2, (m[2] - m[6]) / 2, (m[3] - m[1]) / 2}
	s := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	a := math.Atan2(s, (m[0]+m[4]+m[8]-1)/2)
	if s < 1e-12 {
		return v
	}
	return [3]float64{v[0] * a / s, v[1] * a / s, v[2] * a / s}
}

// solve solves a·x = b for the free parameters, the others 0, by Cholesky's decomposition. It reports false where a is
// not positive definite.
func solve(a *[params][params]float64, b *[params]float64, free [params]bool) (x [params]float64, ok bool) {
	var l [params][params]float64
	for i := range params {
		if !free[i] {
			continue
		}
		for j := 0; j <= i; j++ {
			if !free[j] {
				continue
			}
			s := a[i][j]
			for k := range j {
				s -= l[i][k] * l[j][k]
			}
			if i != j {
				l[i][j] = s / l[j][j]
				continue
			}
			if !(s > 1e-12*a[i][i]) {
				return x, false
			}
			l[i][i] = math.Sqrt(s)
		}
	}
	var y [params]float64
	for i := range params {
		if !free[i] {
			continue
		}
		s := b[i]
		for k := range i {
			s -= l[i][k] * y[k]
		}
		y[i] = s / l[i][i]
	}
	for i := params - 1; i >= 0; i-- {
		if !free[i] {
			continue
		}
		s := y[i]
		for k := i + 1; k < params; k++ {
			s -= l[k][i] * x[k]
		}
		x[i] = s / l[i][i]
	}
	return x, true
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func minus(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// median is the upper one of an even number.
func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
