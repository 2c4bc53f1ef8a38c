//go:build realsense && (linux || darwin)

package realsense

import (
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// Facts are what the camera told with a frame. What it did not tell is 0; Known says which of those are.
type Facts struct {
	Number       uint64        // counts the stream's frames
	Counter      uint64        // the camera's own
	SensorTime   time.Duration // middle of the exposure, the camera's clock
	Arrival      time.Duration // at the host, since 1970
	Exposure     time.Duration
	AutoExposure bool
	Gain         int64
	Laser        int64 // mW
	Emitter      int64 // 0 off, 1 laser, 2 automatic
	Temperature  int64 // °C
	Known        Known
}

// Known is a set of facts.
type Known uint16

const (
	KnownCounter Known = 1 << iota
	KnownSensorTime
	KnownArrival
	KnownExposure
	KnownAutoExposure
	KnownGain
	KnownLaser
	KnownEmitter
	KnownTemperature
)

// remembered is how many frames' facts a stream keeps: more than the pairer can hold.
const remembered = 16

// recent are a stream's last frames.
type recent struct {
	at    [remembered]time.Duration
	facts [remembered]Facts
	next  int
}

// note keeps what came with a frame until its pair is delivered.
func (s *streamState) note(at time.Duration, m *image) {
	f := Facts{Number: m.pic.Number}
	get := func(value rs2.Metadata, known Known, set func(v int64)) {
		if m.pic.Metadata.Has&(1<<value) != 0 {
			set(m.pic.Metadata.Values[value])
			f.Known |= known
		}
	}
	get(rs2.FrameCounter, KnownCounter, func(v int64) { f.Counter = uint64(v) })
	get(rs2.SensorTimestamp, KnownSensorTime, func(v int64) { f.SensorTime = time.Duration(v) * time.Microsecond })
	get(rs2.TimeOfArrival, KnownArrival, func(v int64) { f.Arrival = time.Duration(v) * time.Millisecond })
	get(rs2.ActualExposure, KnownExposure, func(v int64) { f.Exposure = time.Duration(v) * time.Microsecond })
	get(rs2.AutoExposureOn, KnownAutoExposure, func(v int64) { f.AutoExposure = v != 0 })
	get(rs2.GainLevel, KnownGain, func(v int64) { f.Gain = v })
	get(rs2.LaserPowerLevel, KnownLaser, func(v int64) { f.Laser = v })
	get(rs2.EmitterMode, KnownEmitter, func(v int64) { f.Emitter = v })
	get(rs2.Temperature, KnownTemperature, func(v int64) { f.Temperature = v })
	s.recent.at[s.recent.next], s.recent.facts[s.recent.next] = at, f
	s.recent.next = (s.recent.next + 1) % remembered
}

// find returns the latest frame of a time, or no facts.
func (s *streamState) find(at time.Duration) Facts {
	for k := range remembered {
		i := (s.recent.next - 1 - k + 2*remembered) % remembered
		if s.recent.at[i] == at && s.recent.facts[i] != (Facts{}) {
			return s.recent.facts[i]
		}
	}
	return Facts{}
}

// Facts are those of the pair that was delivered last; of an image that did not come, none.
func (c *Camera) Facts() (color, depth Facts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[colorStream].facts, c.streams[depthStream].facts
}

// StreamStats counts a stream's frames.
type StreamStats struct {
	In      uint64 // that came from the library
	Dropped uint64 // of which went because the queue was full
	Lost    uint64 // that the camera numbered and that never came, or were dropped
}

// Stats counts what became of frames.
type Stats struct {
	Delivered    uint64 // pairs
	Color, Depth StreamStats
	Paired       capture.PairerCounts
	Broken       uint64 // frames that could not be taken
	Clocks       int    // how often the streams' clocks began or ceased to differ
	Problems     []string
}

// Stats returns the counters.
func (c *Camera) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{Delivered: c.delivered, Broken: c.broken.Load(), Clocks: c.changes, Paired: c.counts(), Problems: append([]string(nil), c.notes...)}
	for i, to := range []*StreamStats{&s.Color, &s.Depth} {
		to.In, to.Dropped = c.queue.counts(i)
		to.Lost = c.streams[i].lost
	}
	if err := c.trouble.Load(); err != nil {
		s.Problems = append(s.Problems, (*err).Error())
	}
	return s
}

// Skipped is how many frames could not be read, for a pipeline.
func (c *Camera) Skipped() uint64 { return c.broken.Load() }

// counts are those of all pairers so far. What waited in one that was left is counted as from before the clock changed.
func (c *Camera) counts() capture.PairerCounts {
	n := c.p.Counts()
	add := func(a *capture.StreamCounts, b capture.StreamCounts) {
		a.In += b.In
		a.Halves += b.Halves
		a.Unpaired.NoPartner += b.Unpaired.NoPartner
		a.Unpaired.TimedOut += b.Unpaired.TimedOut
		a.Unpaired.Late += b.Unpaired.Late
		a.Unpaired.Duplicate += b.Unpaired.Duplicate
		a.Unpaired.ClockBack += b.Unpaired.ClockBack + b.Waiting
		a.Unpaired.QueueFull += b.Unpaired.QueueFull
	}
	add(&n.Color, c.past.Color)
	add(&n.Depth, c.past.Depth)
	n.Pairs += c.past.Pairs
	n.Resets += c.past.Resets
	return n
}
