package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/pool"
)

// Model makes class maps from registered pairs. *[Student] is one. Its methods are called by one goroutine at a time,
// Prepare first.
type Model interface {
	// Prepare makes ready for the frames of a source with this calibration, depth registered.
	Prepare(cal capture.Calibration) error
	// Preprocess takes what the model needs from the pair, which may change afterwards.
	Preprocess(p *capture.Pair) error
	// Infer returns the class of each pixel, rows from top to bottom, for what Preprocess took last. The slice is the
	// model's, valid until the next call.
	Infer() ([]uint8, error)
	// Size of the class map in pixels.
	Size() (width, height int)
	// Name of the model, for the mask.
	Name() string
	// UsesColor tells whether frames need colour.
	UsesColor() bool
	// UsesDepth tells whether frames need depth, and so registration.
	UsesDepth() bool
}

// OnError says what a frame that fails does to a run.
type OnError string

const (
	Stop OnError = "stop" // end the run with the error; the default
	Skip OnError = "skip" // drop the frame, count it, go on
)

// maxErrors is how many errors in a row end a run under Skip: a device that only fails has gone.
const maxErrors = 64

// Pipeline turns a source's pairs into masks. Reading and registering the next pair overlap with inference on this one, by
// which of the two comes to the Pool first: the other is done by one goroutine. Two pairs are in memory at most, three with Live.
//
// Without Live every pair becomes a mask, in order, and a slow reader of the masks slows the source down. With Live the
// newest pair wins: a pair that was overtaken while it waited is dropped. A pair that comes after a later one, or again,
// is dropped in both: masks leave in rising order of Seq. A source that begins anew with Seq is counted on. Each frame is
// accounted for: Summary.Frames = Masks + Drops.Total().
//
// A half pair, or with Checks a pair one of whose images cannot be used, is the Policy's to decide about.
type Pipeline struct {
	Source capture.Source
	Policy Policy
	Models []Model // all that Policy can choose
	// Emit takes each mask with its pair, registered. Both belong to the pipeline again when Emit returns.
	Emit func(*mask.Mask, *capture.Pair) error

	// Checks say which images can be used; nil = all that came.
	Checks *Checks
	// Told is called when the choice of the Policy changes, from the goroutine that infers. It must not wait.
	Told func(Change)
	// Beat is called for each frame of which an image can be used, from the goroutine that infers: it beats while frames
	// advance, not while a camera repeats its last one. It must not wait.
	Beat func()
	// Settled is called once the first mask is out, on a goroutine of its own that the run does not wait for: for what can be
	// done later than that.
	Settled func()
	// Deadline drops a mask that is done later than this after its pair arrived; 0 = never. With a Budget the frames'
	// ages are told to it.
	Deadline time.Duration
	Budget   *Budget

	Live      bool
	OnError   OnError
	Frames    uint64        // end after so many pairs; 0 = at the source's end
	Holes     bool          // masks carry where depth has no reading
	ModelSize bool          // masks of the model's size instead of the colour image's
	Spread    bool          // masks stand for the colour image's size and hold classes of the model's: see [mask.Mask.SpreadTo]
	Pool      *pool.Pool    // shares registration, best the models'; nil = the goroutine that captures, alone
	Grace     time.Duration // at the end wait so long for the source, and for Emit; 0 = 2 s
}

// Change is another student, mode or reason than on the frame before.
type Change struct {
	Seq      uint64
	From, To Choice // From is zero at the first frame
}

// Summary accounts for a run.
type Summary struct {
	Frames  uint64 // pairs that the source delivered, failed to deliver or lost
	Masks   uint64 // emitted
	Drops   Drops
	Modes   map[mask.Mode]uint64 // masks of each mode
	Changes uint64               // of the student or the mode
	Elapsed time.Duration
	First   time.Duration // from the call of Run to the first mask's emission
	Infer   Latency       // of the network alone
	Frame   Latency       // work on a frame: registration, preprocessing, inference, scaling, emission; without waiting
}

// FPS is masks per second of the run.
func (s *Summary) FPS() float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(s.Masks) / s.Elapsed.Seconds()
}

// PanicError is a panic of a stage, which ends a run as an error does.
type PanicError struct {
	Stage string // "capture" or "inference"
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("runtime: %s: panic: %v", e.Stage, e.Value) }

// ErrShed is what an Emit returns for a mask that it left out, such as for want of room: the frame counts as not written,
// and the run goes on.
var ErrShed = errors.New("runtime: the mask was shed")

// ErrStuck is returned when the source's Next neither returns after the end of its context nor after Close.
var ErrStuck = errors.New("runtime: capture: the source does not end")

// ErrUntaken is returned when Emit does not return after the end of the context. Its frame counts as not written, what it
// has written is torn, and the mask and the pair stay Emit's.
var ErrUntaken = errors.New("runtime: inference: told to end, but nobody takes the mask that is being written: it is torn")

// Run works until the source ends, Frames are done, ctx ends or something fails. The summary is whole in every case.
// The end of ctx is not an error. Run leaves the source open, unless the source has to be closed to end. After the end of
// ctx it returns within three times Grace, whatever the source and Emit do, and the time that the model takes for a frame.
func (p *Pipeline) Run(ctx context.Context) (*Summary, error) {
	r, err := p.prepare()
	if err != nil {
		return &Summary{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	captured := make(chan error, 1)
	go func() { captured <- r.capture(ctx) }()
	inferred := make(chan error, 1)
	go func() { inferred <- r.infer(ctx) }()
	err = r.masks(ctx, inferred)
	cancel()
	if e := r.wait(captured); err == nil {
		err = e
	}
	r.drain()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Elapsed = time.Since(r.began)
	sum := r.sum
	sum.Modes = map[mask.Mode]uint64{}
	for i, mode := range modes {
		if r.modes[i] > 0 {
			sum.Modes[mode] = r.modes[i]
		}
	}
	return &sum, err
}

func (p *Pipeline) grace() time.Duration {
	if p.Grace <= 0 {
		return 2 * time.Second
	}
	return p.Grace
}

// masks waits for the inference stage; after the end of ctx, for an Emit that does not return no longer than the grace.
// Inference itself always ends.
func (r *runner) masks(ctx context.Context, inferred <-chan error) error {
	select {
	case err := <-inferred:
		return err
	case <-ctx.Done():
	}
	grace, told := r.p.grace(), time.Now()
	t := time.NewTicker(max(grace/8, 1))
	defer t.Stop()
	for {
		select {
		case err := <-inferred:
			return err
		case now := <-t.C:
			begin := r.emitting.Load()
			if begin > 0 && now.Sub(told) >= grace && now.Sub(r.began) >= time.Duration(begin)+grace &&
				r.emitting.CompareAndSwap(begin, abandoned) {
				r.drop(DropUnwritten, 1)
				return ErrUntaken
			}
		}
	}
}

// wait waits for the capture stage, closing the source if that is what it takes.
func (r *runner) wait(captured <-chan error) error {
	grace := r.p.grace()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-captured:
		return err
	case <-timer.C:
	}
	go func() { // which may not return either
		var err error
		defer catch("capture", &err)
		r.p.Source.Close()
	}()
	timer.Reset(grace)
	select {
	case err := <-captured:
		return err
	case <-timer.C:
		return ErrStuck
	}
}
