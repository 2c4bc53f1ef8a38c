package runtime

import (
	"sync/atomic"
	"time"
)

// Pressure says why a frame should cost less than the main student does.
type Pressure int32

const (
	NoPressure Pressure = iota
	TooSlow             // frames took longer than the deadline
	TooHot              // a temperature is above its limit
	Throttled           // the processor was slowed down, for heat or for want of voltage
)

func (p Pressure) String() string {
	return [...]string{"", "over the deadline", "over temperature", "the processor is throttled"}[p]
}

// A Budget watches how long the main student's frames take. After Misses late ones in a row it is under pressure, for
// Back at first; then one frame tries the main student again, and when that is late, too, the next try waits twice as
// long, up to a minute. Done is called by one goroutine.
type Budget struct {
	Deadline time.Duration
	Misses   int           // default 3
	Back     time.Duration // default 5 s

	late  int
	wait  time.Duration
	until time.Time
	tried bool // the last pressure is over, and the next frame says whether it was right to end it
	over  atomic.Bool
}

const maxBack = time.Minute

// Pressure is TooSlow while a cheaper student should work.
func (b *Budget) Pressure() Pressure {
	if b.over.Load() {
		return TooSlow
	}
	return NoPressure
}

// Done tells of a frame that ended at now: its age, and whether the main student made it.
func (b *Budget) Done(main bool, age time.Duration, now time.Time) {
	misses, back := b.Misses, b.Back
	if misses <= 0 {
		misses = 3
	}
	if back <= 0 {
		back = 5 * time.Second
	}
	if b.over.Load() {
		if !now.Before(b.until) {
			b.over.Store(false)
			b.tried, b.late = true, 0
		}
		return
	}
	if !main {
		return
	}
	if age <= b.Deadline {
		if b.late = 0; b.tried {
			b.tried, b.wait = false, 0
		}
		return
	}
	b.late++
	if b.late < misses && !b.tried {
		return
	}
	if b.wait == 0 {
		b.wait = back
	} else if b.tried {
		b.wait = min(2*b.wait, max(maxBack, back))
	}
	b.until, b.late, b.tried = now.Add(b.wait), 0, false
	b.over.Store(true)
}
