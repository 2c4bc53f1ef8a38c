package pairof

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

// TestLabels: each pair has the labels of its own colour image, whatever the rates, and none where it has none; depth's are
// nobody's.
func TestLabels(t *testing.T) {
	for name, c := range map[string]struct {
		color, depth time.Duration // from frame to frame
		o            Options
	}{
		"same rate":    {33 * ms, 33 * ms, Options{}},
		"colour slow":  {66 * ms, 33 * ms, Options{}},
		"colour fast":  {10 * ms, 50 * ms, Options{Queue: 3}},
		"begin anew":   {33 * ms, 33 * ms, Options{Clock: Begin}},
		"small queues": {33 * ms, 40 * ms, Options{Queue: 2}},
	} {
		open := func(step time.Duration) capture.Source {
			return capturetest.NewFake(capturetest.FakeOptions{Pairs: 40, Interval: step, Labels: true})
		}
		s := mustNew(t, open(c.color), open(c.depth), c.o)
		n := 0
		for p := (capture.Pair{Labels: capture.Labels{Width: 1, Height: 1, Pix: []uint8{9}}}); ; {
			err := s.Next(t.Context(), &p)
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			n++
			i := int(p.ColorTime / c.color)
			var want capture.Pair
			capturetest.Paint(s.Calibration(), uint64(i), true, &want)
			if !slices.Equal(p.Color.Pix, want.Color.Pix) || !slices.Equal(p.Labels.Pix, want.Labels.Pix) || p.Labels.Width != want.Labels.Width {
				t.Fatalf("%s: pair %d, of colour %d, has %d labels that are not its own", name, n, i, len(p.Labels.Pix))
			}
		}
		if n < 4 {
			t.Errorf("%s: %d pairs", name, n)
		}
	}
	s := mustNew(t, fake(5, 0), capturetest.NewFake(capturetest.FakeOptions{Pairs: 5, Interval: 33 * ms, Labels: true}), Options{})
	pairs, err := all(t, s)
	if err != io.EOF || len(pairs) != 5 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	for _, p := range pairs {
		if len(p.Labels.Pix) != 0 {
			t.Error("depth's labels are the pair's")
		}
	}
}
