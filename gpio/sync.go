package gpio

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"periph.io/x/conn/v3/gpio"
)

// A Sync is a source that delivers one pair for each edge of a line: the part is in place, the wheel has turned.
//
// Of a recording, the next pair is read after an edge. A device runs freely: its pairs are taken as they come, and the
// first that was asked for after an edge is delivered; the others are counted as Unasked. An edge that comes while the
// last one's pair is not taken yet is one of Missed.
type Sync struct {
	src   capture.Source
	spec  SyncSpec
	pin   gpio.PinIn
	clock Clock
	live  bool

	turn sync.Mutex // held by Next
	seq  uint64

	mu    sync.Mutex
	stats SyncStats
	last  time.Time // of the latest edge that counted

	edge   chan struct{} // an edge that no pair answers yet
	closed chan struct{}
	done   chan struct{}
	once   sync.Once
	shut   error
}

// SyncStats count edges and pairs.
type SyncStats struct {
	Edges   uint64 // that counted
	Bounced uint64 // within the debounce time of one that counted
	Missed  uint64 // that came before the last one's pair was taken
	Unasked uint64 // pairs of a device that no edge asked for
}

var _ capture.Source = (*Sync)(nil)

// ErrNoEdge is what Next tells when no edge came within the spec's Timeout.
var ErrNoEdge = errors.New("no edge came")

// NewSync takes the source over and sets the line up as an input. A nil clock is RealClock.
func NewSync(src capture.Source, spec SyncSpec, pin gpio.PinIn, clock Clock) (*Sync, error) {
	if clock == nil {
		clock = RealClock{}
	}
	if err := pin.In(spec.Pull, spec.Edge); err != nil {
		return nil, fmt.Errorf("gpio: sync %s: %w", spec.Name, err)
	}
	s := &Sync{src: src, spec: spec, pin: pin, clock: clock, live: isLive(src), edge: make(chan struct{}, 1), closed: make(chan struct{}),
		done: make(chan struct{})}
	go s.listen()
	return s, nil
}

// listen waits for edges, a slice of time after the other, until Close.
func (s *Sync) listen() {
	defer close(s.done)
	for {
		begin := time.Now()
		came := s.pin.WaitForEdge(slice)
		select {
		case <-s.closed:
			return
		default:
		}
		if came {
			s.note()
			continue
		}
		// A driver that fails says "no edge" at once; that must not become a busy loop.
		if spent := time.Since(begin); spent < slice/10 {
			select {
			case <-s.closed:
				return
			case <-time.After(slice / 10):
			}
		}
	}
}

// note takes an edge.
func (s *Sync) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if !s.last.IsZero() && now.Sub(s.last) < s.spec.Debounce {
		s.stats.Bounced++
		return
	}
	s.last = now
	s.stats.Edges++
	select {
	case s.edge <- struct{}{}:
	default:
		s.stats.Missed++
	}
}

// Calibration is the source's.
func (s *Sync) Calibration() capture.Calibration { return s.src.Calibration() }

// Live is the source's.
func (s *Sync) Live() bool { return s.live }

// Unwrap is the source that the edges ask.
func (s *Sync) Unwrap() capture.Source { return s.src }

// Stats is a copy of the counts so far.
func (s *Sync) Stats() SyncStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Next waits for an edge and returns a pair for it. Seq counts these pairs. Without an edge for the spec's Timeout it is an
// error that wraps ErrNoEdge; Next may be called again.
func (s *Sync) Next(ctx context.Context, dst *capture.Pair) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	var err error
	if s.live {
		err = s.nextLive(ctx, dst)
	} else if err = s.wait(ctx); err == nil {
		if err = s.src.Next(ctx, dst); err != nil && ctx.Err() != nil {
			s.giveBack()
		}
	}
	if err == nil {
		dst.Seq = s.seq
		s.seq++
	}
	return err
}

// wait waits for an edge.
func (s *Sync) wait(ctx context.Context) error {
	if err := s.interrupted(ctx); err != nil {
		return err
	}
	var late <-chan time.Time
	if s.spec.Timeout > 0 {
		late = s.clock.After(s.spec.Timeout)
	}
	select {
	case <-s.edge:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return s.interrupted(ctx)
	case <-late:
		return s.timedOut()
	}
}

func (s *Sync) timedOut() error {
	return fmt.Errorf("gpio: sync %s: %w for %v", s.spec.Name, ErrNoEdge, s.spec.Timeout)
}

// giveBack keeps an edge whose pair did not come because the caller went away.
func (s *Sync) giveBack() {
	select {
	case s.edge <- struct{}{}:
	default:
	}
}

// nextLive takes pairs as they come until one was asked for after an edge.
func (s *Sync) nextLive(ctx context.Context, dst *capture.Pair) error {
	var late <-chan time.Time
	if s.spec.Timeout > 0 {
		late = s.clock.After(s.spec.Timeout)
	}
	for {
		if err := s.interrupted(ctx); err != nil {
			return err
		}
		asked := false
		select {
		case <-s.edge:
			asked = true
		case <-late:
			return s.timedOut()
		default:
		}
		if err := s.src.Next(ctx, dst); err != nil {
			if asked {
				s.giveBack()
			}
			return err
		}
		if asked {
			return nil
		}
		s.mu.Lock()
		s.stats.Unasked++
		s.mu.Unlock()
	}
}

func (s *Sync) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return fmt.Errorf("gpio: sync %s: %w", s.spec.Name, fs.ErrClosed)
	default:
		return nil
	}
}

// Close closes the source and ends the wait for edges, within a slice.
func (s *Sync) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.shut = s.src.Close()
		<-s.done
		if err := s.pin.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
			s.shut = errors.Join(s.shut, fmt.Errorf("gpio: sync %s: %w", s.spec.Name, err))
		}
	})
	return s.shut
}
