package capture_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

const ms = time.Millisecond

// supervised is a device under supervision and what came of it.
type supervised struct {
	t      *testing.T
	d      *capturetest.Device
	s      *capture.Supervisor
	pair   capture.Pair
	next   uint64
	events []capture.SupervisorEvent
}

func supervise(t *testing.T, o capture.SupervisorOptions) *supervised {
	t.Helper()
	w := &supervised{t: t, d: capturetest.NewDevice(capturetest.FakeOptions{})}
	o.Told = func(e capture.SupervisorEvent) { w.events = append(w.events, e) }
	s, err := capture.Supervise(t.Context(), w.d.Open, o)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	return w
}

// take expects the next pair within a time, with the next number, and returns how long it took.
func (w *supervised) take(within time.Duration) time.Duration {
	w.t.Helper()
	begin := time.Now()
	if err := w.s.Next(w.t.Context(), &w.pair); err != nil {
		w.t.Fatal(err)
	}
	took := time.Since(begin)
	if took > within {
		w.t.Fatalf("pair %d came after %v, want at most %v", w.pair.Seq, took, within)
	}
	if w.pair.Seq != w.next {
		w.t.Fatalf("pair %d, want %d", w.pair.Seq, w.next)
	}
	w.next++
	return took
}

func (w *supervised) close(within time.Duration) {
	w.t.Helper()
	begin := time.Now()
	w.s.Close()
	if took := time.Since(begin); took > within {
		w.t.Errorf("Close took %v, want at most %v", took, within)
	}
}

func TestSupervisorRecovers(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(d *capturetest.Device)
		mend  func(d *capturetest.Device)
		why   error // nil: the device's own
		reset bool
	}{
		"unplug":  {func(d *capturetest.Device) { d.Unplug() }, func(d *capturetest.Device) { d.Plug() }, nil, false},
		"silence": {func(d *capturetest.Device) { d.Silence(true) }, func(d *capturetest.Device) { d.Silence(false) }, capture.ErrSilent, true},
		"hang":    {func(d *capturetest.Device) { d.Hang(true) }, func(d *capturetest.Device) { d.Hang(false) }, capture.ErrSilent, true},
		"freeze":  {func(d *capturetest.Device) { d.Freeze(true) }, func(d *capturetest.Device) { d.Freeze(false) }, capture.ErrFrozen, true},
		"half":    {func(d *capturetest.Device) { d.Lose(false, true) }, func(d *capturetest.Device) { d.Lose(false, false) }, capture.ErrHalf, true},
		"shrink":  {func(d *capturetest.Device) { d.Shrink(true) }, func(d *capturetest.Device) { d.Shrink(false) }, capture.ErrSize, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, away := range []time.Duration{500 * ms, 6 * time.Second, time.Minute} {
				synctest.Test(t, func(t *testing.T) {
					o := capture.SupervisorOptions{}
					if name == "half" {
						o.Half = 300 * ms
					}
					w := supervise(t, o)
					for range 20 {
						w.take(40 * ms)
					}
					test.fault(w.d)
					var mended atomic.Pointer[time.Time]
					go func() {
						time.Sleep(away)
						now := time.Now()
						mended.Store(&now)
						test.mend(w.d)
					}()
					for {
						w.take(away + 10*time.Second)
						if mended.Load() != nil {
							break
						}
					}
					if took := time.Since(*mended.Load()); took > 10*time.Second {
						t.Errorf("the first pair came %v after it was mended", took)
					}
					for range 20 {
						w.take(40 * ms)
					}
					c := w.s.Counts()
					if c.Opened != c.Lost+1 || c.Hanging != 0 {
						t.Errorf("away %v: %+v", away, c)
					}
					if len(w.events) > 0 && test.why != nil && !errors.Is(w.events[0].Err, test.why) {
						t.Errorf("lost because %v", w.events[0].Err)
					}
					if away > 2*time.Second {
						if c.Lost == 0 {
							t.Errorf("away %v: never lost", away)
						}
						if _, _, resets := w.d.Counts(); (resets > 0) != test.reset {
							t.Errorf("%d resets", resets)
						}
					}
					w.close(time.Second)
					if _, open, _ := w.d.Counts(); open != 0 {
						t.Errorf("%d sources are still open", open)
					}
				})
			}
		})
	}
}

// TestSupervisorBackOff watches the waits between tries.
// TestSupervisorKeepsHalfACamera: one image that does not come is no frozen camera, and not opened again before its own,
// longer time.
func TestSupervisorKeepsHalfACamera(t *testing.T) {
	for _, lost := range [][2]bool{{true, false}, {false, true}} {
		synctest.Test(t, func(t *testing.T) {
			w := supervise(t, capture.SupervisorOptions{})
			for range 20 {
				w.take(40 * ms)
			}
			w.d.Lose(lost[0], lost[1])
			for begin := time.Now(); time.Since(begin) < 4*time.Second; {
				w.take(40 * ms)
			}
			if c := w.s.Counts(); c.Opened != 1 || c.Lost != 0 {
				t.Errorf("lost colour %v, depth %v for 4 s: %+v", lost[0], lost[1], c)
			}
			w.close(time.Second)
		})
	}
}

func TestSupervisorBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		d := capturetest.NewDevice(capturetest.FakeOptions{})
		d.Unplug()
		open := func(ctx context.Context) (capture.Source, error) {
			tries = append(tries, time.Now())
			return d.Open(ctx)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := capture.Supervise(ctx, open, capture.SupervisorOptions{}); !errors.Is(err, capturetest.ErrUnplugged) || len(tries) != 1 {
			t.Errorf("not patient: %v after %d tries", err, len(tries))
		}
		tries = nil
		if _, err := capture.Supervise(ctx, open, capture.SupervisorOptions{Patient: true, Seed: 5}); err != context.DeadlineExceeded {
			t.Errorf("patient: %v", err)
		}
		want, equal := 100*ms, 0
		for i := 1; i < len(tries); i++ {
			gap := tries[i].Sub(tries[i-1])
			if gap < want*3/4 || gap > want*5/4 {
				t.Errorf("wait %d is %v, want about %v", i, gap, want)
			}
			if gap == want {
				equal++
			}
			want = min(2*want, 2*time.Second)
		}
		if len(tries) < 24 || equal > 2 {
			t.Errorf("%d tries in a minute, %d without jitter", len(tries), equal)
		}
	})
}

// TestSupervisorCloses ends every state in which a supervisor can be, by Close and by ctx, and counts goroutines.
func TestSupervisorCloses(t *testing.T) {
	for name, fault := range map[string]func(d *capturetest.Device){
		"running": func(*capturetest.Device) {}, "unplugged": func(d *capturetest.Device) { d.Unplug() },
		"silent": func(d *capturetest.Device) { d.Silence(true) }, "hanging": func(d *capturetest.Device) { d.Hang(true) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, after := range []time.Duration{0, 10 * ms, 900 * ms, 1500 * ms, 20 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					w := supervise(t, capture.SupervisorOptions{})
					w.take(40 * ms)
					fault(w.d)
					var wait sync.WaitGroup
					ctx, cancel := context.WithTimeout(t.Context(), after)
					defer cancel()
					wait.Go(func() {
						for ctx.Err() == nil {
							w.s.Next(ctx, &w.pair)
						}
					})
					time.Sleep(after)
					begin := time.Now()
					wait.Wait()
					if took := time.Since(begin); took > time.Second {
						t.Errorf("Next leaves %v after ctx ended", took)
					}
					wait.Go(func() {
						if err := w.s.Next(t.Context(), &w.pair); err != nil && err == io.EOF {
							t.Error("io.EOF of a device that was closed")
						}
						for range 3 {
							w.s.Next(t.Context(), &w.pair)
						}
					})
					time.Sleep(5 * ms)
					w.close(2 * time.Second)
					wait.Wait()
					if err := w.s.Next(t.Context(), &w.pair); err == nil || err == io.EOF {
						t.Errorf("Next after Close: %v", err)
					}
					w.d.Hang(false)
					synctest.Wait()
					if _, open, _ := w.d.Counts(); open != 0 || w.s.Counts().Hanging != 0 {
						t.Errorf("%d sources are open, %+v", open, w.s.Counts())
					}
				})
			}
		})
	}
}

// TestSupervisorBoundsHanging has a device hang for an hour: no more than four goroutines may wait for it.
func TestSupervisorBoundsHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := supervise(t, capture.SupervisorOptions{})
		w.take(40 * ms)
		before := runtime.NumGoroutine()
		w.d.Hang(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := w.s.Next(ctx, &w.pair); err != context.DeadlineExceeded {
			t.Errorf("an hour ends with %v", err)
		}
		if n := runtime.NumGoroutine() - before; n > 8 || w.s.Counts().Hanging > 4 {
			t.Errorf("%d goroutines more, %+v", n, w.s.Counts())
		}
		w.d.Hang(false)
		w.take(10 * time.Second)
		w.close(time.Second)
	})
}

// TestSupervisorRandomFaults does everything at random for a long time, and expects a pair within 10 s of the last
// repair, rising numbers and nothing left behind.
func TestSupervisorRandomFaults(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			w := supervise(t, capture.SupervisorOptions{Seed: seed, Half: time.Second})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for range 100 {
					time.Sleep(time.Duration(rng.IntN(4000)) * ms)
					switch rng.IntN(5) {
					case 0:
						w.d.Unplug()
					case 1:
						w.d.Hang(true)
					case 2:
						w.d.Silence(true)
					case 3:
						w.d.Freeze(true)
					case 4:
						w.d.Lose(rng.IntN(2) == 0, rng.IntN(2) == 0)
					}
					time.Sleep(time.Duration(rng.IntN(4000)) * ms)
					w.d.Hang(false)
					w.d.Silence(false)
					w.d.Freeze(false)
					w.d.Lose(false, false)
					w.d.Plug()
				}
				cancel()
			}()
			for ctx.Err() == nil {
				w.take(16 * time.Second) // a fault lasts 4 s at most
			}
			w.close(time.Second)
			synctest.Wait()
			if _, open, _ := w.d.Counts(); open != 0 || w.s.Counts().Hanging != 0 {
				t.Errorf("seed %d: %d sources are open, %+v", seed, open, w.s.Counts())
			}
		})
	}
}

// TestSupervisorErrors: single errors are borne and counted, three in a row are a loss.
func TestSupervisorErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		open := func(context.Context) (capture.Source, error) {
			opened++
			return capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pairs: 20}),
				capturetest.Fault{Kind: capturetest.Unplug, At: 3}, capturetest.Fault{Kind: capturetest.Unplug, At: 7, Count: 2}), nil
		}
		s, err := capture.Supervise(t.Context(), open, capture.SupervisorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var pair capture.Pair
		n := 0
		for err = s.Next(t.Context(), &pair); err == nil; err = s.Next(t.Context(), &pair) {
			n++
		}
		if err != io.EOF || n != 17 || s.Skipped() != 3 || opened != 1 {
			t.Errorf("%v after %d pairs, %d skipped, opened %d times", err, n, s.Skipped(), opened)
		}
	})
}

func TestSupervisorConforms(t *testing.T) {
	for name, pairs := range map[string]int{"recording": 40, "endless": 0} {
		t.Run(name, func(t *testing.T) {
			capturetest.Conform(t, func(t testing.TB) capture.Source {
				s, err := capture.Supervise(t.Context(), func(context.Context) (capture.Source, error) {
					return capturetest.NewFake(capturetest.FakeOptions{Pairs: pairs, Labels: true}), nil
				}, capture.SupervisorOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}, capturetest.Options{Pairs: pairs})
		})
	}
}

// TestSupervisorWantsTheSameCamera plugs another in.
func TestSupervisorWantsTheSameCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := capturetest.NewDevice(capturetest.FakeOptions{}), capturetest.SmallCalibration()
		other.Color.Fx++
		n := 0
		open := func(ctx context.Context) (capture.Source, error) {
			if n++; n > 1 && n < 4 {
				return capturetest.NewDevice(capturetest.FakeOptions{Calibration: other}).Open(ctx)
			}
			return one.Open(ctx)
		}
		var words []string
		s, err := capture.Supervise(t.Context(), open, capture.SupervisorOptions{Told: func(e capture.SupervisorEvent) {
			if e.Kind == capture.OpenFailed {
				words = append(words, e.Err.Error())
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		one.Unplug()
		one.Plug()
		var pair capture.Pair
		if err := s.Next(t.Context(), &pair); err != nil || s.Counts().Failed != 2 || s.Calibration() != capturetest.SmallCalibration() {
			t.Errorf("%v, %+v", err, s.Counts())
		}
		if len(words) != 2 || !strings.Contains(words[0], "another calibration: colour 32×24 at fx 31.00, depth 24×16 at fx 20.00, it was colour 32×24 at fx 30.00") {
			t.Errorf("%q", words)
		}
	})
}

// rogue is a source whose methods are what a test says.
type rogue struct {
	capture.Source
	calibration    func() capture.Calibration
	close, restart func() error
}

func (r rogue) Calibration() capture.Calibration {
	if r.calibration != nil {
		return r.calibration()
	}
	return r.Source.Calibration()
}

func (r rogue) Close() error {
	if r.close != nil {
		return r.close()
	}
	return r.Source.Close()
}

func (r rogue) Reset() error {
	if r.restart != nil {
		return r.restart()
	}
	return nil
}

// TestSupervisorOfRogues has a camera do what no camera should, in each of its methods, between two times that it works.
func TestSupervisorOfRogues(t *testing.T) {
	never := make(chan struct{})
	hang := func() error { <-never; return nil }
	panics := func() error { panic("driver") }
	other := capturetest.SmallCalibration()
	other.DepthScale *= 2
	fails := func(context.Context, *capturetest.Device) (capture.Source, error) {
		return nil, capturetest.ErrUnplugged
	}
	for name, test := range map[string]struct {
		first rogue
		open  func(ctx context.Context, d *capturetest.Device) (capture.Source, error) // of the tries in between
		tries int
		hangs int
	}{
		"Close hangs":           {rogue{close: hang}, fails, 1, 1},
		"Close panics":          {rogue{close: panics}, fails, 1, 0},
		"Reset hangs":           {rogue{restart: hang}, fails, 1, 1},
		"Reset panics":          {rogue{restart: panics}, fails, 1, 0},
		"fails 20 times":        {rogue{}, fails, 20, 0},
		"Open panics":           {rogue{}, func(context.Context, *capturetest.Device) (capture.Source, error) { panic("open") }, 3, 0},
		"Open gives nothing":    {rogue{}, func(context.Context, *capturetest.Device) (capture.Source, error) { return nil, nil }, 3, 0},
		"Open hangs":            {rogue{}, func(context.Context, *capturetest.Device) (capture.Source, error) { return nil, hang() }, 2, 2},
		"Calibration panics":    {rogue{}, odd(rogue{calibration: func() capture.Calibration { panic("calibration") }}), 3, 0},
		"another, Close hangs":  {rogue{}, odd(rogue{calibration: func() capture.Calibration { return other }, close: hang}), 3, 3},
		"another, Close panics": {rogue{}, odd(rogue{calibration: func() capture.Calibration { return other }, close: panics}), 3, 0},
		"opens late, Close hangs": {rogue{}, func(ctx context.Context, d *capturetest.Device) (capture.Source, error) {
			time.Sleep(6 * time.Second)
			return odd(rogue{close: hang})(ctx, d)
		}, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never = make(chan struct{})
				d := capturetest.NewDevice(capturetest.FakeOptions{})
				var calls atomic.Int32
				s, err := capture.Supervise(t.Context(), func(ctx context.Context) (capture.Source, error) {
					opened := int(calls.Add(1))
					if opened > 1 && opened <= 1+test.tries {
						return test.open(ctx, d)
					}
					src, err := d.Open(ctx)
					if err == nil && opened == 1 {
						r := test.first
						r.Source = src
						return r, nil
					}
					return src, err
				}, capture.SupervisorOptions{})
				if err != nil {
					t.Fatal(err)
				}
				var pair capture.Pair
				for i := range 40 {
					if i == 20 {
						d.Silence(true)
						time.AfterFunc(1100*ms, func() { d.Silence(false) })
					}
					begin := time.Now()
					if err := s.Next(t.Context(), &pair); err != nil || pair.Seq != uint64(i) {
						t.Fatalf("pair %d: %v", pair.Seq, err)
					}
					// A second of silence, one for a Close; and of each try its time to open and the wait after it.
					if took := time.Since(begin); took > 2200*ms+time.Duration(test.tries)*7500*ms {
						t.Errorf("pair %d came after %v", i, took)
					}
				}
				if c := s.Counts(); c.Hanging != test.hangs || c.Failed != test.tries || c.Lost != 1 || int(calls.Load()) != test.tries+2 {
					t.Errorf("opened %d times: %+v", calls.Load(), c)
				}
				begin := time.Now()
				if s.Close(); time.Since(begin) > 2*time.Second {
					t.Errorf("Close took %v", time.Since(begin))
				}
				close(never)
				time.Sleep(10 * time.Second)
				if c := s.Counts(); c.Hanging != 0 {
					t.Errorf("in the end: %+v", c)
				}
			})
		})
	}
}

// odd opens the device as a rogue.
func odd(r rogue) func(ctx context.Context, d *capturetest.Device) (capture.Source, error) {
	return func(ctx context.Context, d *capturetest.Device) (_ capture.Source, err error) {
		r := r
		r.Source, err = d.Open(ctx)
		return r, err
	}
}

// TestSupervisorThreeErrors expects a source that fails three times in a row to be opened again, once.
func TestSupervisorThreeErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		s, err := capture.Supervise(t.Context(), func(context.Context) (capture.Source, error) {
			opened++
			return capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{}), capturetest.Fault{Kind: capturetest.Unplug, At: 5, Count: 5 - 2*min(opened-1, 2)}), nil
		}, capture.SupervisorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var pair capture.Pair
		for i := range 30 { // five errors, then three, then one
			if err := s.Next(t.Context(), &pair); err != nil || pair.Seq != uint64(i) && i < 10 {
				t.Fatalf("pair %d: %v", pair.Seq, err)
			}
		}
		if c := s.Counts(); opened != 3 || c.Lost != 2 || c.Errors != 7 {
			t.Errorf("opened %d times, %+v", opened, c)
		}
	})
}
