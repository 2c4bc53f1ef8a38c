package runtime

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

var (
	soakFor    = flag.Duration("soak", 0, "soak for so long, on the real clock")
	soakFaults = flag.Int("soakfaults", 0, "TestManyFaults injects so many; 0 = 300")
)

// gauge is what must stay flat.
type gauge struct{ goroutines, heap uint64 }

func measure() gauge {
	debug.FreeOSMemory() // collects
	s := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return gauge{s[0].Value.Uint64(), s[1].Value.Uint64()}
}

// rss is the resident memory in bytes, 0 where the system does not tell.
func rss() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseUint(strings.Fields(v)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// meter calls look with what Next returned.
type meter struct {
	capture.Source
	look func(err error)
}

func (m *meter) Next(ctx context.Context, dst *capture.Pair) error {
	err := m.Source.Next(ctx, dst)
	m.look(err)
	return err
}

// Skipped is the source's, for the pipeline.
func (m *meter) Skipped() uint64 {
	if s, ok := m.Source.(Skipper); ok {
		return s.Skipped()
	}
	return 0
}

// TestManyFaults injects thousands of faults of every kind into one run, and compares goroutines and memory after a
// tenth of them with those at the end.
func TestManyFaults(t *testing.T) {
	faults := *soakFaults
	if faults == 0 {
		faults = 300
	}
	calls := 10 * faults
	kinds := capturetest.Kinds()
	s := &stage{t: t, keepNothing: true}
	var early, late gauge
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		j := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pace: frame, Pairs: calls + calls/8}), capturetest.RandomFaults(11, faults, calls, kinds...)...)
		defer j.Close()
		n := 0
		s.perform(&meter{j, func(error) {
			switch n++; n {
			case calls / 10:
				early = measure()
			case calls:
				late = measure()
			}
		}})
		if c := j.Counts(); s.sum.Frames != uint64(c.Pulled+c.Repeated) {
			t.Errorf("%d frames are accounted for: %+v", s.sum.Frames, c)
		}
	})
	if t.Failed() {
		return
	}
	if late.goroutines > early.goroutines || late.heap > early.heap+1<<18 {
		t.Errorf("after a tenth %d goroutines and %d bytes, then %d and %d", early.goroutines, early.heap, late.goroutines, late.heap)
	}
	appendTable(t, fmt.Sprintf("%d faults of %d kinds in %d frames: %d masks, %d counted drops; goroutines %d, then %d; heap %.2f MB, then %.2f MB\n",
		faults, len(kinds), s.sum.Frames, s.sum.Masks, s.sum.Drops.Total(), early.goroutines, late.goroutines, float64(early.heap)/1e6, float64(late.heap)/1e6))
}

// TestSoak runs on the real clock at 30 pairs a second, with a fault about every second and a camera whose cable comes
// out about every minute, for as long as -soak says: the frames in are the masks and the counted drops, exactly, and
// memory does not grow.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("make soak runs it; -soak 30m")
	}
	calls := int(*soakFor / frame)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	seed := rng.Uint64()
	var kinds []capturetest.Kind
	for _, k := range capturetest.Kinds() {
		if k != capturetest.Unplug { // the device does that
			kinds = append(kinds, k)
		}
	}
	j := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pace: frame}), capturetest.RandomFaults(seed, calls/30, calls, kinds...)...)
	opened := 0
	sup, err := capture.Supervise(t.Context(), func(context.Context) (capture.Source, error) {
		opened++
		until := time.Now().Add(time.Duration(rng.Int64N(int64(2 * time.Minute))))
		return &cable{Source: j, until: until}, nil
	}, capture.SupervisorOptions{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	defer sup.Close()
	s := &stage{t: t, keepNothing: true}
	begin := time.Now()
	var at, size []float64
	next := begin.Add(min(*soakFor/10, time.Minute)) // after the start
	var early, late gauge
	s.perform(&meter{sup, func(error) {
		now := time.Now()
		if now.After(next) {
			if early.goroutines == 0 {
				early = measure()
			}
			next = now.Add(max(*soakFor/200, time.Second))
			at, size = append(at, now.Sub(begin).Minutes()), append(size, float64(rss()))
		}
		if now.Sub(begin) > *soakFor {
			s.cancel()
		}
	}})
	late = measure()
	c := j.Counts()
	frames := uint64(c.Pulled+c.Repeated) + sup.Skipped()
	slope := slopeOf(at, size)
	words := fmt.Sprintf("soak of %v (seed %d): %d faults, camera opened %d times; %d frames = %d masks + %d counted drops (%s); %d were on their way at the end; RSS %.1f MB, slope %.3f MB a minute; heap %.2f MB, then %.2f MB; goroutines %d, then %d\n",
		time.Since(begin).Round(time.Second), seed, total(c.Faults[:]), opened, s.sum.Frames, s.sum.Masks, s.sum.Drops.Total(), lossWords(s.sum),
		frames-s.sum.Frames, size[len(size)-1]/1e6, slope/1e6, float64(early.heap)/1e6, float64(late.heap)/1e6, early.goroutines, late.goroutines)
	if d := int64(s.sum.Frames) - int64(frames); d > 0 || d < -12 { // those that the injector still holds, and lost last, nobody saw
		t.Errorf("%d frames are accounted for, %d came or were lost", s.sum.Frames, frames)
	}
	if late.goroutines > early.goroutines+1 {
		t.Errorf("goroutines: %d, then %d", early.goroutines, late.goroutines)
	}
	if late.heap > early.heap+1<<18 {
		t.Errorf("heap: %d bytes, then %d", early.heap, late.heap)
	}
	if *soakFor >= 30*time.Minute && slope > 50e3 { // the runtime takes its pages in the first minutes
		t.Errorf("resident memory grows by %.0f bytes a minute", slope)
	}
	appendTable(t, words)
}

// cable fails for good at a time, and loses no pair by that.
type cable struct {
	capture.Source
	until time.Time
}

func (c *cable) Next(ctx context.Context, dst *capture.Pair) error {
	if time.Now().After(c.until) {
		return capturetest.ErrUnplugged
	}
	return c.Source.Next(ctx, dst)
}

// Close leaves the camera behind the cable as it is.
func (c *cable) Close() error { return nil }

func total(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// slopeOf is that of the line through the points, by least squares.
func slopeOf(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}
