package kernel

import "fmt"

// Type is how a byte of an activation is read.
type Type uint8

const (
	U8 Type = iota // 0 … 255
	S8             // -128 … 127, two's complement
)

func (t Type) String() string {
	if t == S8 {
		return "s8"
	}
	return "u8"
}

// Range is the least and the greatest value of t.
func (t Type) Range() (lo, hi int32) {
	if t == S8 {
		return -128, 127
	}
	return 0, 255
}

// flip is the bit pattern that makes a byte of type t an unsigned one: value = int32(b^flip) − int32(flip).
func (t Type) flip() byte {
	if t == S8 {
		return 0x80
	}
	return 0
}

// value reads one byte of type t.
func (t Type) value(b byte) int32 {
	f := t.flip()
	return int32(b^f) - int32(f)
}

// Cell is the size of the layout's unit: 4 pixels × 4 channels, in bytes.
const Cell = 16

// Map is a feature map, a view of bytes in the package's one internal layout. It owns nothing.
type Map struct {
	Data    []byte
	H, W, C int
	Row     int // bytes from one row to the next
	Block   int // bytes from one block of 4 pixels to the next; at least 16·⌈C/4⌉
	Type    Type
}

// Cells is the number of cells that c channels take in a block.
func Cells(c int) int { return (c + 3) / 4 }

// Blocks is the number of 4-pixel blocks that w pixels take.
func Blocks(w int) int { return (w + 3) / 4 }

// NewMap lays out a dense map without memory: the caller points Data at [Map.Size] bytes.
func NewMap(h, w, c int, t Type) Map {
	block := Cells(c) * Cell
	return Map{H: h, W: w, C: c, Block: block, Row: Blocks(w) * block, Type: t}
}

// Size is the number of bytes that the map spans from its first cell to its last, in whole cells.
func (m *Map) Size() int {
	return (m.H-1)*m.Row + (Blocks(m.W)-1)*m.Block + Cells(m.C)*Cell
}

// Offset is the index in Data of row y, pixel x, channel c.
func (m *Map) Offset(y, x, c int) int {
	return y*m.Row + x>>2*m.Block + c>>2*Cell + x&3*4 + c&3
}

// Slice is the view of channels [c, c+n) of m. c must be a multiple of 4.
func (m *Map) Slice(c, n int) Map {
	if c%4 != 0 || c < 0 || n <= 0 || c+n > m.C {
		panic(fmt.Sprintf("kernel: slice of channels %d…%d of %d", c, c+n, m.C))
	}
	s := *m
	s.C = n
	if m.Data != nil {
		s.Data = m.Data[c>>2*Cell:]
	}
	return s
}

// ByBlocks is the view of m in which every block is a row of its own, for what treats all pixels alike, those beyond W in a
// row's last block too. There must be no gaps between m's rows, as there are none in a map of [NewMap] and its slices.
func (m *Map) ByBlocks() Map {
	n := Blocks(m.W)
	if m.Row != n*m.Block {
		panic(fmt.Sprintf("kernel: rows of %d bytes, %d blocks of %d", m.Row, n, m.Block))
	}
	b := *m
	b.H, b.W, b.Row = m.H*n, 4, m.Block
	return b
}

// check panics unless the map's memory holds its shape.
func (m *Map) check(op string) {
	if m.H <= 0 || m.W <= 0 || m.C <= 0 || m.Block < Cells(m.C)*Cell || m.Row < 0 || len(m.Data) < m.Size() {
		panic(fmt.Sprintf("kernel: %s: map %d×%d×%d, row %d, block %d, %d bytes", op, m.H, m.W, m.C, m.Row, m.Block, len(m.Data)))
	}
}

// checkRows panics unless [y0, y1) are rows of m.
func (m *Map) checkRows(op string, y0, y1 int) {
	m.check(op)
	if y0 < 0 || y1 < y0 || y1 > m.H {
		panic(fmt.Sprintf("kernel: %s: rows %d…%d of %d", op, y0, y1, m.H))
	}
}

// same panics unless a and b have one shape.
func same(op string, a, b *Map) {
	if a.H != b.H || a.W != b.W || a.C != b.C {
		panic(fmt.Sprintf("kernel: %s: %d×%d×%d and %d×%d×%d", op, a.H, a.W, a.C, b.H, b.W, b.C))
	}
}
