package gpio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/jonboulle/clockwork"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// logPin keeps what was done to an output, with the clock's time.
type logPin struct {
	gpiotest.Pin
	clock clockwork.Clock
	mu    sync.Mutex
	log   []string
}

func (p *logPin) Out(l gpio.Level) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf("%v %v", p.clock.Now().UnixMicro(), l))
	return p.Pin.Out(l)
}

func mustTrigger(t testing.TB, text string) TriggerSpec {
	t.Helper()
	s, err := ParseTrigger(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTriggerPulses(t *testing.T) {
	clock := clockwork.NewFakeClockAt(time.UnixMicro(0))
	pin := &logPin{Pin: gpiotest.Pin{N: "X"}, clock: clock}
	src, err := NewTrigger(capturetest.NewFake(capturetest.FakeOptions{Pairs: 3}), mustTrigger(t, "X,width=2ms,repeat=0s"), pin, clock)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		ended := make(chan error)
		go func() { var p capture.Pair; ended <- src.Next(context.Background(), &p) }()
		if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		clock.Advance(2 * ms)
		if err := <-ended; err != nil && (i < 3 || err != io.EOF) {
			t.Fatal(err)
		}
	}
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	want := "0 Low, 0 High, 2000 Low, 2000 High, 4000 Low, 4000 High, 6000 Low, 6000 High, 8000 Low, 8000 Low"
	if got := strings.Join(pin.log, ", "); got != want {
		t.Errorf("the line was\n%s, want\n%s", got, want)
	}
	if src.Pulses() != 4 {
		t.Errorf("%d pulses", src.Pulses())
	}
}

// TestTriggerRepeats: a camera that missed its pulse gets another, and the line is at rest when Next gives up.
func TestTriggerRepeats(t *testing.T) {
	pin := &gpiotest.Pin{N: "X"}
	hangs := capturetest.NewFake(capturetest.FakeOptions{Pairs: 1, Hang: true})
	src, err := NewTrigger(hangs, mustTrigger(t, "X,width=100us,repeat=5ms"), pin, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var p capture.Pair
	if err := src.Next(t.Context(), &p); err != nil || src.Pulses() != 1 {
		t.Fatalf("%v, %d pulses", err, src.Pulses())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*ms)
	defer cancel()
	if err := src.Next(ctx, &p); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if n := src.Pulses(); n < 4 {
		t.Errorf("%d pulses in 200 ms", n)
	}
	if level(pin) != gpio.Low {
		t.Error("the line is not at rest")
	}
}

func TestTriggerOfALineThatFails(t *testing.T) {
	bad := &badPin{Pin: gpiotest.Pin{N: "X"}}
	src, err := NewTrigger(capturetest.NewFake(capturetest.FakeOptions{}), mustTrigger(t, "X"), bad, nil)
	if err != nil {
		t.Fatal(err)
	}
	bad.fails = true
	var p capture.Pair
	if err := src.Next(t.Context(), &p); err == nil || !strings.Contains(err.Error(), "trigger X") {
		t.Errorf("next: %v", err)
	}
	if err := src.Close(); err == nil {
		t.Error("close tells nothing")
	}
	if _, err := NewTrigger(capturetest.NewFake(capturetest.FakeOptions{}), mustTrigger(t, "X"), bad, nil); err == nil {
		t.Error("a line was taken that cannot be set")
	}
}

func TestTriggerConforms(t *testing.T) {
	capturetest.Conform(t, func(t testing.TB) capture.Source {
		src, err := NewTrigger(capturetest.NewFake(capturetest.FakeOptions{Pairs: 20}), mustTrigger(t, "X,width=1us"), &gpiotest.Pin{N: "X"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}, capturetest.Options{Pairs: 20, Allocs: -1}) // timers
}

// edgePin is an input whose edges come from a channel, and that keeps how long it was asked to wait.
type edgePin struct {
	gpiotest.Pin
	mu    sync.Mutex
	waits []time.Duration
}

func newEdgePin(n int) *edgePin {
	return &edgePin{Pin: gpiotest.Pin{N: "IN", EdgesChan: make(chan gpio.Level, n)}}
}

func (p *edgePin) WaitForEdge(d time.Duration) bool {
	p.mu.Lock()
	p.waits = append(p.waits, d)
	p.mu.Unlock()
	return p.Pin.WaitForEdge(d)
}

func mustSync(t testing.TB, src capture.Source, text string, pin gpio.PinIn, clock Clock) *Sync {
	t.Helper()
	spec, err := ParseSync(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSync(src, spec, pin, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSyncConforms(t *testing.T) {
	for name, live := range map[string]bool{"recording": false, "device": true} {
		t.Run(name, func(t *testing.T) {
			var stops []chan struct{}
			capturetest.Conform(t, func(t testing.TB) capture.Source {
				pin := newEdgePin(0)
				var src capture.Source = capturetest.NewFake(capturetest.FakeOptions{Pairs: 20})
				if live {
					src = device{capturetest.NewFake(capturetest.FakeOptions{Pace: ms / 4})}
				}
				s := mustSync(t, src, "IN", pin, nil)
				stop := make(chan struct{})
				stops = append(stops, stop)
				t.Cleanup(func() { close(stop) })
				go func() {
					for {
						select {
						case pin.EdgesChan <- gpio.High:
						case <-stop:
							return
						case <-s.closed:
							return
						}
					}
				}()
				return s
			}, capturetest.Options{Pairs: map[bool]int{false: 20, true: 0}[live], Fresh: live, Allocs: -1})
		})
	}
}

type device struct{ *capturetest.Fake }

func (device) Live() bool { return true }

// TestSyncOfRecordedEdges: the rising edges of twelve parts, bouncing, ask for twelve frames.
func TestSyncOfRecordedEdges(t *testing.T) {
	f, err := os.Open("testdata/edges.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type edge struct {
		at time.Duration
		l  gpio.Level
	}
	var edges []edge
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var us, l int
		if _, err := fmt.Sscan(lines.Text(), &us, &l); err != nil {
			t.Fatal(err)
		}
		edges = append(edges, edge{time.Duration(us) * time.Microsecond, l == 1})
	}
	for _, c := range []struct {
		options         string
		frames, bounced uint64
	}{{"", 25, 0}, {",debounce=5ms", 15, 10}, {",debounce=70ms", 12, 13}} {
		clock := clockwork.NewFakeClock()
		pin := newEdgePin(0)
		s := mustSync(t, capturetest.NewFake(capturetest.FakeOptions{}), "IN,edge=rising"+c.options, pin, clock)
		frames := uint64(0)
		now := time.Duration(0)
		for _, e := range edges {
			clock.Advance(e.at - now)
			now = e.at
			if !e.l {
				continue // the driver tells of rising edges alone
			}
			before := s.Stats()
			pin.EdgesChan <- gpio.High
			after := before
			for after.Edges+after.Bounced == before.Edges+before.Bounced {
				time.Sleep(ms / 10)
				after = s.Stats()
			}
			if after.Edges == before.Edges {
				continue
			}
			var p capture.Pair
			if err := s.Next(t.Context(), &p); err != nil || p.Seq != frames {
				t.Fatalf("frame %d: %v, Seq %d", frames, err, p.Seq)
			}
			frames++
		}
		n := s.Stats()
		if frames != c.frames || n.Edges != c.frames || n.Bounced != c.bounced || n.Missed != 0 {
			t.Errorf("%q: %d frames, %+v; want %d frames, %d bounced", c.options, frames, n, c.frames, c.bounced)
		}
	}
}

// TestSyncWaitsAreBounded: no wait is 0, negative or long; the end of ctx, Close and the timeout end Next.
func TestSyncWaitsAreBounded(t *testing.T) {
	pin := newEdgePin(0)
	s := mustSync(t, capturetest.NewFake(capturetest.FakeOptions{}), "IN,timeout=50ms", pin, nil)
	var p capture.Pair
	if err := s.Next(t.Context(), &p); !errors.Is(err, ErrNoEdge) {
		t.Errorf("without an edge: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*ms)
	defer cancel()
	if err := s.Next(ctx, &p); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("next: %v", err)
	}
	pin.EdgesChan <- gpio.High
	if err := s.Next(t.Context(), &p); err != nil {
		t.Errorf("after an edge: %v", err)
	}
	time.Sleep(250 * ms)
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("close took %v", took)
	}
	if err := s.Next(t.Context(), &p); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	pin.mu.Lock()
	defer pin.mu.Unlock()
	if len(pin.waits) < 3 {
		t.Errorf("%d waits", len(pin.waits))
	}
	for _, d := range pin.waits {
		if d < ms || d > time.Second {
			t.Fatalf("a wait of %v", d)
		}
	}
}

// brokenPin says at once that there is no edge, as drivers do that fail.
type brokenPin struct {
	gpiotest.Pin
	mu    sync.Mutex
	waits int
}

func (p *brokenPin) In(gpio.Pull, gpio.Edge) error { return nil }
func (p *brokenPin) WaitForEdge(time.Duration) bool {
	p.mu.Lock()
	p.waits++
	p.mu.Unlock()
	return false
}

func TestSyncOfABrokenDriverDoesNotSpin(t *testing.T) {
	pin := &brokenPin{}
	s := mustSync(t, capturetest.NewFake(capturetest.FakeOptions{}), "IN", pin, nil)
	time.Sleep(100 * ms)
	s.Close()
	if pin.waits > 15 {
		t.Errorf("%d waits in 100 ms", pin.waits)
	}
}

// TestSyncOfADevice: frames that no edge asked for are counted, and the frame of an edge is one that was asked for after
// it.
func TestSyncOfADevice(t *testing.T) {
	pin := newEdgePin(0)
	s := mustSync(t, device{capturetest.NewFake(capturetest.FakeOptions{Pace: 2 * ms, Interval: 2 * ms})}, "IN", pin, nil)
	go func() {
		for range 5 {
			time.Sleep(20 * ms)
			pin.EdgesChan <- gpio.High
		}
	}()
	for i := range uint64(5) {
		var p capture.Pair
		if err := s.Next(t.Context(), &p); err != nil || p.Seq != i {
			t.Fatalf("pair %d: %v, Seq %d", i, err, p.Seq)
		}
	}
	if n := s.Stats(); n.Edges != 5 || n.Unasked < 5 {
		t.Errorf("%+v", n)
	}
}
