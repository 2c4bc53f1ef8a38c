package mask

import (
	"fmt"
	"time"

	"github.com/depthwise/depthwise/internal/pixel"
)

// Mode says which of a pair's images a mask was made from.
type Mode string

const (
	Paired    Mode = "paired"     // colour and depth
	ColorOnly Mode = "color-only" // depth was lost
	DepthOnly Mode = "depth-only" // colour was lost
)

// Mask is the class of every pixel of one frame, and how it came about. The caller owns it; encoders read it and keep
// nothing of it.
type Mask struct {
	Width, Height int
	Classes       []uint8 // len = Width·Height, rows from top to bottom; Palette.Void = no class

	Seq    uint64        // the pair's number in its source; a gap is a frame that was dropped or lost
	Time   time.Duration // capture time of the colour image, in the source's clock
	Clock  string        // whose clock that is: "device", "host", "global"; empty where it is not known
	Skew   time.Duration // depth time − colour time
	Mode   Mode
	Reason string // why this mode or student, in words; empty when there is nothing to explain
	Model  string // name of the student
	Codes  []Code // of the frame, from students that make them

	NoDepth    int     // pixels for which depth has no reading; 0 in mode ColorOnly
	Holes      []uint8 // len = Width·Height, 1 where there is no depth reading; empty = not asked for, or mode ColorOnly
	Confidence float64 // mean over the pixels, of the softmax between the best two classes: ½ to 1; 0 = not measured

	Infer time.Duration // time inside the network
	Frame time.Duration // time from the pair to this mask: preprocessing, network, scaling

	columns columns // of the last ScaleTo into this mask
}

// columns is nearest for each of so many columns.
type columns struct {
	from int
	at   []int32
}

// prepare makes c for `to` columns of `from`.
func (c *columns) prepare(from, to int) {
	if c.from == from && len(c.at) == to {
		return
	}
	if cap(c.at) < to {
		c.at = make([]int32, to)
	}
	c.from, c.at = from, c.at[:to]
	for x := range c.at {
		c.at[x] = int32(nearest(x, from, to))
	}
}

// Code is 64 bits that stand for what one modality of a frame shows: codes of one place differ in few bits, whichever
// modality they are of.
type Code struct {
	Modality string // "color" or "depth"
	Bits     uint64
}

// Resize makes m width × height, reusing its memory where that suffices. The classes are unspecified afterwards.
func (m *Mask) Resize(width, height int) {
	n := width * height
	if cap(m.Classes) < n {
		m.Classes = make([]uint8, n)
	}
	m.Width, m.Height, m.Classes = width, height, m.Classes[:n]
}

// Count returns the number of pixels of each class.
func (m *Mask) Count() (counts [256]int) {
	// Four tables: a run of one class would otherwise wait on its own last increment.
	var a, b, c [256]int
	px := m.Classes
	for len(px) >= 4 {
		counts[px[0]]++
		a[px[1]]++
		b[px[2]]++
		c[px[3]]++
		px = px[4:]
	}
	for _, v := range px {
		counts[v]++
	}
	for i := range counts {
		counts[i] += a[i] + b[i] + c[i]
	}
	return counts
}

// ScaleTo writes m at width × height into dst, every pixel from the one of m whose area holds its centre; the facts are
// copied with it, but for the holes. dst reuses its memory and must not be m.
func (m *Mask) ScaleTo(dst *Mask, width, height int) {
	classes, plane, columns := dst.Classes, dst.Holes[:0], dst.columns
	*dst = *m
	dst.Classes, dst.Holes, dst.NoDepth, dst.columns = classes, plane, 0, columns
	dst.Resize(width, height)
	if width == m.Width && height == m.Height {
		copy(dst.Classes, m.Classes)
		return
	}
	dst.columns.prepare(m.Width, width)
	last := -1
	for y := range height {
		row := dst.Classes[y*width : (y+1)*width]
		sy := nearest(y, m.Height, height)
		if sy == last {
			copy(row, dst.Classes[(y-1)*width:])
			continue
		}
		last = sy
		dst.columns.scale(row, m.Classes[sy*m.Width:(sy+1)*m.Width])
	}
}

// nearest returns the index among `from` samples whose interval holds the centre of sample i of `to`:
// ⌊(i + ½)·from/to⌋.
func nearest(i, from, to int) int { return (2*i + 1) * from / (2 * to) }

// scale is a row's nearest classes.
func (c *columns) scale(dst, src []uint8) {
	switch len(dst) {
	case len(src):
		copy(dst, src)
		return
	case 2 * len(src):
		pixel.Double(dst, src)
		return
	}
	dst = dst[:len(c.at)]
	for x, i := range c.at {
		dst[x] = src[i]
	}
}

// check tells whether an encoder can trust m's sizes.
func (m *Mask) check() error {
	if m.Width <= 0 || m.Height <= 0 || len(m.Classes) != m.Width*m.Height {
		return fmt.Errorf("mask: frame %d: %d classes for %d × %d pixels", m.Seq, len(m.Classes), m.Width, m.Height)
	}
	if len(m.Holes) != 0 && len(m.Holes) != len(m.Classes) {
		return fmt.Errorf("mask: frame %d: %d marks of holes for %d × %d pixels", m.Seq, len(m.Holes), m.Width, m.Height)
	}
	return nil
}
