//go:build opencv && (!gocv_specific_modules || gocv_calib3d)

package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"path/filepath"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/replay"
)

// boardRecording writes the pairs of a board into a folder that does not know how the cameras stand.
func boardRecording(t *testing.T, o capturetest.BoardOptions) (dir string, truth capture.Calibration) {
	t.Helper()
	b := capturetest.NewBoard(o)
	truth = b.Calibration()
	start := truth
	start.DepthToColor = capture.Identity
	if o.Infrared {
		start.Color = truth.Depth // of the camera that took it
	}
	dir = filepath.Join(t.TempDir(), "board")
	w, err := replay.Create(dir, start, replay.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for p := new(capture.Pair); ; {
		if err := b.Next(context.Background(), p); err == io.EOF {
			break
		}
		if o.Infrared { // the picture is a recording's colour
			for i, v := range p.Depth.Pix {
				p.Color.Pix[3*i], p.Color.Pix[3*i+1], p.Color.Pix[3*i+2] = byte(v), byte(v), byte(v)
			}
		}
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

// TestCalibrateFromABoard: from two folders to a calibration file, by planes and by infrared pictures.
func TestCalibrateFromABoard(t *testing.T) {
	dir, truth := boardRecording(t, capturetest.BoardOptions{Seed: 8})
	pictures, _ := boardRecording(t, capturetest.BoardOptions{Seed: 8, Infrared: true})
	for _, args := range [][]string{{"--only", "geometry"}, {"--infrared", pictures, "--only", "geometry"}, {}} {
		found := filepath.Join(t.TempDir(), "found.json")
		out := good(t, append([]string{"calibrate", dir, "--board", "7x5", "--square", "30", "--json", "-o", found, "-q"}, args...)...)
		var rep calibrateReport
		if err := json.Unmarshal([]byte(out), &rep); err != nil {
			t.Fatal(err)
		}
		file, err := capture.LoadCalibrationFile(found)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			got, want := file.DepthToColor.Translation[i], truth.DepthToColor.Translation[i]
			if math.Abs(got-want) > 0.002 || math.Abs(1000*got-rep.Board.Translation[i]) > 1e-6 {
				t.Errorf("%v: axis %d: shifted by %.2f mm, true %.2f, reported %.2f", args, i, 1000*got, 1000*want, rep.Board.Translation[i])
			}
		}
		if rep.Board.Views != 16 || rep.Offset != nil || rep.Geometry != nil || rep.Board.After >= rep.Board.Before {
			t.Errorf("%v: the report is %s", args, out)
		}
	}
	bad(t, exitFailed, []string{"board: ", "9 × 6 corners"}, "calibrate", dir, "--board", "9x6", "--square", "30")
}
