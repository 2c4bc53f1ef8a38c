package gpio

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"pgregory.net/rapid"
)

const ms = time.Millisecond

func mustAlarm(t testing.TB, text string) AlarmSpec {
	t.Helper()
	s, err := ParseAlarm(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAlarmOverTime(t *testing.T) {
	type step struct {
		at    time.Duration
		share float64
		on    bool
	}
	for text, steps := range map[string][]step{
		"object:0.2=X,hold=0s,hysteresis=0": {{0, 0.2, false}, {10 * ms, 0.21, true}, {20 * ms, 0.2, false}, {30 * ms, 1, true}},
		"object:0.2=X,hold=0s,hysteresis=0.5": {{0, 0.3, true}, {10 * ms, 0.11, true}, {20 * ms, 0.1, false}, {30 * ms, 0.19, false},
			{40 * ms, 0.21, true}},
		"object:0.2=X,hold=1s,hysteresis=0": {{0, 0.3, true}, {500 * ms, 0, true}, {999 * ms, 0, true}, {1000 * ms, 0, false}, {1001 * ms, 0.3, true}},
		"object:0.2=X,hold=0s,after=100ms": {{0, 0.3, false}, {99 * ms, 0.3, false}, {100 * ms, 0.3, true}, {150 * ms, 0, false},
			{200 * ms, 0.3, false}, {250 * ms, 0.1, false}, {260 * ms, 0.3, false}, {359 * ms, 0.3, false}, {360 * ms, 0.3, true}},
		// Hold counts from the trip; the share that is high again meanwhile changes nothing.
		"object:0.2=X,hold=100ms": {{0, 0.3, true}, {50 * ms, 0, true}, {90 * ms, 0.3, true}, {150 * ms, 0, false}},
		"object:0=X,hold=0s":      {{0, 0, false}, {10 * ms, 1e-9, true}, {20 * ms, 0, false}},
	} {
		a := alarm{spec: mustAlarm(t, text)}
		begin := time.Now()
		for i, s := range steps {
			if on := a.see(s.share, begin.Add(s.at)); on != s.on {
				t.Errorf("%s: step %d, share %v at %v: on %v, want %v", text, i, s.share, s.at, on, s.on)
			}
		}
	}
}

// TestCover: against counting pixel by pixel the centres that lie in the region.
func TestCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 30).Draw(t, "w"), rapid.IntRange(1, 30).Draw(t, "h")
		r := [4]float64{}
		for i := range 2 {
			r[i] = rapid.Float64Range(0, 0.95).Draw(t, "from")
			r[2+i] = rapid.Float64Range(0.01, 1-r[i]).Draw(t, "size")
		}
		classes := rapid.SliceOfN(rapid.Uint8Range(0, 2), w*h, w*h).Draw(t, "classes")
		s := AlarmSpec{Region: r}
		hit, all := 0, 0
		for y := range h {
			for x := range w {
				cx, cy := (float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h)
				if cx >= r[0] && cx < r[0]+r[2] && cy >= r[1] && cy < r[1]+r[3] {
					all++
					if classes[y*w+x] == 1 {
						hit++
					}
				}
			}
		}
		got := s.cover(1, classes, w, h)
		if all == 0 { // a region between centres has the row or column there
			if !(got >= 0 && got <= 1) {
				t.Fatalf("covered by %v", got)
			}
			return
		}
		if d := got - float64(hit)/float64(all); d > 1e-9 || d < -1e-9 {
			t.Fatalf("%v of %dx%d: covered by %v, want %d of %d", r, w, h, got, hit, all)
		}
	})
}

// level reads what a fake pin has.
func level(p *gpiotest.Pin) gpio.Level {
	p.Lock()
	defer p.Unlock()
	return p.L
}

// becomes waits for a pin to have a level: the panel's goroutine sets it.
func becomes(t *testing.T, p *gpiotest.Pin, want gpio.Level, when string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); level(p) != want; time.Sleep(ms) {
		if time.Now().After(end) {
			t.Fatalf("%s: the line stays %v", when, level(p))
		}
	}
}

// advance moves a fake clock in steps, waiting each time until the panel waits on it again.
func advance(t *testing.T, clock *clockwork.FakeClock, d time.Duration) {
	t.Helper()
	const step = 50 * ms
	for ; d > 0; d -= step {
		if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		clock.Advance(min(d, step))
	}
	if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}

var full, none = slices.Repeat([]uint8{2}, 16), make([]uint8, 16)

func TestPanel(t *testing.T) {
	for name, c := range map[string]struct {
		spec        string
		yes, no, at gpio.Level
	}{
		"active high":            {"2:0.5=X,hold=0s", gpio.High, gpio.Low, gpio.Low},
		"active low":             {"2:0.5=X,hold=0s,active=low", gpio.Low, gpio.High, gpio.Low},
		"active low, safe high":  {"2:0.5=X,hold=0s,active=low,safe=high", gpio.Low, gpio.High, gpio.High},
		"active high, safe high": {"2:0.5=X,hold=0s,safe=high", gpio.High, gpio.Low, gpio.High},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clockwork.NewFakeClock()
			p := NewPanel(PanelOptions{Clock: clock})
			defer p.Close()
			pin := &gpiotest.Pin{N: "X", L: !c.at}
			if err := p.AddAlarm(mustAlarm(t, c.spec), 2, pin); err != nil {
				t.Fatal(err)
			}
			see := func(classes []uint8, want gpio.Level) {
				t.Helper()
				if err := p.See(classes, 4, 4, true); err != nil {
					t.Fatal(err)
				}
				if got := level(pin); got != want {
					t.Errorf("the line is %v, want %v", got, want)
				}
			}
			if level(pin) != c.at {
				t.Error("the line has not its safe level before the first mask")
			}
			see(none, c.no)
			see(full, c.yes)
			advance(t, clock, 900*ms)
			if level(pin) != c.yes || p.Silent() {
				t.Error("0.9 s without a mask are silence")
			}
			advance(t, clock, 200*ms)
			becomes(t, pin, c.at, "silence")
			see(full, c.yes)
			see(none, c.no)
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			if level(pin) != c.at {
				t.Error("the line has not its safe level after Close")
			}
			if err := p.See(full, 4, 4, true); err == nil || level(pin) != c.at {
				t.Error("a closed panel sees")
			}
		})
	}
}

// TestSilenceForgets: what was seen before a silence does not count towards After.
func TestSilenceForgets(t *testing.T) {
	clock := clockwork.NewFakeClock()
	p := NewPanel(PanelOptions{Clock: clock})
	defer p.Close()
	pin := &gpiotest.Pin{N: "X"}
	if err := p.AddAlarm(mustAlarm(t, "2:0.5=X,after=2s"), 2, pin); err != nil {
		t.Fatal(err)
	}
	p.See(full, 4, 4, true)
	advance(t, clock, 3*time.Second)
	p.See(full, 4, 4, true)
	if level(pin) != gpio.Low {
		t.Error("the alarm trips on two masks three seconds apart, with silence between")
	}
	for range 5 {
		advance(t, clock, 500*ms)
		p.See(full, 4, 4, true)
	}
	if level(pin) != gpio.High {
		t.Error("the alarm does not trip after two seconds")
	}
}

// deafClock tells the time and never wakes anybody.
type deafClock struct{ now time.Time }

func (c *deafClock) Now() time.Time                       { return c.now }
func (c *deafClock) After(time.Duration) <-chan time.Time { return nil }

// TestSilenceBeforeTheWatchLooks: a mask after a silence that nobody noticed yet starts anew all the same.
func TestSilenceBeforeTheWatchLooks(t *testing.T) {
	clock := &deafClock{time.Unix(1000, 0)}
	p := NewPanel(PanelOptions{Clock: clock})
	defer p.Close()
	pin := &gpiotest.Pin{N: "X"}
	if err := p.AddAlarm(mustAlarm(t, "2:0.5=X,after=2s"), 2, pin); err != nil {
		t.Fatal(err)
	}
	p.See(full, 4, 4, true)
	clock.now = clock.now.Add(3 * time.Second)
	p.See(full, 4, 4, true)
	if level(pin) != gpio.Low {
		t.Error("the alarm trips on two masks three seconds apart")
	}
}

func TestStatusLight(t *testing.T) {
	clock := clockwork.NewFakeClockAt(time.Unix(1000, 0))
	p := NewPanel(PanelOptions{Clock: clock})
	defer p.Close()
	pin := &gpiotest.Pin{N: "LED", L: gpio.High}
	spec, err := ParseLine("LED")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AddStatus(spec, pin); err != nil {
		t.Fatal(err)
	}
	if level(pin) != gpio.Low {
		t.Error("the light is on before the first mask")
	}
	p.See(none, 4, 4, true)
	advance(t, clock, 400*ms)
	becomes(t, pin, gpio.High, "masks come")
	changes, last := 0, gpio.High
	for range 40 { // two seconds from half of what there should be
		p.See(none, 4, 4, false)
		advance(t, clock, 50*ms)
		p.See(none, 4, 4, false)
		if l := level(pin); l != last {
			changes, last = changes+1, l
		}
	}
	if changes < 7 || changes > 9 {
		t.Errorf("the light changed %d times in two seconds, want 8", changes)
	}
	advance(t, clock, 1200*ms)
	becomes(t, pin, gpio.Low, "silence")
}

// badPin fails from a moment on.
type badPin struct {
	gpiotest.Pin
	fails bool
	sets  int
}

func (p *badPin) Out(l gpio.Level) error {
	p.sets++
	if p.fails {
		return errors.New("no such device")
	}
	return p.Pin.Out(l)
}

func TestLinesThatFail(t *testing.T) {
	p := NewPanel(PanelOptions{Silence: time.Hour})
	bad, good := &badPin{Pin: gpiotest.Pin{N: "X"}}, &gpiotest.Pin{N: "Y"}
	if err := p.AddAlarm(mustAlarm(t, "2:0.5=X"), 2, bad); err != nil {
		t.Fatal(err)
	}
	if err := p.AddAlarm(mustAlarm(t, "2:0.5=Y"), 2, good); err != nil {
		t.Fatal(err)
	}
	if err := p.AddAlarm(mustAlarm(t, "1:0.5=Y"), 1, good); err == nil {
		t.Error("one line was taken twice")
	}
	if err := p.AddAlarm(mustAlarm(t, "1:0.5=Z"), 1, &badPin{fails: true}); err == nil {
		t.Error("a line was taken that cannot be set")
	}
	if err := p.See(full, 4, 4, true); err != nil || level(good) != gpio.High {
		t.Fatalf("%v, the line is %v", err, level(good))
	}
	bad.fails = true
	if err := p.See(none, 4, 4, true); err != nil {
		t.Errorf("the level stays in its hold, but: %v", err)
	}
	if err := p.Close(); err == nil || level(good) != gpio.Low {
		t.Errorf("close: %v; the line that works is %v", err, level(good))
	}
	if bad.sets < 3 {
		t.Error("close did not try the line that fails")
	}
	if err := p.See(full[:3], 4, 4, true); err == nil {
		t.Error("three classes passed for sixteen pixels")
	}
}

func TestSeeAllocatesNothing(t *testing.T) {
	p := NewPanel(PanelOptions{})
	defer p.Close()
	if err := p.AddAlarm(mustAlarm(t, "2:0.5=X"), 2, &gpiotest.Pin{N: "X"}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { p.See(full, 4, 4, true) }); n > 0 {
		t.Errorf("See makes %v allocations", n)
	}
}
