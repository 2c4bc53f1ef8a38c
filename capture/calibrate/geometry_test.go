package calibrate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/synth"
)

const degree = math.Pi / 180

// off is how far a transform is from the truth, in degrees and millimetres.
func off(got, truth capture.Calibration) (deg, mm float64) {
	a := pull(truth, got)
	return math.Sqrt(square(a[0])+square(a[1])+square(a[2])) / degree, 1000 * math.Sqrt(square(a[3])+square(a[4])+square(a[5]))
}

// disturbed is a calibration off by about 1.4° and 17 mm.
func disturbed(c capture.Calibration, seed uint64) capture.Calibration {
	rng := rand.New(rand.NewPCG(seed, 5))
	var step [params]float64
	for i := range 3 {
		step[i], step[3+i] = rng.NormFloat64()*0.015, rng.NormFloat64()*0.01
	}
	return moved(c, step)
}

func TestGeometryOfTheSyntheticCamera(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	for seed, scene := range map[uint64]string{11: "room", 12: "tabletop", 13: "mixed"} {
		open := func() (capture.Source, error) {
			return synth.New(synth.Options{Seed: seed, Scene: scene, Noise: 1, Frames: 20, Cut: 2, Width: 320, Height: 240, FPS: 15})
		}
		src, err := open()
		if err != nil {
			t.Fatal(err)
		}
		truth := src.Calibration()
		initial := disturbed(truth, seed)
		r, err := Estimate(t.Context(), open, Options{Initial: &initial, SkipTime: true, Frames: 10})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		g := r.Geometry
		wasDeg, wasMM := off(initial, truth)
		deg, mm := off(g.Calibration, truth)
		t.Logf("seed %d, %s: from %.2f° %.1f mm to %.3f° %.2f mm; score %.2f to %.2f; %d points", seed, scene, wasDeg, wasMM, deg, mm, g.Before, g.After, g.Points)
		if deg > 0.4 || mm > 4 || deg > wasDeg/2 || mm > wasMM/2 {
			t.Errorf("seed %d: off by %.2f° and %.1f mm, at the start %.2f° and %.1f mm", seed, deg, mm, wasDeg, wasMM)
		}
		if g.After < 1.5*g.Before && g.Moved > 3 {
			t.Errorf("seed %d: the score went from %.2f to %.2f over %.1f pixels", seed, g.Before, g.After, g.Moved)
		}
		away := pull(truth, g.Calibration)
		for i := range 3 {
			if a, s := math.Abs(away[i]), g.RotationSigma[i]; a > 5*s {
				t.Errorf("seed %d: axis %d turned by %.3f°, uncertain by %.3f°", seed, i, a/degree, s/degree)
			}
			if a, s := math.Abs(away[3+i]), g.TranslationSigma[i]; a > 5*s {
				t.Errorf("seed %d: axis %d shifted by %.2f mm, uncertain by %.2f", seed, i, 1000*a, 1000*s)
			}
		}
		if g.Calibration.Color != initial.Color || g.Calibration.Depth != initial.Depth || g.Calibration.DepthScale != initial.DepthScale {
			t.Errorf("seed %d: the intrinsics changed", seed)
		}
	}
}

func TestFocal(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	open := func() (capture.Source, error) {
		return synth.New(synth.Options{Seed: 21, Scene: "room", Noise: 1, Frames: 20, Cut: 2, Width: 320, Height: 240, FPS: 15})
	}
	src, err := open()
	if err != nil {
		t.Fatal(err)
	}
	truth := src.Calibration()
	initial := truth
	initial.Color.Fx *= 1.08
	initial.Color.Fy *= 1.08
	r, err := Estimate(t.Context(), open, Options{Initial: &initial, SkipTime: true, Frames: 10, Focal: true})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Calibration.Color.Fx / truth.Color.Fx
	t.Logf("the focal length is off by %.2f %%, uncertain by %.2f", 100*(got-1), 100*r.Geometry.FocalSigma)
	if math.Abs(got-1) > 0.01 {
		t.Errorf("the focal length is %.3f times the true one", got)
	}
}

func TestRefusals(t *testing.T) {
	flat := func(texture bool) func() (capture.Source, error) {
		return func() (capture.Source, error) {
			c := capture.Calibration{Color: capture.Intrinsics{Width: 160, Height: 120, Fx: 150, Fy: 150, Cx: 80, Cy: 60}, DepthScale: 0.001}
			c.Depth, c.DepthToColor = c.Color, capture.Identity
			return &flatWall{capturetest.NewFake(capturetest.FakeOptions{Calibration: c, Pairs: 40}), texture}, nil
		}
	}
	noise := func() (capture.Source, error) {
		c := capture.Calibration{Color: capture.Intrinsics{Width: 160, Height: 120, Fx: 150, Fy: 150, Cx: 80, Cy: 60}, DepthScale: 0.001}
		c.Depth, c.DepthToColor = c.Color, capture.Identity
		return capturetest.NewFake(capturetest.FakeOptions{Calibration: c, Pairs: 40}), nil
	}
	empty := func() (capture.Source, error) {
		return &flatWall{capturetest.NewFake(capturetest.FakeOptions{Pairs: 1}), false}, nil
	}
	for name, c := range map[string]struct {
		open func() (capture.Source, error)
		o    Options
		want string
	}{
		"a wall, geometry":   {flat(true), Options{SkipTime: true}, "depth edges"},
		"a wall, time":       {flat(true), Options{SkipGeometry: true}, "time: "},
		"black, time":        {flat(false), Options{SkipGeometry: true}, "time: "},
		"noise, geometry":    {noise, Options{SkipTime: true}, "geometry: "},
		"noise, time":        {noise, Options{SkipGeometry: true}, "time: "},
		"one pair":           {empty, Options{}, "1 pairs"},
		"another rig's size": {noise, Options{Initial: ptr(capturetest.SmallCalibration())}, "160x120"},
	} {
		_, err := Estimate(t.Context(), c.open, c.o)
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Estimate(ctx, noise, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// flatWall is a source that sees a wall.
type flatWall struct {
	*capturetest.Fake
	texture bool
}

func (f *flatWall) Next(ctx context.Context, dst *capture.Pair) error {
	err := f.Fake.Next(ctx, dst)
	for i := range dst.Depth.Pix {
		dst.Depth.Pix[i] = 1500
	}
	if !f.texture {
		clear(dst.Color.Pix)
	}
	return err
}

// TestMaximize: points whose silhouettes are shown, displaced by a known step and among false edges, give the step back.
func TestMaximize(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	want := [params]float64{0.004, -0.003, 0.002, 0.001, -0.002, 0.0015, 0}
	free := [params]bool{true, true, true, true, true, true, false}
	const reach = 10
	var profiles []profile
	for range 3000 {
		var p profile
		for k := range 3 {
			p.jac[k] = 200 + rng.NormFloat64()*300 // not symmetric: a constant error in pixels must show
			p.jac[3+k] = rng.NormFloat64() * 300
		}
		d := 0.0
		for k := range params {
			d += p.jac[k] * want[k]
		}
		p.p = make([]float32, 2*reach+1)
		if rng.Float64() < 0.7 { // the silhouette, spread over two pixels
			lo := int(math.Floor(d))
			if f := d - float64(lo); lo >= -reach && lo < reach {
				p.p[lo+reach], p.p[lo+1+reach] = float32(0.5*(1-f)), float32(0.5*f)
			}
		}
		p.p[rng.IntN(2*reach+1)] += 0.3 // an edge of something else
		profiles = append(profiles, p)
	}
	got := maximize(profiles, nil, stage{reach, 3, 0.7, false}, free, [params]float64{})
	for k := range params {
		if math.Abs(got[k]-want[k]) > 1e-4 {
			t.Errorf("parameter %d is %.5f, want %.5f", k, got[k], want[k])
		}
	}
}

func TestMovedAndTurned(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	for range 200 {
		c := capturetest.SmallCalibration()
		var a, step [params]float64
		for k := range 6 {
			a[k], step[k] = rng.NormFloat64(), rng.NormFloat64()*0.3
		}
		step[6] = rng.NormFloat64() * 0.1
		c = moved(c, a)
		d := moved(c, step)
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		back := pull(c, d)
		for k := range params {
			if math.Abs(back[k]-step[k]) > 1e-9 {
				t.Fatalf("moved by %v, found %v", step, back)
			}
		}
	}
}

func TestEdgesOfASquare(t *testing.T) {
	c := capture.Calibration{Color: capture.Intrinsics{Width: 64, Height: 48, Fx: 60, Fy: 60, Cx: 32, Cy: 24}, DepthScale: 0.001}
	c.Depth, c.DepthToColor = c.Color, capture.Identity
	e := newEdges(c)
	var d capture.Depth
	d.Resize(64, 48)
	for i := range d.Pix {
		x, y := i%64, i/64
		switch {
		case x >= 20 && x < 44 && y >= 14 && y < 36:
			d.Pix[i] = 1000
		case x >= 44 && x < 48 && y >= 14 && y < 36: // the shadow on its right
			d.Pix[i] = 0
		default:
			d.Pix[i] = 2000
		}
	}
	points := e.find(&d, 0)
	sides := map[string]int{}
	for _, p := range points {
		if p.at[2] != 1 {
			t.Fatalf("an edge at %v m: on the far side", p.at[2])
		}
		x, y := p.at[0]*60+32, p.at[1]*60+24
		nx, ny := p.beside[0]*60+32-x, p.beside[1]*60+24-y
		switch {
		case nx < -0.99 && math.Abs(x-19.5) < 0.02:
			sides["left"]++
		case nx > 0.99 && math.Abs(x-43.5) < 0.02:
			sides["right"]++
		case ny < -0.99 && math.Abs(y-13.5) < 0.02:
			sides["top"]++
		case ny > 0.99 && math.Abs(y-35.5) < 0.02:
			sides["bottom"]++
		case math.Abs(nx) < 0.99 && math.Abs(ny) < 0.99: // near the corners
		default:
			t.Errorf("an edge at %.2f, %.2f towards %.2f, %.2f", x, y, nx, ny)
		}
	}
	for _, side := range []string{"left", "right", "top", "bottom"} {
		if sides[side] < 12 {
			t.Errorf("%d edge points on the %s: %v", sides[side], side, sides)
		}
	}
}
