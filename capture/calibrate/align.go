package calibrate

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/depthwise/depthwise/capture"
)

const (
	minPoints  = 600  // depth edges, below which nothing is said
	outliers   = 0.3  // share of depth edges that have no edge in colour, at the start
	minGain    = 1.15 // colour change on depth edges over chance, after the estimate
	strides    = 30   // bootstrap resamples
	scoreReach = 12   // pixels around an edge that the score compares with
)

// The spread of what is not measured: the initial geometry is within about this of the truth.
var prior = [params]float64{0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.15} // radians, metres, logarithm

// A geometry that is more uncertain than this, one standard deviation, is refused.
const (
	maxTurn  = 0.5 * math.Pi / 180
	maxShift = 0.015 // metres
)

// A geometry so far from where it began is no correction of it.
const (
	farTurn  = 12 * math.Pi / 180
	farShift = 0.12 // metres
)

func square(x float64) float64 { return x * x }

// stage is one sampling of the colour images: reach pixels to each side, and the spread of the points about the model at
// its start and end.
type stage struct {
	reach    int
	from, to float64
	turnOnly bool
}

var stages = []stage{
	{40, 14, 6, true}, {40, 10, 4, false}, {20, 5, 2, false}, {10, 3, 1, false}, {6, 1.5, 0.7, false}, {6, 1, 0.7, false}, {6, 0.7, 0.7, false},
}

// profile is a point with what the colour image shows across its edge.
type profile struct {
	jac  [params]float64 // pixels along the direction across, for each parameter
	p    []float32       // odds of the silhouette at −reach … reach pixels; sum 1, or less where nothing shows
	part int
}

// estimate lays the edges on the colour images.
func (e *edges) estimate(ctx context.Context, o Options) (*Geometry, error) {
	if len(e.points) < minPoints {
		return nil, refuse("geometry: %d points of depth edges in %d frames, at least %d are needed: show the cameras things that stand "+
			"free before a background", len(e.points), len(e.images), minPoints)
	}
	free := [params]bool{true, true, true, !o.RotationOnly, !o.RotationOnly, !o.RotationOnly, o.Focal}
	// Every third frame only judges an estimate from the others.
	fit := func(p *point) bool { return len(e.images) < 3 || p.frame%3 != 2 }
	judge := func(p *point) bool { return !fit(p) || len(e.images) < 3 }
	half, _, err := e.climb(ctx, e.cal, fit, free)
	if err != nil {
		return nil, err
	}
	cal, last, err := e.climb(ctx, e.cal, func(*point) bool { return true }, free)
	if err != nil {
		return nil, err
	}
	g := &Geometry{Calibration: cal, Before: e.score(e.cal, judge), After: e.score(half, judge), Frames: len(e.images), Points: len(last),
		Moved: e.moved(e.cal, cal)}
	e.bootstrap(g, last, free)
	if err := cal.Validate(); err != nil {
		return nil, refuse("geometry: the estimate is no calibration: %v", err)
	}
	away := pull(e.cal, cal)
	switch turn, shift := largest(g.RotationSigma), largest(g.TranslationSigma); {
	case g.After < minGain || g.After < g.Before:
		return nil, refuse("geometry: depth edges do not lie on colour edges: the colour's change there is %.2f times chance after the estimate, %.2f before",
			g.After, g.Before)
	case math.Sqrt(square(away[0])+square(away[1])+square(away[2])) > farTurn || math.Sqrt(square(away[3])+square(away[4])+square(away[5])) > farShift:
		return nil, refuse("geometry: depth edges lie best on colour edges turned by %.1f° and shifted by %.0f mm, %.0f mm of it forward: not one rig, so "+
			"the intrinsics are wrong (estimate the focal length too) or the start is too far off", 180/math.Pi*math.Sqrt(square(away[0])+square(away[1])+square(away[2])),
			1000*math.Sqrt(square(away[3])+square(away[4])+square(away[5])), 1000*away[5])
	case turn > maxTurn:
		return nil, refuse("geometry: the rotation is uncertain by %.2f°: record more depth edges, in all parts of the image", turn*180/math.Pi)
	case shift > maxShift:
		return nil, refuse("geometry: the translation is uncertain by %.0f mm: record things both near and far, or estimate the rotation only", shift*1000)
	}
	return g, nil
}

func largest(v [3]float64) float64 { return max(v[0], v[1], v[2]) }

// climb goes through the stages from an initial calibration, and returns the last one's profiles.
func (e *edges) climb(ctx context.Context, cal capture.Calibration, use func(*point) bool, free [params]bool) (capture.Calibration, []profile, error) {
	var profiles []profile
	initial := cal
	for _, s := range stages {
		if err := ctx.Err(); err != nil {
			return cal, nil, err
		}
		profiles = e.sample(cal, s.reach, use)
		if len(profiles) < minPoints/2 {
			return cal, nil, refuse("geometry: %d depth edges lie in the colour image, at least %d are needed", len(profiles), minPoints/2)
		}
		now := free
		if s.turnOnly {
			now[3], now[4], now[5], now[6] = false, false, false, false
		}
		cal = moved(cal, maximize(profiles, nil, s, now, pull(initial, cal)))
	}
	return cal, profiles, nil
}

// pull is the distance of a calibration from the initial one in each parameter, which the prior draws back.
func pull(initial, cal capture.Calibration) (away [params]float64) {
	turn := turned(initial.DepthToColor.Rotation, cal.DepthToColor.Rotation)
	for i := range 3 {
		away[i] = turn[i]
		away[3+i] = cal.DepthToColor.Translation[i] - initial.DepthToColor.Translation[i]
	}
	away[6] = math.Log(cal.Color.Fx / initial.Color.Fx)
	return away
}

// sample projects the points and reads the colour's change across each edge.
func (e *edges) sample(cal capture.Calibration, reach int, use func(*point) bool) []profile {
	proj := newProjector(cal)
	var nudged [params]projector
	delta := [params]float64{1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4}
	for k := range params {
		var step [params]float64
		step[k] = delta[k]
		nudged[k] = newProjector(moved(cal, step))
	}
	w, h := e.cal.Color.Width, e.cal.Color.Height
	var out []profile
	store := make([]float32, 0, len(e.points)*(2*reach+1))
	change := make([]float64, 2*reach+1)
	for i := range e.points {
		p := &e.points[i]
		if !use(p) {
			continue
		}
		u, v, ok := proj.pixel(p.at)
		bu, bv, ok2 := proj.pixel(p.beside)
		nx, ny := bu-u, bv-v
		n := math.Hypot(nx, ny)
		margin := float64(reach + 2)
		if !ok || !ok2 || !(n > 1e-6) || u < margin || v < margin || u > float64(w-1)-margin || v > float64(h-1)-margin {
			continue
		}
		nx, ny = nx/n, ny/n
		pr := profile{part: p.part}
		good := true
		for k := range params {
			ku, kv, ok := nudged[k].pixel(p.at)
			good = good && ok
			pr.jac[k] = ((ku-u)*nx + (kv-v)*ny) / delta[k]
		}
		if !good {
			continue
		}
		across3(e.images[p.frame], w, u, v, nx, ny, reach, change)
		at := len(store)
		store = store[:at+len(change)]
		pr.p = store[at:]
		normalize(change, pr.p)
		out = append(out, pr)
	}
	return out
}

// across3 reads how much the colour changes at −reach … reach pixels along (nx, ny) from (u, v): the sum over R, G, B of
// the difference between one pixel before and one after.
func across3(pix []byte, w int, u, v, nx, ny float64, reach int, change []float64) {
	var ring [3][3]float64 // colours at the last places
	for k := -reach - 1; k <= reach+1; k++ {
		x, y := u+float64(k)*nx, v+float64(k)*ny
		ix, iy := int(x), int(y)
		fx, fy := x-float64(ix), y-float64(iy)
		i := 3 * (iy*w + ix)
		slot := &ring[(k+reach+1)%3]
		for c := range 3 {
			top := float64(pix[i+c]) + fx*(float64(pix[i+3+c])-float64(pix[i+c]))
			low := float64(pix[i+3*w+c]) + fx*(float64(pix[i+3*w+3+c])-float64(pix[i+3*w+c]))
			slot[c] = top + fy*(low-top)
		}
		if n := k + reach + 1; n >= 2 {
			before := &ring[(n-2)%3]
			change[n-2] = math.Abs(slot[0]-before[0]) + math.Abs(slot[1]-before[1]) + math.Abs(slot[2]-before[2])
		}
	}
}

// faint is the colour change, over three channels of 0…255, that noise and shading make in a blurred image.
const faint = 6

// normalize turns changes into odds. What is not above the faint counts nothing; a profile with little above it keeps a
// sum below 1, so that it says little.
func normalize(change []float64, p []float32) {
	sum := 0.0
	for i := range change {
		change[i] = max(change[i]-faint, 0)
		sum += change[i]
	}
	sum += 4 * faint
	for i := range change {
		p[i] = float32(change[i] / sum)
	}
}

// maximize climbs the likelihood of the profiles over a step of the parameters, weighted by weight (nil: all 1), while the
// spread shrinks.
func maximize(profiles []profile, weight []float64, s stage, free [params]bool, away [params]float64) (step [params]float64) {
	const rounds = 14
	share := outliers
	for r := range rounds {
		f := min(float64(r)/(rounds-5), 1)
		sigma := s.from * math.Pow(s.to/s.from, f)
		step, share = expect(profiles, weight, s.reach, sigma, share, step, free, away)
	}
	return step
}

// expect is one round of expectation maximisation: it returns the step that maximises the expected likelihood given the
// last, and the share of outliers.
func expect(profiles []profile, weight []float64, reach int, sigma, share float64, step [params]float64, free [params]bool, away [params]float64) ([params]float64, float64) {
	var a [params][params]float64
	var b [params]float64
	var inside, all float64
	scale := 1 / (sigma * math.Sqrt(2*math.Pi))
	uniform := share / float64(2*reach+1)
	inv := 1 / (2 * sigma * sigma)
	cut := 4 * sigma
	for i := range profiles {
		p := &profiles[i]
		k := 1.0
		if weight != nil {
			if k = weight[p.part]; k == 0 {
				continue
			}
		}
		d := 0.0
		for j := range params {
			d += p.jac[j] * step[j]
		}
		var m, ms float64
		lo, hi := max(int(math.Ceil(d-cut)), -reach), min(int(math.Floor(d+cut)), reach)
		for s := lo; s <= hi; s++ {
			odds := float64(p.p[s+reach])
			if odds == 0 {
				continue
			}
			x := float64(s) - d
			g := odds * math.Exp(-x*x*inv)
			m += g
			ms += g * float64(s)
		}
		all += k
		if m == 0 {
			continue
		}
		in := (1 - share) * m * scale
		in /= in + uniform
		in *= k
		inside += in
		target := ms / m
		for j := range params {
			if !free[j] {
				continue
			}
			v := in * p.jac[j]
			b[j] += v * target
			for l := 0; l <= j; l++ {
				a[j][l] += v * p.jac[l]
			}
		}
	}
	// The likelihood's own scale is 1/σ²; the prior's goes with it.
	for j := range params {
		k := sigma * sigma / (prior[j] * prior[j])
		a[j][j] += k
		b[j] -= k * away[j]
	}
	next, ok := solve(&a, &b, free)
	if !ok {
		return step, share
	}
	if all > 0 {
		share = min(max(1-inside/all, 0.05), 0.9)
	}
	return next, share
}

// bootstrap sets the standard deviations of g: how much the last stage's result changes when parts of the recording are
// drawn anew.
func (e *edges) bootstrap(g *Geometry, profiles []profile, free [params]bool) {
	rng := rand.New(rand.NewPCG(2, uint64(len(profiles))))
	parts := 4 * len(e.images)
	weight := make([]float64, parts)
	last := stages[len(stages)-1]
	base := maximize(profiles, nil, last, free, [params]float64{})
	var ss [params]float64
	for range strides {
		clear(weight)
		for range parts {
			weight[rng.IntN(parts)]++
		}
		step := maximize(profiles, weight, last, free, [params]float64{})
		for j := range params {
			ss[j] += (step[j] - base[j]) * (step[j] - base[j]) / strides
		}
	}
	// What resampling cannot see: where within a pixel of depth an edge lies.
	turn := edgePlace / min(e.cal.Depth.Fx, e.cal.Depth.Fy)
	depths := make([]float64, len(e.points))
	for i := range depths {
		depths[i] = e.points[i].at[2]
	}
	slices.Sort(depths)
	shift := turn * depths[len(depths)/2]
	for i := range 3 {
		if free[i] {
			g.RotationSigma[i] = math.Sqrt(ss[i] + turn*turn)
		}
		if free[3+i] {
			g.TranslationSigma[i] = math.Sqrt(ss[3+i] + shift*shift)
		}
	}
	if free[6] {
		g.FocalSigma = math.Sqrt(ss[6] + turn*turn)
	}
}

// edgePlace is how well the place of depth edges is known on the whole, in pixels of the depth image: cameras widen or
// narrow what stands in front by a part of a pixel.
const edgePlace = 0.4

// score is the mean colour change within a pixel of where edges are projected, over the mean around.
func (e *edges) score(cal capture.Calibration, use func(*point) bool) float64 {
	proj := newProjector(cal)
	w, h := e.cal.Color.Width, e.cal.Color.Height
	change := make([]float64, 2*scoreReach+1)
	var on, around float64
	for i := range e.points {
		p := &e.points[i]
		if !use(p) {
			continue
		}
		u, v, ok := proj.pixel(p.at)
		bu, bv, ok2 := proj.pixel(p.beside)
		n := math.Hypot(bu-u, bv-v)
		const margin = scoreReach + 2
		if !ok || !ok2 || !(n > 1e-6) || u < margin || v < margin || u > float64(w-1-margin) || v > float64(h-1-margin) {
			continue
		}
		across3(e.images[p.frame], w, u, v, (bu-u)/n, (bv-v)/n, scoreReach, change)
		sum := 0.0
		for _, c := range change {
			sum += c
		}
		if sum == 0 {
			continue
		}
		on += (change[scoreReach-1] + change[scoreReach] + change[scoreReach+1]) / sum
		around += 3.0 / float64(len(change))
	}
	if around == 0 {
		return 0
	}
	return on / around
}

// moved is the mean distance between where two calibrations project the points.
func (e *edges) moved(a, b capture.Calibration) float64 {
	pa, pb := newProjector(a), newProjector(b)
	sum, n := 0.0, 0.0
	for i := range e.points {
		u, v, ok := pa.pixel(e.points[i].at)
		s, t, ok2 := pb.pixel(e.points[i].at)
		if ok && ok2 {
			sum += math.Hypot(s-u, t-v)
			n++
		}
	}
	return sum / max(n, 1)
}
