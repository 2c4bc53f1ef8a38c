package runtime

import (
	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/internal/pixel"
	"github.com/depthwise/depthwise/mask"
)

// Holes counts the pixels of m for which depth has no reading, and with plane marks them in m.Holes. Depth is
// registered; a mask of another size looks at the reading that lies nearest to its pixel's centre.
func Holes(m *mask.Mask, d *capture.Depth, plane bool) {
	m.NoDepth, m.Holes = 0, m.Holes[:0]
	if plane {
		if n := m.Width * m.Height; cap(m.Holes) < n {
			m.Holes = make([]uint8, n)
		} else {
			m.Holes = m.Holes[:n]
		}
	}
	for y := range m.Height {
		row := d.Pix[(2*y+1)*d.Height/(2*m.Height)*d.Width:][:d.Width]
		var marks []uint8
		if plane {
			marks = m.Holes[y*m.Width:][:m.Width]
		}
		m.NoDepth += holesIn(row, m.Width, marks)
	}
}

// holesIn does so for a row of readings and width pixels. marks may be nil.
func holesIn(row []uint16, width int, marks []uint8) (n int) {
	switch {
	case width == len(row) && marks == nil:
		return pixel.Zeros(row)
	case width == len(row):
		marks = marks[:len(row)]
		for x, v := range row {
			hole := uint8((uint32(v) - 1) >> 31) // without a branch
			marks[x] = hole
			n += int(hole)
		}
		return n
	}
	for x := range width {
		hole := uint8(0)
		if row[(2*x+1)*len(row)/(2*width)] == 0 {
			hole = 1
		}
		n += int(hole)
		if marks != nil {
			marks[x] = hole
		}
	}
	return n
}
