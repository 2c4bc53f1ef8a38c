package pairof

import (
	"math"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// A clock carries the times of one stream onto the axis on which the two streams are paired.
type clock struct {
	kind   Clock
	offset time.Duration
	sync   capture.ClockSync // of Arrival

	started bool
	raw     time.Duration // of the latest frame, the device's
	shift   time.Duration // of Begin: what is added to raw

	gaps [gapCount]time.Duration // the latest distances of two frames
	n    int
}

const gapCount = 16

func newClock(kind Clock, offset time.Duration) clock { return clock{kind: kind, offset: offset} }

// tell returns the common time of a frame that was taken at raw of the device's clock and arrived at now of ours.
func (c *clock) tell(now, raw time.Duration) time.Duration {
	if !c.started && c.kind == Begin {
		c.shift = sub(0, raw)
	}
	if step := sub(raw, c.raw); c.started && step > 0 {
		c.gaps[c.n%gapCount] = step
		c.n++
	}
	c.started, c.raw = true, raw
	told := add(raw, c.shift)
	if c.kind == Arrival {
		told = c.sync.Host(raw, now)
	}
	return add(told, c.offset)
}

// domain is whose clock the told times are of, when the frames' own are of from.
func (c *clock) domain(from capture.Domain) capture.Domain {
	switch c.kind {
	case Own:
		return from
	case Arrival:
		return capture.HostClock
	}
	return capture.UnknownClock
}

// period is the shortest distance between two frames lately; 0 while that is not known.
func (c *clock) period() time.Duration {
	if c.n < gapCount {
		return 0
	}
	least := c.gaps[0]
	for _, gap := range c.gaps {
		least = min(least, gap)
	}
	return least
}

// sub returns a − b, add a + b, and the largest or smallest duration where that does not fit: times come from devices.
func sub(a, b time.Duration) time.Duration {
	switch d := a - b; {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64
	default:
		return d
	}
}

func add(a, b time.Duration) time.Duration {
	switch s := a + b; {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	default:
		return s
	}
}
