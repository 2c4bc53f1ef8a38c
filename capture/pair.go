package capture

import (
	"context"
	"time"
)

// Color is one colour image: RGB, 8 bits a channel, rows from top to bottom without padding.
type Color struct {
	Width, Height int
	Pix           []byte // len = 3·Width·Height; pixel (x, y) begins at 3·(y·Width+x)
}

// Resize makes c width × height, reusing its memory where that suffices. The pixels are unspecified afterwards.
func (c *Color) Resize(width, height int) {
	c.Width, c.Height = width, height
	c.Pix = grow(c.Pix, 3*width*height)
}

// Depth is one depth image: z along the optical axis, not the length of the ray.
type Depth struct {
	Width, Height int
	Pix           []uint16 // len = Width·Height, in units of Calibration.DepthScale metres; 0 = no reading
}

// Resize makes d width × height, reusing its memory where that suffices. The pixels are unspecified afterwards.
func (d *Depth) Resize(width, height int) {
	d.Width, d.Height = width, height
	d.Pix = grow(d.Pix, width*height)
}

// Void is the label of a pixel that has no known class.
const Void = 255

// Labels is the true class of every pixel of the colour image, from sources that know it: the synthetic camera and
// labelled recordings.
type Labels struct {
	Width, Height int
	Pix           []uint8 // len = Width·Height; Void = not labelled; empty = the source has no labels for this pair
}

// Resize makes l width × height, reusing its memory where that suffices. The pixels are unspecified afterwards.
func (l *Labels) Resize(width, height int) {
	l.Width, l.Height = width, height
	l.Pix = grow(l.Pix, width*height)
}

// Pair is a colour and a depth image that belong together. The caller owns it; a Source reuses its memory.
//
// A live source whose one camera is gone may go on with half pairs: the image that did not come is empty, 0×0 without
// pixels, and its time is that of the other. At most one of the two is empty.
type Pair struct {
	Seq       uint64        // counts from 0 in the source's order; a gap is a pair that the source lost
	ColorTime time.Duration // capture time in the source's clock: since its epoch, which for recordings is the file's own
	DepthTime time.Duration
	Clock     Domain // whose clock the times are of
	Color     Color
	Depth     Depth
	Labels    Labels // of the colour image; empty where unknown
}

// CopyFrom makes p equal to src, in p's own memory where that suffices.
func (p *Pair) CopyFrom(src *Pair) {
	color, depth, labels := p.Color.Pix, p.Depth.Pix, p.Labels.Pix
	*p = *src
	p.Color.Pix = append(color[:0], src.Color.Pix...)
	p.Depth.Pix = append(depth[:0], src.Depth.Pix...)
	p.Labels.Pix = append(labels[:0], src.Labels.Pix...)
}

// Skew is the time from the colour image to the depth image; positive when the depth is the later one.
// It is the largest or smallest duration where the difference does not fit.
func (p *Pair) Skew() time.Duration { return sub(p.DepthTime, p.ColorTime) }

// HasColor tells whether the colour image came; see the half pairs of [Pair].
func (p *Pair) HasColor() bool { return len(p.Color.Pix) > 0 }

// HasDepth tells whether the depth image came.
func (p *Pair) HasDepth() bool { return len(p.Depth.Pix) > 0 }

// Source delivers pairs in order.
type Source interface {
	// Calibration is fixed for the source's life.
	Calibration() Calibration
	// Next fills dst, reusing its memory. It returns io.EOF at the end of a recording and ctx.Err() when ctx ends
	// first; after any other error the source may be asked again, and tells the same error if it cannot go on.
	Next(ctx context.Context, dst *Pair) error
	// Close frees what the source holds and ends a waiting Next. Closing twice is harmless.
	Close() error
}

func grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n)
}
