package runtime

import (
	"context"
	"fmt"
	"io"
	"time"
)

// capture reads and registers pairs until the source or the context ends. It closes ready.
func (r *runner) capture(ctx context.Context) (err error) {
	defer close(r.ready)
	defer func() {
		if r.inHand {
			r.drop(DropUnregistered, 1) // a panic took it
		}
	}()
	defer catch("capture", &err)
	for n := uint64(0); r.p.Frames == 0 || n < r.p.Frames; n++ {
		var s *slot
		select {
		case s = <-r.free:
		case <-ctx.Done():
			return nil
		}
		ok := false
		for !ok && ctx.Err() == nil {
			if ok, err = r.take(ctx, s); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
		if !ok || !r.deliver(ctx, s) {
			return nil
		}
	}
	return nil
}

// take fills s. It returns false for a frame that was dropped, io.EOF at the end, and the error that ends the run.
func (r *runner) take(ctx context.Context, s *slot) (ok bool, err error) {
	err = r.p.Source.Next(ctx, &s.pair)
	r.skips()
	switch {
	case err == io.EOF || err != nil && ctx.Err() != nil:
		return false, io.EOF
	case err != nil:
		r.failed++
		r.arrived(1)
		return false, r.dropOr(DropUnreadable, err)
	}
	s.arrived = time.Now()
	if r.arrives(&s.pair) {
		r.inHand = false
		r.drop(DropLate, 1)
		return false, nil
	}
	r.look(s)
	if err := r.checkSize(s); err != nil {
		return false, r.dropOr(DropSize, err)
	}
	if err := r.register(s); err != nil {
		return false, r.dropOr(DropUnregistered, err)
	}
	s.spent = time.Since(s.arrived)
	r.broken = 0
	return true, nil
}

// look finds out which images of s can be used.
func (r *runner) look(s *slot) {
	if r.monitor != nil {
		s.health = r.monitor.Look(&s.pair)
		return
	}
	s.health = Health{}
	if !s.pair.HasColor() {
		s.health.Color.Trouble = Unplugged
	}
	if !s.pair.HasDepth() {
		s.health.Depth.Trouble = Unplugged
	}
}

// register carries depth into the colour camera. An image that is missing or of a wrong size becomes one of zeros, so
// that what follows has sizes to rely on.
func (r *runner) register(s *slot) error {
	if t := s.health.Color.Trouble; t == Unplugged || t == WrongSize {
		s.pair.Color.Resize(r.cal.Color.Width, r.cal.Color.Height)
		clear(s.pair.Color.Pix)
	}
	t := s.health.Depth.Trouble
	switch {
	case t == Unplugged || t == WrongSize || r.reg != nil && t != Fine:
		in := &r.cal.Depth
		if r.reg != nil {
			in = &r.cal.Color
		}
		s.pair.Depth.Resize(in.Width, in.Height)
		clear(s.pair.Depth.Pix)
	case r.reg != nil:
		if err := r.reg.Register(&r.spare, &s.pair.Depth); err != nil {
			return err
		}
		s.pair.Depth, r.spare = r.spare, s.pair.Depth
	}
	return nil
}

// skips counts the frames that the source itself left out since the last call: they are unreadable, and have used up a
// number each.
func (r *runner) skips() {
	if r.skipper == nil {
		return
	}
	if n := r.skipper.Skipped(); n > r.skipped {
		r.arrived(n - r.skipped)
		r.drop(DropUnreadable, n-r.skipped)
		r.failed += n - r.skipped
		r.skipped = n
	}
}

// dropOr counts a frame that failed, and returns the error that ends the run, or nil to go on.
func (r *runner) dropOr(why Drop, err error) error {
	r.inHand = false
	r.drop(why, 1)
	if r.p.OnError != Skip {
		return err
	}
	if r.broken++; r.broken >= maxErrors {
		return fmt.Errorf("runtime: capture: gave up after %d errors in a row: %w", maxErrors, err)
	}
	return nil
}

func (r *runner) arrived(n uint64) {
	r.mu.Lock()
	r.sum.Frames += n
	r.mu.Unlock()
}

// checkSize refuses a pair of which an image has another size than the calibration says. Checks know that of each image,
// and leave it to the policy.
func (r *runner) checkSize(s *slot) error {
	if r.monitor != nil {
		return nil
	}
	p, c, d := &s.pair, &r.cal.Color, &r.cal.Depth
	color, depth := s.health.Color.Trouble, s.health.Depth.Trouble
	switch {
	case (color != Unplugged || depth == Unplugged) &&
		(p.Color.Width != c.Width || p.Color.Height != c.Height || len(p.Color.Pix) != 3*c.Width*c.Height):
		return fmt.Errorf("runtime: capture: frame %d: colour image is %d×%d in %d bytes, the calibration says %d×%d",
			p.Seq, p.Color.Width, p.Color.Height, len(p.Color.Pix), c.Width, c.Height)
	case (depth != Unplugged || color == Unplugged) &&
		(p.Depth.Width != d.Width || p.Depth.Height != d.Height || len(p.Depth.Pix) != d.Width*d.Height):
		return fmt.Errorf("runtime: capture: frame %d: depth image is %d×%d in %d readings, the calibration says %d×%d",
			p.Seq, p.Depth.Width, p.Depth.Height, len(p.Depth.Pix), d.Width, d.Height)
	}
	return nil
}

// deliver hands s on: in order and waiting for room, or, live, in place of an older one that still waits. It returns
// false when the run ends.
func (r *runner) deliver(ctx context.Context, s *slot) bool {
	r.inHand = false
	if r.p.Live {
		select {
		case old := <-r.ready:
			r.drop(DropSuperseded, 1)
			r.free <- old // there is room for all slots
		default:
		}
	}
	select {
	case r.ready <- s:
		return true
	case <-ctx.Done():
		r.drop(DropShutdown, 1)
		return false
	}
}
