package capture

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCounterWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Counter{Bits: uint(rapid.IntRange(8, 40).Draw(t, "bits")), Tick: time.Microsecond}
		span := int64(1) << c.Bits
		start := rapid.Int64Range(0, span-1).Draw(t, "start")
		at, top := start, start
		c.Time(uint64(start))
		for range rapid.IntRange(1, 60).Draw(t, "frames") {
			// forward by less than three quarters of the range, or late by at most a quarter of what came furthest
			if rapid.Bool().Draw(t, "late") {
				at = top - rapid.Int64Range(0, span/4).Draw(t, "by")
			} else {
				at = top + rapid.Int64Range(0, span-span/4-1).Draw(t, "step")
			}
			top = max(top, at)
			if got, want := c.Time(uint64(at)&uint64(span-1)), time.Duration(at)*time.Microsecond; got != want {
				t.Fatalf("counter of %d bits at %d: %v, want %v", c.Bits, at, got, want)
			}
		}
	})
}

// TestClockSync runs a device's clock with drift against the host's, frames arriving late at random, and holds the map
// to the true time.
func TestClockSync(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		drift := (rng.Float64()*2 - 1) * 100e-6
		offset := time.Duration(rng.Int64N(int64(time.Hour))) - 30*time.Minute
		const fastest = 4 * time.Millisecond
		var c ClockSync
		last := time.Duration(0)
		for i := range 3000 { // 100 s
			taken := time.Duration(i) * time.Second / 30
			device := offset + taken - time.Duration(drift*float64(taken))
			delay := fastest + time.Duration(rng.ExpFloat64()*float64(3*time.Millisecond))
			got := c.Host(device, taken+delay)
			if i > 0 && got < last {
				t.Fatalf("seed %d: frame %d went back from %v to %v", seed, i, last, got)
			}
			last = got
			if i < 300 {
				continue
			}
			if off := got - taken - fastest; off < -time.Millisecond || off > 2*time.Millisecond {
				t.Fatalf("seed %d: frame %d, drift %.0f ppm: off by %v", seed, i, drift*1e6, off)
			}
		}
		if c.Resets != 0 {
			t.Errorf("seed %d: %d resets", seed, c.Resets)
		}
		if d := c.Drift() - drift; d > 60e-6 || d < -60e-6 {
			t.Errorf("seed %d: drift %.0f ppm, found %.0f", seed, drift*1e6, c.Drift()*1e6)
		}
	}
}

// TestClockSyncWraps: the map goes on over wraps, drift and all, also where the next window begins or a frame comes late; a jump
// back by about as much is a reset.
func TestClockSyncWraps(t *testing.T) {
	const span = 5 * time.Minute
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 9))
		drift := (rng.Float64()*2 - 1) * 100e-6
		start := span - time.Duration(rng.Int64N(int64(time.Minute)))
		c := ClockSync{Wrap: span}
		last := time.Duration(0)
		for i := range 18000 { // ten minutes, and two wraps in the first six
			taken := time.Duration(i) * time.Second / 30
			device := (start + taken + time.Duration(drift*float64(taken))) % span
			delay := 4*time.Millisecond + time.Duration(rng.ExpFloat64()*float64(3*time.Millisecond))
			got := c.Host(device, taken+delay)
			if got < last {
				t.Fatalf("seed %d: frame %d went back from %v to %v", seed, i, last, got)
			}
			last = got
			if off := (got - taken - 4*time.Millisecond).Abs(); off > 2*time.Millisecond && i > 300 {
				t.Fatalf("seed %d: frame %d, drift %.0f ppm: off by %v", seed, i, drift*1e6, off)
			}
		}
		if c.Wraps != 2 || c.Resets != 0 {
			t.Errorf("seed %d: %d wraps, %d resets, want 2 and 0", seed, c.Wraps, c.Resets)
		}
	}
	var c ClockSync
	c.Host(1<<32*time.Microsecond-time.Second, 0)
	if got := c.Host(200*time.Millisecond, time.Second); got != time.Second || c.Wraps != 0 || c.Resets != 1 {
		t.Errorf("200 ms off a wrap: %v, %d wraps, %d resets", got, c.Wraps, c.Resets)
	}
}

// TestClockSyncReset sets the device's clock back, as after a replug, and expects the map to be right at once.
func TestClockSyncReset(t *testing.T) {
	var c ClockSync
	for i := range 600 {
		taken := time.Duration(i) * time.Second / 30
		device := taken + time.Hour
		if i >= 300 {
			device = taken - 9*time.Second
		}
		if got := c.Host(device, taken+5*time.Millisecond); got != taken+5*time.Millisecond {
			t.Fatalf("frame %d: %v, want %v", i, got, taken+5*time.Millisecond)
		}
	}
	if c.Resets != 1 {
		t.Errorf("%d resets, want 1", c.Resets)
	}
}
