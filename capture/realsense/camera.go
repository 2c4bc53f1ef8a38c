//go:build realsense && (linux || darwin)

package realsense

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/pixel"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// A Camera is a RealSense camera, or a recording that the library plays, as a source of pairs. Next and the others may be
// called from different goroutines; one Next runs at a time.
type Camera struct {
	name  string // for errors
	info  Info
	cal   capture.Calibration
	o     Options
	notes []string

	device  *device
	queue   *queue
	begin   time.Time
	gone    chan struct{} // closed when the camera was unplugged
	unplug  sync.Once
	closed  chan struct{}
	shut    sync.Once
	life    sync.RWMutex  // held by Reset, and by Close
	end     error         // of Close
	broken  atomic.Uint64 // frames that could not be taken
	trouble atomic.Pointer[error]

	mu        sync.Mutex // held by Next
	p         *capture.Pairer
	pair      capture.Pair
	image     image
	convert   func(dst, src []byte) // a row of colour
	size      int                   // bytes of a colour pixel
	streams   [2]streamState
	past      capture.PairerCounts // of the pairers before
	mixed     bool                 // times are mapped to the host's clock, because the streams' clocks differ
	wraps     wraps                // of the camera's clock, which both streams' times are of
	seq       uint64
	delivered uint64 // pairs
	changes   int
	ended     bool          // of a recording: nothing more comes from the library
	lost      bool          // Next has told that the camera is gone: frames that the library still sends are too late
	last      time.Duration // when a frame last came, or the wait began anew
	timer     *time.Timer
}

// streamState is what Next knows of a stream.
type streamState struct {
	name   string
	id     int // of the profile
	period time.Duration
	number uint64 // of the last frame
	any    bool
	lost   uint64 // gaps in the numbers, queue's losses among them
	gap    int64  // since the last pair, less the frames of the other that were delivered alone
	domain rs2.Domain
	sync   capture.ClockSync // to the host's clock, while the streams' clocks differ
	recent recent
	facts  Facts // of the pair that was delivered last
}

const (
	colorStream = iota
	depthStream
)

var (
	_ capture.Source   = (*Camera)(nil)
	_ capture.Resetter = (*Camera)(nil)
)

// Open opens the camera, sets it, and starts its streams. Errors wrap ErrNoLibrary, ErrNoCamera, ErrBusy, ErrAccess or
// ErrUnplugged where that is what happened.
func Open(o Options) (*Camera, error) {
	what := "first camera"
	switch {
	case o.File != "":
		what = fmt.Sprintf("%q", o.File)
	case o.Serial != "":
		what = fmt.Sprintf("camera %q", o.Serial)
	}
	fail := func(err error) (*Camera, error) { return nil, fmt.Errorf("realsense: open %s: %w", what, explain(err)) }
	if err := o.check(); err != nil {
		return nil, err
	}
	lib, err := rs2.Open(o.Library)
	if err != nil {
		return fail(err)
	}
	ctx, err := lib.NewContext()
	if err != nil {
		return fail(err)
	}
	var dev *rs2.Device
	if o.File != "" {
		dev, err = play(ctx, o.File)
	} else {
		dev, err = pick(ctx, o.Serial)
	}
	if err != nil {
		ctx.Close()
		return fail(err)
	}
	c, err := start(ctx, dev, o)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// play opens a recording.
func play(ctx *rs2.Context, file string) (*rs2.Device, error) {
	if _, err := os.Stat(file); err != nil { // the library's words for a file that is not there say less
		return nil, err
	}
	dev, err := ctx.Play(file)
	if err != nil {
		return nil, err
	}
	if err := dev.SetRealTime(false); err != nil {
		dev.Close()
		return nil, err
	}
	return dev, nil
}

// start opens the streams of a device, which it owns from now on, as it does the context.
func start(ctx *rs2.Context, dev *rs2.Device, o Options) (c *Camera, err error) {
	d := &device{ctx: ctx, camera: dev}
	defer func() {
		if err != nil {
			d.close(func() {}, func() {})
			err = explain(err)
		}
	}()
	if o.Queue <= 0 {
		o.Queue = 4
	}
	if o.Wait <= 0 {
		o.Wait = defaultWait
	}
	playback := dev.Is(rs2.PlaybackDevice)
	c = &Camera{info: describe(dev), o: o, device: d, queue: newQueue(o.Queue, playback), begin: time.Now(),
		gone: make(chan struct{}), closed: make(chan struct{})}
	d.playback = playback
	c.name = fmt.Sprintf("camera %q", c.info.Serial)
	if o.File != "" {
		c.name = fmt.Sprintf("%q", o.File)
	}
	if err := ctx.Watch(c.changed); err != nil {
		return nil, err
	}
	if o.Record != "" {
		if err := d.record(o.Record); err != nil {
			return nil, fmt.Errorf("record %q: %w", o.Record, err)
		}
	}
	depth, color, err := d.find(&o)
	if err != nil {
		return nil, c.hint(err)
	}
	c.note(depth, color)
	if err := o.configure(d.camera, depth.sensor, color.sensor); err != nil {
		return nil, err
	}
	if c.cal, err = calibration(depth, color); err != nil {
		return nil, err
	}
	c.convert, c.size = pixel.RGB(formatName(color.profile.Format))
	for i, s := range []candidate{color, depth} {
		c.streams[i] = streamState{name: [2]string{"colour", "depth"}[i], id: s.profile.ID, period: time.Second / time.Duration(max(s.profile.Rate, 1))}
	}
	if c.o.Window <= 0 {
		c.o.Window = max(c.streams[0].period, c.streams[1].period)
	}
	c.p = c.pairer()
	c.timer = time.NewTimer(time.Hour)
	return c, d.start(c.frame, depth, color)
}

// defaultWait is what the library itself waits for frames.
const defaultWait = 5 * time.Second

// pairer makes one. A recording's frames all come, one after the other, so that waiting for them has no end but that of
// the file; a camera's may stop to come.
func (c *Camera) pairer() *capture.Pairer {
	if c.device.playback {
		return capture.NewPairer(capture.PairerOptions{Window: c.o.Window, Queue: 12})
	}
	return capture.NewPairer(capture.PairerOptions{Window: c.o.Window, Queue: 12, Halves: true,
		ColorPeriod: c.streams[colorStream].period, DepthPeriod: c.streams[depthStream].period})
}

// frame is called on the library's threads.
func (c *Camera) frame(f rs2.Frame) {
	defer f.Release()
	arrived := time.Since(c.begin)
	err := f.Each(func(f rs2.Frame) {
		var pic rs2.Picture
		if err := f.Read(&pic); err != nil {
			c.complain(err)
			return
		}
		for i := range c.streams {
			if c.streams[i].id == pic.ID {
				c.queue.push(i, &pic, arrived)
			}
		}
	})
	if err != nil {
		c.complain(err)
	}
}

// complain counts a frame that could not be taken.
func (c *Camera) complain(err error) {
	c.broken.Add(1)
	c.trouble.CompareAndSwap(nil, &err)
}

// changed is called on a thread of the library's when devices come or go.
func (c *Camera) changed(removed, added rs2.DeviceList) {
	defer removed.Close()
	defer added.Close()
	if c.device.among(removed) {
		c.lose()
	}
}

// lose notes that the camera is gone.
func (c *Camera) lose() { c.unplug.Do(func() { close(c.gone) }) }

// Calibration returns the geometry that the library told when the camera was opened.
func (c *Camera) Calibration() capture.Calibration { return c.cal }

// Next delivers the next pair. It tells ErrUnplugged, for good, when the camera is gone, ErrNoFrames when none comes for
// Options.Wait, after which it may be asked again, and io.EOF at the end of a recording.
func (c *Camera) Next(ctx context.Context, dst *capture.Pair) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Since(c.begin)
	for {
		now := time.Duration(0)
		if !c.device.playback {
			now = time.Since(c.begin)
		}
		switch {
		case isClosed(c.closed):
			return ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		case c.lost:
			return fmt.Errorf("realsense: read %s: %w", c.name, ErrUnplugged)
		case !c.gather() && c.p.Next(now, &c.pair):
			c.deliver(dst)
			return nil
		case c.queue.pop(&c.image):
			c.last = time.Since(c.begin)
			if err := c.take(now); err != nil {
				c.complain(err)
				return fmt.Errorf("realsense: read %s: %w", c.name, err)
			}
			continue
		}
		if err := c.wait(ctx, now); err != nil {
			return err
		}
	}
}

// gather tells whether a frame that has come is to be looked at before the pairer decides: so that none goes alone whose
// partner is here already, and yet none waits in the pairer that could go.
func (c *Camera) gather() bool {
	n := c.p.Counts()
	return n.Color.Waiting+n.Depth.Waiting < 2 && c.queue.waiting()
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// look is how often a waiting Next looks after what does not come by itself: the end of a recording, and a camera that
// went without a word.
const look = 20 * time.Millisecond

// wait waits for news.
func (c *Camera) wait(ctx context.Context, now time.Duration) error {
	quiet := time.Since(c.begin) - c.last
	switch {
	case isClosed(c.gone), !c.device.playback && quiet > time.Second && !c.device.camera.Connected():
		c.lose()
		c.lost = true
		return nil
	case !c.device.playback && quiet >= c.o.Wait:
		return fmt.Errorf("realsense: read %s: %w for %v%s", c.name, ErrNoFrames, c.o.Wait, c.because())
	case c.device.playback:
		status, err := c.device.camera.Status()
		if err != nil {
			return fmt.Errorf("realsense: read %s: %w", c.name, err)
		}
		if status == rs2.Stopped && !c.queue.waiting() { // in this order: what was there before the end is in the queue
			if c.ended {
				return io.EOF
			}
			c.p.End()
			c.ended = true
			return nil // what waits in the pairer comes first
		}
	}
	pause := look
	if due, ok := c.p.Due(); ok && !c.device.playback {
		pause = min(pause, max(due-now, 0))
	}
	c.timer.Reset(pause)
	select {
	case <-c.queue.wake:
	case <-c.timer.C:
	case <-c.closed:
	case <-c.gone:
	case <-ctx.Done():
	}
	return nil
}
