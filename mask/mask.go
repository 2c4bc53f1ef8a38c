package mask

import (
	"fmt"
	"time"
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
	Classes       []uint8 // of each pixel, or each cell of the Grid, rows from top to bottom; Palette.Void = no class
	Grid          Grid    // zero: Classes are the pixels', len = Width·Height

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

	columns samples // of the last ScaleTo into this mask
}

// Grid is the size of a class map that stands for a mask of another size, len(Classes) = Width·Height: a pixel of the mask
// is of the class of the cell that holds its centre. See [Mask.SpreadTo].
type Grid struct{ Width, Height int }

// cells is the size of what Classes are of.
func (m *Mask) cells() (width, height int) {
	if m.Grid == (Grid{}) {
		return m.Width, m.Height
	}
	return m.Grid.Width, m.Grid.Height
}

// Code is 64 bits that stand for what one modality of a frame shows: codes of one place differ in few bits, whichever
// modality they are of.
type Code struct {
	Modality string // "color" or "depth"
	Bits     uint64
}

// Resize makes m width × height, a class a pixel, reusing its memory where that suffices; a Grid's classes are another
// mask's and are left alone. The classes are unspecified afterwards.
func (m *Mask) Resize(width, height int) {
	n := width * height
	if m.Grid != (Grid{}) {
		m.Grid, m.Classes = Grid{}, nil
	}
	if cap(m.Classes) < n {
		m.Classes = make([]uint8, n)
	}
	m.Width, m.Height, m.Classes = width, height, m.Classes[:n]
}

// Count returns the number of pixels of each class.
func (m *Mask) Count() (counts [256]int) {
	if w, h := m.cells(); w != m.Width || h != m.Height {
		for y := range h {
			high := firstOf(y+1, h, m.Height) - firstOf(y, h, m.Height)
			for x := range w {
				counts[m.Classes[y*w+x]] += high * (firstOf(x+1, w, m.Width) - firstOf(x, w, m.Width))
			}
		}
		return counts
	}
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

// check tells whether an encoder can trust m's sizes.
func (m *Mask) check() error {
	w, h := m.cells()
	if m.Width <= 0 || m.Height <= 0 || w <= 0 || h <= 0 || len(m.Classes) != w*h {
		return fmt.Errorf("mask: frame %d: %d classes for %d × %d pixels in a grid of %d × %d", m.Seq, len(m.Classes), m.Width, m.Height, w, h)
	}
	if len(m.Holes) != 0 && len(m.Holes) != m.Width*m.Height {
		return fmt.Errorf("mask: frame %d: %d marks of holes for %d × %d pixels", m.Seq, len(m.Holes), m.Width, m.Height)
	}
	return nil
}
