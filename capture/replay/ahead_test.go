package replay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// calm waits until no more goroutines run than before.
func calm(t *testing.T, before int) {
	t.Helper()
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 500 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestNoLeak leaves recordings and writers in every state: no goroutine stays.
func TestNoLeak(t *testing.T) {
	dir, _ := record(t, 12, WriterOptions{Sync: 1}, true)
	before := runtime.NumGoroutine()
	for _, reads := range []int{0, 1, 5, 13} {
		for _, depth := range []int{1, 3, 100} {
			r := open(t, dir, Options{Threads: 3, Ahead: depth, Loop: reads == 5})
			if depth == 3 {
				r.Start()
			}
			var p capture.Pair
			for i := range reads {
				if err := r.Next(context.Background(), &p); err != nil && !(i == 12 && err == io.EOF) {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := r.Next(ctx, &p); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			r.Close()
		}
	}
	calm(t, before)
}

// TestStart has the first pairs read before anybody asks for them: what happens to their files then does not matter.
func TestStart(t *testing.T) {
	dir, _ := record(t, 3, WriterOptions{}, true)
	want := open(t, dir, Options{Threads: -1})
	r := open(t, dir, Options{Threads: 2, Ahead: 3})
	r.Start()
	r.Start() // again is harmless
	for i := range r.ahead.slots {
		for n := 0; len(r.ahead.slots[i].done) == 0; n++ {
			if n == 5000 {
				t.Fatalf("pair %d is not read", i)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	var pairs [3]capture.Pair
	for i := range pairs {
		if err := want.Next(t.Context(), &pairs[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"rgb", "depth"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			t.Fatal(err)
		}
	}
	var p capture.Pair
	for i := range pairs {
		if err := r.Next(t.Context(), &p); err != nil || p.Seq != pairs[i].Seq || !bytes.Equal(p.Color.Pix, pairs[i].Color.Pix) || !slices.Equal(p.Depth.Pix, pairs[i].Depth.Pix) {
			t.Fatalf("pair %d: %v, %d", i, err, p.Seq)
		}
	}
	if err := r.Next(t.Context(), &p); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
	alone := open(t, dir, Options{Threads: -1})
	alone.Start() // reads nothing
}

// TestCloseEndsNext closes while Next runs, at many moments.
func TestCloseEndsNext(t *testing.T) {
	dir, _ := record(t, 4, WriterOptions{}, false)
	before := runtime.NumGoroutine()
	for i := range 60 {
		r := open(t, dir, Options{Threads: 1 + i%3, Ahead: 1 + i%4, Loop: true})
		done := make(chan error)
		go func() {
			var p capture.Pair
			for {
				if err := r.Next(context.Background(), &p); err != nil {
					done <- err
					return
				}
			}
		}()
		time.Sleep(time.Duration(i) * 50 * time.Microsecond)
		r.Close()
		if err := <-done; !errors.Is(err, fs.ErrClosed) {
			t.Fatal(err)
		}
	}
	calm(t, before)
}

// TestLoop: sequence numbers and times go on over the seam.
func TestLoop(t *testing.T) {
	dir, want := record(t, 3, WriterOptions{}, true)
	for _, threads := range []int{-1, 2} {
		r := open(t, dir, Options{Loop: true, Threads: threads})
		var last capture.Pair
		for i := range 10 {
			var p capture.Pair
			if err := r.Next(context.Background(), &p); err != nil {
				t.Fatal(err)
			}
			w := *want[i%3]
			w.Seq += uint64(i/3) * 5 // 0, 2, 4, then 5, 7, 9
			shift := time.Duration(i/3) * 3 * 33_333_333
			w.ColorTime += shift
			w.DepthTime += shift
			if !same(&p, &w) {
				t.Fatalf("pair %d is %d at %v, want %d at %v", i, p.Seq, p.ColorTime, w.Seq, w.ColorTime)
			}
			if i > 0 && (p.Seq <= last.Seq || p.ColorTime <= last.ColorTime) {
				t.Errorf("pair %d does not go on", i)
			}
			last = p
		}
		r.Close()
	}
}

// TestKeepsCallersMemory: Next fills the memory it is given, and never touches it afterwards.
func TestKeepsCallersMemory(t *testing.T) {
	dir, want := record(t, 6, WriterOptions{}, true)
	r := open(t, dir, Options{Threads: 2, Loop: true})
	var a, b capture.Pair
	if err := r.Next(context.Background(), &a); err != nil {
		t.Fatal(err)
	}
	color, depth, labels := &a.Color.Pix[0], &a.Depth.Pix[0], &a.Labels.Pix[0]
	for range 5 {
		if err := r.Next(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
	}
	if !same(&a, want[0]) {
		t.Error("the first pair has changed")
	}
	if err := r.Next(context.Background(), &a); err != nil {
		t.Fatal(err)
	}
	if &a.Color.Pix[0] != color || &a.Depth.Pix[0] != depth || &a.Labels.Pix[0] != labels {
		t.Error("new memory for a pair of the same size")
	}
}

// TestSteadyMemory: once warm, a pair costs only what opening its files does.
func TestSteadyMemory(t *testing.T) {
	dir, _ := record(t, 4, WriterOptions{}, true)
	r := open(t, dir, Options{Threads: -1, Loop: true})
	var p capture.Pair
	next := func() {
		if err := r.Next(context.Background(), &p); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 {
		next()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const n = 200
	for range n {
		next()
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / n; per > 4096 {
		t.Errorf("%d bytes a pair", per)
	}
}

func TestAheadOf(t *testing.T) {
	vga, large := assume(640, 480, 1), assume(8000, 8000, 1)
	for _, c := range []struct {
		o              Options
		cal            capture.Calibration
		threads, depth int
	}{
		{Options{Threads: -1}, vga, 0, 0},
		{Options{Threads: 3}, vga, 3, 3},
		{Options{Threads: 3, Ahead: 2}, vga, 2, 2},
		{Options{Threads: 3}, large, 1, 1},
		{Options{Threads: 1000, Ahead: 1 << 30}, vga, 64, 4096},
	} {
		if threads, depth := aheadOf(c.o, c.cal); threads != c.threads || depth != c.depth {
			t.Errorf("%+v: %d goroutines, %d slots", c.o, threads, depth)
		}
	}
}
