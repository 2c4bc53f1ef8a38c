package pairof

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// ticking is a device with a clock of its own: it takes frame i after i periods of true time, tells its counter's value
// at that moment, and delivers it some delay later.
type ticking struct {
	capture.Source
	begin   time.Time
	period  time.Duration
	frames  int
	counter func(taken time.Duration) time.Duration
	delay   func(i int) time.Duration
	next    int
}

func (d *ticking) Next(ctx context.Context, dst *capture.Pair) error {
	if d.next == d.frames {
		return io.EOF
	}
	taken := time.Duration(d.next) * d.period
	select {
	case <-time.After(time.Until(d.begin.Add(taken + d.delay(d.next)))):
	case <-ctx.Done():
		return ctx.Err()
	}
	cal := d.Calibration()
	dst.Color.Resize(cal.Color.Width, cal.Color.Height)
	dst.Depth.Resize(cal.Depth.Width, cal.Depth.Height)
	dst.Color.Pix[0], dst.Color.Pix[1], dst.Depth.Pix[0] = byte(d.next), byte(d.next>>8), uint16(d.next)
	dst.ColorTime = d.counter(taken)
	dst.DepthTime, dst.Clock = dst.ColorTime, capture.DeviceClock
	d.next++
	return nil
}

// jitter is 5 ms, and in two of three frames up to 15 more.
func jitter(i int) time.Duration { return 5*ms + time.Duration(i*i*7919%97*(i%3))*15*ms/97/2 }

// TestTwoDevices: two cameras of 30 frames a second whose clocks have nothing in common, over ten minutes of a clock that runs
// as the test says. Frames that were taken together are pairs, the skew that is told is the true one but for the delays, and
// times never go back.
func TestTwoDevices(t *testing.T) {
	drift := func(ppm float64, from time.Duration) func(time.Duration) time.Duration {
		return func(taken time.Duration) time.Duration { return from + taken + time.Duration(float64(taken)*ppm*1e-6) }
	}
	wrap := func(f func(time.Duration) time.Duration, span time.Duration) func(time.Duration) time.Duration {
		return func(taken time.Duration) time.Duration { return f(taken) % span }
	}
	const minute = time.Minute
	for name, c := range map[string]struct {
		color, depth func(time.Duration) time.Duration
		lost         int // pairs that may be missing
	}{
		"even":             {drift(0, time.Hour), drift(0, 3*time.Second), 0},
		"100 ppm apart":    {drift(50, time.Hour), drift(-50, 0), 0},
		"100 ppm the same": {drift(100, time.Hour), drift(100, 0), 0},
		"wraps of 32 bits": {wrap(drift(30, 70*minute), 1<<32*time.Microsecond), wrap(drift(-30, 67*minute), 1<<32*time.Microsecond), 0},
		"begins anew": {func(taken time.Duration) time.Duration { // the device was reset after four minutes
			if taken > 4*minute {
				return taken - 4*minute
			}
			return time.Hour + taken
		}, drift(20, 0), 2},
		"was set": {func(taken time.Duration) time.Duration { // ahead by a day
			if taken > 4*minute {
				return taken + 24*time.Hour
			}
			return taken
		}, drift(-20, time.Hour), 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const frames, period = 18000, time.Second / 30
				begin := time.Now()
				color := &ticking{Source: fake(0, 0), begin: begin, period: period, frames: frames, counter: c.color, delay: jitter}
				depth := &ticking{Source: fake(0, 0), begin: begin, period: period, frames: frames, counter: c.depth,
					delay: func(i int) time.Duration { return jitter(i+17) + 2*ms }}
				s := mustNew(t, color, depth, Options{Live: true, Queue: 16})
				pairs, last, worst := 0, time.Duration(-1<<62), time.Duration(0)
				for p := new(capture.Pair); ; {
					err := s.Next(t.Context(), p)
					if err == io.EOF {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					pairs++
					ci, di := int(p.Color.Pix[0])|int(p.Color.Pix[1])<<8, int(p.Depth.Pix[0])
					if ci != di {
						t.Fatalf("pair %d is of colour %d and depth %d", pairs, ci, di)
					}
					if p.Clock != capture.HostClock {
						t.Fatalf("clock %q", p.Clock)
					}
					if p.ColorTime < last {
						t.Fatalf("pair %d: %v after %v", pairs, p.ColorTime, last)
					}
					last = p.ColorTime
					if pairs > 300 { // by then both have seen a short delay
						worst = max(worst, (p.ColorTime - time.Duration(ci)*period - 5*ms).Abs(), (p.DepthTime - time.Duration(di)*period - 7*ms).Abs())
					}
				}
				n := s.Stats()
				t.Logf("%d pairs, times off by %v at most; resets %d and %d, drift %.0f and %.0f ppm", pairs, worst, s.side[0].clock.sync.Resets,
					s.side[1].clock.sync.Resets, 1e6*s.side[0].clock.sync.Drift(), 1e6*s.side[1].clock.sync.Drift())
				if pairs < frames-c.lost || worst > 4*ms {
					t.Errorf("%d pairs of %d, times off by %v: %+v", pairs, frames, worst, n)
				}
				account(t, s, pairs)
			})
		})
	}
}
