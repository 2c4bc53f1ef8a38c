package capturetest

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// FakeOptions describe a [Fake]. The zero value is an endless source of 32×24 colour and 24×16 depth images at 30
// pairs a second of its own clock, delivered without waiting.
type FakeOptions struct {
	Calibration capture.Calibration // default: SmallCalibration()
	Pairs       int                 // io.EOF after so many; 0 = never
	Interval    time.Duration       // from pair to pair in the source's clock; default 1/30 s
	Skew        time.Duration       // of the depth image after the colour image
	Pace        time.Duration       // Next waits so long, on the real clock, before each pair
	Hang        bool                // after Pairs, Next waits for ctx or Close instead of telling io.EOF
	Labels      bool                // pairs carry labels
}

// SmallCalibration is the geometry of a Fake: two cameras side by side, small enough for tests of any length.
func SmallCalibration() capture.Calibration {
	return capture.Calibration{
		Color:        capture.Intrinsics{Width: 32, Height: 24, Fx: 30, Fy: 30, Cx: 15.5, Cy: 11.5},
		Depth:        capture.Intrinsics{Width: 24, Height: 16, Fx: 20, Fy: 20, Cx: 11.5, Cy: 7.5},
		DepthToColor: capture.Extrinsics{Rotation: capture.Identity.Rotation, Translation: [3]float64{0.015, 0, 0}},
		DepthScale:   0.001,
	}
}

// ErrClosed is what Next of a Fake and of an Injector tells after Close.
var ErrClosed = errors.New("capturetest: source is closed")

// A Fake is a capture.Source in memory. Its pairs are those of [Paint]. Next and Close may be called from different
// goroutines.
type Fake struct {
	o      FakeOptions
	mu     sync.Mutex
	next   int
	closed chan struct{}
	once   sync.Once
}

var _ capture.Source = (*Fake)(nil)

// NewFake returns a source as o describes it. It panics if o.Calibration is set and does not validate.
func NewFake(o FakeOptions) *Fake {
	if o.Calibration == (capture.Calibration{}) {
		o.Calibration = SmallCalibration()
	}
	if err := o.Calibration.Validate(); err != nil {
		panic(err)
	}
	if o.Interval == 0 {
		o.Interval = time.Second / 30
	}
	return &Fake{o: o, closed: make(chan struct{})}
}

// Calibration returns the geometry that the options named.
func (f *Fake) Calibration() capture.Calibration { return f.o.Calibration }

// Close ends a waiting Next; later calls of Next return ErrClosed.
func (f *Fake) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// Next paints the next pair into dst.
func (f *Fake) Next(ctx context.Context, dst *capture.Pair) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ended(ctx); err != nil {
		return err
	}
	if f.o.Pairs > 0 && f.next >= f.o.Pairs {
		if !f.o.Hang {
			return io.EOF
		}
		return sleep(ctx, f.closed, math.MaxInt64)
	}
	if f.o.Pace > 0 {
		if err := sleep(ctx, f.closed, f.o.Pace); err != nil {
			return err
		}
	}
	Paint(f.o.Calibration, uint64(f.next), f.o.Labels, dst)
	dst.ColorTime = time.Duration(f.next) * f.o.Interval
	dst.DepthTime = dst.ColorTime + f.o.Skew
	f.next++
	return nil
}

func (f *Fake) ended(ctx context.Context) error {
	select {
	case <-f.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// sleep waits for d, ctx or closed, whichever ends first, and returns what ended it; nil for d.
func sleep(ctx context.Context, closed <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return ErrClosed
	}
}

// Paint makes pair number seq of a Fake: images of c's sizes in which every pixel depends on its place and on seq, a
// depth with holes, and labels of the colour image if asked for. Times are left as they are.
func Paint(c capture.Calibration, seq uint64, labels bool, dst *capture.Pair) {
	dst.Seq = seq
	dst.Color.Resize(c.Color.Width, c.Color.Height)
	for i := range dst.Color.Pix {
		dst.Color.Pix[i] = byte(mix(seq, uint64(i)))
	}
	dst.Depth.Resize(c.Depth.Width, c.Depth.Height)
	for i := range dst.Depth.Pix {
		h := mix(seq^0x5bd1, uint64(i))
		dst.Depth.Pix[i] = uint16(500 + h%2000)
		if h>>32%16 == 0 {
			dst.Depth.Pix[i] = 0
		}
	}
	dst.Labels.Resize(0, 0)
	if labels {
		dst.Labels.Resize(c.Color.Width, c.Color.Height)
		for i := range dst.Labels.Pix {
			dst.Labels.Pix[i] = uint8(mix(seq^0x1b87, uint64(i)) % 3)
		}
	}
}

// mix spreads two numbers over 64 bits (the finaliser of SplitMix64, Steele et al., OOPSLA 2014).
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
