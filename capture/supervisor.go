package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// Open opens a device. It is called again and again; ctx ends when nobody waits for the answer any more.
type Open func(ctx context.Context) (Source, error)

// Resetter is a Source whose device can be reset, at its USB port for instance. Reset is called once, from any
// goroutine, before the Close of a source that fell silent or froze, and may return late or never.
type Resetter interface{ Reset() error }

// SupervisorOptions are the bounds of a [Supervisor]. The zero value suits a camera of 5 to 90 frames a second.
type SupervisorOptions struct {
	Silence time.Duration // without a pair for so long the device is lost; default 1 s
	// Frozen is the same for always the same images, or images of a wrong size: a camera that hangs, one that was switched
	// to another format, or one in the dark, so that each try in vain doubles it, up to a minute. Default 2 s, negative =
	// never.
	Frozen time.Duration
	// Half is for how long one of the two images may be missing, the same or of a wrong size before the device is opened again for its
	// sake; each try in vain doubles it, up to a minute. Default 5 s, negative = never.
	Half   time.Duration
	Errors int // so many errors of Next in a row, too; default 3

	First, Most time.Duration // the wait before a second try to open, and what doubling brings it to; defaults 100 ms, 2 s
	OpenWait    time.Duration // a device that does not open within this time has failed to; default 5 s
	CloseWait   time.Duration // how long to wait for a device to close; default 1 s
	Hanging     int           // so many devices may hang at a time before no other is opened; default 4
	Seed        uint64        // of the waits' jitter: each is between 3/4 and 5/4 of its length

	Patient bool // Supervise waits for the device as for one that was lost, instead of telling its first error
	Endless bool // io.EOF is a loss, too

	// Told is called when the device is lost, when a try to open it fails, and when it is back. It must not wait.
	Told func(SupervisorEvent)
}

func (o *SupervisorOptions) defaults() {
	set := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&o.Silence, time.Second)
	set(&o.Frozen, 2*time.Second)
	set(&o.Half, 5*time.Second)
	set(&o.First, 100*time.Millisecond)
	set(&o.Most, 2*time.Second)
	set(&o.OpenWait, 5*time.Second)
	set(&o.CloseWait, time.Second)
	if o.Errors <= 0 {
		o.Errors = 3
	}
	if o.Hanging <= 0 {
		o.Hanging = 4
	}
}

// SupervisorEvent is what happened to a supervised device.
type SupervisorEvent struct {
	Kind EventKind
	Err  error         // why it was lost, or could not be opened
	Try  int           // of opening it, from 1
	Down time.Duration // since it was lost
}

// EventKind says what an event is.
type EventKind int

const (
	DeviceLost EventKind = iota
	OpenFailed
	DeviceBack
)

// SupervisorCounts are a [Supervisor]'s counters.
type SupervisorCounts struct {
	Opened  int // times that the device was opened
	Lost    int // times that it was lost
	Failed  int // tries to open it that failed
	Errors  int // errors of Next that were no loss of the device
	Hanging int // devices that neither return from Next nor close, now
}

// The reasons of a loss.
var (
	ErrSilent   = errors.New("no frame came")
	ErrFrozen   = errors.New("the frames are all the same")
	ErrHalf     = errors.New("one of its images is missing or always the same")
	ErrSize     = errors.New("its images are not of the calibration's size")
	errClosed   = errors.New("capture: supervisor: closed")
	errHanging  = errors.New("too many devices hang")
	errOpenWait = errors.New("does not open in time")
)

// A Supervisor is a Source around a device that may fail: it watches the frames, not the threads, closes a device that
// gives none, or errors, or always the same, and opens it again with growing waits. Next returns when there is a pair;
// what the device does in between, hanging in Next or in Close included, holds up neither Next beyond its ctx nor Close
// beyond twice CloseWait.
//
// Sequence numbers go on after a loss. Times are the device's, which may begin anew. Next belongs to one goroutine,
// Close and the counts to any.
type Supervisor struct {
	open Open
	o    SupervisorOptions
	cal  Calibration
	rng  *rand.Rand

	turn   sync.Mutex // held by Next
	run    *attached  // nil: lost
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
	shut   error

	base   uint64 // added to the device's numbers
	next   uint64 // above all numbers that were given
	given  bool   // whether there is one
	rebase bool   // the device is another than at the last pair
	errs   int    // in a row
	still  stillness
	lostAt time.Time
	halfIn time.Duration // Half and Frozen, doubled by each try in vain
	bothIn time.Duration

	mu     sync.Mutex
	counts SupervisorCounts
}

// attached is a device that is open, and the goroutine that waits for it.
type attached struct {
	src    Source
	cancel context.CancelFunc
	ask    chan struct{} // one more pair, please
	got    chan error
	ended  chan struct{} // the goroutine has
	pair   Pair          // the goroutine's between ask and got
	asked  bool
	since  time.Time
}

var _ Source = (*Supervisor)(nil)

// Supervise opens the device and returns a Source around it. It tells the first error, unless o.Patient says to wait.
func Supervise(ctx context.Context, open Open, o SupervisorOptions) (*Supervisor, error) {
	o.defaults()
	s := &Supervisor{open: open, o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5a9e)), timer: time.NewTimer(time.Hour),
		closed: make(chan struct{}), lostAt: time.Now(), halfIn: o.Half, bothIn: o.Frozen}
	s.timer.Stop()
	if !o.Patient {
		d, err := s.attempt(ctx)
		if err != nil {
			return nil, err
		}
		s.cal = d.cal
		s.attach(d.src)
		return s, nil
	}
	if err := s.reopen(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Calibration is that of the device as it was first opened. A device that comes back with another is not taken.
func (s *Supervisor) Calibration() Calibration { return s.cal }

// Counts returns the counters.
func (s *Supervisor) Counts() SupervisorCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Supervisor) count(f func(c *SupervisorCounts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counts)
}

// Skipped is how many pairs errors of the device have cost, for a pipeline that accounts for them.
func (s *Supervisor) Skipped() uint64 { return uint64(s.Counts().Errors) }

// Next waits for the device's next pair, through its losses.
func (s *Supervisor) Next(ctx context.Context, dst *Pair) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	for {
		select {
		case <-s.closed:
			return errClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.run == nil {
			if err := s.reopen(ctx); err != nil {
				return err
			}
		}
		err, lost := s.await(ctx, dst)
		switch {
		case lost != nil:
			s.lose(lost)
		case err != nil:
			return err
		default:
			if lost = s.take(dst); lost == nil {
				return nil
			}
			s.lose(lost)
		}
	}
}

// await waits for the device to answer. An error is the caller's; lost says why the device is to be opened again. Both
// nil: a pair lies in s.run.pair. While the device works on it, dst's memory is the device's; one that never answers
// keeps it.
func (s *Supervisor) await(ctx context.Context, dst *Pair) (err, lost error) {
	r := s.run
	for {
		if !r.asked {
			r.asked, r.since = true, time.Now()
			r.pair, *dst = *dst, r.pair
			r.ask <- struct{}{}
		}
		s.timer.Reset(time.Until(r.since.Add(s.o.Silence)))
		select {
		case err = <-r.got:
			r.asked = false
		case <-s.timer.C:
			select {
			case err = <-r.got: // it came while nobody waited
				r.asked = false
			default:
				return nil, ErrSilent
			}
		case <-ctx.Done():
			return ctx.Err(), nil
		case <-s.closed:
			return errClosed, nil
		}
		s.timer.Stop()
		switch {
		case err == nil:
			s.errs = 0
			return nil, nil
		case err == io.EOF && !s.o.Endless:
			return err, nil
		case err == io.EOF:
			return nil, err
		}
		r.pair, *dst = *dst, r.pair
		s.count(func(c *SupervisorCounts) { c.Errors++ })
		if s.errs++; s.errs >= s.o.Errors {
			return nil, err
		}
	}
}

// take hands the device's pair on, unless it shows that the device froze.
func (s *Supervisor) take(dst *Pair) (lost error) {
	p := &s.run.pair
	now := time.Now()
	both, one := s.still.look(p, &s.cal, now)
	switch {
	case s.o.Frozen > 0 && both >= s.bothIn:
		s.bothIn = min(2*s.bothIn, max(time.Minute, s.o.Frozen))
		return s.sizeOr(p, ErrFrozen)
	case s.o.Half > 0 && one >= s.halfIn:
		s.halfIn = min(2*s.halfIn, max(time.Minute, s.o.Half))
		return s.sizeOr(p, ErrHalf)
	case one == 0 && s.still.pairs > 1:
		s.halfIn, s.bothIn = s.o.Half, s.o.Frozen
	}
	if s.rebase && s.given {
		s.base = s.next - p.Seq
	}
	s.rebase = false
	*dst, *p = *p, *dst
	dst.Seq += s.base
	s.next, s.given = max(s.next, dst.Seq+1), true
	return nil
}

// sizeOr is the reason of a loss: sizes, if they are it.
func (s *Supervisor) sizeOr(p *Pair, other error) error {
	c, d := &s.cal.Color, &s.cal.Depth
	if (!p.HasColor() || fits(c, p.Color.Width, p.Color.Height)) && (!p.HasDepth() || fits(d, p.Depth.Width, p.Depth.Height)) {
		return other
	}
	return fmt.Errorf("%w: colour %d×%d, depth %d×%d; the calibration says %d×%d and %d×%d", ErrSize,
		p.Color.Width, p.Color.Height, p.Depth.Width, p.Depth.Height, c.Width, c.Height, d.Width, d.Height)
}

// Close ends a waiting Next and closes the device, for which it waits no longer than CloseWait.
func (s *Supervisor) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.turn.Lock() // Next leaves at once
		defer s.turn.Unlock()
		if s.run != nil {
			s.shut = s.detach(s.run, nil)
			s.run = nil
		}
	})
	return s.shut
}

// attach begins to read from a device.
func (s *Supervisor) attach(src Source) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &attached{src: src, cancel: cancel, ask: make(chan struct{}, 1), got: make(chan error, 1), ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		for range r.ask {
			r.got <- next(ctx, src, &r.pair)
		}
	}()
	s.run, s.errs, s.rebase = r, 0, true
	s.still = stillness{}
	s.count(func(c *SupervisorCounts) { c.Opened++ })
}

// next is src's Next, a panic of which is an error.
func next(ctx context.Context, src Source, dst *Pair) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("capture: supervisor: the device panics: %v", v)
		}
	}()
	return src.Next(ctx, dst)
}
