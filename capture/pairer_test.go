package capture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// A rig feeds a Pairer under a fake clock and collects the pairs. Images are one pixel that carries the frame's number,
// so that a pair whose memory was mixed up shows.
type rig struct {
	t      rapid.TB
	p      *Pairer
	now    time.Duration
	color  Color
	depth  Depth
	pair   Pair
	pushed [2]int
	times  [2][]time.Duration // by frame number
	pairs  [][2]time.Duration
	used   map[string]bool
}

func newRig(t rapid.TB, o PairerOptions) *rig {
	return &rig{t: t, p: NewPairer(o), used: map[string]bool{}}
}

// push gives a frame of stream 0, colour, or 1, depth, and takes what becomes ready.
func (r *rig) push(stream int, at time.Duration) {
	r.t.Helper()
	if stream == 0 {
		r.color.Resize(1, 1)
		r.color.Pix[0], r.color.Pix[1] = byte(r.pushed[0]), byte(r.pushed[0]>>8)
		r.p.PushColor(r.now, at, &r.color)
	} else {
		r.depth.Resize(1, 1)
		r.depth.Pix[0] = uint16(r.pushed[1])
		r.p.PushDepth(r.now, at, &r.depth)
	}
	r.times[stream] = append(r.times[stream], at)
	r.pushed[stream]++
	r.take()
}

func (r *rig) take() {
	r.t.Helper()
	for r.p.Next(r.now, &r.pair) {
		c, d := int(r.pair.Color.Pix[0])|int(r.pair.Color.Pix[1])<<8, int(r.pair.Depth.Pix[0])
		if r.times[0][c] != r.pair.ColorTime || r.times[1][d]+r.p.o.DepthOffset != r.pair.DepthTime {
			r.t.Fatalf("pair %d has frames %d and %d of %v and %v, but says %v and %v", r.pair.Seq, c, d,
				r.times[0][c], r.times[1][d], r.pair.ColorTime, r.pair.DepthTime)
		}
		for _, frame := range []string{fmt.Sprint("c", c), fmt.Sprint("d", d)} {
			if r.used[frame] {
				r.t.Fatalf("frame %s is in two pairs", frame)
			}
			r.used[frame] = true
		}
		if r.pair.Seq != uint64(len(r.pairs)) {
			r.t.Fatalf("pair %d says Seq %d", len(r.pairs), r.pair.Seq)
		}
		if s := r.pair.Skew(); max(s, -s) > r.p.o.Window {
			r.t.Fatalf("pair %d has a skew of %v, the window is %v", r.pair.Seq, s, r.p.o.Window)
		}
		r.pairs = append(r.pairs, [2]time.Duration{r.pair.ColorTime, r.pair.DepthTime})
	}
	counts := r.p.Counts()
	for i, s := range []StreamCounts{counts.Color, counts.Depth} {
		if s.In != r.pushed[i] || s.In != len(r.pairs)+s.Unpaired.Total()+s.Waiting {
			r.t.Fatalf("%d frames of stream %d came, %d pairs left: %+v does not add up", r.pushed[i], i, len(r.pairs), s)
		}
	}
}

func (r *rig) end() {
	r.p.End()
	r.take()
	if c := r.p.Counts(); c.Color.Waiting+c.Depth.Waiting > 0 {
		r.t.Fatalf("after End, %d and %d frames still wait", c.Color.Waiting, c.Depth.Waiting)
	}
}

// The cases of ROS message_filters' test_approximate_time_policy.cpp: the stamps, in order of arrival, and the pairs
// that the ROS policy puts out, without an end of the input. Ours has a window of 10 where ROS has none.
func TestPairerROSCases(t *testing.T) {
	type in struct {
		stream int
		at     time.Duration
	}
	type out = [2]time.Duration
	perfect := []in{{0, 0}, {1, 1}, {0, 3}, {1, 4}, {0, 6}, {1, 7}}
	dropped := []in{{0, 0}, {1, 1}, {1, 3}, {0, 4}, {1, 7}, {0, 8}, {0, 10}, {1, 11}, {0, 13}, {1, 14}}
	for _, test := range []struct {
		name    string
		options PairerOptions
		in      []in
		ros     []out
		ours    []out // nil where it is the same
		why     string
	}{
		{name: "ExactMatch", in: []in{{0, 0}, {1, 0}, {0, 3}, {1, 3}, {0, 6}, {1, 6}}, ros: []out{{0, 0}, {3, 3}, {6, 6}}},
		{name: "PerfectMatch", in: perfect, ros: []out{{0, 1}, {3, 4}}},
		{name: "ImperfectMatch", in: []in{{0, 0}, {1, 1}, {0, 2}, {0, 3}, {1, 5}, {0, 6}, {1, 7}}, ros: []out{{0, 1}, {6, 5}}},
		{name: "Acceleration", in: []in{{0, 0}, {1, 7}, {0, 12}, {1, 15}, {0, 17}, {1, 18}}, ros: []out{{12, 7}, {17, 18}},
			ours: []out{},
			why: "each frame's nearest is the one after it, so only 17 and 18 are each other's nearest, and they wait for the " +
				"proof; ROS weighs sets of frames and pairs 12 with 7 although 15 is nearer to it"},
		{name: "DroppedMessages, queue 1", options: PairerOptions{Queue: 1}, in: dropped, ros: []out{{4, 3}, {10, 11}},
			ours: []out{{0, 1}, {4, 3}, {8, 7}, {10, 11}},
			why:  "a queue of 1 cannot hold a pair and the frame that proves it: ours is at least 2"},
		{name: "DroppedMessages, queue 2", options: PairerOptions{Queue: 2}, in: dropped, ros: []out{{0, 1}, {4, 3}, {8, 7}, {10, 11}}},
		{name: "LongQueue", options: PairerOptions{Queue: 5}, in: []in{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 7},
			{0, 8}, {1, 3}, {0, 9}, {0, 10}, {0, 11}, {0, 12}, {1, 10}, {0, 13}}, ros: []out{{10, 10}}},
		{name: "DoublePublish", in: []in{{0, 0}, {1, 1}, {1, 3}, {0, 3}}, ros: []out{{0, 1}, {3, 3}}},
		{name: "FourTopics, the first two", in: []in{{0, 0}, {1, 1}, {0, 5}, {1, 6}, {0, 8}, {1, 9}, {0, 10}, {0, 13}, {1, 14}},
			ros: []out{{0, 1}, {5, 6}, {10, 9}}, ours: []out{{0, 1}, {5, 6}, {8, 9}},
			why: "of 8 and 10, as near to 9, the earlier counts; in ROS's case the other two topics tip the balance"},
		{name: "EarlyPublish, the first two", in: []in{{0, 0}, {1, 1}, {0, 7}}, ros: []out{{0, 1}}},
		{name: "RateBound 1.5", options: PairerOptions{ColorPeriod: 1}, in: perfect, ros: []out{{0, 1}, {3, 4}}},
		{name: "RateBound 2", options: PairerOptions{ColorPeriod: 2}, in: perfect, ros: []out{{0, 1}, {3, 4}, {6, 7}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Window, test.options.Wait = 10, time.Hour
			r := newRig(t, test.options)
			for _, f := range test.in {
				r.push(f.stream, f.at)
			}
			want := test.ros
			if test.ours != nil {
				want = test.ours
				t.Logf("differs from ROS, %v: %s", test.ros, test.why)
			}
			if !slices.Equal(r.pairs, want) {
				t.Errorf("pairs are %v, want %v", r.pairs, want)
			}
		})
	}
}

// A feed merges two streams in order of arrival, each frame so long after its capture.
func feed(r *rig, color, depth []time.Duration, delay time.Duration) {
	r.t.Helper()
	for len(color)+len(depth) > 0 {
		stream := &color
		if len(color) == 0 || len(depth) > 0 && depth[0] < color[0] {
			stream = &depth
		}
		at := (*stream)[0]
		*stream = (*stream)[1:]
		r.now = max(r.now, at+delay)
		if stream == &color {
			r.push(0, at)
		} else {
			r.push(1, at)
		}
	}
	r.end()
}

func ticks(n int, first, period time.Duration) []time.Duration {
	s := make([]time.Duration, n)
	for i := range s {
		s[i] = first + time.Duration(i)*period
	}
	return s
}

func TestPairerRates(t *testing.T) {
	const period = 33333 * time.Microsecond
	jitter := rand.New(rand.NewPCG(1, 2))
	shake := func(s []time.Duration, by time.Duration) []time.Duration {
		for i := range s {
			s[i] += time.Duration(jitter.Int64N(int64(2*by))) - by
		}
		return s
	}
	drift := ticks(3000, 0, period)
	for i := range drift {
		drift[i] += time.Duration(i) * 20 * time.Microsecond // 600 ppm: one period in 1,667 frames
	}
	gap := ticks(100, 5*ms, period)
	gap = append(gap[:40], gap[60:]...)
	for name, test := range map[string]struct {
		color, depth []time.Duration
		pairs        int
		color0       Unpaired // of the colour stream
		depth0       Unpaired
	}{
		"30 and 30":       {ticks(100, 0, period), ticks(100, 5*ms, period), 100, Unpaired{}, Unpaired{}},
		"30 and 15":       {ticks(100, 0, period), ticks(50, 3*ms, 2*period), 50, Unpaired{NoPartner: 50}, Unpaired{}},
		"15 and 30":       {ticks(50, 0, 2*period), ticks(100, -3*ms, period), 50, Unpaired{}, Unpaired{NoPartner: 50}},
		"30 and 60":       {ticks(100, 0, period), ticks(200, 2*ms, period/2), 100, Unpaired{}, Unpaired{NoPartner: 100}},
		"jitter":          {shake(ticks(200, 0, period), 4*ms), shake(ticks(200, 2*ms, period), 4*ms), 200, Unpaired{}, Unpaired{}},
		"drift":           {ticks(3000, 0, period), drift, 2998, Unpaired{NoPartner: 2}, Unpaired{NoPartner: 2}},
		"gap in depth":    {ticks(100, 0, period), gap, 80, Unpaired{TimedOut: 17, NoPartner: 3}, Unpaired{}},
		"no depth":        {ticks(20, 0, period), nil, 0, Unpaired{TimedOut: 16, NoPartner: 4}, Unpaired{}},
		"no overlap":      {ticks(5, 0, period), ticks(5, time.Hour, period), 0, Unpaired{NoPartner: 2, TimedOut: 3}, Unpaired{NoPartner: 4, TimedOut: 1}},
		"beside, outside": {ticks(10, 0, 4*period), ticks(10, 2*period, 4*period), 0, Unpaired{NoPartner: 10}, Unpaired{NoPartner: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, PairerOptions{})
			feed(r, test.color, test.depth, 10*ms)
			c := r.p.Counts()
			t.Logf("%+v", c)
			if c.Pairs != test.pairs {
				t.Errorf("%d pairs, want %d", c.Pairs, test.pairs)
			}
			if name == "no overlap" {
				return // which of the two reasons depends on the delay alone
			}
			if c.Color.Unpaired != test.color0 || c.Depth.Unpaired != test.depth0 {
				t.Errorf("unpaired are %+v and %+v, want %+v and %+v", c.Color.Unpaired, c.Depth.Unpaired, test.color0, test.depth0)
			}
		})
	}
}

func TestPairerWaitIsFinite(t *testing.T) {
	r := newRig(t, PairerOptions{Wait: 50 * ms})
	if _, ok := r.p.Due(); ok {
		t.Error("an empty Pairer is due")
	}
	r.now = 1000 * ms
	r.push(0, 0)
	r.push(1, 5*ms) // a colour frame at 9 ms would be nearer
	if due, ok := r.p.Due(); !ok || due != 1050*ms {
		t.Errorf("due at %v %v, want 1.05s", due, ok)
	}
	r.now = 1050*ms - 1
	if r.take(); len(r.pairs) != 0 {
		t.Fatal("paired before the wait ended")
	}
	r.now++
	if r.take(); len(r.pairs) != 1 {
		t.Fatal("not paired when the wait ended")
	}
	r.push(1, 40*ms)
	r.now += 50 * ms
	r.take()
	if got := r.p.Counts().Depth.Unpaired; got != (Unpaired{TimedOut: 1}) {
		t.Errorf("a depth frame that waited in vain: %+v", got)
	}
}

func TestPairerKnownPeriodDoesNotWait(t *testing.T) {
	r := newRig(t, PairerOptions{ColorPeriod: 30 * ms, DepthPeriod: 30 * ms})
	r.push(0, 0)
	r.push(1, 15*ms)
	if len(r.pairs) != 1 {
		t.Error("a skew of half the period waits")
	}
	r.push(0, 33*ms)
	r.push(1, 33*ms+15*ms+1)
	if len(r.pairs) != 1 {
		t.Error("a skew above half the period does not wait")
	}
}

func TestPairerReasons(t *testing.T) {
	t.Run("duplicate", func(t *testing.T) {
		r := newRig(t, PairerOptions{})
		for _, at := range []time.Duration{0, 0, 33 * ms, 33 * ms} {
			r.push(0, at)
			r.push(1, at)
		}
		if c := r.p.Counts(); c.Pairs != 2 || c.Color.Unpaired != (Unpaired{Duplicate: 2}) || c.Depth.Unpaired != (Unpaired{Duplicate: 2}) {
			t.Errorf("%+v", c)
		}
	})
	t.Run("late", func(t *testing.T) {
		r := newRig(t, PairerOptions{})
		for _, at := range []time.Duration{0, 66 * ms, 33 * ms, 100 * ms} {
			r.push(0, at)
		}
		if c := r.p.Counts(); c.Color.Unpaired != (Unpaired{Late: 1}) || c.Color.Waiting != 3 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("queue full", func(t *testing.T) {
		r := newRig(t, PairerOptions{Queue: 3})
		for i := range 5 {
			r.push(1, time.Duration(i)*ms)
		}
		if c := r.p.Counts(); c.Depth.Unpaired != (Unpaired{QueueFull: 2}) || c.Depth.Waiting != 3 {
			t.Errorf("%+v", c)
		}
		r.push(0, 4*ms)
		if len(r.pairs) != 1 || r.pairs[0] != [2]time.Duration{4 * ms, 4 * ms} {
			t.Errorf("pairs are %v: the oldest had to go, not the newest", r.pairs)
		}
	})
	t.Run("clock goes back", func(t *testing.T) {
		r := newRig(t, PairerOptions{})
		hour := time.Hour
		r.push(0, hour)
		r.push(1, hour+5*ms)
		r.push(0, 0) // colour restarts, depth a frame later
		r.push(1, 5*ms)
		r.push(0, 33*ms)
		r.push(1, 38*ms)
		r.end()
		want := [][2]time.Duration{{0, 5 * ms}, {33 * ms, 38 * ms}}
		if !slices.Equal(r.pairs, want) {
			t.Errorf("pairs are %v, want %v", r.pairs, want)
		}
		c := r.p.Counts()
		if c.Resets != 1 || c.Color.Unpaired != (Unpaired{ClockBack: 1}) || c.Depth.Unpaired != (Unpaired{ClockBack: 1}) {
			t.Errorf("%+v", c)
		}
	})
	t.Run("one clock glitches forward", func(t *testing.T) {
		r := newRig(t, PairerOptions{})
		color := ticks(20, 0, 33*ms)
		color[10] = time.Hour
		for i := range color {
			r.now += 33 * ms
			r.push(0, color[i])
			r.push(1, time.Duration(i)*33*ms+ms)
		}
		r.end()
		if c := r.p.Counts(); c.Pairs < 18 {
			t.Errorf("%d pairs of 20 after one wrong stamp: %+v", c.Pairs, c)
		}
	})
}

func TestPairerDepthOffset(t *testing.T) {
	r := newRig(t, PairerOptions{DepthOffset: -time.Hour})
	r.push(0, 10*ms)
	r.push(1, time.Hour+12*ms)
	r.end()
	if want := [][2]time.Duration{{10 * ms, 12 * ms}}; !slices.Equal(r.pairs, want) {
		t.Errorf("pairs are %v, want %v", r.pairs, want)
	}
}

// Any frames at all, extreme times included: the rig checks that a frame is in one pair at most, that skews are within
// the window and that nothing is lost uncounted; here, that the order is kept and that it ends.
func TestPairerProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := PairerOptions{
			Window:      time.Duration(rapid.IntRange(1, 30).Draw(rt, "window")) * ms,
			Wait:        time.Duration(rapid.IntRange(1, 200).Draw(rt, "wait")) * ms,
			Queue:       rapid.IntRange(1, 9).Draw(rt, "queue"),
			Jump:        time.Duration(rapid.IntRange(30, 300).Draw(rt, "jump")) * ms,
			ColorPeriod: time.Duration(rapid.IntRange(0, 40).Draw(rt, "colour period")) * ms,
			DepthPeriod: time.Duration(rapid.IntRange(0, 40).Draw(rt, "depth period")) * ms,
		}
		r := newRig(rt, o)
		var clock [2]time.Duration
		resets, anew := 0, 0
		for range rapid.IntRange(0, 120).Draw(rt, "frames") {
			s := rapid.IntRange(0, 1).Draw(rt, "stream")
			switch rapid.IntRange(0, 19).Draw(rt, "event") {
			case 0: // twice the same
			case 1:
				clock[s] -= time.Duration(rapid.IntRange(0, 1000).Draw(rt, "back")) * ms
			case 2:
				clock[s] += time.Duration(rapid.IntRange(0, 1000).Draw(rt, "gap")) * ms
			case 3:
				clock[s] = rapid.SampledFrom([]time.Duration{math.MinInt64, math.MaxInt64, 0, -1}).Draw(rt, "extreme")
			default:
				clock[s] += time.Duration(rapid.IntRange(5, 45).Draw(rt, "step")) * ms
			}
			before := len(r.pairs)
			r.now += time.Duration(rapid.IntRange(0, 40).Draw(rt, "now")) * ms
			r.push(s, clock[s])
			if r.p.resets != resets { // from here on, order begins anew
				resets, anew = r.p.resets, before
			}
			for i := max(before, anew+1); i < len(r.pairs); i++ {
				if a, b := r.pairs[i-1], r.pairs[i]; b[0] <= a[0] || b[1] <= a[1] {
					rt.Fatalf("pair %v comes after %v", b, a)
				}
			}
			if due, ok := r.p.Due(); ok && due < r.now && due != math.MaxInt64 {
				rt.Fatalf("a frame should have been decided at %v, now is %v", due, r.now)
			}
		}
		r.end()
	})
}

// In order and without resets, frame after frame comes out as from looking at all of them at once.
func TestPairerFindsTheNearest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var times [2][]time.Duration
		for s := range times {
			at := time.Duration(rapid.IntRange(0, 40).Draw(rt, "first")) * ms
			for range rapid.IntRange(0, 30).Draw(rt, "frames") {
				times[s] = append(times[s], at)
				at += time.Duration(rapid.IntRange(1, 60).Draw(rt, "step")) * ms
			}
		}
		o := PairerOptions{Window: 25 * ms, Wait: time.Hour, Queue: 100, Jump: time.Hour}
		r := newRig(rt, o)
		feed(r, slices.Clone(times[0]), slices.Clone(times[1]), 0)
		if want := nearestPairs(times, o.Window); !slices.Equal(r.pairs, want) {
			rt.Fatalf("pairs are %v, want %v\ncolour %v\ndepth %v", r.pairs, want, times[0], times[1])
		}
	})
}

// nearestPairs takes the oldest frame that is left, searches all others for its nearest and that one's nearest, and
// makes a pair of the two if the search comes back.
func nearestPairs(times [2][]time.Duration, window time.Duration) (pairs [][2]time.Duration) {
	left := [2][]time.Duration{slices.Clone(times[0]), slices.Clone(times[1])}
	nearest := func(t time.Duration, s []time.Duration) int {
		best := 0
		for i, u := range s {
			if distance(t, u) < distance(t, s[best]) {
				best = i
			}
		}
		return best
	}
	for len(left[0]) > 0 && len(left[1]) > 0 {
		mine := 0
		if left[1][0] < left[0][0] {
			mine = 1
		}
		x, others := left[mine][0], left[1-mine]
		left[mine] = left[mine][1:]
		k := nearest(x, others)
		y := others[k]
		if distance(x, y) > window {
			continue
		}
		if len(left[mine]) > 0 && distance(y, left[mine][nearest(y, left[mine])]) < distance(x, y) {
			continue
		}
		left[1-mine] = slices.Delete(others, k, k+1)
		if mine == 0 {
			pairs = append(pairs, [2]time.Duration{x, y})
		} else {
			pairs = append(pairs, [2]time.Duration{y, x})
		}
	}
	return pairs
}

func TestPairerAllocatesNothing(t *testing.T) {
	p := NewPairer(PairerOptions{})
	var color Color
	var depth Depth
	var pair Pair
	at := time.Duration(0)
	step := func() {
		color.Resize(64, 48)
		depth.Resize(64, 48)
		p.PushColor(at, at, &color)
		if at%(99*ms) != 0 { // one depth frame in three is missing
			p.PushDepth(at, at+2*ms, &depth)
		}
		for p.Next(at, &pair) {
		}
		at += 33 * ms
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// The caller keeps a pair while the streams go on: its memory is the caller's alone.
func TestPairerSharesNoMemory(t *testing.T) {
	p := NewPairer(PairerOptions{Queue: 3, ColorPeriod: 30 * ms, DepthPeriod: 30 * ms})
	var color Color
	var depth Depth
	push := func(n int) {
		color.Resize(1, 1)
		depth.Resize(1, 1)
		color.Pix[0], depth.Pix[0] = byte(n), uint16(n)
		p.PushColor(0, time.Duration(n)*33*ms, &color)
		p.PushDepth(0, time.Duration(n)*33*ms, &depth)
	}
	for n := range 40 {
		push(n)
		var kept Pair
		if n%4 != 0 || !p.Next(0, &kept) {
			continue
		}
		want := [2]uint16{uint16(kept.Color.Pix[0]), kept.Depth.Pix[0]}
		for more := range 8 {
			push(100 + 10*n + more)
		}
		if got := [2]uint16{uint16(kept.Color.Pix[0]), kept.Depth.Pix[0]}; got != want {
			t.Fatalf("the images of a pair changed from %v to %v after it was taken", want, got)
		}
	}
}

func TestPairerWaitsForDepthThatMayStillCome(t *testing.T) {
	r := newRig(t, PairerOptions{Wait: 10 * ms})
	r.push(0, 0)
	r.push(1, 10*ms)
	r.now += 10 * ms
	r.take()
	r.push(0, 5*ms) // older than the last depth frame, but the next one may be within the window
	r.push(1, 12*ms)
	r.end()
	if want := [][2]time.Duration{{0, 10 * ms}, {5 * ms, 12 * ms}}; !slices.Equal(r.pairs, want) {
		t.Errorf("pairs are %v, want %v", r.pairs, want)
	}
}
