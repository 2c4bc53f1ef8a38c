package calibrate

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

const (
	minSteps   = 30   // of either stream
	blocks     = 12   // parts of the recording that the bootstrap draws from
	resamples  = 200  // of the bootstrap
	minPeak    = 0.5  // correlation below which the streams have no motion in common
	ambiguous  = 0.85 // share of the peak's information that another peak may have
	maxOwnSlip = 0.5  // standard deviation in frames above which an offset is no measurement
)

// sums are those of a weighted correlation: of the colour's signal, the depth's, their squares and product.
type sums struct{ n, x, y, xx, yy, xy float64 }

func (s *sums) add(x, y float64) {
	s.n++
	s.x, s.y = s.x+x, s.y+y
	s.xx, s.yy, s.xy = s.xx+x*x, s.yy+y*y, s.xy+x*y
}

func (s *sums) join(o *sums) {
	s.n, s.x, s.y = s.n+o.n, s.x+o.x, s.y+o.y
	s.xx, s.yy, s.xy = s.xx+o.xx, s.yy+o.yy, s.xy+o.xy
}

func (s *sums) correlation() float64 {
	if s.n < minSteps {
		return 0
	}
	vx, vy := s.xx-s.x*s.x/s.n, s.yy-s.y*s.y/s.n
	if !(vx > 0 && vy > 0) {
		return 0
	}
	return (s.xy - s.x*s.y/s.n) / math.Sqrt(vx*vy)
}

// offset finds the time that, added to the depth stream's, lays its motion over the colour stream's.
func (m *motion) offset(most time.Duration) (*Offset, error) {
	c, d := m.color.steps, m.depth.steps
	if len(c) < minSteps || len(d) < minSteps {
		return nil, refuse("time: %d steps of colour and %d of depth show motion, at least %d of each are needed", len(c), len(d), minSteps)
	}
	period := medianStep(d)
	fine := min(period, medianStep(c)) / 4
	half := int(math.Ceil(most.Seconds() / fine))
	if half > 20000 {
		return nil, refuse("time: an offset of up to %v is more than the frames' rate lets search", most)
	}
	lags := make([]float64, 2*half+1)
	for i := range lags {
		lags[i] = float64(i-half) * fine
	}
	cs, ds := smooth(c), smooth(d)
	curve := correlate(cs, ds, lags)
	all := make([]int, blocks)
	for i := range all {
		all[i] = i
	}
	total := curve.total(all)
	best := peak(total)
	o := &Offset{Peak: total[best], Pairs: len(d) + 1}
	o.Second = secondPeak(total, best, int(math.Ceil(1.5*period/fine)))
	if o.Peak < minPeak {
		return nil, refuse("time: the motions of the two streams correlate by %.2f at most, %.1f is needed: move the rig, turning it to and fro", o.Peak, minPeak)
	}
	if best == 0 || best == len(lags)-1 {
		return nil, refuse("time: the offset lies at the end of the searched range, beyond %v", most)
	}
	if information(o.Second) > ambiguous*information(o.Peak) {
		return nil, refuse("time: several offsets fit alike (correlation %.2f and %.2f): the motion repeats itself, or is too even", o.Peak, o.Second)
	}
	value := refine(total, lags, best)
	o.Value = seconds(value)
	// Where the bootstrap's highest peak is another one too often, it is not known which is right; how uncertain this one
	// is is asked near it.
	astray := 0
	rng := rand.New(rand.NewPCG(1, uint64(len(d))))
	reach := int(math.Ceil(3 * period / fine))
	var s, ss float64
	pick := make([]int, blocks)
	for range resamples {
		for i := range pick {
			pick[i] = rng.IntN(blocks)
		}
		t := curve.total(pick)
		if top := peak(t); top < best-reach || top > best+reach {
			astray++
		}
		lo, hi := max(best-reach, 1), min(best+reach, len(t)-2)
		at := lo
		for i := lo; i <= hi; i++ {
			if t[i] > t[at] {
				at = i
			}
		}
		v := refine(t, lags, at) - value
		s, ss = s+v, ss+v*v
	}
	sigma := math.Sqrt(max(ss/resamples-(s/resamples)*(s/resamples), 0))
	o.Sigma = seconds(sigma)
	if astray > resamples/20 {
		return nil, refuse("time: the best offset, %v, is not the best in %d of %d samples of the recording: record more, with more abrupt motion",
			o.Value.Round(time.Millisecond), astray, resamples)
	}
	if sigma > maxOwnSlip*period {
		return nil, refuse("time: the offset is uncertain by %v, more than half a frame: record more, with more abrupt motion", o.Sigma.Round(time.Millisecond))
	}
	return o, nil
}

func seconds(v float64) time.Duration { return time.Duration(math.Round(v * 1e9)) }

func medianStep(s []step) float64 {
	d := make([]float64, len(s))
	for i := range s {
		d[i] = (s[i].to - s[i].from).Seconds()
	}
	sort.Float64s(d)
	return d[len(d)/2]
}

// sample is a signal at a time, in seconds.
type sample struct {
	t float64
	v [signals]float64
}

// smooth weighs each step with its neighbours ¼, ½, ¼, which takes off what interpolation would treat differently at and
// between samples, and gives every signal the mean 0 and robust bounds.
func smooth(s []step) []sample {
	out := make([]sample, len(s))
	for i := range s {
		a, b := s[max(i-1, 0)], s[min(i+1, len(s)-1)]
		out[i].t = s[i].middle()
		for k := range signals {
			out[i].v[k] = (a.v[k] + 2*s[i].v[k] + b.v[k]) / 4
		}
	}
	for k := range signals {
		v := make([]float64, len(out))
		for i := range out {
			v[i] = out[i].v[k]
		}
		sort.Float64s(v)
		mid := v[len(v)/2]
		spread := (v[len(v)*9/10]-v[len(v)/10])/2 + 1e-12
		for i := range out {
			out[i].v[k] = min(max((out[i].v[k]-mid)/spread, -4), 4)
		}
	}
	return out
}

// curve holds the sums of each block at each lag, for every signal.
type curve struct {
	lags int
	part [blocks][]sums // lag-major, then signal
}

// correlate moves the depth samples by each lag and reads the colour's signals there.
func correlate(c, d []sample, lags []float64) *curve {
	cv := &curve{lags: len(lags)}
	for b := range cv.part {
		cv.part[b] = make([]sums, len(lags)*signals)
	}
	for j := range d {
		part := cv.part[j*blocks/len(d)]
		at := 0
		for l, lag := range lags {
			t := d[j].t + lag
			for at+1 < len(c)-1 && c[at+1].t <= t {
				at++
			}
			v, ok := interpolate(c, at, t)
			if !ok {
				continue
			}
			for k := range signals {
				part[l*signals+k].add(v[k], d[j].v[k])
			}
		}
	}
	return cv
}

// interpolate reads the signals at t, between samples at and at+1, by the cubic of Catmull and Rom; not across a gap.
func interpolate(c []sample, at int, t float64) (v [signals]float64, ok bool) {
	if at+1 >= len(c) || t < c[at].t || t > c[at+1].t {
		return v, false
	}
	gap := c[at+1].t - c[at].t
	if gap > 1 {
		return v, false
	}
	f := (t - c[at].t) / gap
	a, b := c[max(at-1, 0)].v, c[min(at+2, len(c)-1)].v
	for k := range signals {
		p, q := c[at].v[k], c[at+1].v[k]
		v[k] = p + f/2*(q-a[k]+f*(2*a[k]-5*p+4*q-b[k]+f*(3*(p-q)+b[k]-a[k])))
	}
	return v, true
}

// total is what the signals' correlations over the blocks come to, by lag: √(1 − Π(1 − ρ²)) over those that are positive.
// Signals that share nothing, such as the shift in a direction in which nothing moves, do not take from one that does.
func (c *curve) total(pick []int) []float64 {
	out := make([]float64, c.lags)
	joined := make([]sums, c.lags*signals)
	most := 0.0
	for i := range joined {
		for _, b := range pick {
			joined[i].join(&c.part[b][i])
		}
		most = max(most, joined[i].n)
	}
	for i := range joined {
		if i%signals == 0 {
			out[i/signals] = 1
		}
		if joined[i].n >= most/2 { // at the ends of the range few samples overlap
			rho := max(joined[i].correlation(), 0)
			out[i/signals] *= 1 - rho*rho
		}
	}
	for l := range out {
		out[l] = math.Sqrt(max(1-out[l], 0))
	}
	return out
}

// information is what a correlation tells, in units that add up over samples (twice the mutual information of two normal
// variables): close to 1, it still tells a good peak from a better one, down to what no camera reaches.
func information(rho float64) float64 { return -math.Log(max(1-rho*rho, 1e-5)) }

func peak(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

// secondPeak is the highest local maximum that is further than apart from the best.
func secondPeak(v []float64, best, apart int) float64 {
	second := 0.0
	for i := 1; i < len(v)-1; i++ {
		if (i < best-apart || i > best+apart) && v[i] >= v[i-1] && v[i] >= v[i+1] {
			second = max(second, v[i])
		}
	}
	return second
}

// refine is the lag at the top of the parabola through a maximum and what is about a frame's quarter beside it.
func refine(v, lags []float64, i int) float64 {
	if i == 0 || i == len(v)-1 {
		return lags[i]
	}
	a, b, c := v[i-1], v[i], v[i+1]
	bend := a - 2*b + c
	if !(bend < 0) {
		return lags[i]
	}
	return lags[i] + (a-c)/(2*bend)*(lags[i+1]-lags[i])
}
