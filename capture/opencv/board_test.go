//go:build opencv && (!gocv_specific_modules || gocv_calib3d)

package opencv

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/calibrate"
	"github.com/depthwise/depthwise/capture/capturetest"
)

var testBoard = calibrate.Board{Cols: 7, Rows: 5, Square: 0.03}

// wrong is a calibration off by a few degrees and centimetres.
func wrong(c capture.Calibration) *capture.Calibration {
	c.DepthToColor = capture.Identity
	return &c
}

// away is how far two geometries are apart: degrees and millimetres, the most of the three axes.
func away(a, b capture.Calibration) (deg, mm float64) {
	u, v := calibrate.RotationVector(a.DepthToColor.Rotation), calibrate.RotationVector(b.DepthToColor.Rotation)
	for i := range 3 {
		deg = max(deg, math.Abs(u[i]-v[i])*180/math.Pi)
		mm = max(mm, 1000*math.Abs(a.DepthToColor.Translation[i]-b.DepthToColor.Translation[i]))
	}
	return deg, mm
}

// drawn are the boards of the tests so far: to draw them takes longest.
var drawn = map[capturetest.BoardOptions]*capturetest.Board{}

func boards(o capturetest.BoardOptions) func() (capture.Source, error) {
	b := drawn[o]
	if b == nil {
		b = capturetest.NewBoard(o)
		drawn[o] = b
	}
	return func() (capture.Source, error) { return b.Again(), nil }
}

// TestCorners: the corners are where the camera that drew them has them, to a fraction of a pixel.
func TestCorners(t *testing.T) {
	src := capturetest.NewBoard(capturetest.BoardOptions{Pairs: 6, Seed: 3})
	lens := capture.NewLens(src.Calibration().Color)
	for i := range 6 {
		var p capture.Pair
		if err := src.Next(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		gray := make([]byte, len(p.Color.Pix)/3)
		for k := range gray {
			gray[k] = p.Color.Pix[3*k]
		}
		corners, ok, err := Finder{}.Corners(gray, p.Color.Width, p.Color.Height, testBoard)
		if err != nil || !ok {
			t.Fatalf("view %d: %v, %v", i, ok, err)
		}
		pose, sum := src.Pose(i), 0.0
		for k := range corners {
			nearest := math.Inf(1) // whichever corner the finder begins at
			for j := range corners {
				at := testBoard.At(j)
				var q [3]float64
				for r := range 3 {
					q[r] = pose.Rotation[3*r]*at[0] + pose.Rotation[3*r+1]*at[1] + pose.Translation[r]
				}
				x, y, _ := lens.Pixel(q[0]/q[2], q[1]/q[2])
				nearest = min(nearest, math.Hypot(x-corners[k][0], y-corners[k][1]))
			}
			sum += nearest * nearest
		}
		if rms := math.Sqrt(sum / float64(len(corners))); rms > 0.2 {
			t.Errorf("view %d: corners are off by %.3f pixels", i, rms)
		}
	}
	if _, ok, err := (Finder{}).Corners(make([]byte, 64*48), 64, 48, testBoard); ok || err != nil {
		t.Errorf("an empty image: %v, %v", ok, err)
	}
}

func TestGeometryFromABoard(t *testing.T) {
	truth := capturetest.BoardCalibration()
	for name, c := range map[string]struct {
		o       capturetest.BoardOptions
		b       calibrate.BoardOptions
		deg, mm float64
	}{
		"depth":           {capturetest.BoardOptions{Seed: 1, Pairs: 24}, calibrate.BoardOptions{}, 0.1, 1.5},
		"noisy depth":     {capturetest.BoardOptions{Seed: 2, Pairs: 24, Noise: 0.008}, calibrate.BoardOptions{}, 0.15, 2.5},
		"infrared":        {capturetest.BoardOptions{Seed: 5, Pairs: 24, Infrared: true}, calibrate.BoardOptions{Infrared: true}, 0.1, 1},
		"lens":            {capturetest.BoardOptions{Seed: 1, Pairs: 24}, calibrate.BoardOptions{Lens: true}, 0.3, 3},
		"infrared lenses": {capturetest.BoardOptions{Seed: 5, Pairs: 24, Infrared: true}, calibrate.BoardOptions{Infrared: true, Lens: true}, 0.4, 3},
		"few":             {capturetest.BoardOptions{Seed: 1, Pairs: 24}, calibrate.BoardOptions{Frames: 12}, 0.2, 2.5},
	} {
		c.b.Initial = wrong(truth)
		if c.b.Lens { // what is measured cannot be taken from the start
			c.b.Initial.Color.Fx, c.b.Initial.Color.Fy, c.b.Initial.Color.Coeffs = 340, 340, [5]float64{}
		}
		r, err := calibrate.EstimateBoard(t.Context(), boards(c.o), testBoard, Finder{}, c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		deg, mm := away(r.Calibration, truth)
		t.Logf("%s: off by %.3f° and %.2f mm (σ %.2f mm); %v; %.4f to %.4f; %d of %d views; fx %.1f", name, deg, mm, 1000*r.TranslationSigma[0],
			r.LensRMS, r.Before, r.After, r.Views, r.Seen, r.Calibration.Color.Fx)
		if deg > c.deg || mm > c.mm || r.After >= r.Before || r.Views < 6 {
			t.Errorf("%s: off by %.3f° and %.2f mm; %+v", name, deg, mm, r)
		}
		if c.b.Lens && (math.Abs(r.Calibration.Color.Fx-truth.Color.Fx) > 2 || r.LensRMS[0] > 0.3) {
			t.Errorf("%s: the lens is %+v, %v", name, r.Calibration.Color, r.LensRMS)
		}
		if !c.b.Lens && r.Calibration.Color != truth.Color {
			t.Errorf("%s: the lens changed", name)
		}
		if c.b.Frames > 0 && r.Views > c.b.Frames {
			t.Errorf("%s: %d views", name, r.Views)
		}
	}
}

// TestDepthScaleFromABoard: a camera that reads 3 % too far is told.
func TestDepthScaleFromABoard(t *testing.T) {
	truth := capturetest.BoardCalibration()
	initial := wrong(truth)
	initial.DepthScale *= 0.97
	r, err := calibrate.EstimateBoard(t.Context(), boards(capturetest.BoardOptions{Seed: 1, Pairs: 24}), testBoard, Finder{},
		calibrate.BoardOptions{Initial: initial, Scale: true})
	if err != nil {
		t.Fatal(err)
	}
	if off := r.Calibration.DepthScale/truth.DepthScale - 1; math.Abs(off) > 0.003 || r.ScaleSigma == 0 || math.Abs(off) > 6*r.ScaleSigma {
		t.Errorf("depth scale off by %.4f ± %.4f", off, r.ScaleSigma)
	}
}

func TestBoardRefusals(t *testing.T) {
	truth := capturetest.BoardCalibration()
	for name, c := range map[string]struct {
		o    capturetest.BoardOptions
		b    calibrate.Board
		bo   calibrate.BoardOptions
		want string
	}{
		"another board": {capturetest.BoardOptions{}, calibrate.Board{Cols: 9, Rows: 6, Square: 0.03}, calibrate.BoardOptions{}, "9 × 6 corners in 0 of 16 frames"},
		"flat":          {capturetest.BoardOptions{Tilt: 1e-4}, testBoard, calibrate.BoardOptions{}, "lean"},
		"few":           {capturetest.BoardOptions{Pairs: 4}, testBoard, calibrate.BoardOptions{}, "4 pairs"},
	} {
		c.bo.Initial = wrong(truth)
		_, err := calibrate.EstimateBoard(t.Context(), boards(c.o), c.b, Finder{}, c.bo)
		var refusal *calibrate.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	off := wrong(truth)
	off.Color.Fx *= 2
	if _, err := calibrate.EstimateBoard(t.Context(), boards(capturetest.BoardOptions{}), testBoard, Finder{}, calibrate.BoardOptions{Initial: off}); err == nil ||
		!strings.Contains(err.Error(), "the intrinsics leave") {
		t.Errorf("wrong intrinsics: %v", err)
	}
}
