package runtime

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
)

// look paints pair n, does something to it and has the monitor look.
func look(m *Monitor, n int, change func(p *capture.Pair)) Health {
	var p capture.Pair
	capturetest.Paint(capturetest.SmallCalibration(), uint64(n), false, &p)
	p.ColorTime = time.Duration(n) * 33 * time.Millisecond
	p.DepthTime = p.ColorTime + 2*time.Millisecond
	if change != nil {
		change(&p)
	}
	return m.Look(&p)
}

func TestMonitorFindsTrouble(t *testing.T) {
	cal := capturetest.SmallCalibration()
	old := func() *capture.Pair {
		var p capture.Pair
		capturetest.Paint(cal, 9, false, &p)
		return &p
	}
	for name, test := range map[string]struct {
		change func(p *capture.Pair)
		want   [2]Trouble
	}{
		"nothing":         {nil, [2]Trouble{}},
		"no depth":        {func(p *capture.Pair) { p.Depth.Resize(0, 0) }, [2]Trouble{Fine, Unplugged}},
		"no colour":       {func(p *capture.Pair) { p.Color.Resize(0, 0) }, [2]Trouble{Unplugged, Fine}},
		"blind":           {func(p *capture.Pair) { clear(p.Depth.Pix[15:]) }, [2]Trouble{Fine, Blind}},
		"nearly blind":    {func(p *capture.Pair) { clear(p.Depth.Pix[25:]) }, [2]Trouble{}},
		"dark":            {func(p *capture.Pair) { clear(p.Color.Pix) }, [2]Trouble{Dark, Fine}},
		"black but noisy": {func(p *capture.Pair) { shade(p.Color.Pix, 15) }, [2]Trouble{Dark, Fine}},
		"night":           {func(p *capture.Pair) { shade(p.Color.Pix, 40) }, [2]Trouble{}},
		"stuck depth":     {func(p *capture.Pair) { fillWith(p.Depth.Pix, 0xffff) }, [2]Trouble{Fine, Stuck}},
		"stuck, with holes": {func(p *capture.Pair) {
			fillWith(p.Depth.Pix, 0xff00)
			clear(p.Depth.Pix[:200])
		}, [2]Trouble{Fine, Stuck}},
		"stuck colour":    {func(p *capture.Pair) { fillWith(p.Color.Pix, 0xff) }, [2]Trouble{Stuck, Fine}},
		"half of it same": {func(p *capture.Pair) { fillWith(p.Depth.Pix[:200], 777) }, [2]Trouble{}},
		"wrong size":      {func(p *capture.Pair) { p.Depth.Resize(12, 8) }, [2]Trouble{Fine, WrongSize}},
		"old depth":       {func(p *capture.Pair) { p.DepthTime -= 130 * time.Millisecond }, [2]Trouble{Fine, Stale}},
		"old colour":      {func(p *capture.Pair) { p.ColorTime -= 130 * time.Millisecond }, [2]Trouble{Stale, Fine}},
		"just not old":    {func(p *capture.Pair) { p.DepthTime = p.ColorTime - 100*time.Millisecond }, [2]Trouble{}},
		"colour just not": {func(p *capture.Pair) { p.ColorTime = p.DepthTime - 100*time.Millisecond }, [2]Trouble{}},
		"a little old":    {func(p *capture.Pair) { p.DepthTime -= 90 * time.Millisecond }, [2]Trouble{}},
		"depth stands":    {func(p *capture.Pair) { p.DepthTime = 9*33*time.Millisecond + 2*time.Millisecond }, [2]Trouble{Fine, Stale}},
		"colour stands":   {func(p *capture.Pair) { p.ColorTime = 9 * 33 * time.Millisecond }, [2]Trouble{Stale, Fine}},
		"both stand": {func(p *capture.Pair) {
			p.ColorTime = 9 * 33 * time.Millisecond
			p.DepthTime = p.ColorTime + 2*time.Millisecond
		}, [2]Trouble{}},
		"one repeat": {func(p *capture.Pair) { copy(p.Depth.Pix, old().Depth.Pix) }, [2]Trouble{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMonitor(Checks{}, cal)
			for n := range 10 {
				if h := look(m, n, nil); h != (Health{}) {
					t.Fatalf("pair %d: %v", n, h)
				}
			}
			h := look(m, 10, test.change)
			if got := [2]Trouble{h.Color.Trouble, h.Depth.Trouble}; got != test.want {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
}

// shade brings every byte below a limit and keeps some noise.
func shade(pix []byte, limit byte) {
	for i := range pix {
		pix[i] %= limit
	}
}

func fillWith[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// TestMonitorFrozen repeats one camera's images: the second repeat is frozen, and what is different ends it.
func TestMonitorFrozen(t *testing.T) {
	m := NewMonitor(Checks{Hold: 3}, capturetest.SmallCalibration())
	var first capture.Pair
	capturetest.Paint(capturetest.SmallCalibration(), 0, false, &first)
	freeze := func(p *capture.Pair) { copy(p.Depth.Pix, first.Depth.Pix) }
	var got []string
	for n := range 10 {
		change := freeze
		if n > 4 {
			change = nil
		}
		h := look(m, n, change)
		if h.Color != (Half{}) {
			t.Fatalf("pair %d: colour %v", n, h.Color)
		}
		got = append(got, fmt.Sprintf("%v/%v", h.Depth.Trouble, h.Depth.Held))
	}
	want := "[/ / frozen/ frozen/ frozen/ /frozen /frozen /frozen / /]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %v", got, want)
	}
	// A single changed bit is no repeat.
	same := NewMonitor(Checks{}, capturetest.SmallCalibration())
	for n := range 20 {
		h := look(same, n, func(p *capture.Pair) {
			copy(p.Depth.Pix, first.Depth.Pix)
			copy(p.Color.Pix, first.Color.Pix)
			p.Depth.Pix[383-n] ^= 1
			p.Color.Pix[n] ^= 1
		})
		if h != (Health{}) {
			t.Fatalf("pair %d differs in a bit: %v", n, h)
		}
	}
}

// TestModalitiesDoNotFlap gives random losses of both cameras to monitor and policy, and holds them to what they
// promise: a lost image is never used, a loss counts on its own frame, a camera that came back is used only after the
// hold unless nothing else is left, and when both were fine for the hold the mask is paired.
func TestModalitiesDoNotFlap(t *testing.T) {
	rgb, depth := newFakeModel(), newFakeModel()
	rgb.depth, depth.blind = false, true
	rapid.Check(t, func(t *rapid.T) {
		hold := rapid.IntRange(0, 8).Draw(t, "hold")
		checks := Checks{Hold: hold}
		if hold == 0 {
			checks.Hold = -1
		}
		m := NewMonitor(checks, capturetest.SmallCalibration())
		main := newFakeModel()
		policy, err := NewStudents(Students{Main: main, Color: rgb, Depth: depth})
		if err != nil {
			t.Fatal(err)
		}
		lost := func(name string) []bool {
			var list []bool
			for bad := false; len(list) < 80; bad = !bad {
				for range rapid.IntRange(1, 12).Draw(t, name) {
					list = append(list, bad)
				}
			}
			return list
		}
		c, d := lost("colour"), lost("depth")
		since := [2]int{1000, 1000} // pairs for which it has been fine
		alone := [2]bool{}          // it was used alone since its loss: no hold any more
		for n := range 80 {
			h := look(m, n, func(p *capture.Pair) {
				if c[n] {
					clear(p.Color.Pix)
				}
				if d[n] {
					clear(p.Depth.Pix)
				}
			})
			choice := policy.Choose(nil, h)
			usesC := choice.Model != nil && choice.Model.UsesColor()
			usesD := choice.Model != nil && choice.Model.UsesDepth()
			for i, bad := range []bool{c[n], d[n]} {
				if since[i]++; bad {
					since[i], alone[i] = 0, false
				}
			}
			if usesC && c[n] || usesD && d[n] {
				t.Fatalf("pair %d: a lost image is used: %+v", n, choice)
			}
			if (choice.Model == nil) != (c[n] && d[n]) {
				t.Fatalf("pair %d: colour lost %v, depth lost %v, and the choice is %+v", n, c[n], d[n], choice)
			}
			together := since[0] == since[1] && since[0] == 1
			for i, used := range []bool{usesC, usesD} {
				other := []bool{d[n], c[n]}[i]
				if used && other || together {
					alone[i] = true
				}
				if used && !alone[i] && since[i] <= hold {
					t.Fatalf("pair %d: half %d is used after %d fine pairs, the hold is %d", n, i, since[i], hold)
				}
				if !used && since[i] > hold && choice.Model != nil {
					t.Fatalf("pair %d: half %d has been fine for %d pairs and is not used", n, i, since[i])
				}
			}
			want := map[[2]bool]mask.Mode{{true, true}: mask.Paired, {true, false}: mask.ColorOnly, {false, true}: mask.DepthOnly}[[2]bool{usesC, usesD}]
			if choice.Mode != want || (choice.Mode == mask.Paired) != (choice.Reason == "" && choice.Model != nil) {
				t.Fatalf("pair %d: mode %q, reason %q", n, choice.Mode, choice.Reason)
			}
		}
	})
}

func TestMonitorAllocatesNothing(t *testing.T) {
	var pairs [2]capture.Pair
	cal := capturetest.SmallCalibration()
	for i := range pairs {
		capturetest.Paint(cal, uint64(i), false, &pairs[i])
	}
	policy, err := NewStudents(Students{Main: newFakeModel()})
	if err != nil {
		t.Fatal(err)
	}
	m, n := NewMonitor(Checks{}, cal), 0
	if a := testing.AllocsPerRun(50, func() {
		p := &pairs[n%2]
		n++
		p.ColorTime = time.Duration(n) * time.Second
		p.DepthTime = p.ColorTime
		if n%3 == 0 {
			clear(p.Depth.Pix)
		}
		if n%7 == 0 {
			clear(p.Color.Pix)
		}
		policy.Choose(p, m.Look(p))
	}); a != 0 {
		t.Errorf("%v allocations a pair", a)
	}
}

func BenchmarkMonitor(b *testing.B) {
	in := capture.Intrinsics{Width: 640, Height: 480, Fx: 600, Fy: 600, Cx: 320, Cy: 240}
	cal := capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: 0.001}
	var pairs [2]capture.Pair
	capturetest.Paint(cal, 1, false, &pairs[0])
	capturetest.Paint(cal, 2, false, &pairs[1])
	m, n := NewMonitor(Checks{}, cal), 0
	for b.Loop() {
		p := &pairs[n%2]
		n++
		p.ColorTime = time.Duration(n) * time.Second
		p.DepthTime = p.ColorTime
		m.Look(p)
	}
}

// TestMonitorAtItsBounds has shares of exactly the bounds: they are still good.
func TestMonitorAtItsBounds(t *testing.T) {
	for _, test := range []struct {
		readings, same int // of 384 pixels: with a reading, of which so many are one value
		want           Trouble
	}{{96, 0, Fine}, {95, 0, Blind}, {384, 288, Fine}, {384, 289, Stuck}, {96, 72, Fine}, {96, 73, Stuck}} {
		m := NewMonitor(Checks{MinDepth: 0.25, MaxSame: 0.75}, capturetest.SmallCalibration())
		h := look(m, 0, func(p *capture.Pair) {
			for i := range p.Depth.Pix {
				p.Depth.Pix[i] = uint16(1000 + i)
			}
			for i := range test.same {
				p.Depth.Pix[i] = 777
			}
			clear(p.Depth.Pix[test.readings:])
		})
		if h.Depth.Trouble != test.want {
			t.Errorf("%d readings, %d the same: %q, want %q", test.readings, test.same, h.Depth.Trouble, test.want)
		}
	}
	// Half the values are no majority, whichever is counted.
	if _, same := sampleDepth([]uint16{1, 1, 2, 3}); same != 0 {
		t.Errorf("two of four are the same: %v", same)
	}
	if _, same := sampleDepth([]uint16{1, 0, 1, 3}); same != 2.0/3 {
		t.Errorf("two of three are the same: %v", same)
	}
}

// TestHalfPairsHaveNoTime: the time of an image that did not come is the other's, and says nothing about the next.
func TestHalfPairsHaveNoTime(t *testing.T) {
	m := NewMonitor(Checks{Hold: -1}, capturetest.SmallCalibration())
	for n, pair := range []struct {
		color, depth     time.Duration
		noColor, noDepth bool
	}{{0, 0, false, false}, {33, 33, true, false}, {33, 66, false, false}, {99, 99, false, true}, {132, 99, false, false}} {
		h := look(m, n, func(p *capture.Pair) {
			p.ColorTime, p.DepthTime = pair.color*time.Millisecond, pair.depth*time.Millisecond
			if pair.noColor {
				p.Color.Resize(0, 0)
			}
			if pair.noDepth {
				p.Depth.Resize(0, 0)
			}
		})
		if !pair.noColor && h.Color.Trouble != Fine || !pair.noDepth && h.Depth.Trouble != Fine {
			t.Errorf("pair %d: %+v", n, h)
		}
	}
}
