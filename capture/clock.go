package capture

import "time"

// Domain names the clock that a pair's times are of.
type Domain string

const (
	UnknownClock Domain = ""
	DeviceClock  Domain = "device" // the camera's own: starts with it, drifts against the host's
	HostClock    Domain = "host"   // the computer's, at arrival or mapped to it by the driver
	GlobalClock  Domain = "global" // one that several devices share: UTC, or the device's clock fitted to the host's
)

// ParseDomain is the domain of that name; UnknownClock for any other.
func ParseDomain(name string) Domain {
	switch d := Domain(name); d {
	case DeviceClock, HostClock, GlobalClock:
		return d
	}
	return UnknownClock
}

// A Counter turns a device's counter, which wraps, into a time that does not: it extends Bits bits by counting the
// wraps. A step of up to a quarter of the range backwards is a frame that comes late, one further back is a wrap; a
// device that begins anew cannot be told from a wrap by the counter alone, so whoever reopens a device takes a new
// Counter. The zero value of the counts is ready. Not safe for concurrent use.
type Counter struct {
	Bits uint          // width of the counter, 1 to 63
	Tick time.Duration // of one step: time.Microsecond, time.Millisecond

	last    uint64
	started bool
	base    int64 // of wraps
}

// Time is the time of a counter value: the value itself until the first wrap, and on from there. A late frame from before
// the first value's wrap has a negative time.
func (c *Counter) Time(raw uint64) time.Duration {
	span := uint64(1) << c.Bits
	raw &= span - 1
	if !c.started {
		c.last, c.started = raw, true
	}
	if back := (c.last - raw) & (span - 1); back != 0 && back <= span/4 { // late, perhaps from before the last wrap
		base := c.base
		if raw > c.last {
			base -= int64(span)
		}
		return time.Duration(base+int64(raw)) * c.Tick
	}
	if raw < c.last {
		c.base += int64(span)
	}
	c.last = raw
	return time.Duration(c.base+int64(raw)) * c.Tick
}
