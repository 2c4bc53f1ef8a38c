//go:build opencv

package opencv

import (
	"io"
	"math"
	"time"

	"gocv.io/x/gocv"
)

// reader owns the device: everything that calls OpenCV after Open runs in its goroutine.
type reader struct {
	s      *Source
	dev    *gocv.VideoCapture
	mat    gocv.Mat
	opened time.Time
	fps    float64
	n      uint64
	last   time.Duration
}

// run reads frames until the end or Close, beginning with one that was read already.
func (r *reader) run(f *frame) {
	s := r.s
	defer close(s.done)
	defer r.close()
	for {
		if !r.deliver(f) {
			return
		}
		select {
		case f = <-s.free:
		case <-s.closed:
			return
		}
		if err := r.read(f); err != nil {
			if s.end = err; err == io.EOF && s.Live() {
				s.end = s.errorf("%w", ErrLost)
			}
			return
		}
		select {
		case <-s.closed:
			return
		default:
		}
	}
}

// deliver hands a frame on: of a file when there is room, of a device in the place of one that waits.
func (r *reader) deliver(f *frame) bool {
	s := r.s
	if s.Live() {
		select {
		case old := <-s.ready:
			s.mu.Lock()
			s.stats.Overtaken++
			s.mu.Unlock()
			s.free <- old
		default:
		}
	}
	select {
	case s.ready <- f:
		return true
	case <-s.closed:
		return false
	}
}

// read fills f with the device's next frame; io.EOF if there is none.
func (r *reader) read(f *frame) error {
	s := r.s
	if !r.dev.Read(&r.mat) || r.mat.Empty() {
		return io.EOF
	}
	f.seq, f.at = r.n, r.time()
	r.n++
	s.mu.Lock()
	s.stats.Read++
	s.mu.Unlock()
	w, h := r.mat.Cols(), r.mat.Rows()
	if c := s.cal.Color; c.Width > 0 && (w != c.Width || h != c.Height) {
		return s.errorf("frame %d is %dx%d, the first was %dx%d", f.seq, w, h, c.Width, c.Height)
	}
	if w < 1 || h < 1 || w > 16384 || h > 16384 || !r.mat.IsContinuous() {
		return s.errorf("frame %d of %dx%d cannot be read", f.seq, w, h)
	}
	if s.o.Kind == Depth {
		return r.depth(f, w, h)
	}
	return r.color(f, w, h)
}

// time is a device frame's arrival; a file's frames come evenly, at the rate that it tells.
func (r *reader) time() time.Duration {
	at := time.Since(r.opened)
	if !r.s.Live() {
		at = time.Duration(math.Round(float64(r.n) / r.fps * 1e9))
	}
	r.last = max(r.last, at)
	return r.last
}

func (r *reader) depth(f *frame, w, h int) error {
	if t := r.mat.Type(); t != gocv.MatTypeCV16UC1 {
		return r.s.errorf("frame %d is of OpenCV's type %v, depth needs one channel of 16 bits", f.seq, t)
	}
	pix, err := r.mat.DataPtrUint16()
	if err != nil || len(pix) < w*h {
		return r.s.errorf("frame %d has %d readings, want %d: %v", f.seq, len(pix), w*h, err)
	}
	f.depth.Resize(w, h)
	copy(f.depth.Pix, pix)
	return nil
}

// color turns OpenCV's blue, green, red, or gray, into ours.
func (r *reader) color(f *frame, w, h int) error {
	channels := map[gocv.MatType]int{gocv.MatTypeCV8UC1: 1, gocv.MatTypeCV8UC3: 3, gocv.MatTypeCV8UC4: 4}[r.mat.Type()]
	if channels == 0 {
		return r.s.errorf("frame %d is of OpenCV's type %v, colour needs 1, 3 or 4 channels of 8 bits", f.seq, r.mat.Type())
	}
	pix, err := r.mat.DataPtrUint8()
	if err != nil || len(pix) < channels*w*h {
		return r.s.errorf("frame %d has %d bytes, want %d: %v", f.seq, len(pix), channels*w*h, err)
	}
	f.color.Resize(w, h)
	dst := f.color.Pix
	for i := range w * h {
		p, q := pix[channels*i:], dst[3*i:][:3]
		if channels == 1 {
			q[0], q[1], q[2] = p[0], p[0], p[0]
		} else {
			q[0], q[1], q[2] = p[2], p[1], p[0]
		}
	}
	return nil
}

func (r *reader) close() {
	r.mat.Close()
	r.dev.Close()
}
