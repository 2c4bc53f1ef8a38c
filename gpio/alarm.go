package gpio

import "time"

// alarm decides, from share to share, whether an alarm is on. It reads no clock.
type alarm struct {
	spec AlarmSpec
	on   bool
	// since is when the share first was beyond the limit without a break, while the alarm is off, and when the alarm
	// tripped, while it is on.
	since  time.Time
	beyond bool
}

// see takes the share of a mask at a time, and tells whether the alarm is on. The share must exceed the limit for the
// spec's After to trip it; it ends when the share is at most the lower limit and Hold has passed.
func (a *alarm) see(share float64, now time.Time) bool {
	switch {
	case a.on:
		if share <= a.spec.Share*(1-a.spec.Hysteresis) && now.Sub(a.since) >= a.spec.Hold {
			a.on, a.beyond = false, false
		}
	case !(share > a.spec.Share):
		a.beyond = false
	default:
		if !a.beyond {
			a.beyond, a.since = true, now
		}
		if now.Sub(a.since) >= a.spec.After {
			a.on, a.since = true, now
		}
	}
	return a.on
}

// forget is what the alarm does when frames no longer come: what it saw says nothing of what is there now.
func (a *alarm) forget() { a.on, a.beyond = false, false }

// cover is the share of the region's pixels that have the class.
func (s *AlarmSpec) cover(class uint8, classes []uint8, width, height int) float64 {
	x0, y0, x1, y1 := s.pixels(width, height)
	n := 0
	for y := y0; y < y1; y++ {
		for _, c := range classes[y*width+x0 : y*width+x1] {
			if c == class {
				n++
			}
		}
	}
	return float64(n) / float64((x1-x0)*(y1-y0))
}
