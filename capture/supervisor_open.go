package capture

import (
	"context"
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
		if d, ok := r.src.(Resetter); ok && (why == ErrSilent || why == ErrFrozen || why == ErrHalf) {
			d.Reset()
		}
		err := r.src.Close()
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

// reopen tries until the device is there, ctx ends or the supervisor is closed.
func (s *Supervisor) reopen(ctx context.Context) error {
	wait := s.o.First
	for try := 1; ; try++ {
		src, err := s.attempt(ctx)
		switch {
		case err == nil && s.cal == (Calibration{}):
			s.cal = src.Calibration()
		case err == nil && src.Calibration() != s.cal:
			src.Close()
			err = fmt.Errorf("capture: supervisor: the device came back with another calibration")
		}
		if err == nil {
			s.attach(src)
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

// attempt opens the device once, and waits no longer than OpenWait for it. One that opens later is closed.
func (s *Supervisor) attempt(ctx context.Context) (Source, error) {
	if s.Counts().Hanging >= s.o.Hanging {
		return nil, errHanging
	}
	type opened struct {
		src Source
		err error
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.OpenWait)
	done, gone := make(chan opened), make(chan struct{})
	s.count(func(c *SupervisorCounts) { c.Hanging++ })
	go func() {
		defer cancel()
		var o opened
		o.src, o.err = begin(ctx, s.open)
		s.count(func(c *SupervisorCounts) { c.Hanging-- })
		select {
		case done <- o:
		case <-gone:
			if o.err == nil {
				o.src.Close()
			}
		}
	}()
	select {
	case o := <-done:
		return o.src, o.err
	case <-ctx.Done():
		close(gone)
		if ctx.Err() == context.DeadlineExceeded {
			return nil, errOpenWait
		}
		return nil, ctx.Err()
	case <-s.closed:
		close(gone)
		cancel()
		return nil, errClosed
	}
}

// begin opens, a panic of which is an error.
func begin(ctx context.Context, open Open) (src Source, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("capture: supervisor: opening panics: %v", v)
		}
	}()
	return open(ctx)
}
