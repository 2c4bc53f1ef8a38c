package rosbag

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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
	// Skip leaves broken images out, and ends the recording where the bag is damaged, instead of telling errors. Stats
	// has the number and the first few in words.
	Skip bool
	// Loop begins again after the last pair, for ever; Seq and times go on.
	Loop bool
}

// Stats counts what became of the bag's images.
type Stats struct {
	Delivered uint64
	Skipped   uint64               // images that could not be read
	Problems  []string             // the first few, and where the bag is torn
	Paired    capture.PairerCounts // of the round in progress
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
	o     Options
	m     *messages
	p     *capture.Pairer
	pair  capture.Pair
	fault error // cannot go on
	stats Stats
	ended bool
	round round
}

// A round is one time through the bag.
type round struct {
	pairs        uint64        // of this round
	seq          uint64        // of its first pair
	shift        time.Duration // added to its times
	first, after time.Duration // of its first pair in the bag; of the pair that would follow its last, shifted
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
	r.o = o
	r.byBag = o.Recorded || r.facts.color.clock != r.facts.depth.clock
	r.p = r.pairer()
	return r, nil
}

func (r *Recording) pairer() *capture.Pairer {
	return capture.NewPairer(capture.PairerOptions{Window: r.o.Window, Queue: 12})
}

// Calibration returns the geometry that the bag, or the options, told.
func (r *Recording) Calibration() capture.Calibration { return r.cal }

// Clock names the clock of the pairs' times: "recorder", or the camera's domain as librealsense names it.
func (r *Recording) Clock() string {
	if r.byBag {
		return recorder
	}
	return r.facts.color.clock
}

// domain translates librealsense's name of a clock.
func domain(clock string) capture.Domain {
	switch clock {
	case "Hardware Clock":
		return capture.DeviceClock
	case "System Time", recorder:
		return capture.HostClock
	case "Global Time":
		return capture.GlobalClock
	}
	return capture.UnknownClock
}

// recorder is the name of the clock of the times at which frames reached the recorder.
const recorder = "recorder"

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

// Stats returns the counters.
func (r *Recording) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Paired = r.p.Counts()
	s.Problems = slices.Clone(s.Problems)
	return s
}

// problem notes one of the first few.
func (r *Recording) problem(err error) {
	if len(r.stats.Problems) < 8 {
		r.stats.Problems = append(r.stats.Problems, err.Error())
	}
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
		case r.ended && r.o.Loop && r.round.pairs > 0:
			if err := r.again(); err != nil {
				r.fault = err
			}
			continue
		case r.ended:
			return io.EOF
		}
		if err := r.read(); err != nil {
			return err
		}
	}
}

// read takes the next image of the bag to the pairer.
func (r *Recording) read() error {
	msg, err := r.m.next(func(topic string) bool { return topic == r.facts.color.image || topic == r.facts.depth.image })
	if r.closed.Load() {
		return ErrClosed
	}
	if err == nil {
		if err = r.take(msg); err == nil {
			return nil
		}
		r.stats.Skipped++
		err = fmt.Errorf("rosbag: read %q: topic %q at %v: %w", r.name, msg.topic, clock(msg.sec, msg.nsec), err)
		r.problem(err)
		if r.o.Skip {
			return nil
		}
		return err
	}
	r.p.End()
	if err == io.EOF {
		r.ended = true
		if r.m.torn != nil {
			r.problem(fmt.Errorf("rosbag: read %q: %w", r.name, r.m.torn))
		}
		return nil
	}
	err = fmt.Errorf("rosbag: read %q: %w", r.name, err)
	r.problem(err)
	if r.o.Skip {
		r.ended = true
	} else {
		r.fault = err
	}
	return nil // what waits in the pairer comes first
}

// again goes back to the beginning.
func (r *Recording) again() error {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rosbag: rewind %q: %w", r.name, err)
	}
	if err := r.m.rewind(r.file); err != nil {
		return fmt.Errorf("rosbag: rewind %q: %w", r.name, err)
	}
	r.ended, r.p = false, r.pairer()
	r.round = round{seq: r.round.seq + r.round.pairs, shift: r.round.after - r.round.first}
	return nil
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
	p, now := &r.pair, &r.round
	dst.CopyFrom(p)
	dst.Seq += now.seq
	dst.ColorTime += now.shift
	dst.DepthTime += now.shift
	dst.Clock = domain(r.Clock())
	if now.pairs == 0 {
		now.first = p.ColorTime // as in the file: the next round's shift is counted from there
	}
	now.pairs++
	now.after = max(dst.ColorTime, dst.DepthTime) + r.facts.window()
	r.stats.Delivered++
}
