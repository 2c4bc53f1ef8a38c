package capture

import (
	"math"
	"time"
)

// PairerOptions are the bounds within which a [Pairer] looks for partners. The zero value suits two streams at 30
// frames a second.
type PairerOptions struct {
	// Window is the largest skew of a pair, in either direction; default 1/60 s. A window below half the slower
	// stream's period never leaves a choice between two partners for long.
	Window time.Duration
	// Wait is how long, on the clock of the now arguments, a frame waits for its partner or for the proof that it has
	// the nearest one; default 100 ms.
	Wait time.Duration
	// Queue is how many frames of each stream wait at most; default 8, at least 2.
	Queue int
	// Jump is how far a stream's time must go back to count as a reset of its clock instead of frames that come late;
	// default 500 ms.
	Jump time.Duration
	// ColorPeriod and DepthPeriod are the shortest time from one frame of the stream to the next. With them a pair
	// whose skew is at most half the period leaves at once; at 0, unknown, it leaves when the next frame proves that no
	// nearer one comes, or when the wait ends.
	ColorPeriod, DepthPeriod time.Duration
	// DepthOffset is added to the times of depth frames: what the depth clock lags behind the colour clock.
	DepthOffset time.Duration
	// Halves lets the frames of one stream through alone, as half pairs, while the other stream is silent: when nothing
	// of it has come for as long as Wait.
	Halves bool
}

// Unpaired counts the frames of one stream that no pair has, by reason.
type Unpaired struct {
	NoPartner int // no frame of the other stream within the window, or its nearest one was nearer to another
	TimedOut  int // none came while it waited
	Late      int // it came after a later frame of its own stream
	Duplicate int // it has the time of the frame before it
	ClockBack int // it waited when a clock went back, and belongs to the time before
	QueueFull int // it was the oldest when its queue overflowed
}

// Total returns the sum over the reasons.
func (u Unpaired) Total() int {
	return u.NoPartner + u.TimedOut + u.Late + u.Duplicate + u.ClockBack + u.QueueFull
}

// StreamCounts is what became of the frames of one stream. In = pairs + Halves + Unpaired.Total() + Waiting, always.
type StreamCounts struct {
	In       int
	Halves   int // given alone, under PairerOptions.Halves
	Unpaired Unpaired
	Waiting  int
}

// PairerCounts are a [Pairer]'s counters.
type PairerCounts struct {
	Pairs        int // of two frames
	Color, Depth StreamCounts
	Resets       int // how often a clock went back
}

// A Pairer puts the frames of a colour and a depth stream together by their capture times.
//
// Two frames are a pair if each is the other's nearest among those that no earlier pair has, and they are no further
// apart than the window; between two that are equally near, the earlier one counts. A frame is in one pair at most, and
// pairs keep the order of both streams. A decision falls when no later frame can change it, but no frame waits longer
// than the options say. Frames that find no partner are counted with the reason; nothing else is lost.
//
// The frames' memory goes round: pushing swaps the caller's image for one that is free, and Next swaps the pair's images
// into dst, so that after the first frames nothing is allocated. A Pairer starts no goroutine and reads no clock: the
// caller passes the time as now, from any epoch, never decreasing. It may be used by one goroutine at a time.
//
// The policy follows the approximate-time policy of ROS message_filters (wiki.ros.org/message_filters/ApproximateTime)
// for two streams, and differs on purpose where that waits without end and has no window: TestPairerROSCases
// puts the inputs of its tests through this one and says where the outputs differ.
type Pairer struct {
	o      PairerOptions
	color  stream[Color]
	depth  stream[Depth]
	pairs  int
	halves int
	resets int
	ended  bool
}

// NewPairer returns an empty Pairer. Options that are zero or negative take their defaults; DepthOffset may be negative.
func NewPairer(o PairerOptions) *Pairer {
	defaults := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	defaults(&o.Window, time.Second/60)
	defaults(&o.Wait, 100*time.Millisecond)
	defaults(&o.Jump, 500*time.Millisecond)
	if o.Queue <= 0 {
		o.Queue = 8
	}
	o.Queue = max(o.Queue, 2)
	p := &Pairer{o: o}
	p.color.slots = make([]slot[Color], o.Queue)
	p.depth.slots = make([]slot[Depth], o.Queue)
	p.color.period, p.depth.period = max(o.ColorPeriod, 0), max(o.DepthPeriod, 0)
	return p
}

// SetPeriods changes the options' ColorPeriod and DepthPeriod, for streams whose rates show only while they run.
func (p *Pairer) SetPeriods(color, depth time.Duration) {
	p.color.period, p.depth.period = max(color, 0), max(depth, 0)
}

// PushColor hands over a colour image that was taken at time at. Afterwards *frame is other memory, its content
// unspecified, for the next image.
func (p *Pairer) PushColor(now, at time.Duration, frame *Color) {
	p.ended = false
	p.hear(&p.color.clock, now)
	if p.color.admit(at) {
		back := p.color.wentBack(at, p.o.Jump)
		if back {
			p.reset(&p.color.clock, at)
		}
		p.color.push(now, at, back, frame)
	}
}

// PushDepth hands over a depth image that was taken at time at of the depth clock. Afterwards *frame is other memory,
// its content unspecified, for the next image.
func (p *Pairer) PushDepth(now, at time.Duration, frame *Depth) {
	p.ended = false
	p.hear(&p.depth.clock, now)
	at = add(at, p.o.DepthOffset)
	if p.depth.admit(at) {
		back := p.depth.wentBack(at, p.o.Jump)
		if back {
			p.reset(&p.depth.clock, at)
		}
		p.depth.push(now, at, back, frame)
	}
}

// End tells that no frame follows: what waits is decided as it stands. Pushing a frame takes it back.
func (p *Pairer) End() { p.ended = true }

// Counts returns the counters.
func (p *Pairer) Counts() PairerCounts {
	return PairerCounts{Pairs: p.pairs, Color: p.color.count(), Depth: p.depth.count(), Resets: p.resets}
}

// Next puts the next pair into dst and reports whether there is one yet. Dst's images go back to the Pairer, so they may
// not be in use elsewhere. Seq counts the pairs; labels become empty. DepthTime includes the DepthOffset.
func (p *Pairer) Next(now time.Duration, dst *Pair) bool {
	for {
		switch p.decide(now) {
		case wait:
			return false
		case dropColor:
			p.color.drop(&p.color.unpaired.NoPartner)
		case dropDepth:
			p.depth.drop(&p.depth.unpaired.NoPartner)
		case expireColor:
			p.color.drop(&p.color.unpaired.TimedOut)
		case expireDepth:
			p.depth.drop(&p.depth.unpaired.TimedOut)
		case pair:
			p.begin(dst)
			dst.ColorTime, dst.DepthTime = p.color.pop(&dst.Color), p.depth.pop(&dst.Depth)
			p.pairs++
			return true
		case halfColor:
			p.begin(dst)
			dst.ColorTime = p.color.pop(&dst.Color)
			dst.DepthTime = dst.ColorTime
			dst.Depth.Resize(0, 0)
			p.color.halves++
			p.halves++
			return true
		case halfDepth:
			p.begin(dst)
			dst.DepthTime = p.depth.pop(&dst.Depth)
			dst.ColorTime = dst.DepthTime
			dst.Color.Resize(0, 0)
			p.depth.halves++
			p.halves++
			return true
		}
	}
}

// begin sets what every pair has.
func (p *Pairer) begin(dst *Pair) {
	dst.Seq = uint64(p.pairs + p.halves)
	dst.Clock = UnknownClock
	dst.Labels.Resize(0, 0)
}

// Due returns the time at which Next decides something even if no frame is pushed until then, and false when nothing
// waits.
func (p *Pairer) Due() (now time.Duration, ok bool) {
	due := time.Duration(math.MaxInt64)
	if p.color.n > 0 {
		due = min(due, p.color.due(&p.depth.clock, &p.o))
	}
	if p.depth.n > 0 {
		due = min(due, p.depth.due(&p.color.clock, &p.o))
	}
	return due, p.color.n+p.depth.n > 0
}

type decision int

const (
	wait decision = iota
	pair
	dropColor
	dropDepth
	expireColor
	expireDepth
	halfColor
	halfDepth
)

// decide looks at the oldest frames.
func (p *Pairer) decide(now time.Duration) decision {
	c, d := &p.color, &p.depth
	switch {
	case c.n == 0 && d.n == 0:
		return wait
	case d.n == 0:
		return c.alone(&d.clock, p, now, dropColor, expireColor, halfColor)
	case c.n == 0:
		return d.alone(&c.clock, p, now, dropDepth, expireDepth, halfDepth)
	case c.at(0).time <= d.at(0).time:
		return c.first(d.at(0).time, d.at(0).arrived, p, now, dropColor)
	default:
		return d.first(c.at(0).time, c.at(0).arrived, p, now, dropDepth)
	}
}

// reset forgets what waits from before a clock went back to at: all of the stream that went back, and of the other what
// lies beyond the jump. The other may have gone back already; if it has not, its next frame is taken as it comes.
func (p *Pairer) reset(back *clock, at time.Duration) {
	p.resets++
	p.color.forget(back, add(at, p.o.Jump))
	p.depth.forget(back, add(at, p.o.Jump))
}
