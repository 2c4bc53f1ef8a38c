package calibrate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

// knowing is a finder that knows where the boards are, since it drew them, and numbers corners from any end and either way.
type knowing struct {
	src   *capturetest.Board
	blur  float64 // of corners, pixels
	views int
	infra bool
}

var fiveByFour = Board{Cols: 5, Rows: 4, Square: 0.04}

func smallBoard(o capturetest.BoardOptions) *capturetest.Board {
	c := capturetest.BoardCalibration()
	for _, in := range []*capture.Intrinsics{&c.Color, &c.Depth} { // half the size
		in.Width, in.Height, in.Fx, in.Fy, in.Cx, in.Cy = 160, 120, in.Fx/2, in.Fy/2, in.Cx/2, in.Cy/2
	}
	o.Calibration, o.Cols, o.Rows, o.Square = c, fiveByFour.Cols, fiveByFour.Rows, fiveByFour.Square
	return capturetest.NewBoard(o)
}

func (k *knowing) Corners(_ []byte, width, height int, b Board) ([][2]float64, bool, error) {
	i := k.views
	cal := k.src.Calibration()
	pose, in := k.src.Pose(i), cal.Color
	if k.infra && i%2 == 1 {
		pose, in = cal.DepthToColor.Inverse().After(k.src.Pose(i/2)), cal.Depth
	} else if k.infra {
		pose = k.src.Pose(i / 2)
	}
	k.views++
	lens := capture.NewLens(in)
	rng := rand.New(rand.NewPCG(7, uint64(i)))
	half := capture.Extrinsics{Rotation: [9]float64{-1, 0, 0, 0, -1, 0, 0, 0, 1},
		Translation: [3]float64{float64(b.Cols-1) * b.Square, float64(b.Rows-1) * b.Square, 0}}
	if rng.IntN(2) == 0 {
		pose = pose.After(half)
	}
	out := make([][2]float64, b.Cols*b.Rows)
	for c := range out {
		x, y, ok := project(&lens, pose, b.At(c))
		if !ok {
			return nil, false, nil
		}
		out[c] = [2]float64{x + k.blur*rng.NormFloat64(), y + k.blur*rng.NormFloat64()}
	}
	if rng.IntN(2) == 0 {
		for row := range b.Rows {
			slices.Reverse(out[row*b.Cols:][:b.Cols])
		}
	}
	return out, true, nil
}

// Pose fits a pose to the rays by Gauss and Newton from a board that faces the camera.
func (k *knowing) Pose(b Board, rays [][2]float64) (capture.Extrinsics, error) {
	lens := capture.NewLens(capture.Intrinsics{Width: 2, Height: 2, Fx: 1, Fy: 1})
	first, last := rays[0], rays[len(rays)-1]
	toward := math.Atan2(rays[b.Cols-1][1]-first[1], rays[b.Cols-1][0]-first[0])
	z := math.Hypot(float64(b.Cols-1), float64(b.Rows-1)) * b.Square / math.Hypot(last[0]-first[0], last[1]-first[1])
	pose := capture.Extrinsics{Rotation: rodrigues([3]float64{0.05, 0.05, toward}), Translation: [3]float64{first[0] * z, first[1] * z, z}}
	for range 60 {
		var p part
		for i := range rays {
			x, y, ok := project(&lens, pose, b.At(i))
			if !ok {
				return pose, nil
			}
			var jx, jy [params]float64
			for j := range 6 {
				var step [6]float64
				step[j] = 1e-6
				u, v, _ := project(&lens, turnedBy(pose, step), b.At(i))
				jx[j], jy[j] = (u-x)/1e-6, (v-y)/1e-6
			}
			p.add(&jx, x-rays[i][0], 1)
			p.add(&jy, y-rays[i][1], 1)
		}
		step, ok := solve(&p.a, &p.b, [params]bool{true, true, true, true, true, true})
		if !ok {
			return pose, errors.New("no pose")
		}
		pose = turnedBy(pose, [6]float64(step[:6]))
	}
	return pose, nil
}

func (k *knowing) Lens(Board, int, int, [][][2]float64) (capture.Intrinsics, float64, error) {
	return k.src.Calibration().Color, 0.1, nil
}

// hand is a source in which something covers a third of every depth image, 12 % nearer than what is behind it.
type hand struct{ *capturetest.Board }

func (h hand) Next(ctx context.Context, p *capture.Pair) error {
	err := h.Board.Next(ctx, p)
	for i := range p.Depth.Pix[:len(p.Depth.Pix)*9/20] {
		if err == nil && i%p.Depth.Width > p.Depth.Width/3 {
			p.Depth.Pix[i] -= p.Depth.Pix[i] / 8
		}
	}
	return err
}

// TestBoard: planes or corners give the geometry back, from a start that is off by degrees and centimetres.
func TestBoard(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	drawn := map[capturetest.BoardOptions]*capturetest.Board{}
	for name, c := range map[string]struct {
		o       capturetest.BoardOptions
		bo      BoardOptions
		blur    float64
		deg, mm float64
	}{
		"behind a hand": {capturetest.BoardOptions{Seed: 1, Pairs: 20}, BoardOptions{}, 0, 0.05, 0.5},
		"planes":        {capturetest.BoardOptions{Seed: 1, Pairs: 20}, BoardOptions{}, 0, 0.05, 0.5},
		"noisy planes":  {capturetest.BoardOptions{Seed: 1, Pairs: 20, Noise: 0.006}, BoardOptions{}, 0.05, 0.3, 4},
		"scale":         {capturetest.BoardOptions{Seed: 1, Pairs: 20}, BoardOptions{Scale: true}, 0, 0.05, 0.8},
		"corners":       {capturetest.BoardOptions{Seed: 2, Pairs: 14, Infrared: true}, BoardOptions{Infrared: true}, 0, 0.001, 0.01},
		"rough":         {capturetest.BoardOptions{Seed: 2, Pairs: 14, Infrared: true}, BoardOptions{Infrared: true}, 0.1, 0.15, 1.5},
	} {
		b := drawn[c.o]
		if b == nil {
			b = smallBoard(c.o)
			drawn[c.o] = b
		}
		truth := b.Calibration()
		initial := truth
		initial.DepthToColor = capture.Identity
		if c.bo.Scale {
			initial.DepthScale *= 1.04
		}
		c.bo.Initial = &initial
		open := func() (capture.Source, error) { return b.Again(), nil }
		if name == "behind a hand" {
			open = func() (capture.Source, error) { return hand{b.Again()}, nil }
		}
		r, err := EstimateBoard(t.Context(), open, fiveByFour,
			&knowing{src: b, blur: c.blur, infra: c.o.Infrared}, c.bo)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		deg, mm := off(r.Calibration, truth)
		t.Logf("%s: off by %.4f° and %.3f mm, σ %v; %.4f to %.4f; %d views", name, deg, mm, r.TranslationSigma, r.Before, r.After, r.Views)
		if deg > c.deg || mm > c.mm || r.After >= r.Before || r.Views < c.o.Pairs-3 || r.Seen != c.o.Pairs {
			t.Errorf("%s: off by %.4f° and %.3f mm; %+v", name, deg, mm, r)
		}
		if f := r.Calibration.DepthScale / truth.DepthScale; math.Abs(f-1) > 0.002 || (r.ScaleSigma > 0) != c.bo.Scale {
			t.Errorf("%s: depth scale %v times the true one ± %v", name, f, r.ScaleSigma)
		}
		for i := range 3 {
			if d := math.Abs(r.Calibration.DepthToColor.Translation[i] - truth.DepthToColor.Translation[i]); d > 6*r.TranslationSigma[i]+1e-4 {
				t.Errorf("%s: axis %d is off by %.2f mm, uncertain by %.2f", name, i, 1000*d, 1000*r.TranslationSigma[i])
			}
		}
	}
}

// TestBoardKeepsTheDifferent: of more views than wanted, those that differ stay.
func TestBoardKeepsTheDifferent(t *testing.T) {
	s := &sightings{}
	for i := range 40 {
		v := view{pose: capture.Extrinsics{Rotation: rodrigues([3]float64{0.001 * float64(i), 0, 0}), Translation: [3]float64{0, 0, 1}}}
		if i%10 == 9 {
			v.pose.Rotation = rodrigues([3]float64{0, 0.1 * float64(i), 0})
		}
		s.views = append(s.views, v)
	}
	s.spread(5)
	odd := 0
	for _, v := range s.views {
		if math.Abs(v.pose.Rotation[2]) > 0.05 {
			odd++
		}
	}
	if len(s.views) != 5 || odd != 4 {
		t.Errorf("%d views, %d of the 4 that differ", len(s.views), odd)
	}
}

func TestBoardChecks(t *testing.T) {
	for _, b := range []Board{{2, 5, 0.03}, {5, 5, 0.03}, {5, 4, 0}, {5, 4, math.NaN()}, {65, 4, 0.03}, {5, 4, 2}} {
		if err := b.Check(); err == nil {
			t.Errorf("took %+v", b)
		}
	}
	if _, err := EstimateBoard(t.Context(), nil, fiveByFour, nil, BoardOptions{Scale: true, Infrared: true}); err == nil || !strings.Contains(err.Error(), "depth scale") {
		t.Errorf("scale of infrared: %v", err)
	}
	// A board that never leans does not tell how the cameras stand.
	b := smallBoard(capturetest.BoardOptions{Seed: 3, Pairs: 8, Tilt: 1e-5})
	var refusal *Refusal
	if _, err := EstimateBoard(t.Context(), func() (capture.Source, error) { return b.Again(), nil }, fiveByFour, &knowing{src: b}, BoardOptions{}); !errors.As(err, &refusal) ||
		!strings.Contains(err.Error(), "lean") {
		t.Errorf("flat: %v", err)
	}
}
