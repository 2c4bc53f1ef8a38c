package pairof

import (
	"fmt"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// A Clock says what the times of two streams have in common.
type Clock string

const (
	// Own takes times as the sources tell them: they share a clock. The default of merged recordings.
	Own Clock = "own"
	// Begin lets both streams begin at time 0: recordings with epochs of their own that were started together.
	Begin Clock = "begin"
	// Arrival carries the times of each stream onto this machine's clock, which begins when the source is made, by what
	// capture.ClockSync learns from the arrivals. For live devices, whose clocks have nothing in common and drift. The
	// default with Live.
	Arrival Clock = "arrival"
)

// Options of a source. The zero value merges two recordings that share a clock and a calibration.
type Options struct {
	// Calibration of the pair: the colour camera of the colour source, the depth camera of the depth source, and the way
	// between them. Nil takes the sources' own, if they are equal.
	Calibration *capture.Calibration
	Live        bool          // the sources are devices: read them side by side, whatever the other does
	Clock       Clock         // empty: Own, or Arrival if Live
	Offset      time.Duration // added to depth times, on top of what Clock does
	Window      time.Duration // as in capture.PairerOptions; 0 = its default
	Wait        time.Duration // likewise; only for live sources: a merge waits for nothing
	Queue       int           // likewise
	// Halves lets one live stream go on alone while the other is silent or fails: pairs whose other image is empty.
	// Without it, an error of either stream is told at once.
	Halves bool
	Grace  time.Duration // how long Close waits for each sub-source; 0 = 2 s
}

func (o Options) withDefaults() (Options, error) {
	if o.Clock == "" {
		o.Clock = Own
		if o.Live {
			o.Clock = Arrival
		}
	}
	switch o.Clock {
	case Own, Begin:
	case Arrival:
		if !o.Live {
			return o, fmt.Errorf("pairof: clock %q: only live sources arrive at their times", o.Clock)
		}
	default:
		return o, fmt.Errorf("pairof: clock %q: want %s, %s or %s", o.Clock, Own, Begin, Arrival)
	}
	if o.Halves && !o.Live {
		return o, fmt.Errorf("pairof: halves: only a live stream can be silent")
	}
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	return o, nil
}

// calibration joins the sources' cameras, or checks the given one against them.
func (o *Options) calibration(color, depth capture.Calibration) (capture.Calibration, error) {
	if o.Calibration == nil {
		if color == depth {
			return color, nil
		}
		return color, fmt.Errorf("pairof: how the depth camera stands to the colour camera is not known: " +
			"give a calibration, which edge calibrate measures")
	}
	c := *o.Calibration
	if err := c.Validate(); err != nil {
		return c, err
	}
	if c.Color.Width != color.Color.Width || c.Color.Height != color.Color.Height {
		return c, fmt.Errorf("pairof: the calibration is for colour images of %dx%d, the source has %dx%d",
			c.Color.Width, c.Color.Height, color.Color.Width, color.Color.Height)
	}
	if c.Depth.Width != depth.Depth.Width || c.Depth.Height != depth.Depth.Height {
		return c, fmt.Errorf("pairof: the calibration is for depth images of %dx%d, the source has %dx%d",
			c.Depth.Width, c.Depth.Height, depth.Depth.Width, depth.Depth.Height)
	}
	return c, nil
}
