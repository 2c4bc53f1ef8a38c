package calibrate

import (
	"math"
	"slices"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// motion collects how two streams move from frame to frame.
type motion struct {
	color, depth track
}

func newMotion() *motion { return &motion{} }

// add takes both images of a pair. A frame whose time does not advance is left out.
func (m *motion) add(p *capture.Pair) {
	m.color.add(p.ColorTime, shrinkColor(&p.Color))
	m.depth.add(p.DepthTime, shrinkDepth(&p.Depth))
}

// signals are what a stream's motion between two frames is told by: the shift of the image, horizontal and vertical, and
// the mean change.
const signals = 3

// step is the motion from one frame to the next.
type step struct {
	from, to time.Duration
	v        [signals]float64 // shifts in widths of the image a second, change in units of its contrast a second
}

func (s step) middle() float64 { return (s.from.Seconds() + s.to.Seconds()) / 2 }

// track is the motion of one stream.
type track struct {
	steps []step
	last  small
	at    time.Duration
	have  bool
}

func (t *track) add(at time.Duration, img small) {
	if t.have && at <= t.at {
		return
	}
	if t.have {
		if v, ok := shift(&t.last, &img); ok {
			dt := (at - t.at).Seconds()
			for i := range v {
				v[i] /= dt
			}
			t.steps = append(t.steps, step{t.at, at, v})
		}
	}
	t.last, t.at, t.have = img, at, true
}

// smallWidth is the width that motion is looked at in: a few pixels a frame are then below one.
const smallWidth = 64

// small is an image made small. Pixels that are not known are NaN.
type small struct {
	w, h int
	pix  []float64
}

// shrink averages the known values in each cell of a width × height image.
func shrink(width, height int, value func(i int) (float64, bool)) small {
	w := min(smallWidth, width)
	h := max(1, (height*w+width/2)/width)
	s := small{w, h, make([]float64, w*h)}
	for y := range h {
		y0, y1 := y*height/h, (y+1)*height/h
		for x := range w {
			x0, x1 := x*width/w, (x+1)*width/w
			sum, n := 0.0, 0
			for j := y0; j < y1; j++ {
				for i := x0; i < x1; i++ {
					if v, ok := value(j*width + i); ok {
						sum += v
						n++
					}
				}
			}
			s.pix[y*w+x] = math.NaN()
			if 2*n > (y1-y0)*(x1-x0) {
				s.pix[y*w+x] = sum / float64(n)
			}
		}
	}
	return s
}

func shrinkColor(c *capture.Color) small {
	return shrink(c.Width, c.Height, func(i int) (float64, bool) {
		p := c.Pix[3*i:][:3]
		return float64(int(p[0])+2*int(p[1])+int(p[2])) / 4, true
	})
}

// shrinkDepth takes the inverse of depth, in which near things, which move most, weigh most.
func shrinkDepth(d *capture.Depth) small {
	return shrink(d.Width, d.Height, func(i int) (float64, bool) {
		z := d.Pix[i]
		return 1e5 / float64(max(z, 1)), z > 0
	})
}

// shift finds the displacement that explains the change from a to b best, in image widths, and the mean change over the
// contrast. It reports false where the image has nothing to tell by.
func shift(a, b *small) (v [signals]float64, ok bool) {
	if a.w != b.w || a.h != b.h || a.w < 8 || a.h < 8 {
		return v, false
	}
	var diffs, grads []float64
	type cell struct{ x, y, t float64 }
	cells := make([]cell, 0, len(a.pix))
	for y := 1; y < a.h-1; y++ {
		for x := 1; x < a.w-1; x++ {
			i := y*a.w + x
			// The mean of both frames' gradients belongs to the middle of the step.
			gx := (a.pix[i+1] - a.pix[i-1] + b.pix[i+1] - b.pix[i-1]) / 4
			gy := (a.pix[i+a.w] - a.pix[i-a.w] + b.pix[i+a.w] - b.pix[i-a.w]) / 4
			t := b.pix[i] - a.pix[i]
			if math.IsNaN(gx + gy + t) {
				continue
			}
			cells = append(cells, cell{gx, gy, t})
			diffs = append(diffs, math.Abs(t))
			grads = append(grads, math.Hypot(gx, gy))
		}
	}
	if len(cells) < 64 {
		return v, false
	}
	contrast := mean(grads)
	if !(contrast > 0) {
		return v, false
	}
	// Robust: cells that change more than most (things that move by themselves, readings that come and go) count less.
	slices.Sort(diffs)
	scale := diffs[len(diffs)*3/4] + 1e-9
	var u, w float64
	for range 3 {
		var xx, xy, yy, xt, yt float64
		for _, c := range cells {
			r := (c.t + c.x*u + c.y*w) / scale
			k := 1 / (1 + r*r)
			xx, xy, yy = xx+k*c.x*c.x, xy+k*c.x*c.y, yy+k*c.y*c.y
			xt, yt = xt+k*c.x*c.t, yt+k*c.y*c.t
		}
		ridge := 1e-3 * (xx + yy)
		xx, yy = xx+ridge, yy+ridge
		det := xx*yy - xy*xy
		if !(det > 0) {
			return v, false
		}
		u, w = (-xt*yy+yt*xy)/det, (-yt*xx+xt*xy)/det
	}
	return [signals]float64{u / float64(a.w), w / float64(a.w), mean(diffs) / contrast / float64(a.w)}, true
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// calmSet are the times of colour frames during which little moves.
type calmSet map[time.Duration]bool

func (s calmSet) has(at time.Duration) bool { return s[at] }

// calmest picks, from n equal parts of the recording each, the colour frame around which both streams move least.
func (m *motion) calmest(n int) calmSet {
	steps := m.color.steps
	set := calmSet{}
	if len(steps) < 2 {
		for _, s := range steps {
			set[s.to] = true
		}
		return set
	}
	speed := func(i int) float64 {
		v := steps[i].v
		return math.Hypot(v[0], v[1]) + v[2]
	}
	inner := len(steps) - 1 // frames that have a step before and after
	n = min(n, inner)
	for part := range n {
		lo, hi := part*inner/n, (part+1)*inner/n
		best := lo
		for i := lo; i < hi; i++ {
			if speed(i)+speed(i+1) < speed(best)+speed(best+1) {
				best = i
			}
		}
		set[steps[best].to] = true
	}
	return set
}
