package replay

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// camera is a small calibration whose depth camera differs from the colour camera.
func camera() capture.Calibration {
	return capture.Calibration{
		Color:        capture.Intrinsics{Width: 13, Height: 7, Fx: 11.5, Fy: 11.25, Cx: 6, Cy: 3, Model: capture.BrownConrady, Coeffs: [5]float64{0.1, -0.2, 1e-3, 0, 1.0 / 3}},
		Depth:        capture.Intrinsics{Width: 9, Height: 5, Fx: 9, Fy: 9, Cx: 4, Cy: 2},
		DepthToColor: capture.Extrinsics{Rotation: capture.Identity.Rotation, Translation: [3]float64{0.015, 0, -1e-4}},
		DepthScale:   0.00025,
	}
}

// noise is pair number i of a made-up recording.
func noise(i int, cal capture.Calibration, labels bool) *capture.Pair {
	r := rand.New(rand.NewPCG(uint64(i), 99))
	p := &capture.Pair{Seq: uint64(2 * i), ColorTime: time.Duration(i)*33_333_333 + 1, DepthTime: time.Duration(i) * 33_333_334}
	p.Color.Resize(cal.Color.Width, cal.Color.Height)
	for j := range p.Color.Pix {
		p.Color.Pix[j] = byte(r.Uint32())
	}
	p.Depth.Resize(cal.Depth.Width, cal.Depth.Height)
	for j := range p.Depth.Pix {
		p.Depth.Pix[j] = uint16(r.Uint32())
	}
	if labels {
		p.Labels.Resize(cal.Color.Width, cal.Color.Height)
		for j := range p.Labels.Pix {
			p.Labels.Pix[j] = byte(r.Uint32())
		}
	}
	return p
}

// record writes n pairs to a new folder.
func record(t testing.TB, n int, o WriterOptions, labels bool) (dir string, pairs []*capture.Pair) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "recording")
	cal := camera()
	w, err := Create(dir, cal, o)
	if err != nil {
		t.Fatal(err)
	}
	var scratch capture.Pair
	for i := range n {
		p := noise(i, cal, labels)
		pairs = append(pairs, p)
		scratch.CopyFrom(p)
		if err := w.Write(&scratch); err != nil {
			t.Fatal(err)
		}
		clear(scratch.Color.Pix) // Write has taken a copy
		clear(scratch.Depth.Pix)
		clear(scratch.Labels.Pix)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, pairs
}

// play reads a recording to its end.
func play(t testing.TB, r *Recording) (pairs []*capture.Pair, err error) {
	t.Helper()
	defer r.Close()
	for {
		p := new(capture.Pair)
		if err := r.Next(context.Background(), p); err != nil {
			if errors.Is(err, io.EOF) {
				return pairs, nil
			}
			return pairs, err
		}
		pairs = append(pairs, p)
	}
}

func open(t testing.TB, dir string, o Options) *Recording {
	t.Helper()
	r, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// same compares pairs, taking nil and empty labels for equal.
func same(a, b *capture.Pair) bool {
	x, y := *a, *b
	if len(x.Labels.Pix) == 0 && len(y.Labels.Pix) == 0 {
		x.Labels, y.Labels = capture.Labels{}, capture.Labels{}
	}
	return reflect.DeepEqual(x, y)
}

func TestRoundTrip(t *testing.T) {
	for _, labels := range []bool{false, true} {
		for _, threads := range []int{-1, 1, 3} {
			dir, want := record(t, 9, WriterOptions{Classes: 3}, labels)
			r := open(t, dir, Options{Threads: threads, Ahead: 2})
			if r.Calibration() != camera() {
				t.Errorf("calibration is %+v", r.Calibration())
			}
			if len(r.Assumed()) != 0 {
				t.Errorf("assumed %q", r.Assumed())
			}
			got, err := play(t, r)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d pairs, %v", len(got), err)
			}
			for i := range want {
				if !same(got[i], want[i]) {
					t.Fatalf("threads %d: pair %d differs", threads, i)
				}
			}
			if s := r.Stats(); s.Pairs != 9 || s.Delivered != 9 || (s.Labelled == 9) != labels || s.Problems != nil {
				t.Errorf("%+v", s)
			}
			if _, err := os.Stat(filepath.Join(dir, "label3")); labels != (err == nil) {
				t.Errorf("labels %v: label3: %v", labels, err)
			}
		}
	}
}
