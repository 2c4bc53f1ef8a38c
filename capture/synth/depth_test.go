package synth

import (
	"math"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// wall is a camera before a wall at z metres, with the given depth model.
func wall(t *testing.T, z float64, m depthModel) *Camera {
	t.Helper()
	c, err := New(Options{Noise: 1, Width: 320, Height: 240, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, v := lab(t, 320, 240, func(b *builder) { b.box(world.at(0, 0, z+0.5), 40, 40, 0.5, 0) })
	s.mats[0].c0 = grey(0.5)
	c.scene, c.depth, c.model, c.infra = *s, v, m, []float64{0.5, 0.5}
	return c
}

func (c *Camera) readings(seed uint32) []uint16 {
	out := make([]uint16, c.depth.in.Width*c.depth.in.Height)
	for y := range c.depth.in.Height {
		c.measure(y, out, seed, c.masks[0])
	}
	return out
}

func spread(d []uint16) (mean, sd, valid float64) {
	n := 0.0
	for _, v := range d {
		if v > 0 {
			n++
			mean += float64(v)
		}
	}
	mean /= n
	for _, v := range d {
		if v > 0 {
			sd += (float64(v) - mean) * (float64(v) - mean)
		}
	}
	return mean, math.Sqrt(sd / n), n / float64(len(d))
}

var still = depthModel{side: 1, baseline: 0.075, step: 1. / 256, sigma: 0.08, near: 0.2, far: 20, holes: 0}

// A steady error of disparity is an error of z that grows with z².
func TestAxialNoiseGrowsWithSquare(t *testing.T) {
	fb := 320 * 0.9 * 0.075
	for _, z := range []float64{1, 2, 4} {
		mean, sd, valid := spread(wall(t, z, still).readings(1))
		want := 1000 * z * z / fb * still.sigma * 0.5 // at 320 pixels disparities are half as long
		if math.Abs(sd/want-1) > 0.15 {
			t.Errorf("at %v m: standard deviation %.2f mm, want %.2f", z, sd, want)
		}
		if math.Abs(mean-1000*z) > 5*z*z || valid < 0.97 {
			t.Errorf("at %v m: mean %.1f mm, %.3f valid", z, mean, valid)
		}
	}
}

func TestDisparityIsQuantised(t *testing.T) {
	m := still
	m.sigma, m.step = 0.3, 1./8
	levels := map[uint16]bool{}
	for _, v := range wall(t, 3, m).readings(1) {
		levels[v] = true
	}
	if len(levels) < 4 || len(levels) > 60 {
		t.Errorf("%d different readings of a flat wall", len(levels))
	}
	fb := 320 * 0.9 * 0.075
	for v := range levels {
		if v == 0 {
			continue
		}
		d := fb / (float64(v) / 1000) * 16 // in steps: eighths of a pixel at 640, sixteenths here
		if math.Abs(d-math.Round(d)) > 0.05 {
			t.Errorf("reading %d is not on a step of disparity: %v", v, d)
		}
	}
}

// What a near thing hides from the second eye is missing: on its left when that eye is on the right, and as wide as the
// disparities differ.
func TestEdgeShadow(t *testing.T) {
	for _, side := range []float64{1, -1} {
		m := still
		m.side, m.sigma = side, 0
		c := wall(t, 2, m)
		row := make([]float64, 320)
		for x := range row {
			row[x] = 2
			if x >= 140 && x < 180 {
				row[x] = 1
			}
		}
		out := make([]bool, 320)
		c.shadows(row, out)
		fb := 320 * 0.9 * 0.075
		want := fb/1 - fb/2
		left, right, on := 0, 0, 0
		for x, o := range out {
			switch {
			case !o:
			case x < 140:
				left++
			case x >= 180:
				right++
			default:
				on++
			}
		}
		if side < 0 {
			left, right = right, left
		}
		if math.Abs(float64(left)-want) > 1.5 || right != 0 || on != 0 {
			t.Errorf("side %v: %d hidden pixels beside the edge (want %.1f), %d on the other side, %d on the thing", side, left, want, right, on)
		}
	}
}

func TestReadingsAreLost(t *testing.T) {
	m := still
	m.holes = 1
	c := wall(t, 1.5, m)
	_, _, fine := spread(c.readings(3))
	c.scene.mats[0].hole = 0.7
	_, _, shiny := spread(c.readings(3))
	c.scene.mats[0].hole = 0
	c.infra[0] = 0.001
	_, _, black := spread(c.readings(3))
	if fine < 0.97 || shiny > 0.6 || black > fine-0.03 {
		t.Errorf("valid: %.3f on a wall, %.3f on a shiny one, %.3f on a black one", fine, shiny, black)
	}
	m.far = 1.4
	if d := wall(t, 1.5, m).readings(3); maximum(d) != 0 {
		t.Error("a reading beyond the far limit")
	}
	m.far, m.near = 9, 1.6
	if d := wall(t, 1.5, m).readings(3); maximum(d) != 0 {
		t.Error("a reading before the near limit")
	}
	m.near, m.border = 0.2, [4]int{8, 16, 4, 6}
	d := wall(t, 1.5, m).readings(3)
	for i, v := range d {
		x, y := i%320, i/320
		if out := x < 4 || x >= 320-8 || y < 2 || y >= 240-3; out && v != 0 {
			t.Fatalf("a reading at (%d, %d) in the border", x, y)
		}
	}
}

func maximum(d []uint16) (m uint16) {
	for _, v := range d {
		m = max(m, v)
	}
	return m
}

// noise=0 tells the truth to half a millimetre; more noise loses more and scatters more.
func TestNoiseLevels(t *testing.T) {
	var valid, err [3]float64
	for level := range 3 {
		c, e := New(Options{Seed: 6, Width: 160, Height: 120, Scene: "tabletop", Cut: 1, Noise: float64(level)})
		if e != nil {
			t.Fatal(e)
		}
		var p capture.Pair
		n := 0.0
		for i := range 6 {
			c.Frame(i, &p)
			for j, v := range p.Depth.Pix {
				if v == 0 {
					continue
				}
				valid[level]++
				if x := math.Abs(float64(v) - 1000*c.depth.z[j]); x < 100 {
					err[level] += x
					n++
				}
			}
		}
		err[level] /= n
	}
	if err[0] > 0.51 {
		t.Errorf("mean error %.3f mm without noise", err[0])
	}
	if valid[0] != 6*160*120 || valid[1] >= valid[0] || valid[2] >= valid[1] || err[1] <= 2*err[0] || err[2] <= err[1] {
		t.Errorf("valid pixels %v, mean errors %v", valid, err)
	}
}
