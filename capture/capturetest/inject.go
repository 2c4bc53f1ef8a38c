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

// ErrUnplugged is what Next tells while an Unplug lasts.
var ErrUnplugged = errors.New("capturetest: device is unplugged")

// Counts are what an [Injector] did. Pulled = Delivered − Repeated + Lost + held back at the moment (0 or 1).
type Counts struct {
	Calls     int        // calls of Next that came to an end, with a pair or an error
	Pulled    int        // pairs that the wrapped source gave
	Delivered int        // pairs that the caller got
	Repeated  int        // of these, pairs that the caller got before
	Lost      int        // pairs that nobody got
	Faults    [kinds]int // faults that acted, by Kind
	Hits      [kinds]int // calls that they acted on, by Kind
}

// An Injector is a source that fails on purpose. Next and Close may be called from different goroutines.
//
// Faults act on calls of Next by number, so that a schedule means the same whatever the wrapped source delivers. Several
// may act on one call; they do so in the order of their kinds.
type Injector struct {
	src    capture.Source
	faults [kinds][]Fault
	closed chan struct{}
	once   sync.Once
	shut   error

	turn       sync.Mutex   // held by Next
	last       capture.Pair // as delivered; the last one before a Freeze
	have       bool
	held       capture.Pair // by Reorder
	hold       bool
	hit, begun [kinds]bool // what acted on the call in progress

	mu     sync.Mutex // of counts
	counts Counts
}

var _ capture.Source = (*Injector)(nil)

// Inject wraps src, which the Injector owns from then on.
func Inject(src capture.Source, faults ...Fault) *Injector {
	j := &Injector{src: src, closed: make(chan struct{})}
	for _, f := range faults {
		j.faults[f.Kind] = append(j.faults[f.Kind], f)
	}
	return j
}

// Calibration returns the wrapped source's.
func (j *Injector) Calibration() capture.Calibration { return j.src.Calibration() }

// Close closes the wrapped source and ends a stall.
func (j *Injector) Close() error {
	j.once.Do(func() {
		close(j.closed)
		j.shut = j.src.Close()
	})
	return j.shut
}

// Counts returns what was done so far.
func (j *Injector) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts
}

func (j *Injector) count(f func(c *Counts)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.counts)
}

// acting returns the fault of a kind that acts on a call; the later one in the schedule if there are several.
func (j *Injector) acting(kind Kind, call int) (fault Fault, ok bool) {
	for _, f := range j.faults[kind] {
		if f.active(call) {
			fault, ok = f, true
		}
	}
	if ok {
		j.hit[kind] = true
		j.begun[kind] = fault.At == call
	}
	return fault, ok
}

// Next delivers the wrapped source's next pair, with the faults of this call done to it.
func (j *Injector) Next(ctx context.Context, dst *capture.Pair) error {
	j.turn.Lock()
	defer j.turn.Unlock()
	select {
	case <-j.closed:
		return ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	call := j.Counts().Calls
	j.hit, j.begun = [kinds]bool{}, [kinds]bool{}
	err := j.fail(ctx, call)
	if err == nil {
		err = j.deliver(ctx, call, dst)
	}
	if err != nil && err == ctx.Err() {
		return err // the call may come again: faults are tied to calls that ended by themselves
	}
	j.count(func(c *Counts) {
		c.Calls++
		if err == nil {
			c.Delivered++
		}
		for kind := range kinds {
			if j.hit[kind] {
				c.Hits[kind]++
			}
			if j.begun[kind] {
				c.Faults[kind]++
			}
		}
	})
	return err
}

// fail does the faults that come before a pair: the wait, the lost pairs, the error.
func (j *Injector) fail(ctx context.Context, call int) error {
	if f, ok := j.acting(Stall, call); ok {
		wait := f.For
		if wait == 0 {
			wait = math.MaxInt64
		}
		if err := sleep(ctx, j.closed, wait); err != nil {
			return err
		}
	}
	if f, ok := j.acting(Drop, call); ok {
		for range f.count() {
			if err := j.lose(ctx); err != nil {
				return err
			}
		}
	}
	if _, ok := j.acting(Unplug, call); ok {
		if j.hold { // was on its way when the cable came out; its own pair is another
			j.hold = false
			j.count(func(c *Counts) { c.Lost++ })
		}
		if err := j.lose(ctx); err != nil {
			return err
		}
		return ErrUnplugged
	}
	return nil
}

// lose pulls a pair that nobody gets.
func (j *Injector) lose(ctx context.Context) error {
	var pair capture.Pair
	if err := j.pull(ctx, &pair); err != nil {
		return err
	}
	j.count(func(c *Counts) { c.Lost++ })
	return nil
}

// pull takes the pair that is held back, or the source's next.
func (j *Injector) pull(ctx context.Context, dst *capture.Pair) error {
	if j.hold {
		j.hold = false
		dst.CopyFrom(&j.held)
		return nil
	}
	if err := j.src.Next(ctx, dst); err != nil {
		return err
	}
	j.count(func(c *Counts) { c.Pulled++ })
	return nil
}

func (j *Injector) deliver(ctx context.Context, call int, dst *capture.Pair) error {
	if _, ok := j.acting(Duplicate, call); ok && j.have {
		dst.CopyFrom(&j.last)
		j.count(func(c *Counts) { c.Repeated++ })
		return nil
	}
	if err := j.pull(ctx, dst); err != nil {
		return err
	}
	if _, ok := j.acting(Reorder, call); ok && !j.hold {
		j.held.CopyFrom(dst)
		switch err := j.pull(ctx, dst); err {
		case nil:
			j.hold = true
		case io.EOF: // there is no second pair to change places with
			dst.CopyFrom(&j.held)
		default:
			j.hold = true
			return err
		}
	}
	j.damage(call, dst)
	j.last.CopyFrom(dst)
	j.have = true
	return nil
}

// shift moves a pair's times.
func shift(p *capture.Pair, by time.Duration) {
	p.ColorTime += by
	p.DepthTime += by
}
