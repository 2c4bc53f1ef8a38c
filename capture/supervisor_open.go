package capture

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lose gives a device up.
func (s *Supervisor) lose(why error) {
	r := s.run
	s.run, s.lostAt = nil, time.Now()
	s.count(func(c *SupervisorCounts) { c.Lost++ })
	s.tell(SupervisorEvent{Kind: DeviceLost, Err: why})
	s.detach(r, why)
}

func (s *Supervisor) tell(e SupervisorEvent) {
	if e.Down = time.Since(s.lostAt); s.o.Told != nil {
		s.o.Told(e)
	}
}

// detach resets the device if it hangs, closes it and waits for its goroutine, all no longer than CloseWait. What goes
// on after that is counted as hanging until it ends.
func (s *Supervisor) detach(r *attached, why error) error {
	r.cancel()
	close(r.ask)
	done := make(chan error, 1)
	s.count(func(c *SupervisorCounts) { c.Hanging++ })
	go func() {
		if d, ok := r.src.(Resetter); ok && hangs(why) {
			guard("its reset", d.Reset)
		}
		err := guard("closing it", r.src.Close)
		<-r.ended
		s.count(func(c *SupervisorCounts) { c.Hanging-- })
		done <- err
	}()
	wait := time.NewTimer(s.o.CloseWait)
	defer wait.Stop()
	select {
	case err := <-done:
		return err
	case <-wait.C:
		return fmt.Errorf("capture: supervisor: the device does not close within %v", s.o.CloseWait)
	}
}

// hangs tells whether a device is lost that has not gone.
func hangs(why error) bool {
	return errors.Is(why, ErrSilent) || errors.Is(why, ErrFrozen) || errors.Is(why, ErrHalf) || errors.Is(why, ErrSize)
}

// guard calls what belongs to a device, a panic of which is an error.
func guard(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("capture: supervisor: %s panics: %v", what, v)
		}
	}()
	return f()
}

// reopen tries until the device is there, ctx ends or the supervisor is closed.
func (s *Supervisor) reopen(ctx context.Context) error {
	wait := s.o.First
	for try := 1; ; try++ {
		d, err := s.attempt(ctx)
		switch {
		case err == nil && s.cal == (Calibration{}):
			s.cal = d.cal
		case err == nil && d.cal != s.cal:
			go s.discard(d)
			err = fmt.Errorf("capture: supervisor: the device came back with another calibration: %s, it was %s", sizes(&d.cal), sizes(&s.cal))
		}
		if err == nil {
			s.attach(d.src)
			s.tell(SupervisorEvent{Kind: DeviceBack, Try: try})
			return nil
		}
		select {
		case <-s.closed:
			return errClosed
		default:
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.count(func(c *SupervisorCounts) { c.Failed++ })
		s.tell(SupervisorEvent{Kind: OpenFailed, Err: err, Try: try})
		jitter := 0.75 + s.rng.Float64()/2
		s.timer.Reset(time.Duration(jitter * float64(wait)))
		select {
		case <-s.timer.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return errClosed
		}
		wait = min(2*wait, s.o.Most)
	}
}

// discard closes a device that is not wanted, which counts as hanging until then.
func (s *Supervisor) discard(d opened) {
	s.count(func(c *SupervisorCounts) { c.Hanging++ })
	guard("closing it", d.src.Close)
	s.count(func(c *SupervisorCounts) { c.Hanging-- })
}

// sizes are a calibration's images in words.
func sizes(c *Calibration) string {
	return fmt.Sprintf("colour %d×%d at fx %.2f, depth %d×%d at fx %.2f", c.Color.Width, c.Color.Height, c.Color.Fx, c.Depth.Width, c.Depth.Height, c.Depth.Fx)
}

// opened is a device that was just opened.
type opened struct {
	src Source
	cal Calibration
}

// attempt opens the device once, and waits no longer than OpenWait for it. One that opens later is closed.
func (s *Supervisor) attempt(ctx context.Context) (d opened, err error) {
	if s.Counts().Hanging >= s.o.Hanging {
		return d, errHanging
	}
	type answer struct {
		opened
		err error
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.OpenWait)
	done, gone := make(chan answer), make(chan struct{})
	s.count(func(c *SupervisorCounts) { c.Hanging++ })
	go func() {
		defer cancel()
		var a answer
		a.err = guard("opening it", func() (err error) {
			if a.src, err = s.open(ctx); err == nil && a.src == nil {
				err = errors.New("capture: supervisor: nothing was opened")
			} else if err == nil {
				a.cal = a.src.Calibration()
			}
			return err
		})
		s.count(func(c *SupervisorCounts) { c.Hanging-- })
		select {
		case done <- a:
		case <-gone:
			if a.src != nil {
				s.discard(a.opened)
			}
		}
	}()
	select {
	case a := <-done:
		return a.opened, a.err
	case <-ctx.Done():
		close(gone)
		if ctx.Err() == context.DeadlineExceeded {
			return d, errOpenWait
		}
		return d, ctx.Err()
	case <-s.closed:
		close(gone)
		cancel()
		return d, errClosed
	}
}
