package gpio

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"periph.io/x/conn/v3/gpio"
)

// A Trigger is a source that gives a pulse before each frame that it asks the source for, as cameras in hardware trigger
// mode need. While the frame does not come, it repeats the pulse: a camera that missed one would wait for ever.
type Trigger struct {
	capture.Source
	spec  TriggerSpec
	clock Clock

	mu     sync.Mutex // of the pin
	pin    gpio.PinOut
	pulses uint64
	closed bool
}

var _ capture.Source = (*Trigger)(nil)

// NewTrigger takes the source over, and gives the line its safe level. A nil clock is RealClock.
func NewTrigger(src capture.Source, spec TriggerSpec, pin gpio.PinOut, clock Clock) (*Trigger, error) {
	if clock == nil {
		clock = RealClock{}
	}
	if err := pin.Out(spec.Line.Safe); err != nil {
		return nil, fmt.Errorf("gpio: trigger %s: %w", spec.Line.Name, err)
	}
	return &Trigger{Source: src, spec: spec, clock: clock, pin: pin}, nil
}

// Next pulses the line and returns the source's next pair.
func (t *Trigger) Next(ctx context.Context, dst *capture.Pair) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.pulse(ctx); err != nil {
		return err
	}
	if t.spec.Repeat == 0 {
		return t.Source.Next(ctx, dst)
	}
	come := make(chan struct{})
	ended := make(chan error, 1)
	go func() { ended <- t.again(ctx, come) }()
	err := t.Source.Next(ctx, dst)
	close(come)
	if failed := <-ended; failed != nil {
		return errors.Join(failed, err)
	}
	return err
}

// again repeats the pulse until the frame has come.
func (t *Trigger) again(ctx context.Context, come <-chan struct{}) error {
	for {
		select {
		case <-come:
			return nil
		case <-ctx.Done():
			return nil
		case <-t.clock.After(t.spec.Repeat):
			if err := t.pulse(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// pulse makes the line active for the width. It is back at rest when pulse returns, whatever happens.
func (t *Trigger) pulse(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil // the source tells that it is closed
	}
	err := t.pin.Out(t.spec.Line.Active)
	if err == nil {
		t.pulses++
		select {
		case <-t.clock.After(t.spec.Width):
		case <-ctx.Done():
		}
	}
	if e := t.pin.Out(t.spec.Line.Safe); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("gpio: trigger %s: %w", t.spec.Line.Name, err)
	}
	return nil
}

// Pulses is how many pulses were given.
func (t *Trigger) Pulses() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pulses
}

// Close gives the line its safe level and closes the source.
func (t *Trigger) Close() error {
	t.mu.Lock()
	t.closed = true
	err := t.pin.Out(t.spec.Line.Safe)
	t.mu.Unlock()
	return errors.Join(err, t.Source.Close())
}

// Live is the source's: a trigger makes no recording a device.
func (t *Trigger) Live() bool { return isLive(t.Source) }

// Skipped is what the source left out so far, for a pipeline.
func (t *Trigger) Skipped() uint64 {
	if s, ok := t.Source.(interface{ Skipped() uint64 }); ok {
		return s.Skipped()
	}
	return 0
}

// Unwrap is the source that the trigger is for.
func (t *Trigger) Unwrap() capture.Source { return t.Source }

func isLive(src capture.Source) bool {
	l, ok := src.(interface{ Live() bool })
	return ok && l.Live()
}

// slice is the longest single wait for an edge: short enough that the end of a run is not noticed, and never 0 or
// negative, which periph's drivers understand as for ever or not at all.
const slice = 100 * time.Millisecond
