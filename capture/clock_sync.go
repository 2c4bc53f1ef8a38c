package capture

import "time"

// A ClockSync maps a device's clock to the host's from the times at which frames arrived. A frame arrives after it was
// taken, early at best and late when the bus or the scheduler is busy, so host − device is the clocks' offset plus a
// delay that only ever adds: the smallest difference of a window of frames is the offset plus the shortest delay. The
// smallest of the last and of the present window give the drift between them, so that the map follows two crystals
// that run apart (Paxson, On calibrating measurements of packet transit times, SIGMETRICS 1998, sections 3 and 5, for
// the principle). Not safe for concurrent use.
//
// The shortest delay itself (exposure and transfer) cannot be seen from arrivals; it is the same in every frame.
type ClockSync struct {
	// Window is how long, in device time, the smallest difference is looked for; default 2 s.
	Window time.Duration
	// Jump is a change of host − device that is no delay but a clock that was set or began anew; default 1 s.
	Jump time.Duration

	// Wrap is after how long the device's clock begins at 0 again; default 2³² µs, as of counters of 32 bits. The map and
	// its drift go on over a wrap.
	Wrap time.Duration

	Resets int // how often a clock jumped
	Wraps  int // how often the device's clock wrapped

	started     bool
	wrapped     time.Duration // of all wraps, added to device times
	begin       time.Duration // of the present window, device time
	now, before sample        // smallest difference of the present and the last window
	have        bool          // whether there is a last window
	rate        float64       // host seconds a device second, minus 1
	lastD       time.Duration
	lastOut     time.Duration
	anyOut      bool
}

// sample is where the difference host − device was smallest.
type sample struct{ device, diff time.Duration }

// wrapSlack is how far from a wrap a jump may be to be taken for one: the delay of a frame that is late, and little more,
// so that a clock that was set is hardly ever.
const wrapSlack = 100 * time.Millisecond

// maxDrift bounds the rate: crystals are within 100 parts per million, a bad one within a few hundred.
const maxDrift = 500e-6

// Host takes a frame's device time and the host time of its arrival, and returns the host time at which it was taken,
// less the shortest delay. The results never decrease while neither clock jumps.
func (c *ClockSync) Host(device, arrived time.Duration) time.Duration {
	window, jump := c.Window, c.Jump
	if window <= 0 {
		window = 2 * time.Second
	}
	if jump <= 0 {
		jump = time.Second
	}
	wrap := c.Wrap
	if wrap <= 0 {
		wrap = 1 << 32 * time.Microsecond
	}
	device = add(device, c.wrapped)
	diff := sub(arrived, device)
	if c.started {
		beyond := add(device, wrap)
		switch d := sub(diff, c.offset(device)); {
		case d <= jump && d >= -jump:
		case sub(sub(arrived, beyond), c.offset(beyond)).Abs() < wrapSlack:
			c.Wraps++
			c.wrapped = add(c.wrapped, wrap)
			device, diff = beyond, sub(arrived, beyond)
		default:
			c.Resets++
			c.started, c.have, c.anyOut, c.rate = false, false, false, 0
		}
	}
	s := sample{device, diff}
	switch {
	case !c.started:
		c.started, c.begin, c.now = true, device, s
	case sub(device, c.begin) >= window:
		if c.have {
			if span := sub(c.now.device, c.before.device); span >= window/2 {
				rate := float64(c.now.diff-c.before.diff) / float64(span)
				rate = min(max(rate, -maxDrift), maxDrift)
				c.rate += float64((rate - c.rate) / 4) // a window's minimum is noisy: follow slowly
			}
		}
		c.before, c.have = c.now, true
		c.begin, c.now = device, s
	case float64(diff) < float64(c.now.diff)+float64(c.rate*float64(sub(device, c.now.device))):
		c.now = s
	}
	out := add(device, c.offset(device))
	if c.anyOut && device >= c.lastD && out < c.lastOut {
		out = c.lastOut
	}
	if !c.anyOut || device >= c.lastD {
		c.lastD, c.lastOut, c.anyOut = device, out, true
	}
	return out
}

// Drift is how much faster the host's clock runs than the device's: seconds a second, positive when the host gains.
func (c *ClockSync) Drift() float64 { return c.rate }

// offset is host − device at a device time: the smaller of what the last and the present window say.
func (c *ClockSync) offset(device time.Duration) time.Duration {
	at := func(s sample) time.Duration {
		return add(s.diff, time.Duration(c.rate*float64(sub(device, s.device))))
	}
	o := at(c.now)
	if c.have {
		o = min(o, at(c.before))
	}
	return o
}
