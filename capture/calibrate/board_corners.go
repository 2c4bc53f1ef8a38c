package calibrate

import (
	"math"

	"github.com/depthwise/depthwise/capture"
)

// fitCorners finds the geometry that projects the corners best into both cameras' pictures, with a pose of the board in
// each view that is free too and eliminated from the equations (Triggs et al., Bundle adjustment, 1999, section 6).
func (s *sightings) fitCorners(r *BoardResult) ([]part, error) {
	s.face180()
	cal := s.cal
	r.Before = s.cornersRMS(&cal, true)
	cal.DepthToColor = s.meanWay()
	var parts []part
	for range 12 {
		parts = make([]part, len(s.views))
		var all part
		steps := make([]func([params]float64) [6]float64, len(s.views))
		for i := range s.views {
			parts[i], steps[i] = s.reduce(&cal, &s.views[i])
			all.join(&parts[i], 1)
		}
		step, ok := solve(&all.a, &all.b, s.free())
		if !ok {
			return nil, refuse("board: the views tell too little: show the board leaning to all sides")
		}
		cal = moved(cal, step)
		for i := range s.views {
			s.views[i].seen = turnedBy(s.views[i].seen, steps[i](step))
		}
		if length(step) < 1e-10 {
			break
		}
	}
	r.After = s.cornersRMS(&cal, false)
	r.Calibration = cal
	return parts, nil
}

// face180 numbers the corners of a depth camera's picture from the same end as colour's: which end is first cannot be
// seen, so it is the one that turns the cameras least against each other.
func (s *sightings) face180() {
	b := s.board
	half := capture.Extrinsics{Rotation: [9]float64{-1, 0, 0, 0, -1, 0, 0, 0, 1},
		Translation: [3]float64{float64(b.Cols-1) * b.Square, float64(b.Rows-1) * b.Square, 0}}
	for i := range s.views {
		v := &s.views[i]
		other := v.seen.After(half)
		if angle(v.pose.After(other.Inverse()).Rotation) < angle(v.pose.After(v.seen.Inverse()).Rotation) {
			v.seen = other
			for j, n := 0, len(v.infrared); j < n/2; j++ {
				v.infrared[j], v.infrared[n-1-j] = v.infrared[n-1-j], v.infrared[j]
			}
		}
	}
}

// angle is how far a rotation turns, in radians.
func angle(r [9]float64) float64 { return math.Acos(min(max((r[0]+r[4]+r[8]-1)/2, -1), 1)) }

// meanWay is the middle of what the single views say.
func (s *sightings) meanWay() capture.Extrinsics {
	var turns, shifts [3][]float64
	for i := range s.views {
		way := s.views[i].pose.After(s.views[i].seen.Inverse())
		v := RotationVector(way.Rotation)
		for k := range 3 {
			turns[k], shifts[k] = append(turns[k], v[k]), append(shifts[k], way.Translation[k])
		}
	}
	var turn, shift [3]float64
	for k := range 3 {
		turn[k], shift[k] = median(turns[k]), median(shifts[k])
	}
	return capture.Extrinsics{Rotation: rodrigues(turn), Translation: shift}
}

// turnedBy applies a small step, three turns and three shifts, to a pose.
func turnedBy(e capture.Extrinsics, step [6]float64) capture.Extrinsics {
	c := moved(capture.Calibration{DepthToColor: e}, [params]float64{step[0], step[1], step[2], step[3], step[4], step[5]})
	return c.DepthToColor
}

// misses are how far the corners are from where they are seen: x and y in colour, x and y in the depth camera's picture.
func (s *sightings) misses(way, seen capture.Extrinsics, v *view, color, depth *capture.Lens, out []float64) bool {
	both := way.After(seen)
	for i := range v.corners {
		at := s.board.At(i)
		x, y, ok := project(color, both, at)
		x2, y2, ok2 := project(depth, seen, at)
		if !ok || !ok2 {
			return false
		}
		out[4*i], out[4*i+1] = x-v.corners[i][0], y-v.corners[i][1]
		out[4*i+2], out[4*i+3] = x2-v.infrared[i][0], y2-v.infrared[i][1]
	}
	return true
}

// reduce is what a view says about the geometry once its own pose follows, and the function that says how it follows.
func (s *sightings) reduce(cal *capture.Calibration, v *view) (part, func([params]float64) [6]float64) {
	color, depth := capture.NewLens(cal.Color), capture.NewLens(cal.Depth)
	n := 4 * len(v.corners)
	base, moved1 := make([]float64, n), make([]float64, n)
	nothing := func([params]float64) (zero [6]float64) { return }
	if !s.misses(cal.DepthToColor, v.seen, v, &color, &depth, base) {
		return part{}, nothing
	}
	const h = 1e-6
	jac := make([][12]float64, n) // by the way between the cameras, then by the board's pose
	for k := range 12 {
		var step [6]float64
		step[k%6] = h
		way, seen := cal.DepthToColor, v.seen
		if k < 6 {
			way = turnedBy(way, step)
		} else {
			seen = turnedBy(seen, step)
		}
		if !s.misses(way, seen, v, &color, &depth, moved1) {
			return part{}, nothing
		}
		for i := range jac {
			jac[i][k] = (moved1[i] - base[i]) / h
		}
	}
	var full [12][12]float64
	var right [12]float64
	for i := range jac {
		for j := range 12 {
			right[j] -= jac[i][j] * base[i]
			for k := range 12 {
				full[j][k] += jac[i][j] * jac[i][k]
			}
		}
	}
	var own [params][params]float64 // the pose's block
	for j := range 6 {
		copy(own[j][:6], full[6+j][6:])
	}
	free := [params]bool{true, true, true, true, true, true}
	solved := func(b [6]float64) ([params]float64, bool) {
		rhs := [params]float64{b[0], b[1], b[2], b[3], b[4], b[5]}
		return solve(&own, &rhs, free)
	}
	y, ok := solved([6]float64(right[6:]))
	if !ok {
		return part{}, nothing
	}
	var columns [6][params]float64 // own⁻¹ times the block between
	for k := range 6 {
		if columns[k], ok = solved([6]float64(full[k][6:])); !ok {
			return part{}, nothing
		}
	}
	var p part
	for j := range 6 {
		p.b[j] = right[j]
		for i := range 6 {
			p.b[j] -= full[j][6+i] * y[i]
		}
		for k := 0; k <= j; k++ {
			p.a[j][k] = full[j][k]
			for i := range 6 {
				p.a[j][k] -= full[j][6+i] * columns[k][i]
			}
		}
	}
	return p, func(step [params]float64) (own [6]float64) {
		for i := range 6 {
			own[i] = y[i]
			for k := range 6 {
				own[i] -= columns[k][i] * step[k]
			}
		}
		return own
	}
}

// cornersRMS is how far corners are from where they are seen, on the mean of both pictures. With fixed the depth camera's poses
// are as its own picture says, and only colour tells: where the geometry puts the corners.
func (s *sightings) cornersRMS(cal *capture.Calibration, fixed bool) float64 {
	color, depth := capture.NewLens(cal.Color), capture.NewLens(cal.Depth)
	var sum, count float64
	for i := range s.views {
		v := &s.views[i]
		out := make([]float64, 4*len(v.corners))
		if !s.misses(cal.DepthToColor, v.seen, v, &color, &depth, out) {
			continue
		}
		for k, m := range out {
			if fixed && k%4 >= 2 {
				continue
			}
			sum += m * m
			count++
		}
	}
	return math.Sqrt(2 * sum / max(count, 1))
}
