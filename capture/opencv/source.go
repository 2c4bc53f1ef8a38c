//go:build opencv

package opencv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"gocv.io/x/gocv"
)

// ErrLost is what Next tells when a device or stream gives no more frames.
var ErrLost = errors.New("it gives no more frames")

// Stats count the frames of a source.
type Stats struct {
	Read      uint64
	Delivered uint64
	Overtaken uint64 // of a device: a newer one came before they were asked for
}

// Source is what OpenCV opened. Next belongs to one goroutine; Close and Stats may be called from any.
type Source struct {
	what   string
	o      Options
	target Target
	cal    capture.Calibration

	turn  sync.Mutex
	ready chan *frame // one at most
	free  chan *frame
	end   error         // why the reader ended; set before done is closed
	done  chan struct{} // the reader has ended

	mu     sync.Mutex
	stats  Stats
	closed chan struct{}
	once   sync.Once
	shut   error
}

// frame is one image in Go's memory.
type frame struct {
	seq   uint64
	at    time.Duration
	color capture.Color
	depth capture.Depth
}

var _ capture.Source = (*Source)(nil)

// frames is how many there are in all: one in the reader's hand, one ready, one in Next's, one to spare.
const frames = 4

var apis = map[string]gocv.VideoCaptureAPI{"": gocv.VideoCaptureAny, "any": gocv.VideoCaptureAny, "v4l2": gocv.VideoCaptureV4L2,
	"gstreamer": gocv.VideoCaptureGstreamer, "ffmpeg": gocv.VideoCaptureFFmpeg, "images": gocv.VideoCaptureImages}

// Open opens a device, stream, pipeline or file, and reads its first frame to learn its size.
func Open(what string, o Options) (*Source, error) { return openAs(what, o, TargetOf(what)) }

func openAs(what string, o Options, target Target) (*Source, error) {
	if o.Kind == "" {
		o.Kind = Color
	}
	if o.Scale == 0 {
		o.Scale = 0.001
	}
	if o.FOV == 0 {
		o.FOV = 60
	}
	s := &Source{what: what, o: o, target: target, ready: make(chan *frame, 1), free: make(chan *frame, frames), done: make(chan struct{}),
		closed: make(chan struct{})}
	dev, err := s.open()
	if err != nil {
		return nil, err
	}
	if o.Kind == Depth {
		dev.Set(gocv.VideoCaptureConvertRGB, 0) // else depth would come as 8-bit colour
	}
	r := &reader{s: s, dev: dev, mat: gocv.NewMat(), opened: time.Now(), fps: o.FPS}
	if r.fps == 0 {
		if r.fps = dev.Get(gocv.VideoCaptureFPS); !(r.fps >= 0.1 && r.fps <= 1000) {
			r.fps = 30
		}
	}
	first := new(frame)
	if err := r.read(first); err != nil {
		r.close()
		if err == io.EOF {
			err = s.errorf("has no frame")
		}
		return nil, err
	}
	s.cal = s.assume(max(first.color.Width, first.depth.Width), max(first.color.Height, first.depth.Height))
	if err := s.cal.Validate(); err != nil {
		r.close()
		return nil, err
	}
	for range frames - 1 { // one is in hand
		s.free <- new(frame)
	}
	go r.run(first)
	return s, nil
}

func (s *Source) errorf(format string, args ...any) error {
	return fmt.Errorf("opencv: %q: %w", s.what, fmt.Errorf(format, args...))
}

func (s *Source) open() (dev *gocv.VideoCapture, err error) {
	api, ok := apis[s.o.API]
	if !ok {
		return nil, s.errorf("no API %q", s.o.API)
	}
	if s.target == Pipeline && s.o.API == "" {
		api = gocv.VideoCaptureGstreamer
	}
	if s.target == File && s.o.API == "" && strings.Contains(s.what, "%") {
		api = gocv.VideoCaptureImages // FFmpeg reads numbered images, too, and makes 8 bits of them
	}
	if n, e := strconv.Atoi(s.what); e == nil && s.target == Device {
		dev, err = gocv.VideoCaptureDeviceWithAPI(n, api)
	} else {
		dev, err = gocv.VideoCaptureFileWithAPI(s.what, api)
	}
	if err != nil || !dev.IsOpened() {
		if err == nil {
			dev.Close()
		}
		return nil, s.errorf("OpenCV %s cannot open it", gocv.OpenCVVersion())
	}
	if s.target == Device {
		for _, p := range []struct {
			property gocv.VideoCaptureProperties
			value    float64
		}{{gocv.VideoCaptureFrameWidth, float64(s.o.Width)}, {gocv.VideoCaptureFrameHeight, float64(s.o.Height)}, {gocv.VideoCaptureFPS, s.o.FPS}} {
			if p.value > 0 {
				dev.Set(p.property, p.value)
			}
		}
	}
	return dev, nil
}

// assume makes the calibration up: both cameras at one place.
func (s *Source) assume(w, h int) capture.Calibration {
	f := float64(w) / 2 / math.Tan(s.o.FOV/2*math.Pi/180)
	in := capture.Intrinsics{Width: w, Height: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2, Model: capture.NoDistortion}
	return capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: s.o.Scale}
}

// Calibration is assumed; see Assumed.
func (s *Source) Calibration() capture.Calibration { return s.cal }

// Assumed says what OpenCV does not tell and was made up.
func (s *Source) Assumed() []string {
	return []string{fmt.Sprintf("opencv: %q: a pin-hole camera of %v degrees", s.what, s.o.FOV)}
}

// Live tells whether frames come at their times, whether or not they are read.
func (s *Source) Live() bool { return s.target.Live() }

// Stats is a copy of the counts so far.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Next fills dst with the next frame, of a device the newest; the other image has no readings. Seq counts the frames that
// were read. The end of a file is io.EOF, that of a device or stream an error that wraps ErrLost.
func (s *Source) Next(ctx context.Context, dst *capture.Pair) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.interrupted(ctx); err != nil {
		return err
	}
	var f *frame
	select {
	case f = <-s.ready:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return s.interrupted(ctx)
	case <-s.done:
		select {
		case f = <-s.ready: // read before the end
		default:
			if err := s.interrupted(ctx); err != nil {
				return err
			}
			return s.end
		}
	}
	s.fill(dst, f)
	s.free <- f // there is room for all
	s.mu.Lock()
	s.stats.Delivered++
	s.mu.Unlock()
	return nil
}

func (s *Source) fill(dst *capture.Pair, f *frame) {
	w, h := s.cal.Color.Width, s.cal.Color.Height
	dst.Seq, dst.ColorTime, dst.DepthTime = f.seq, f.at, f.at
	dst.Clock = capture.UnknownClock
	if s.Live() {
		dst.Clock = capture.HostClock
	}
	dst.Color.Resize(w, h)
	dst.Depth.Resize(w, h)
	dst.Labels.Resize(0, 0)
	if s.o.Kind == Depth {
		clear(dst.Color.Pix)
		copy(dst.Depth.Pix, f.depth.Pix)
		return
	}
	clear(dst.Depth.Pix)
	copy(dst.Color.Pix, f.color.Pix)
}

func (s *Source) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return s.errorf("next: %w", fs.ErrClosed)
	default:
		return nil
	}
}

// closeWait is how long Close waits for a read inside OpenCV.
const closeWait = 2 * time.Second

// Close ends a waiting Next and closes the device. A read that hangs inside OpenCV for more than two seconds is left
// behind, and told.
func (s *Source) Close() error {
	s.once.Do(func() {
		close(s.closed)
		timer := time.NewTimer(closeWait)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
			s.shut = s.errorf("close: a read inside OpenCV has not come back for %v", closeWait)
		}
	})
	return s.shut
}
