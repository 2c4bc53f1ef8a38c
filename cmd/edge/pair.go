package main

import (
	"fmt"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/pairof"
)

// A live source is a device: its frames come at their times, whether or not somebody reads them.
type liveSource interface{ Live() bool }

func isLive(src capture.Source) bool {
	s, ok := src.(liveSource)
	return ok && s.Live()
}

// openPair opens "pair:COLOR+DEPTH+key=value…".
func openPair(text string, o sourceOptions) (capture.Source, error) {
	spec, err := pairof.ParseSpec(text)
	if err != nil {
		return nil, usageError{err}
	}
	po := pairof.Options{Clock: spec.Clock, Window: spec.Window, Wait: spec.Wait, Queue: spec.Queue}
	if spec.Calibration != "" {
		file, err := capture.LoadCalibrationFile(spec.Calibration)
		if err != nil {
			return nil, usageError{err}
		}
		po.Calibration, po.Offset = &file.Calibration, file.DepthOffset
	}
	if spec.Offset != nil {
		po.Offset = *spec.Offset
	}
	o.frames = 0 // how many frames make the wanted pairs is not known
	return joinPair(spec, po, o, openSource)
}

// joinPair opens the two halves and makes one source of them. Beside a device, a recording is read at its own pace.
func joinPair(spec pairof.Spec, po pairof.Options, o sourceOptions, openSource func(string, sourceOptions) (capture.Source, error)) (capture.Source, error) {
	color, err := openSource(spec.Color, o)
	if err != nil {
		return nil, err
	}
	o.paced = o.paced || isLive(color)
	unlabelled := o // labels are of colour images
	unlabelled.labels = "-"
	depth, err := openSource(spec.Depth, unlabelled)
	if err != nil {
		color.Close()
		return nil, err
	}
	if isLive(depth) && !isLive(color) && !o.paced {
		color.Close()
		o.paced = true
		if color, err = openSource(spec.Color, o); err != nil {
			depth.Close()
			return nil, err
		}
	}
	po.Live = isLive(color) || isLive(depth)
	po.Halves = po.Live
	again := func(spec string, depth bool) func() (capture.Source, error) {
		return func() (capture.Source, error) {
			src, err := openSource(spec, o)
			if err != nil {
				return nil, err
			}
			return oneImage{src, depth}, nil
		}
	}
	if isLive(color) && o.half != nil {
		if color, err = o.half("colour", oneImage{color, false}, again(spec.Color, false)); err != nil {
			depth.Close()
			return nil, err
		}
	}
	if isLive(depth) && o.half != nil {
		if depth, err = o.half("depth", oneImage{depth, true}, again(spec.Depth, true)); err != nil {
			color.Close()
			return nil, err
		}
	}
	src, err := pairof.New(color, depth, po)
	if err != nil {
		color.Close()
		depth.Close()
		return nil, usageError{err}
	}
	return pairOf{src, color, depth, po.Live, po.Offset}, nil
}

// pairOf is a pair of sources, telling what became of the frames of both.
type pairOf struct {
	*pairof.Source
	color, depth capture.Source
	live         bool
	offset       time.Duration
}

// DepthOffset is what was added to the depth source's times.
func (p pairOf) DepthOffset() time.Duration { return p.offset }

// Classes is the number of classes of the colour source's labels.
func (p pairOf) Classes() int {
	if s, ok := p.color.(interface{ Classes() int }); ok {
		return s.Classes()
	}
	return synthClasses
}

// Live tells whether one of the two is a device.
func (p pairOf) Live() bool { return p.live }

// Assumed is what the two recordings do not tell and was made up.
func (p pairOf) Assumed() (words []string) {
	for _, src := range []capture.Source{p.color, p.depth} {
		src = unwrapped(src)
		if one, ok := src.(oneImage); ok {
			src = one.Source
		}
		if rec, ok := src.(interface{ Assumed() []string }); ok {
			words = append(words, rec.Assumed()...)
		}
	}
	return words
}

// account says, in words, which frames are in no pair.
func (p pairOf) account() []string {
	n := p.Stats()
	var words []string
	for _, c := range []struct {
		name   string
		counts capture.StreamCounts
		errors int
	}{{"colour", n.Color, n.ColorErrors}, {"depth", n.Depth, n.DepthErrors}} {
		u := c.counts.Unpaired
		if u.Total() == 0 && c.errors == 0 && c.counts.Halves == 0 {
			continue
		}
		words = append(words, fmt.Sprintf("pair: of %d %s frames %d are in no pair (%d no partner near enough, %d waited too long, %d late, "+
			"%d twice, %d before a clock went back, %d overflowed the queue), %d went alone, %d errors", c.counts.In, c.name, u.Total(),
			u.NoPartner, u.TimedOut, u.Late, u.Duplicate, u.ClockBack, u.QueueFull, c.counts.Halves, c.errors))
	}
	return words
}
