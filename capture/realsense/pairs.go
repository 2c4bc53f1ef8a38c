//go:build realsense && (linux || darwin)

package realsense

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// stream is the number of the stream that an image is of.
func (c *Camera) stream(m *image) int {
	if m.pic.ID == c.streams[colorStream].id {
		return colorStream
	}
	return depthStream
}

// take decodes the image that was popped, and gives it to the pairer.
func (c *Camera) take(now time.Duration) error {
	m := &c.image
	i := c.stream(m)
	s := &c.streams[i]
	s.follow(m)
	if math.IsNaN(m.pic.Time) || math.Abs(m.pic.Time) > 9e12 {
		return fmt.Errorf("the time of %s frame %d is %v ms", s.name, m.pic.Number, m.pic.Time)
	}
	s.domain = m.pic.Domain
	c.watchClocks()
	at := since(m.pic.Time)
	switch {
	case c.mixed:
		at = s.sync.Host(at, c.arrival(m))
	case m.pic.Domain == rs2.HardwareClock && !c.device.playback:
		at += c.wraps.since(at)
	}
	if i == colorStream {
		if err := c.color(m); err != nil {
			return err
		}
		s.note(at, m)
		c.p.PushColor(now, at, &c.pair.Color)
		return nil
	}
	if err := c.depth(m); err != nil {
		return err
	}
	s.note(at, m)
	c.p.PushDepth(now, at, &c.pair.Depth)
	return nil
}

// since is a time in milliseconds as nanoseconds. Times since 1970 have no bits to lose: whole milliseconds go on their own.
func since(ms float64) time.Duration {
	whole, part := math.Modf(ms)
	return time.Duration(whole)*time.Millisecond + time.Duration(math.Round(part*1e6))
}

// follow counts the gap before a frame. A number that does not grow is a stream that began anew; before the first number,
// only what was lost here is known.
func (s *streamState) follow(m *image) {
	gap := m.dropped
	if s.any {
		gap = 0
		if m.pic.Number > s.number {
			gap = m.pic.Number - s.number - 1
		}
	}
	s.lost += gap
	s.gap += int64(min(gap, math.MaxInt32))
	s.number, s.any = m.pic.Number, true
}

// watchClocks notes whether the two streams' times can be compared. When that changes, what waits can no longer be paired
// with what comes.
func (c *Camera) watchClocks() {
	a, b := &c.streams[colorStream], &c.streams[depthStream]
	mixed := a.any && b.any && a.domain != b.domain
	if mixed == c.mixed {
		return
	}
	c.mixed = mixed
	a.sync, b.sync = capture.ClockSync{}, capture.ClockSync{}
	c.changes++
	c.past = c.counts()
	c.p = c.pairer()
}

// arrival is when a frame came to the host, since 1970: as the library tells it, else as we saw it.
func (c *Camera) arrival(m *image) time.Duration {
	if m.pic.Metadata.Has&(1<<rs2.TimeOfArrival) != 0 {
		return time.Duration(m.pic.Metadata.Values[rs2.TimeOfArrival]) * time.Millisecond
	}
	return time.Duration(c.begin.UnixNano()) + m.arrived
}

// shape checks an image against the stream that was opened.
func (m *image) shape(in capture.Intrinsics, size int) error {
	p := &m.pic
	if p.Width != in.Width || p.Height != in.Height {
		return fmt.Errorf("frame %d is %dx%d, the stream %dx%d", p.Number, p.Width, p.Height, in.Width, in.Height)
	}
	if row := in.Width * size; p.Step < row || len(p.Data) < p.Step*(in.Height-1)+row {
		return fmt.Errorf("frame %d has %d bytes, %d a row, too few for %dx%d pixels of %d", p.Number, len(p.Data), p.Step, in.Width, in.Height, size)
	}
	return nil
}

func (c *Camera) color(m *image) error {
	in := c.cal.Color
	if err := m.shape(in, c.size); err != nil {
		return fmt.Errorf("colour %w", err)
	}
	dst := &c.pair.Color
	dst.Resize(in.Width, in.Height)
	for y := range in.Height {
		c.convert(dst.Pix[3*in.Width*y:][:3*in.Width], m.pic.Data[m.pic.Step*y:][:c.size*in.Width])
	}
	return nil
}

func (c *Camera) depth(m *image) error {
	in := c.cal.Depth
	if err := m.shape(in, 2); err != nil {
		return fmt.Errorf("depth %w", err)
	}
	dst := &c.pair.Depth
	dst.Resize(in.Width, in.Height)
	for y := range in.Height {
		row, out := m.pic.Data[m.pic.Step*y:][:2*in.Width], dst.Pix[in.Width*y:][:in.Width]
		for x := range out {
			out[x] = binary.LittleEndian.Uint16(row[2*x:])
		}
	}
	return nil
}

// deliver copies the pair, whose memory goes round between the pairer and the decoder.
func (c *Camera) deliver(dst *capture.Pair) {
	p := &c.pair
	color, depth := &c.streams[colorStream], &c.streams[depthStream]
	if c.device.playback {
		color.gap, depth.gap = 0, 0 // of a recording nothing is lost on the way
	}
	switch {
	case !p.HasColor():
		color.gap-- // this frame is in no gap, if the stream comes back
		c.seq += uint64(max(depth.gap, 0))
		depth.gap = 0
	case !p.HasDepth():
		depth.gap--
		c.seq += uint64(max(color.gap, 0))
		color.gap = 0
	default:
		c.seq += uint64(max(color.gap, depth.gap, 0))
		color.gap, depth.gap = 0, 0
	}
	dst.CopyFrom(p)
	dst.Seq, dst.Clock = c.seq, c.clock()
	c.seq++
	for i, at := range [2]time.Duration{p.ColorTime, p.DepthTime} {
		c.streams[i].facts = c.streams[i].find(at)
	}
	c.delivered++
}

// clock is whose clock the times are of.
func (c *Camera) clock() capture.Domain {
	if c.mixed {
		return capture.HostClock
	}
	s := &c.streams[depthStream]
	if !s.any {
		s = &c.streams[colorStream]
	}
	switch s.domain {
	case rs2.HardwareClock:
		return capture.DeviceClock
	case rs2.SystemTime:
		return capture.HostClock
	case rs2.GlobalTime:
		return capture.GlobalClock
	}
	return capture.UnknownClock
}
