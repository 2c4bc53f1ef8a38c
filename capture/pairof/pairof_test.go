package pairof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"pgregory.net/rapid"
)

const ms = time.Millisecond

// timed is a source whose frames come at given times: frame i of either stream has Seq i painted into it.
type timed struct {
	capture.Source
	times []time.Duration
	next  int
}

func (s *timed) Next(ctx context.Context, dst *capture.Pair) error {
	if s.next == len(s.times) {
		return io.EOF
	}
	capturetest.Paint(s.Calibration(), uint64(s.next), false, dst)
	dst.ColorTime, dst.DepthTime = s.times[s.next], s.times[s.next]
	s.next++
	return nil
}

func at(times ...time.Duration) *timed {
	return &timed{Source: capturetest.NewFake(capturetest.FakeOptions{}), times: times}
}

func every(period, from time.Duration, n int) *timed {
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = from + time.Duration(i)*period
	}
	return at(times...)
}

func mustNew(t testing.TB, color, depth capture.Source, o Options) *Source {
	t.Helper()
	s, err := New(color, depth, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// all reads pairs until an error.
func all(t testing.TB, s *Source) (pairs []capture.Pair, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		var p capture.Pair
		if err := s.Next(ctx, &p); err != nil {
			return pairs, err
		}
		pairs = append(pairs, p)
	}
}

// frames names which frames a pair has, from the pixels alone.
func frames(p *capture.Pair, n int) (color, depth int) {
	color, depth = -1, -1
	var want capture.Pair
	for i := range n {
		capturetest.Paint(capturetest.SmallCalibration(), uint64(i), false, &want)
		if slices.Equal(want.Color.Pix, p.Color.Pix) {
			color = i
		}
		if slices.Equal(want.Depth.Pix, p.Depth.Pix) {
			depth = i
		}
	}
	return color, depth
}

// account checks that every frame is in a pair or counted.
func account(t testing.TB, s *Source, pairs int) {
	t.Helper()
	c := s.Stats()
	for name, n := range map[string]capture.StreamCounts{"colour": c.Color, "depth": c.Depth} {
		if n.In != pairs+n.Unpaired.Total()+n.Waiting {
			t.Errorf("%s: %d frames in, %d pairs, %d unpaired, %d waiting", name, n.In, pairs, n.Unpaired.Total(), n.Waiting)
		}
	}
	if c.Pairs != pairs {
		t.Errorf("%d pairs came, %d are counted", pairs, c.Pairs)
	}
}

func fake(pairs int, pace time.Duration) *capturetest.Fake {
	return capturetest.NewFake(capturetest.FakeOptions{Pairs: pairs, Pace: pace, Interval: 33 * ms})
}

func TestConform(t *testing.T) {
	for name, c := range map[string]struct {
		open func() (color, depth capture.Source)
		o    Options
		want capturetest.Options
	}{
		"merged": {func() (capture.Source, capture.Source) { return fake(12, 0), fake(12, 0) }, Options{},
			capturetest.Options{Pairs: 12, Allocs: 2}}, // until the queues' memory has gone round once; see TestAllocs
		"merged, endless": {func() (capture.Source, capture.Source) { return fake(0, 0), fake(0, 0) }, Options{},
			capturetest.Options{Allocs: 2}},
		"merged, other rates": {func() (capture.Source, capture.Source) { return every(10*ms, 0, 100), every(33*ms, 0, 30) },
			Options{Window: 6 * ms}, capturetest.Options{Pairs: 30}},
		"merged, begin": {func() (capture.Source, capture.Source) { return every(33*ms, time.Hour, 20), every(33*ms, 0, 20) },
			Options{Clock: Begin}, capturetest.Options{Pairs: 20, Allocs: 2}},
		"merged, paced": {func() (capture.Source, capture.Source) { return fake(12, ms), fake(12, ms) }, Options{},
			capturetest.Options{Pairs: 12, Allocs: -1}}, // the fake's timers
		"live": {func() (capture.Source, capture.Source) {
			o := capturetest.FakeOptions{Pace: 3 * ms, Interval: 3 * ms}
			return capturetest.NewFake(o), capturetest.NewFake(o)
		}, Options{Live: true}, capturetest.Options{Fresh: true, Allocs: -1}},
		"live, one hangs": {func() (capture.Source, capture.Source) {
			o := capturetest.FakeOptions{Pace: 3 * ms, Interval: 3 * ms}
			h := o
			h.Pairs, h.Hang = 300, true
			return capturetest.NewFake(o), capturetest.NewFake(h)
		}, Options{Live: true}, capturetest.Options{Fresh: true, Allocs: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			capturetest.Conform(t, func(t testing.TB) capture.Source {
				color, depth := c.open()
				return mustNew(t, color, depth, c.o)
			}, c.want)
		})
	}
}

func TestAllocs(t *testing.T) {
	s := mustNew(t, every(33*ms, 0, 5000), every(33*ms, ms, 5000), Options{})
	var p capture.Pair
	next := func() {
		if err := s.Next(context.Background(), &p); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		next()
	}
	if n := testing.AllocsPerRun(100, next); n > 0 {
		t.Errorf("a steady Next makes %v allocations", n)
	}
}

// TestMergeIsLossless: for random streams of unequal rates, every frame is accounted for, and no two that are each
// other's nearest stay apart.
func TestMergeIsLossless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := func(name string) []time.Duration {
			var ts []time.Duration
			now := time.Duration(rapid.IntRange(0, 50).Draw(t, name+" begins")) * ms
			for range rapid.IntRange(0, 40).Draw(t, name+" frames") {
				now += time.Duration(rapid.IntRange(1, 120).Draw(t, name)) * ms
				ts = append(ts, now)
			}
			return ts
		}
		ct, dt := times("colour"), times("depth")
		s, err := New(at(ct...), at(dt...), Options{Window: 20 * ms})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var pairs int
		lastC, lastD := -1, -1
		used := map[time.Duration]bool{}
		for {
			var p capture.Pair
			if err := s.Next(context.Background(), &p); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			c, d := slices.Index(ct, p.ColorTime), slices.Index(dt, p.DepthTime)
			if c <= lastC || d <= lastD || p.Skew().Abs() > 20*ms {
				t.Fatalf("pair %d is colour %d, depth %d, skew %v after %d, %d", pairs, c, d, p.Skew(), lastC, lastD)
			}
			lastC, lastD = c, d
			used[p.ColorTime], used[-p.DepthTime-1] = true, true
			pairs++
		}
		n := s.Stats()
		if q := n.Color.Unpaired.QueueFull + n.Depth.Unpaired.QueueFull + n.Color.Unpaired.TimedOut + n.Depth.Unpaired.TimedOut; q > 0 {
			t.Fatalf("a merge lost %d frames to queues and waits: %+v", q, n)
		}
		if n.Color.In != pairs+n.Color.Unpaired.Total()+n.Color.Waiting || n.Depth.In != pairs+n.Depth.Unpaired.Total()+n.Depth.Waiting {
			t.Fatalf("%d pairs: %+v", pairs, n)
		}
		// No two frames that are each other's nearest, and near enough, were left apart.
		nearest := func(ts []time.Duration, to time.Duration) time.Duration {
			best := time.Duration(1 << 60)
			for _, x := range ts {
				if (x - to).Abs() < (best - to).Abs() {
					best = x
				}
			}
			return best
		}
		for _, x := range ct {
			if len(dt) == 0 {
				break
			}
			y := nearest(dt, x)
			if (x-y).Abs() <= 20*ms && nearest(ct, y) == x && !used[x] && !used[-y-1] {
				t.Fatalf("colour at %v and depth at %v are each other's nearest and in no pair", x, y)
			}
		}
	})
}

func TestMergeTakesColourAndDepthOfTheRightSides(t *testing.T) {
	// Depth frame i+3 is taken with colour frame i.
	s := mustNew(t, every(33*ms, 100*ms, 10), every(33*ms, ms, 13), Options{})
	pairs, err := all(t, s)
	if err != io.EOF || len(pairs) != 10 {
		t.Fatalf("%d pairs, %v; want 10", len(pairs), err)
	}
	for i := range pairs {
		if c, d := frames(&pairs[i], 20); c != i || d != i+3 {
			t.Errorf("pair %d has colour %d and depth %d, want %d and %d", i, c, d, i, i+3)
		}
		if pairs[i].Skew() != 0 || pairs[i].Seq != uint64(i) {
			t.Errorf("pair %d: skew %v, Seq %d", i, pairs[i].Skew(), pairs[i].Seq)
		}
	}
	account(t, s, 10)
}

func TestOffset(t *testing.T) {
	// The depth clock is 1 s behind: with the offset, frame i belongs to frame i.
	s := mustNew(t, every(33*ms, time.Second+5*ms, 10), every(33*ms, 0, 10), Options{Offset: time.Second})
	pairs, err := all(t, s)
	if err != io.EOF || len(pairs) != 10 || pairs[3].Skew() != -5*ms {
		t.Fatalf("%d pairs, %v; want 10 with skew -5ms: %+v", len(pairs), err, s.Stats())
	}
	account(t, s, 10)
}

// TestOneEnds: whichever stream ends first, the last frames still pair, nothing overflows, and EOF comes and stays.
func TestOneEnds(t *testing.T) {
	for name, c := range map[string]struct {
		color, depth *timed
		want         int
	}{
		"colour":              {every(33*ms, 5*ms, 4), every(33*ms, 0, 100), 4},
		"colour, depth later": {every(33*ms, 0, 4), every(33*ms, 5*ms, 100), 4},
		"depth":               {every(33*ms, 0, 100), every(33*ms, 5*ms, 4), 4},
		"depth, colour later": {every(33*ms, 5*ms, 100), every(33*ms, 0, 4), 4},
		"colour is empty":     {at(), every(33*ms, 0, 100), 0},
		"depth is empty":      {every(33*ms, 0, 100), at(), 0},
		"apart":               {every(33*ms, 0, 5), every(33*ms, time.Hour, 5), 0},
	} {
		s := mustNew(t, c.color, c.depth, Options{})
		pairs, err := all(t, s)
		if err != io.EOF || len(pairs) != c.want {
			t.Errorf("%s ends: %d pairs, %v; want %d: %+v", name, len(pairs), err, c.want, s.Stats())
		}
		if _, again := all(t, s); again != io.EOF {
			t.Errorf("%s ends: then %v", name, again)
		}
		account(t, s, c.want)
		if c.color.next > 12 || c.depth.next > 12 {
			t.Errorf("%s ends: %d colour and %d depth frames were read", name, c.color.next, c.depth.next)
		}
	}
}

func TestCalibrationIsChecked(t *testing.T) {
	other := capturetest.SmallCalibration()
	other.DepthToColor.Translation[0] = 0.1
	open := func(c capture.Calibration) capture.Source {
		return capturetest.NewFake(capturetest.FakeOptions{Calibration: c})
	}
	if _, err := New(open(capturetest.SmallCalibration()), open(other), Options{}); err == nil || !strings.Contains(err.Error(), "edge calibrate") {
		t.Errorf("without a calibration: %v", err)
	}
	s := mustNew(t, open(capturetest.SmallCalibration()), open(other), Options{Calibration: &other})
	if s.Calibration() != other {
		t.Errorf("calibration is %+v", s.Calibration())
	}
	for _, change := range []func(*capture.Calibration){
		func(c *capture.Calibration) { c.Color.Width++ }, func(c *capture.Calibration) { c.Depth.Height-- },
		func(c *capture.Calibration) { c.DepthScale = 0 },
	} {
		wrong := other
		change(&wrong)
		if _, err := New(open(other), open(other), Options{Calibration: &wrong}); err == nil {
			t.Errorf("took %+v", wrong)
		}
	}
	for _, o := range []Options{{Clock: "sun"}, {Clock: Arrival}} {
		if _, err := New(open(other), open(other), o); err == nil {
			t.Errorf("took %+v", o)
		}
	}
}

// TestErrorsNameTheStream: an error of one stream comes once per fault, and pairs go on after it.
func TestErrorsNameTheStream(t *testing.T) {
	for _, live := range []bool{false, true} {
		for i, name := range []string{"colour", "depth"} {
			sides := [2]capture.Source{}
			for k := range sides {
				pace := time.Duration(0)
				if live {
					pace = 2 * ms
				}
				sides[k] = fake(60, pace)
			}
			sides[i] = capturetest.Inject(sides[i], capturetest.Fault{Kind: capturetest.Unplug, At: 20, Count: 3})
			s := mustNew(t, sides[0], sides[1], Options{Live: live, Clock: Own})
			var pairs, failed int
			for {
				var p capture.Pair
				err := s.Next(context.Background(), &p)
				if err == io.EOF {
					break
				}
				if err == nil {
					pairs++
					continue
				}
				if !errors.Is(err, capturetest.ErrUnplugged) || !strings.Contains(err.Error(), "pairof: "+name) {
					t.Fatalf("error is %v", err)
				}
				failed++
			}
			if failed != 3 || pairs < 50 && !live || pairs > 57 {
				t.Errorf("live %v, %s: %d errors, %d pairs; want 3 and 57", live, name, failed, pairs)
			}
			account(t, s, pairs)
		}
	}
}

// TestFaults: whatever both sub-sources do, frames are accounted for, and Next never hangs.
func TestFaults(t *testing.T) {
	kinds := slices.DeleteFunc(capturetest.Kinds(), func(k capturetest.Kind) bool { return k == capturetest.Stall })
	for _, live := range []bool{false, true} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("live %v seed %d", live, seed), func(t *testing.T) {
				t.Parallel()
				open := func(seed uint64) capture.Source {
					o := capturetest.FakeOptions{Pairs: 400, Interval: 33 * ms}
					if live {
						o.Pace = ms / 4
					}
					return capturetest.Inject(capturetest.NewFake(o), capturetest.RandomFaults(seed, 40, 400, kinds...)...)
				}
				s := mustNew(t, open(2*seed), open(2*seed+1), Options{Live: live, Clock: Own})
				pairs, failed := 0, 0
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				for {
					var p capture.Pair
					err := s.Next(ctx, &p)
					switch {
					case err == nil:
						pairs++
						continue
					case errors.Is(err, capturetest.ErrUnplugged):
						failed++
						continue
					case err != io.EOF:
						t.Fatal(err)
					}
					break
				}
				account(t, s, pairs)
				if n := s.Stats(); failed != n.ColorErrors+n.DepthErrors {
					t.Errorf("%d errors told, %d and %d counted", failed, n.ColorErrors, n.DepthErrors)
				}
				if pairs < 20 && !live {
					t.Errorf("only %d pairs: %+v", pairs, s.Stats())
				}
			})
		}
	}
}

// stuck is a source that neither ends nor closes.
type stuck struct{ capture.Source }

func (stuck) Next(context.Context, *capture.Pair) error { select {} }
func (stuck) Close() error                              { select {} }

func TestCloseIsBounded(t *testing.T) {
	s, err := New(fake(0, ms), stuck{fake(0, 0)}, Options{Live: true, Grace: 50 * ms})
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	ended := make(chan error, 1)
	go func() { ended <- s.Next(context.Background(), &p) }()
	begin := time.Now()
	if err := s.Close(); !errors.Is(err, ErrStuck) || !strings.Contains(err.Error(), "depth") || strings.Contains(err.Error(), "colour") {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("close took %v", took)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("next: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("next still waits")
	}
}

// rogue is a source that panics.
type rogue struct{ capture.Source }

func (rogue) Next(context.Context, *capture.Pair) error { panic("driver") }
func (rogue) Close() error                              { panic("driver, again") }

// TestPanicsAreErrors: a driver that panics ends neither the process nor the other stream.
func TestPanicsAreErrors(t *testing.T) {
	s, err := New(fake(0, 2*ms), rogue{fake(0, 0)}, Options{Live: true, Halves: true, Wait: 20 * ms})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var p capture.Pair
		if err := s.Next(t.Context(), &p); err != nil || !p.HasColor() || p.HasDepth() {
			t.Fatalf("%v, %v, %v", err, p.HasColor(), p.HasDepth())
		}
	}
	if n := s.Stats(); n.DepthErrors == 0 {
		t.Errorf("%+v", n)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "depth: the source panics: driver, again") {
		t.Errorf("close: %v", err)
	}
}

// TestSlowReader: live queues are bounded, and what they drop is counted.
func TestSlowReader(t *testing.T) {
	color, depth := fake(200, ms/2), fake(200, ms/2)
	s := mustNew(t, color, depth, Options{Live: true, Clock: Own, Queue: 4})
	deadline := time.Now().Add(20 * time.Second)
	for n := (Stats{}); n.Color.In < 200 || n.Depth.In < 200; n = s.Stats() {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", n)
		}
		time.Sleep(ms)
	}
	pairs, err := all(t, s)
	if err != io.EOF || len(pairs) != 4 {
		t.Errorf("%d pairs, %v; want the newest 4", len(pairs), err)
	}
	if n := s.Stats(); n.Color.Unpaired.QueueFull != 196 || n.Depth.Unpaired.QueueFull != 196 {
		t.Errorf("%+v", n)
	}
	account(t, s, len(pairs))
}

// TestArrival: a device's clock with an epoch of its own, that drifts, whose frames come with changing delays, is told
// within a millisecond, and never turns round.
func TestArrival(t *testing.T) {
	for _, drift := range []float64{0, 1e-4, -1e-4} {
		c := newClock(Arrival, 0)
		last := time.Duration(-1 << 62)
		for i := range 3000 {
			now := time.Duration(i) * 33 * ms
			raw := 5*time.Hour + time.Duration(float64(now)*(1+drift))
			delay := 8*ms + time.Duration(i*i%23)*ms
			told := c.tell(now+delay, raw)
			if told < last {
				t.Fatalf("frame %d: told %v after %v", i, told, last)
			}
			last = told
			if off := told - (now + 8*ms); i > 200 && off.Abs() > 2*ms {
				t.Fatalf("drift %v, frame %d: off by %v", drift, i, off)
			}
		}
	}
}

// TestHalves: colour goes on alone while depth fails, and together again when it is back; nothing is lost unsaid.
func TestHalves(t *testing.T) {
	color := fake(300, 2*ms)
	depth := capturetest.Inject(fake(300, 2*ms), capturetest.Fault{Kind: capturetest.Unplug, At: 50, Count: 3})
	s := mustNew(t, color, depth, Options{Live: true, Halves: true, Wait: 20 * ms})
	var whole, half, wholeAfter int
	for {
		var p capture.Pair
		err := s.Next(context.Background(), &p)
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("colour still comes, but: %v", err)
		}
		switch {
		case p.HasColor() && p.HasDepth() && half == 0:
			whole++
		case p.HasColor() && p.HasDepth():
			wholeAfter++
		case p.HasColor():
			half++
		default:
			t.Fatal("depth alone")
		}
		if p.Clock != capture.HostClock {
			t.Fatalf("clock is %q", p.Clock)
		}
	}
	n := s.Stats()
	if whole < 10 || half < 20 || wholeAfter < 10 || n.DepthErrors != 3 {
		t.Errorf("%d pairs, %d halves, %d pairs: %+v", whole, half, wholeAfter, n)
	}
	for _, c := range []capture.StreamCounts{n.Color, n.Depth} {
		if c.In != n.Pairs+c.Halves+c.Unpaired.Total()+c.Waiting || n.Pairs != whole+wholeAfter {
			t.Errorf("%+v", n)
		}
	}
}

// TestHalvesBothFail: with nothing left, the error is told.
func TestHalvesBothFail(t *testing.T) {
	broken := func() capture.Source {
		return capturetest.Inject(fake(0, ms), capturetest.Fault{Kind: capturetest.Unplug, At: 10, Count: 1 << 30})
	}
	s := mustNew(t, broken(), broken(), Options{Live: true, Halves: true, Wait: 20 * ms})
	if _, err := all(t, s); !errors.Is(err, capturetest.ErrUnplugged) {
		t.Errorf("next: %v", err)
	}
}

// TestContextIsNoFault: the end of the caller's ctx is told as it is, and no error of a stream.
func TestContextIsNoFault(t *testing.T) {
	s := mustNew(t, fake(0, time.Hour), fake(0, time.Hour), Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 5*ms)
	defer cancel()
	var p capture.Pair
	if err := s.Next(ctx, &p); err != context.DeadlineExceeded {
		t.Errorf("next: %v", err)
	}
	if n := s.Stats(); n.ColorErrors+n.DepthErrors > 0 {
		t.Errorf("counted: %+v", n)
	}
}

func TestArrivalAfterResets(t *testing.T) {
	c := newClock(Arrival, 0)
	off := func(i int, epoch, delay time.Duration) time.Duration {
		now := time.Duration(i) * 33 * ms
		return c.tell(now+delay, now+epoch) - now
	}
	for i := range 200 {
		off(i, time.Hour, 5*ms)
	}
	for i, epoch := range []time.Duration{0, 2 * time.Hour, -time.Hour} { // replugged: another epoch
		if got := off(200+100*i, epoch, 5*ms); got != 5*ms {
			t.Errorf("epoch %v: off by %v", epoch, got)
		}
	}
	if got := c.tell(0, time.Duration(-1<<63)); got > time.Hour {
		t.Errorf("the largest step back gives %v", got)
	}
}

// TestLiveUnrelatedClocks: two devices whose clocks are hours apart pair by arrival.
func TestLiveUnrelatedClocks(t *testing.T) {
	open := func(epoch time.Duration) capture.Source {
		o := capturetest.FakeOptions{Pace: 5 * ms, Interval: 5 * ms, Pairs: 100}
		return capturetest.Inject(capturetest.NewFake(o), capturetest.Fault{Kind: capturetest.ClockJump, At: 0, Count: 1000, For: epoch})
	}
	s := mustNew(t, open(0), open(7*time.Hour), Options{Live: true, Window: 4 * ms})
	pairs, err := all(t, s)
	if err != io.EOF || len(pairs) < 50 {
		t.Fatalf("%d pairs, %v: %+v", len(pairs), err, s.Stats())
	}
	for _, p := range pairs {
		if p.Skew().Abs() > 4*ms {
			t.Errorf("skew %v", p.Skew())
		}
	}
	account(t, s, len(pairs))
}
