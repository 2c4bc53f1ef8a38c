package replay

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// fakeClock jumps to whatever it is asked to wait for.
type fakeClock struct {
	t     time.Time
	waits []time.Duration
	stuck bool // waits never end
}

func (c *fakeClock) now() time.Time { return c.t }

func (c *fakeClock) after(d time.Duration) (<-chan time.Time, func()) {
	c.waits = append(c.waits, d)
	ch := make(chan time.Time, 1)
	if !c.stuck {
		c.t = c.t.Add(d)
		ch <- c.t
	}
	return ch, func() {}
}

func TestPacer(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		fps   float64
		times []time.Duration // recorded
		work  []time.Duration // of the caller after each pair
		want  []time.Duration // when each was given, after the first
	}{
		{"recorded", 0, []time.Duration{5000 * ms, 5033 * ms, 5100 * ms}, nil, []time.Duration{0, 33 * ms, 100 * ms}},
		{"fixed", 20, []time.Duration{0, 1, 2, 3}, nil, []time.Duration{0, 50 * ms, 100 * ms, 150 * ms}},
		{"a slow caller catches up", 0, []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 40 * ms}, []time.Duration{25 * ms}, []time.Duration{0, 25 * ms, 25 * ms, 30 * ms, 40 * ms}},
		{"a clock that jumps back", 0, []time.Duration{100 * ms, 50 * ms, 60 * ms}, nil, []time.Duration{0, 0, 10 * ms}},
		{"a clock that jumps by years", 0, []time.Duration{0, 1 << 60, 1<<60 + 10*ms}, nil, []time.Duration{0, maxGap, maxGap + 10*ms}},
	} {
		clock := &fakeClock{t: time.Unix(1, 0)}
		start := clock.t
		p := &pacer{fps: c.fps, now: clock.now, after: clock.after}
		for i, at := range c.times {
			if !p.wait(context.Background(), nil, uint64(i), at) {
				t.Fatal("interrupted")
			}
			if got := clock.t.Sub(start); got != c.want[i] {
				t.Errorf("%s: pair %d at %v, want %v", c.name, i, got, c.want[i])
			}
			if i < len(c.work) {
				clock.t = clock.t.Add(c.work[i])
			}
		}
	}
}

// TestPacedNext: a wait is ended by the context, which loses no pair, and by Close.
func TestPacedNext(t *testing.T) {
	dir, want := record(t, 3, WriterOptions{}, false)
	for _, threads := range []int{-1, 2} {
		r := open(t, dir, Options{Threads: threads, Paced: true})
		clock := &fakeClock{t: time.Unix(1, 0), stuck: true}
		r.pace.now, r.pace.after = clock.now, clock.after
		var p capture.Pair
		if err := r.Next(context.Background(), &p); err != nil || !same(&p, want[0]) {
			t.Fatal(err)
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
			if err := r.Next(ctx, &p); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
		}
		if clock.waits[0] != 33_333_333 || clock.waits[1] != 33_333_333 {
			t.Errorf("waits %v", clock.waits)
		}
		clock.stuck = false
		if err := r.Next(context.Background(), &p); err != nil || !same(&p, want[1]) {
			t.Fatal(err)
		}
		clock.stuck = true
		done := make(chan error)
		go func() { done <- r.Next(context.Background(), &p) }()
		time.Sleep(5 * time.Millisecond)
		r.Close()
		if err := <-done; !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	}
}
