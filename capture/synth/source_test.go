package synth

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

func TestSource(t *testing.T) {
	c, err := Open("width=32,height=24,frames=3,fps=20,threads=1")
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	ctx, cancel := context.WithCancel(context.Background())
	for i := range 3 {
		if err := c.Next(ctx, &p); err != nil {
			t.Fatal(err)
		}
		if want := time.Duration(i) * 50 * time.Millisecond; p.Seq != uint64(i) || p.ColorTime != want || p.Skew() != 2*time.Millisecond {
			t.Errorf("frame %d: seq %d, time %v, skew %v", i, p.Seq, p.ColorTime, p.Skew())
		}
		if p.Color.Width != 32 || p.Depth.Height != 24 || len(p.Labels.Pix) != 32*24 {
			t.Errorf("frame %d has sizes %d × %d", i, p.Color.Width, p.Color.Height)
		}
	}
	for range 2 {
		if err := c.Next(ctx, &p); err != io.EOF {
			t.Errorf("after the last frame: %v", err)
		}
	}
	cancel()
	if err := c.Next(ctx, &p); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := c.Next(context.Background(), &p); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("after Close: %v", err)
	}
}

func TestPacedWaits(t *testing.T) {
	open := func() *Camera {
		c, err := Open("width=32,height=24,fps=0.1,paced=true")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var p capture.Pair
	c := open()
	if err := c.Next(context.Background(), &p); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := c.Next(ctx, &p); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second frame of a slow camera: %v", err)
	}
	// Close ends a waiting Next.
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if err := c.Next(context.Background(), &p); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Close while waiting: %v", err)
	}
}

func TestSteadyFrameAllocatesNothing(t *testing.T) {
	c, err := Open("width=64,height=48,threads=1")
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	c.Frame(0, &p)
	c.Frame(1, &p)
	i := 2
	if n := testing.AllocsPerRun(5, func() { c.Frame(i, &p); i++ }); n > 0 {
		t.Errorf("%v allocations in a frame", n)
	}
}

// A film is smooth: from one frame to the next little changes, over a second much does.
func TestMotionIsSmooth(t *testing.T) {
	c, err := Open("seed=4,scene=tabletop,width=64,height=48")
	if err != nil {
		t.Fatal(err)
	}
	c.load(0)
	s := &c.scene
	step, far := 0.0, 0.0
	for i := range 90 {
		a, b := s.pose(float64(i)/30), s.pose(float64(i+1)/30)
		step = max(step, a.o.sub(b.o).length()+a.z.sub(b.z).length())
		far = max(far, s.pose(0).o.sub(b.o).length())
	}
	if step > 0.08 || far < 0.02 {
		t.Errorf("the largest step is %.3f, the way over three seconds %.3f m", step, far)
	}
}
