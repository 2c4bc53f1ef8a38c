package capturetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// A Device is a camera with a cable, for tests of what opens one again: it can be unplugged, plugged in, hang so that
// nothing returns, fall silent, and freeze. The sources that it opens count from Seq 0 with times from 0, as a camera
// does that was switched on.
type Device struct {
	o FakeOptions

	mu       sync.Mutex
	plugged  bool
	change   chan struct{} // closed when one of the following changes
	hangs    bool          // Open, Next and Close of all sources do not return
	silent   bool          // Next waits, and ends as it should
	frozen   bool          // both images are those before
	noColor  bool          // half pairs
	noDepth  bool
	shrunk   bool // both images at half their size
	born     int
	open     int
	resets   int
	plugging int // how often it was unplugged
}

// NewDevice returns a camera that is plugged in. Its sources give pairs without an end, o.Interval apart on the clock,
// 1/30 s by default.
func NewDevice(o FakeOptions) *Device {
	if o.Calibration == (capture.Calibration{}) {
		o.Calibration = SmallCalibration()
	}
	if o.Interval == 0 {
		o.Interval = time.Second / 30
	}
	return &Device{o: o, plugged: true, change: make(chan struct{})}
}

func (d *Device) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.change)
	d.change = make(chan struct{})
}

// Unplug pulls the cable: sources that are open fail from now on, and opening fails.
func (d *Device) Unplug() { d.set(func() { d.plugged = false; d.plugging++ }) }

// Plug puts the cable in again.
func (d *Device) Plug() { d.set(func() { d.plugged = true }) }

// Hang has every call to the device and its sources wait for Hang(false), whatever their ctx says.
func (d *Device) Hang(on bool) { d.set(func() { d.hangs = on }) }

// Silence has no pair come; calls end as they should.
func (d *Device) Silence(on bool) { d.set(func() { d.silent = on }) }

// Freeze repeats the images while Seq and times go on. A source that is opened while it lasts is not frozen.
func (d *Device) Freeze(on bool) { d.set(func() { d.frozen = on }) }

// Lose takes images away, which makes half pairs.
func (d *Device) Lose(color, depth bool) { d.set(func() { d.noColor, d.noDepth = color, depth }) }

// Shrink has the images come at half their width and height.
func (d *Device) Shrink(on bool) { d.set(func() { d.shrunk = on }) }

// Counts tells how many sources were opened, are open, and how often one was reset.
func (d *Device) Counts() (opened, open, resets int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.born, d.open, d.resets
}

// wait returns when f is true, or with what ended the wait. f is called with the lock held.
func (d *Device) wait(ctx context.Context, closed <-chan struct{}, f func() bool) error {
	for {
		d.mu.Lock()
		ok, change := f(), d.change
		d.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		case <-closed:
			return ErrClosed
		}
	}
}

// stuck waits while the device hangs.
func (d *Device) stuck() {
	d.wait(context.Background(), nil, func() bool { return !d.hangs })
}

// Open is a capture.Open.
func (d *Device) Open(ctx context.Context) (capture.Source, error) {
	d.stuck()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.plugged {
		return nil, ErrUnplugged
	}
	d.born++
	d.open++
	return &deviceSource{d: d, closed: make(chan struct{}), born: d.plugging, fresh: d.frozen}, nil
}

// deviceSource is one opening of a Device.
type deviceSource struct {
	d      *Device
	closed chan struct{}
	once   sync.Once
	born   int // d.plugging when it was opened
	fresh  bool
	n      int
	frozen *capture.Pair
}

var (
	_ capture.Source   = (*deviceSource)(nil)
	_ capture.Resetter = (*deviceSource)(nil)
)

func (s *deviceSource) Calibration() capture.Calibration { return s.d.o.Calibration }

func (s *deviceSource) Reset() error {
	s.d.stuck()
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.resets++
	return nil
}

func (s *deviceSource) Close() error {
	s.d.stuck()
	s.once.Do(func() {
		close(s.closed)
		s.d.mu.Lock()
		s.d.open--
		s.d.mu.Unlock()
	})
	return nil
}

var errGone = errors.New("capturetest: the device of this source was unplugged")

func (s *deviceSource) Next(ctx context.Context, dst *capture.Pair) error {
	d := s.d
	select {
	case <-s.closed:
		return ErrClosed
	default:
	}
	if err := sleep(ctx, s.closed, d.o.Interval); err != nil {
		return err
	}
	d.stuck()
	if err := d.wait(ctx, s.closed, func() bool { return !d.silent || d.plugging != s.born }); err != nil {
		return err
	}
	d.mu.Lock()
	gone, frozen, noColor, noDepth, shrunk := d.plugging != s.born, d.frozen && !s.fresh, d.noColor, d.noDepth, d.shrunk
	s.fresh = s.fresh && d.frozen
	d.mu.Unlock()
	if gone {
		return errGone
	}
	Paint(d.o.Calibration, uint64(s.n), d.o.Labels, dst)
	if frozen {
		if s.frozen == nil {
			s.frozen = new(capture.Pair)
			s.frozen.CopyFrom(dst)
		}
		dst.CopyFrom(s.frozen)
	} else {
		s.frozen = nil
	}
	if shrunk {
		halve(dst)
	}
	dst.Seq = uint64(s.n)
	dst.ColorTime = time.Duration(s.n) * d.o.Interval
	dst.DepthTime = dst.ColorTime + d.o.Skew
	if noColor {
		dst.Color.Resize(0, 0)
		dst.ColorTime = dst.DepthTime
	}
	if noDepth {
		dst.Depth.Resize(0, 0)
		dst.DepthTime = dst.ColorTime
	}
	s.n++
	return nil
}
