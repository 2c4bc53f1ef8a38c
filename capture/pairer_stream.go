package capture

import (
	"math"
	"time"
)

// A stream is the queue of frames of one kind that wait for a partner, oldest first; times increase strictly.
type stream[T any] struct {
	clock
	slots    []slot[T] // a ring; slots outside of the queue hold free memory
	head, n  int
	period   time.Duration
	in       int
	halves   int
	unpaired Unpaired
}

// clock is the time of the latest frame that a stream took.
type clock struct {
	last    time.Duration
	started bool
	heard   time.Duration // when the latest frame came, on the caller's clock; before the first, when the other's came
	hearing bool
}

type slot[T any] struct {
	time    time.Duration // of capture
	arrived time.Duration // on the caller's clock
	frame   T
}

func (s *stream[T]) at(i int) *slot[T] { return &s.slots[(s.head+i)%len(s.slots)] }

func (s *stream[T]) count() StreamCounts {
	return StreamCounts{In: s.in, Halves: s.halves, Unpaired: s.unpaired, Waiting: s.n}
}

// admit counts a frame and tells whether it takes part; one that repeats the time before does not.
func (s *stream[T]) admit(at time.Duration) bool {
	s.in++
	if s.started && at == s.last {
		s.unpaired.Duplicate++
		return false
	}
	return true
}

// hear notes that a frame of one stream came. A stream that has not begun counts as heard when the other begins.
func (p *Pairer) hear(c *clock, now time.Duration) {
	for _, s := range []*clock{&p.color.clock, &p.depth.clock} {
		if s == c || !s.hearing {
			s.heard, s.hearing = now, true
		}
	}
}

// silent tells whether frames of the other stream may leave alone.
func (p *Pairer) silent(c *clock, now time.Duration) bool {
	return p.o.Halves && sub(now, c.heard) >= p.o.Wait
}

// wentBack tells whether the clock was reset.
func (c *clock) wentBack(at, jump time.Duration) bool {
	return c.started && at < c.last && sub(c.last, at) > jump
}

// push takes a frame that was admitted. One that is older than the last although the clock did not go back comes late.
func (s *stream[T]) push(now, at time.Duration, back bool, frame *T) {
	if s.started && at < s.last && !back {
		s.unpaired.Late++
		return
	}
	s.last, s.started = at, true
	if s.n == len(s.slots) {
		s.drop(&s.unpaired.QueueFull)
	}
	slot := s.at(s.n)
	slot.time, slot.arrived = at, now
	slot.frame, *frame = *frame, slot.frame
	s.n++
}

// drop leaves the oldest frame out of every pair.
func (s *stream[T]) drop(reason *int) {
	*reason++
	s.head = (s.head + 1) % len(s.slots)
	s.n--
}

// forget drops what waits from before a clock went back: everything if it is this stream's clock, else what is later
// than the limit.
func (s *stream[T]) forget(back *clock, limit time.Duration) {
	mine := back == &s.clock
	for s.n > 0 && (mine || s.at(s.n-1).time > limit) {
		s.unpaired.ClockBack++
		s.n--
	}
	if !mine && s.last > limit {
		s.started = false
	}
}

// pop swaps the oldest frame into dst.
func (s *stream[T]) pop(dst *T) time.Duration {
	slot := s.at(0)
	*dst, slot.frame = slot.frame, *dst
	s.head = (s.head + 1) % len(s.slots)
	s.n--
	return slot.time
}

// due is when the oldest frame's wait ends.
func (s *stream[T]) due(other *clock, o *PairerOptions) time.Duration {
	t := s.at(0).arrived
	if o.Halves {
		t = min(t, other.heard)
	}
	return add(t, o.Wait)
}

// alone decides on the oldest frame while no frame of the other stream waits.
func (s *stream[T]) alone(other *clock, p *Pairer, now time.Duration, drop, expire, half decision) decision {
	x := s.at(0)
	switch {
	case p.silent(other, now):
		return half
	case p.ended:
		return drop
	case other.started && other.last > add(x.time, p.o.Window): // what comes is later still
		return drop
	case sub(now, x.arrived) >= p.o.Wait:
		return expire
	}
	return wait
}

// first decides on the oldest frame x when the oldest of the other stream, at time y, is not older. All that waits is
// later than x, so y is the nearest to x; the one question is whether the frame after x is nearer to y. Neither of the
// two waits for the answer beyond its time.
func (s *stream[T]) first(y, arrived time.Duration, p *Pairer, now time.Duration, drop decision) decision {
	x := s.at(0)
	gap := sub(y, x.time)
	if gap > p.o.Window {
		return drop
	}
	if s.n > 1 {
		if after := s.at(1).time; distance(after, y) < gap {
			return drop
		}
		return pair
	}
	if gap == 0 || p.ended || sub(now, min(x.arrived, arrived)) >= p.o.Wait || s.period/2 >= gap {
		return pair
	}
	return wait
}

func distance(a, b time.Duration) time.Duration {
	if a < b {
		a, b = b, a
	}
	return sub(a, b)
}

// sub returns a − b, and the largest or smallest duration where that does not fit: times come from devices.
func sub(a, b time.Duration) time.Duration {
	d := a - b
	switch {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64
	}
	return d
}

// add returns a + b, and the largest or smallest duration where that does not fit.
func add(a, b time.Duration) time.Duration {
	s := a + b
	switch {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	}
	return s
}
