package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/depthwise/depthwise/capture"
)

// part is what one view says about the step that is still to go: a·step = b in the least squares.
type part struct {
	a [params][params]float64
	b [params]float64
}

func (p *part) add(jac *[params]float64, residual, weight float64) {
	for i := range params {
		p.b[i] -= weight * jac[i] * residual
		for j := 0; j <= i; j++ {
			p.a[i][j] += weight * jac[i] * jac[j]
		}
	}
}

// join adds k times q.
func (p *part) join(q *part, k float64) {
	for i := range params {
		p.b[i] += k * q.b[i]
		for j := 0; j <= i; j++ {
			p.a[i][j] += k * q.a[i][j]
		}
	}
}

// fitPlanes lays the planes of the depth images on the boards. Each round looks for the board where the last one's geometry
// says that it is.
func (s *sightings) fitPlanes(r *BoardResult) (parts []part, err error) {
	const rounds = 8
	cal := s.cal
	for round := range rounds {
		var points [][][3]float64
		var boards []capture.Extrinsics
		for i := range s.views {
			if found := s.onBoard(&cal, &s.views[i], round); found != nil {
				points, boards = append(points, found), append(boards, s.views[i].pose)
			}
		}
		if len(points) < minViews {
			return nil, refuse("board: depth has a plane where colour shows the board in %d of %d views, at least %d are needed: "+
				"the geometry to begin with is too far off, or the board has no depth readings", len(points), len(s.views), minViews)
		}
		if round == 0 {
			r.Before = planeRMS(&cal, points, boards)
			if leaning(boards) < leastLean {
				return nil, refuse("board: it leans too little, or only to one side, to tell how the cameras stand: tilt it to all sides")
			}
		}
		for range 10 {
			parts = planeParts(&cal, points, boards)
			step, ok := total(parts, s.free())
			if !ok {
				return nil, refuse("board: the views tell too little: show the board leaning to all sides, near and far")
			}
			cal = movedBoard(cal, step)
			if length(step) < 1e-9 {
				break
			}
		}
		r.After = planeRMS(&cal, points, boards)
	}
	r.Calibration = cal
	return parts, nil
}

// leaning says how much the boards' normals differ: 1/Σ(1/λ) of the eigenvalues λ of their mean square, 1/9 where they point
// everywhere and 0 where a plane holds them. The planes leave the translation the more uncertain the less it is.
func leaning(boards []capture.Extrinsics) float64 {
	var m [3][3]float64
	for _, b := range boards {
		n, _ := face(b)
		for i := range 3 {
			for j := range 3 {
				m[i][j] += n[i] * n[j] / float64(len(boards))
			}
		}
	}
	minors := cross(m[0], m[1])[2] + cross(m[1], m[2])[0] + cross(m[2], m[0])[1]
	return dot(m[0], cross(m[1], m[2])) / max(minors, 1e-12)
}

// leastLean is that of boards which lean by 5° to all sides.
const leastLean = 0.0038

// movedBoard is moved with the depth scale in the place of the focal length.
func movedBoard(c capture.Calibration, step [params]float64) capture.Calibration {
	c.DepthScale *= math.Exp(step[6])
	step[6] = 0
	return moved(c, step)
}

func length(step [params]float64) float64 {
	sum := 0.0
	for _, x := range step {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// total is the step that all parts agree on best.
func total(parts []part, free [params]bool) ([params]float64, bool) {
	var all part
	for i := range parts {
		all.join(&parts[i], 1)
	}
	return solve(&all.a, &all.b, free)
}

// onBoard are the points of a view's depth image that lie on the board, in units of the depth image; nil where there is no
// plane. The later the round, the closer to the plane a point has to be.
func (s *sightings) onBoard(cal *capture.Calibration, v *view, round int) [][3]float64 {
	lens := capture.NewLens(cal.Depth)
	way := cal.DepthToColor.Inverse().After(v.pose)
	b := s.board
	var quad [4][2]float64
	for i, corner := range []int{0, b.Cols - 1, b.Cols*b.Rows - 1, b.Cols * (b.Rows - 1)} {
		x, y, ok := project(&lens, way, b.At(corner))
		if !ok {
			return nil
		}
		quad[i] = [2]float64{x, y}
	}
	x0, x1, y0, y1 := quad[0][0], quad[0][0], quad[0][1], quad[0][1]
	for _, q := range quad {
		x0, x1, y0, y1 = min(x0, q[0]), max(x1, q[0]), min(y0, q[1]), max(y1, q[1])
	}
	left, right := int(max(x0, 0)), int(min(x1+1, float64(v.depth.Width)))
	top, bottom := int(max(y0, 0)), int(min(y1+1, float64(v.depth.Height)))
	step := max(1, int(math.Sqrt(max(x1-x0, 0)*max(y1-y0, 0)/6000)))
	var points [][3]float64
	seen := 0
	for y := top; y < bottom; y += step {
		for x := left; x < right; x += step {
			if !inside(&quad, float64(x), float64(y)) {
				continue
			}
			seen++
			d := v.depth.Pix[y*v.depth.Width+x]
			rx, ry, ok := lens.Ray(float64(x), float64(y))
			if d == 0 || !ok {
				continue
			}
			z := float64(d)
			points = append(points, [3]float64{rx * z, ry * z, z})
		}
	}
	if len(points) < minReadings || len(points) < seen/4 {
		return nil
	}
	near := 0.02 // of the distance
	if round > 1 {
		near = 0.01
	}
	return plane(points, near)
}

// inside tells whether a point lies in a convex quadrangle.
func inside(quad *[4][2]float64, x, y float64) bool {
	positive, negative := false, false
	for i := range quad {
		a, b := quad[i], quad[(i+1)%4]
		side := (b[0]-a[0])*(y-a[1]) - (b[1]-a[1])*(x-a[0])
		positive, negative = positive || side > 0, negative || side < 0
	}
	return !(positive && negative)
}

// plane keeps the points of the plane that most of them lie on, within near times their distance (Fischler and Bolles,
// Random sample consensus, CACM 1981); nil if that is not half of them.
func plane(points [][3]float64, near float64) [][3]float64 {
	rng := rand.New(rand.NewPCG(3, uint64(len(points))))
	var best [4]float64 // n·p = d
	most := 0
	for range 60 {
		a, b, c := points[rng.IntN(len(points))], points[rng.IntN(len(points))], points[rng.IntN(len(points))]
		n := cross(minus(b, a), minus(c, a))
		l := math.Sqrt(dot(n, n))
		if !(l > 1e-9) {
			continue
		}
		for k := range n {
			n[k] /= l
		}
		d, count := dot(n, a), 0
		for i := 0; i < len(points); i += 1 + len(points)/500 {
			if p := points[i]; math.Abs(dot(n, p)-d) < near*p[2] {
				count++
			}
		}
		if count > most {
			best, most = [4]float64{n[0], n[1], n[2], d}, count
		}
	}
	n, all := [3]float64(best[:3]), len(points)
	kept := slices.DeleteFunc(points, func(p [3]float64) bool { return !(math.Abs(dot(n, p)-best[3]) < near*p[2]) })
	if most == 0 || len(kept) < minReadings || len(kept) < all/2 {
		return nil
	}
	return kept
}

// planeParts are the equations of each view. A view weighs by its distance's fourth power, as the noise of depth grows with the
// square of it, and the less the further its plane is from the board beside the others'.
func planeParts(cal *capture.Calibration, points [][][3]float64, boards []capture.Extrinsics) []part {
	parts, offs, scales := make([]part, len(points)), make([]float64, len(points)), make([]float64, len(points))
	for v := range points {
		n, d := face(boards[v])
		var sum, far float64
		weight := 1 / float64(len(points[v]))
		for _, p := range points[v] {
			var turned [3]float64
			for i := range 3 {
				turned[i] = cal.DepthScale * dot([3]float64(cal.DepthToColor.Rotation[3*i:]), p)
			}
			residual := dot(n, turned) + dot(n, cal.DepthToColor.Translation) - d
			lever := cross(turned, n)
			jac := [params]float64{lever[0], lever[1], lever[2], n[0], n[1], n[2], dot(n, turned)}
			parts[v].add(&jac, residual, weight)
			sum += weight * residual
			far += weight * cal.DepthScale * p[2]
		}
		offs[v], scales[v] = math.Abs(sum)/(far*far), 1/(far*far*far*far)
	}
	usual := median(offs) + 0.001
	for v := range parts {
		k := scales[v] / (1 + square(offs[v]/(3*usual)))
		var weighed part
		weighed.join(&parts[v], k)
		parts[v] = weighed
	}
	return parts
}

// face is the board's plane n·p = d in the colour camera.
func face(board capture.Extrinsics) (n [3]float64, d float64) {
	r := board.Rotation
	n = [3]float64{r[2], r[5], r[8]}
	return n, dot(n, board.Translation)
}

func planeRMS(cal *capture.Calibration, points [][][3]float64, boards []capture.Extrinsics) float64 {
	var sum, count float64
	for v := range points {
		n, d := face(boards[v])
		for _, p := range points[v] {
			at := [3]float64{p[0] * cal.DepthScale, p[1] * cal.DepthScale, p[2] * cal.DepthScale}
			sum += square(dot(n, cal.DepthToColor.Apply(at)) - d)
			count++
		}
	}
	return math.Sqrt(sum / max(count, 1))
}

// uncertain tells how much the result changes when the views are drawn anew, and refuses one that is no measurement.
func uncertain(r *BoardResult, parts []part, free [params]bool) error {
	rng := rand.New(rand.NewPCG(4, uint64(len(parts))))
	base, _ := total(parts, free)
	var ss [params]float64
	count := 0.0
	for range resamples {
		var all part
		for range parts {
			all.join(&parts[rng.IntN(len(parts))], 1)
		}
		if step, ok := solve(&all.a, &all.b, free); ok {
			count++
			for i := range step {
				ss[i] += square(step[i] - base[i])
			}
		}
	}
	if count < resamples/2 {
		return refuse("board: the views tell too little: show the board leaning to all sides, near and far")
	}
	for i := range 3 {
		r.RotationSigma[i], r.TranslationSigma[i] = math.Sqrt(ss[i]/count), math.Sqrt(ss[3+i]/count)
		if s := r.TranslationSigma[i]; s > surestShift {
			return refuse("board: the translation along %c is uncertain by %.0f mm: show the board leaning more, to all sides, in more positions",
				"xyz"[i], 1000*s)
		}
	}
	r.ScaleSigma = math.Sqrt(ss[6] / count)
	return nil
}
