package runtime

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/depthwise/depthwise/capture"
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
	if late := r.arrival(s.pair.Seq); late && r.p.Live {
		r.inHand = false
		r.drop(DropSuperseded, 1)
		return false, nil
	}
	if err := r.checkSize(&s.pair); err != nil {
		return false, r.dropOr(DropSize, err)
	}
	if s.spent = 0; r.reg != nil {
		begin := time.Now()
		if err := r.reg.Register(&s.spare, &s.pair.Depth); err != nil {
			return false, r.dropOr(DropUnregistered, err)
		}
		s.pair.Depth, s.spare = s.spare, s.pair.Depth
		s.spent = time.Since(begin)
	}
	r.broken = 0
	return true, nil
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

func (r *runner) checkSize(p *capture.Pair) error {
	c, d := &r.cal.Color, &r.cal.Depth
	switch {
	case p.Color.Width != c.Width || p.Color.Height != c.Height || len(p.Color.Pix) != 3*c.Width*c.Height:
		return fmt.Errorf("runtime: capture: frame %d: colour image is %d×%d in %d bytes, the calibration says %d×%d",
			p.Seq, p.Color.Width, p.Color.Height, len(p.Color.Pix), c.Width, c.Height)
	case p.Depth.Width != d.Width || p.Depth.Height != d.Height || len(p.Depth.Pix) != d.Width*d.Height:
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
