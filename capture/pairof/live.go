package pairof

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// The pause between two tries of a stream that fails while the other goes on alone.
const firstPause, longestPause = 50 * time.Millisecond, 2 * time.Second

// pump reads side i as fast as its frames come. An error waits until Next has told it, or with halves a while; only then
// is the source asked again, so that one that only fails does not spin.
func (s *Source) pump(i int) {
	d := s.side[i]
	defer close(d.done)
	pause := firstPause
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		err := next(s.ctx, d.src, &d.pair)
		switch {
		case s.ctx.Err() != nil:
			return
		case err == nil:
			s.push(i, time.Since(s.epoch))
			pause = firstPause
			s.signal()
			continue
		case err == io.EOF:
			s.end(i)
			s.signal()
			return
		}
		s.mu.Lock()
		d.err = err
		d.errors++
		s.mu.Unlock()
		s.signal()
		if s.o.Halves {
			timer.Reset(pause)
			pause = min(2*pause, longestPause)
		}
		select {
		case <-d.again:
		case <-timer.C:
		case <-s.closed:
			return
		}
	}
}

// next is a source's Next, a panic of which is an error: it would end the process, from a goroutine.
func next(ctx context.Context, src capture.Source, dst *capture.Pair) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the source panics: %v", v)
		}
	}()
	return src.Next(ctx, dst)
}

func (s *Source) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Source) nextLive(ctx context.Context, dst *capture.Pair) error {
	for {
		if err := s.interrupted(ctx); err != nil {
			return err
		}
		ok, due, err := s.look(dst)
		if ok {
			return nil
		}
		if err != nil {
			return err
		}
		s.timer.Reset(due)
		select {
		case <-s.wake:
		case <-s.timer.C:
		case <-ctx.Done():
		case <-s.closed:
		}
	}
}

// look takes the next pair or, if there is none, the error to tell; else due is how long to wait for either.
func (s *Source) look(dst *capture.Pair) (ok bool, due time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(s.epoch)
	s.pairer.SetPeriods(s.side[0].clock.period(), s.side[1].clock.period())
	s.settle()
	if s.pairer.Next(now, &s.out) {
		s.deliver(dst)
		return true, 0, nil
	}
	if err := s.failure(); err != nil {
		return false, 0, err
	}
	if s.behind() < 0 {
		return false, 0, io.EOF
	}
	due = time.Hour
	if at, waits := s.pairer.Due(); waits {
		due = max(at-now, 0)
	}
	return false, due, nil
}

// failure is the error that Next tells now, and lets its stream be asked again.
func (s *Source) failure() error {
	c, d := s.side[0], s.side[1]
	if s.o.Halves && (c.err == nil && !c.ended || d.err == nil && !d.ended) {
		return nil
	}
	for _, x := range s.side {
		if x.err == nil {
			continue
		}
		err := fmt.Errorf("pairof: %s: %w", x.name, x.err)
		x.err = nil
		select {
		case x.again <- struct{}{}:
		default: // with halves it may be trying already
		}
		return err
	}
	return nil
}
