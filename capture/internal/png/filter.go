package png

import (
	"encoding/binary"
	"fmt"

	"github.com/depthwise/depthwise/internal/pixel"
)

// The filters of PNG specification, 9.2. Each predicts a byte from a = the one bpp bytes to the left, b = the one
// above, c = the one above a.
const (
	filterNone = iota
	filterSub
	filterUp
	filterAverage
	filterPaeth
)

// unfilter restores row in place; above is the restored row over it, nil for the first, which stands for zeros.
func unfilter(filter byte, row, above []byte, bpp int) error {
	if above == nil {
		switch filter {
		case filterUp:
			filter = filterNone
		case filterPaeth: // a is the nearest of a, 0, 0
			filter = filterSub
		case filterAverage:
			for i := bpp; i < len(row); i++ {
				row[i] += row[i-bpp] / 2
			}
			filter = filterNone
		}
	}
	switch filter {
	case filterNone:
	case filterSub:
		unsub(row, bpp)
	case filterUp:
		unup(row, above)
	case filterAverage:
		for i := 0; i < bpp && i < len(row); i++ {
			row[i] += above[i] / 2
		}
		for i := bpp; i < len(row); i++ {
			row[i] += byte((int(row[i-bpp]) + int(above[i])) / 2)
		}
	case filterPaeth:
		switch bpp {
		case 2:
			pixel.Unpaeth(row, above, 2)
		case 3:
			pixel.Unpaeth(row, above, 3)
		default:
			unpaeth(row, above, bpp)
		}
	default:
		return fmt.Errorf("filter type %d", filter)
	}
	return nil
}

// unsub adds the byte to the left; for the two usual pixels it stays in registers.
func unsub(row []byte, bpp int) {
	switch bpp {
	case 2:
		var a0, a1 byte
		for len(row) >= 2 {
			a0 += row[0]
			a1 += row[1]
			row[0], row[1] = a0, a1
			row = row[2:]
		}
	case 3:
		var a0, a1, a2 byte
		for len(row) >= 3 {
			a0 += row[0]
			a1 += row[1]
			a2 += row[2]
			row[0], row[1], row[2] = a0, a1, a2
			row = row[3:]
		}
	default:
		for i := bpp; i < len(row); i++ {
			row[i] += row[i-bpp]
		}
	}
}

// unup adds the byte above, eight at a time: the high bits are kept out of the sum, so that none carries into its
// neighbour, and put in by XOR.
func unup(row, above []byte) {
	const high = 0x8080808080808080
	for len(row) >= 8 && len(above) >= 8 {
		x, y := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(above)
		binary.LittleEndian.PutUint64(row, (x&^high+y&^high)^(x^y)&high)
		row, above = row[8:], above[8:]
	}
	for i, b := range above {
		row[i] += b
	}
}

// unpaeth is the general form.
func unpaeth(row, above []byte, bpp int) {
	for i := range row {
		var a, c int32
		if i >= bpp {
			a, c = int32(row[i-bpp]), int32(above[i-bpp])
		}
		row[i] += paeth(a, int32(above[i]), c)
	}
}

// paeth picks of a, b, c the one nearest to a + b − c, in that order of preference (PNG specification, 9.4).
func paeth(a, b, c int32) byte {
	pa, pb := b-c, a-c
	pc := abs(pa + pb)
	pa, pb = abs(pa), abs(pb)
	p := c
	if pb <= pc {
		p = b
	}
	if pa <= pb && pa <= pc {
		p = a
	}
	return byte(p)
}

func abs(x int32) int32 {
	m := x >> 31
	return (x ^ m) - m
}
