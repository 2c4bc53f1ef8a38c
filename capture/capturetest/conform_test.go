package capturetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

func TestFakeConforms(t *testing.T) {
	for name, o := range map[string]FakeOptions{
		"endless": {},
		"short":   {Pairs: 5},
		"one":     {Pairs: 1},
		"paced":   {Pace: time.Millisecond, Labels: true},
		"hangs":   {Pairs: 40, Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			pairs := o.Pairs
			if o.Hang {
				pairs = 0
			}
			allocs := 0
			if o.Pace > 0 {
				allocs = 4 // a timer
			}
			Conform(t, func(testing.TB) capture.Source { return NewFake(o) }, Options{Pairs: pairs, Allocs: allocs})
		})
	}
}

// A verdict records what a case reports.
type verdict struct {
	failed, skipped bool
	text            string
}

func (v *verdict) Helper()                   {}
func (v *verdict) Errorf(f string, a ...any) { v.failed, v.text = true, v.text+fmt.Sprintf(f, a...) }
func (v *verdict) Fatalf(f string, a ...any) { v.Errorf(f, a...); runtime.Goexit() }
func (v *verdict) Skipf(f string, a ...any)  { v.skipped = true; runtime.Goexit() }

// judge runs every case on the sources of open and returns the names of those that fail, and their text.
func judge(open func() capture.Source, o Options) (failed []string, text string) {
	for _, c := range cases {
		var v verdict
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.try(&v, &bench{reporter: &v, open: open, o: o.withDefaults()})
		}()
		<-done
		if v.failed {
			failed = append(failed, c.name)
			text += v.text + "\n"
		}
	}
	return failed, text
}

// broken is a Fake with one promise broken.
type broken struct {
	*Fake
	next        func(ctx context.Context, dst *capture.Pair) error
	closing     func() error
	calibration func() capture.Calibration
}

func (b *broken) Next(ctx context.Context, dst *capture.Pair) error {
	if b.next != nil {
		return b.next(ctx, dst)
	}
	return b.Fake.Next(ctx, dst)
}

func (b *broken) Close() error {
	if b.closing != nil {
		return b.closing()
	}
	return b.Fake.Close()
}

func (b *broken) Calibration() capture.Calibration {
	if b.calibration != nil {
		return b.calibration()
	}
	return b.Fake.Calibration()
}

func TestConformFindsWhatIsBroken(t *testing.T) {
	after := func(change func(b *broken, dst *capture.Pair)) func(*broken) {
		return func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				err := b.Fake.Next(ctx, dst)
				if err == nil {
					change(b, dst)
				}
				return err
			}
		}
	}
	var serial atomic.Uint32 // of several goroutines: cases let a waiting Next run on
	for name, test := range map[string]struct {
		wreck func(b *broken)
		want  []string // cases that must fail; others may
	}{
		"nothing": {func(*broken) {}, nil},
		"calibration that is none": {func(b *broken) {
			b.calibration = func() (c capture.Calibration) { return c }
		}, []string{"calibration"}},
		"calibration that changes": {func(b *broken) {
			b.calibration = func() capture.Calibration {
				c := b.Fake.Calibration()
				c.Color.Cx += float64(serial.Add(1)) / 1000
				return c
			}
		}, []string{"calibration"}},
		"smaller colour": {after(func(_ *broken, p *capture.Pair) { p.Color.Resize(p.Color.Width-1, p.Color.Height) }), []string{"sizes"}},
		"smaller depth":  {after(func(_ *broken, p *capture.Pair) { p.Depth.Resize(p.Depth.Width, p.Depth.Height-1) }), []string{"sizes"}},
		"cut colour":     {after(func(_ *broken, p *capture.Pair) { p.Color.Pix = p.Color.Pix[1:] }), []string{"sizes"}},
		"padded depth":   {after(func(_ *broken, p *capture.Pair) { p.Depth.Pix = append(p.Depth.Pix, 0) }), []string{"sizes"}},
		"labels of the depth's size": {after(func(_ *broken, p *capture.Pair) {
			p.Labels.Resize(p.Depth.Width, p.Depth.Height)
		}), []string{"sizes"}},
		"Seq from 1":      {after(func(_ *broken, p *capture.Pair) { p.Seq++ }), []string{"order"}},
		"Seq twice":       {after(func(_ *broken, p *capture.Pair) { p.Seq /= 2 }), []string{"order"}},
		"time goes back":  {after(func(_ *broken, p *capture.Pair) { p.ColorTime = -p.ColorTime }), []string{"order"}},
		"depth goes back": {after(func(_ *broken, p *capture.Pair) { p.DepthTime %= 100 * time.Millisecond }), []string{"order"}},
		"new memory": {after(func(_ *broken, p *capture.Pair) {
			p.Color.Pix = slices.Clone(p.Color.Pix)
		}), []string{"reuse", "allocations"}},
		"new depth memory": {after(func(_ *broken, p *capture.Pair) {
			p.Depth.Pix = slices.Clone(p.Depth.Pix)
		}), []string{"reuse", "allocations"}},
		"stale labels": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				labels := dst.Labels
				err := b.Fake.Next(ctx, dst)
				dst.Labels = labels
				return err
			}
		}, []string{"other-sizes"}},
		"stale pixels": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				var old byte
				if len(dst.Color.Pix) > 0 {
					old = dst.Color.Pix[0]
				}
				err := b.Fake.Next(ctx, dst)
				if old != 0 && err == nil {
					dst.Color.Pix[0] = old
				}
				return err
			}
		}, []string{"other-sizes"}},
		"hands out its own memory": {func(b *broken) {
			var own capture.Pair
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if err := b.Fake.Next(ctx, &own); err != nil {
					return err
				}
				*dst = own
				return nil
			}
		}, []string{"no-aliasing"}},
		"reads the caller's memory": {func(b *broken) {
			var mine []byte // the colour of the last pair, taken over
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				err := b.Fake.Next(ctx, dst)
				if err == nil && len(mine) > 0 {
					dst.Color.Pix[7] = mine[7]
				}
				mine = dst.Color.Pix
				return err
			}
		}, []string{"no-aliasing"}},
		"never the same": {after(func(_ *broken, p *capture.Pair) {
			p.Depth.Pix[3] = uint16(serial.Add(1))
		}), []string{"same-again"}},
		"allocates": {after(func(_ *broken, p *capture.Pair) { sink = make([]byte, 64) }), []string{"allocations"}},
		"wrapped EOF": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if err := b.Fake.Next(ctx, dst); err != nil {
					return fmt.Errorf("fake: %w", err)
				}
				return nil
			}
		}, []string{"eof"}},
		"EOF once": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				err := b.Fake.Next(ctx, dst)
				if err == io.EOF {
					b.Fake.next = 0
				}
				return err
			}
		}, []string{"eof"}},
		"a pair short": {func(b *broken) { b.Fake.o.Pairs-- }, []string{"eof"}},
		"deaf to ctx": {func(b *broken) {
			b.next = func(_ context.Context, dst *capture.Pair) error { return b.Fake.Next(context.Background(), dst) }
			b.Fake.o.Pairs = 0
		}, []string{"cancelled", "cancel"}},
		"another error for ctx": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if ctx.Err() != nil {
					return errors.New("fake: interrupted")
				}
				return b.Fake.Next(ctx, dst)
			}
		}, []string{"cancelled"}},
		"loses a pair to ctx": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if ctx.Err() != nil {
					b.Fake.next++
				}
				return b.Fake.Next(ctx, dst)
			}
		}, []string{"cancelled"}},
		"ends with ctx": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if ctx.Err() != nil {
					b.Fake.Close()
					return ctx.Err()
				}
				return b.Fake.Next(ctx, dst)
			}
		}, []string{"cancelled"}},
		"second Close fails": {func(b *broken) {
			n := 0
			b.closing = func() error {
				b.Fake.Close()
				if n++; n > 1 {
					return errors.New("fake: already closed")
				}
				return nil
			}
		}, []string{"close"}},
		"Close does nothing": {func(b *broken) {
			b.Fake.o.Pairs, b.Fake.o.Pace = 0, time.Millisecond
			t.Cleanup(func() { b.Fake.Close() })
			b.closing = func() error { return nil }
		}, []string{"next-after-close", "close-unblocks"}},
		"EOF after Close": {func(b *broken) {
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				err := b.Fake.Next(ctx, dst)
				if err == ErrClosed {
					return io.EOF
				}
				return err
			}
		}, []string{"next-after-close"}},
		"Close waits for Next": {func(b *broken) {
			stuck := make(chan struct{})
			t.Cleanup(func() { close(stuck) })
			b.Fake.o = FakeOptions{Calibration: SmallCalibration(), Pace: time.Hour}
			b.next = func(ctx context.Context, dst *capture.Pair) error {
				if b.Fake.next == 0 {
					Paint(b.Fake.o.Calibration, 0, false, dst)
					b.Fake.next++
					return nil
				}
				<-stuck
				return ErrClosed
			}
		}, []string{"close-unblocks"}},
		"leaks a goroutine": {func(b *broken) {
			stuck := make(chan struct{})
			t.Cleanup(func() { close(stuck) })
			go func() { <-stuck }()
		}, []string{"goroutines"}},
	} {
		t.Run(name, func(t *testing.T) {
			open := func() capture.Source {
				b := &broken{Fake: NewFake(FakeOptions{Pairs: 12, Interval: 33 * time.Millisecond})}
				test.wreck(b)
				return b
			}
			o := Options{Pairs: 12}
			if len(test.want) > 0 { // what hangs shall be found soon, and is the only thing that may fail for want of time
				o.Patience = 100 * time.Millisecond
			}
			failed, text := judge(open, o)
			if len(test.want) == 0 && len(failed) > 0 {
				t.Errorf("a source without a fault fails %v:\n%s", failed, text)
			}
			for _, name := range test.want {
				if !slices.Contains(failed, name) {
					t.Errorf("case %q did not fail; those that did: %v", name, failed)
				}
			}
			if len(failed) > 0 && !strings.Contains(text, "promise: ") {
				t.Errorf("the failure does not say which promise was broken: %s", text)
			}
		})
	}
}

var sink []byte

func TestConformSkipsWhatDoesNotApply(t *testing.T) {
	failed, text := judge(func() capture.Source { return NewFake(FakeOptions{}) }, Options{Fresh: true, Allocs: -1})
	if len(failed) > 0 {
		t.Errorf("%v failed:\n%s", failed, text)
	}
}
