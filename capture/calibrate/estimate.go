package calibrate

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Options of an estimate. The zero value estimates both the time and the geometry, from the source's own calibration.
type Options struct {
	// Initial is where to begin, and the source of what is not estimated; nil takes the source's calibration.
	Initial *capture.Calibration
	// SkipTime and SkipGeometry leave out one half.
	SkipTime, SkipGeometry bool
	// Focal also estimates the colour camera's focal length, as one factor for Fx and Fy.
	Focal bool
	// RotationOnly keeps the initial translation, for scenes at one distance.
	RotationOnly bool
	// Frames is how many frames the geometry is estimated from; 0 = 48. They are the calmest of as many equal parts.
	Frames int
	// Limit is how many pairs of the source are read; 0 = all, at most 20000.
	Limit int
	// MaxOffset bounds the offset that is looked for; 0 = 500 ms.
	MaxOffset time.Duration
	// Progress, if not nil, is called after each pair that was read, and with the total where that is known.
	Progress func(done, total int)
}

func (o Options) withDefaults() Options {
	if o.Frames <= 0 {
		o.Frames = 48
	}
	if o.Limit <= 0 || o.Limit > maxPairs {
		o.Limit = maxPairs
	}
	if o.MaxOffset <= 0 {
		o.MaxOffset = 500 * time.Millisecond
	}
	return o
}

const maxPairs = 20000

// Offset is a measured time with its standard deviation.
type Offset struct {
	Value time.Duration // to be added to depth times
	Sigma time.Duration
	// Peak is the correlation of the two streams' motion at Value, 1 at most; Second the highest peak elsewhere.
	Peak, Second float64
	Pairs        int // that the motion is from
}

// Geometry is a measured transform with its standard deviations.
type Geometry struct {
	Calibration capture.Calibration
	// RotationSigma is in radians about the colour camera's axes, TranslationSigma in metres along them.
	RotationSigma, TranslationSigma [3]float64
	FocalSigma                      float64 // of the factor
	// Before and After are the mean colour change across depth edges, within a pixel of where the edge is projected, over
	// the mean in 12 pixels around: 1 is chance. They are of frames that the estimate did not see.
	Before, After  float64
	Frames, Points int
	// Moved is the mean distance in pixels by which the estimate moves depth edges in the colour image.
	Moved float64
}

// Result of an estimate. Calibration is the initial one in what was not estimated.
type Result struct {
	Calibration capture.Calibration
	Offset      *Offset   // nil if not estimated
	Geometry    *Geometry // likewise
}

// Refusal is the error of a recording that does not determine what was asked.
type Refusal struct{ Fact string }

func (r *Refusal) Error() string { return "calibrate: " + r.Fact }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Estimate measures from the pairs of a source, which is opened once for the time and once for the geometry, and closed.
func Estimate(ctx context.Context, open func() (capture.Source, error), o Options) (*Result, error) {
	o = o.withDefaults()
	var r Result
	var signals *motion
	total := 0
	if err := each(ctx, open, o, &r.Calibration, func(i int, p *capture.Pair) error {
		if signals == nil {
			signals = newMotion()
		}
		signals.add(p)
		total = i + 1
		if o.Progress != nil {
			o.Progress(total, 0)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if total < 2 {
		return nil, refuse("the recording has %d pairs; a few hundred are needed", total)
	}
	var offset time.Duration
	if !o.SkipTime {
		off, err := signals.offset(o.MaxOffset)
		if err != nil {
			return nil, err
		}
		r.Offset, offset = off, off.Value
	}
	if o.SkipGeometry {
		return &r, nil
	}
	image := 3 * r.Calibration.Color.Width * r.Calibration.Color.Height
	calm := signals.calmest(max(min(o.Frames, maxImages/image), 3))
	e := newEdges(r.Calibration)
	again := newRepair(signals, offset, func(p *capture.Pair) {
		if calm.has(p.ColorTime) {
			e.add(p)
		}
	})
	read := 0
	var same capture.Calibration
	err := each(ctx, open, o, &same, func(i int, p *capture.Pair) error {
		again.add(p)
		if read++; o.Progress != nil {
			o.Progress(total+read, 2*total)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	again.end()
	g, err := e.estimate(ctx, o)
	if err != nil {
		return nil, err
	}
	r.Geometry, r.Calibration = g, g.Calibration
	return &r, nil
}

// maxImages bounds the memory of the colour images that are kept, in bytes.
const maxImages = 1 << 29

// repair pairs the frames of pairs anew, with an offset between their clocks.
type repair struct {
	pairer *capture.Pairer // nil without an offset: pairs stay as they are
	take   func(*capture.Pair)
	pair   capture.Pair
}

func newRepair(m *motion, offset time.Duration, take func(*capture.Pair)) *repair {
	r := &repair{take: take}
	if offset != 0 && len(m.color.steps) > 0 {
		period := seconds(medianStep(m.color.steps))
		r.pairer = capture.NewPairer(capture.PairerOptions{DepthOffset: offset, Window: period/2 + 1,
			Queue: 8 + 2*int(offset.Abs()/max(period, time.Millisecond))})
	}
	return r
}

func (r *repair) add(p *capture.Pair) {
	if r.pairer == nil {
		r.take(p)
		return
	}
	r.pairer.PushColor(0, p.ColorTime, &p.Color)
	r.pairer.PushDepth(0, p.DepthTime, &p.Depth)
	r.drain()
}

func (r *repair) drain() {
	for r.pairer.Next(0, &r.pair) {
		r.take(&r.pair)
	}
}

func (r *repair) end() {
	if r.pairer != nil {
		r.pairer.End()
		r.drain()
	}
}

// each calls f with every pair. Cal becomes the calibration to begin with.
func each(ctx context.Context, open func() (capture.Source, error), o Options, cal *capture.Calibration, f func(int, *capture.Pair) error) error {
	src, err := open()
	if err != nil {
		return err
	}
	defer src.Close()
	own := src.Calibration()
	*cal = own
	if o.Initial != nil {
		*cal = *o.Initial
		if err := cal.Validate(); err != nil {
			return err
		}
		if a, b := cal.Color, own.Color; a.Width != b.Width || a.Height != b.Height {
			return refuse("the calibration is for colour images of %dx%d, the recording has %dx%d", a.Width, a.Height, b.Width, b.Height)
		}
		if a, b := cal.Depth, own.Depth; a.Width != b.Width || a.Height != b.Height {
			return refuse("the calibration is for depth images of %dx%d, the recording has %dx%d", a.Width, a.Height, b.Width, b.Height)
		}
	}
	var pair capture.Pair
	for i := range o.Limit {
		switch err := src.Next(ctx, &pair); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if !pair.HasColor() || !pair.HasDepth() {
			continue
		}
		if err := f(i, &pair); err != nil {
			return err
		}
	}
	return nil
}
