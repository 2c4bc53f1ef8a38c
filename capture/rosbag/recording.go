package rosbag

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Options say how a bag is read. The zero value reads a RealSense recording.
type Options struct {
	// ColorTopic and DepthTopic name the image topics; by default the first RealSense streams "Color_…" and "Depth_…".
	// For another topic the intrinsics are those of camera_info beside it, and, unless Calibration is given, depth is
	// taken to be seen from the colour camera's place.
	ColorTopic, DepthTopic string
	// Calibration takes the place of what the bag says.
	Calibration *capture.Calibration
	// Window is the largest skew of a pair; default one period of the slower stream.
	Window time.Duration
	// Recorded pairs by the times at which the frames reached the recorder instead of the times that the camera gave
	// them. It is the default where the two streams' times come from different clocks.
	Recorded bool
}

// ErrClosed is what Next tells after Close.
var ErrClosed = errors.New("rosbag: recording is closed")

// A Recording is a bag as a source of pairs, as fast as it can be read. Seq counts the pairs; times are those of the
// clock that [Recording.Clock] names, since its epoch. Next and Close may be called from different goroutines.
type Recording struct {
	name   string
	file   io.ReadSeekCloser
	cal    capture.Calibration
	facts  facts
	byBag  bool // times are those of the recorder
	closed atomic.Bool
	shut   sync.Once
	end    error // of file.Close

	mu    sync.Mutex // held by Next
	m     *messages
	p     *capture.Pairer
	pair  capture.Pair
	fault error // cannot go on
	bad   int
	ended bool
}

var _ capture.Source = (*Recording)(nil)

// Open reads the beginning of the bag at path: its streams and their geometry.
func Open(path string, o Options) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("rosbag: open: %w", err)
	}
	r, err := open(path, f, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func open(name string, file io.ReadSeekCloser, o Options) (*Recording, error) {
	fail := func(err error) (*Recording, error) { return nil, fmt.Errorf("rosbag: open %q: %w", name, err) }
	r := &Recording{name: name, file: file, m: newMessages(file)}
	if err := r.m.begin(); err != nil {
		return fail(err)
	}
	var err error
	if r.facts, err = scan(r.m, o); err != nil {
		return fail(err)
	}
	if o.Calibration != nil {
		r.cal = *o.Calibration
		err = r.cal.Validate()
	} else {
		r.cal, err = r.facts.calibration()
	}
	if err != nil {
		return fail(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fail(err)
	}
	if err := r.m.rewind(file); err != nil {
		return fail(err)
	}
	if o.Window <= 0 {
		o.Window = r.facts.window()
	}
	r.byBag = o.Recorded || r.facts.color.clock != r.facts.depth.clock
	r.p = capture.NewPairer(capture.PairerOptions{Window: o.Window, Queue: 12})
	return r, nil
}

// Calibration returns the geometry that the bag, or the options, told.
func (r *Recording) Calibration() capture.Calibration { return r.cal }

// Clock names the clock of the pairs' times: "recorder", or the camera's domain as librealsense names it.
func (r *Recording) Clock() string {
	if r.byBag {
		return "recorder"
	}
	return r.facts.color.clock
}

// Close closes the file and ends a Next that reads it.
func (r *Recording) Close() error {
	r.shut.Do(func() {
		r.closed.Store(true)
		if err := r.file.Close(); err != nil {
			r.end = fmt.Errorf("rosbag: close %q: %w", r.name, err)
		}
	})
	return r.end
}

// Torn returns nil, or, once Next has told io.EOF, where the bag was cut off.
func (r *Recording) Torn() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m.torn == nil {
		return nil
	}
	return fmt.Errorf("rosbag: read %q: %w", r.name, r.m.torn)
}

// Counts returns what became of the frames. Broken are images that could not be read; Next told an error for each.
func (r *Recording) Counts() (paired capture.PairerCounts, broken int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.p.Counts(), r.bad
}

// Next delivers the next pair in the order of the bag. An image that cannot be read is an error once, and the next call
// goes on behind it; damage to the bag itself is an error that stays.
func (r *Recording) Next(ctx context.Context, dst *capture.Pair) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.closed.Load():
			return ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		case r.p.Next(0, &r.pair):
			r.deliver(dst)
			return nil
		case r.fault != nil:
			return r.fault
		case r.ended:
			return io.EOF
		}
		msg, err := r.m.next(func(topic string) bool { return topic == r.facts.color.image || topic == r.facts.depth.image })
		switch {
		case r.closed.Load():
			return ErrClosed
		case err == io.EOF:
			r.ended = true
			r.p.End()
			continue
		case err != nil:
			r.fault = fmt.Errorf("rosbag: read %q: %w", r.name, err)
			r.p.End()
			continue
		}
		if err := r.take(msg); err != nil {
			r.bad++
			return fmt.Errorf("rosbag: read %q: topic %q at %v: %w", r.name, msg.topic, clock(msg.sec, msg.nsec), err)
		}
	}
}

// take decodes an image and gives it to the pairer.
func (r *Recording) take(msg message) error {
	img, err := decodeImage(msg.data)
	if err != nil {
		return err
	}
	at := img.time
	if r.byBag {
		at = clock(msg.sec, msg.nsec)
	}
	if msg.topic == r.facts.color.image {
		if err := img.color(&r.pair.Color, r.cal.Color); err != nil {
			return err
		}
		r.p.PushColor(0, at, &r.pair.Color)
		return nil
	}
	if err := img.depth(&r.pair.Depth, r.cal.Depth); err != nil {
		return err
	}
	r.p.PushDepth(0, at, &r.pair.Depth)
	return nil
}

// deliver copies the pair, whose memory goes round between the pairer and the decoder.
func (r *Recording) deliver(dst *capture.Pair) {
	dst.Seq, dst.ColorTime, dst.DepthTime = r.pair.Seq, r.pair.ColorTime, r.pair.DepthTime
	dst.Color.Resize(r.pair.Color.Width, r.pair.Color.Height)
	copy(dst.Color.Pix, r.pair.Color.Pix)
	dst.Depth.Resize(r.pair.Depth.Width, r.pair.Depth.Height)
	copy(dst.Depth.Pix, r.pair.Depth.Pix)
	dst.Labels.Resize(0, 0)
}
