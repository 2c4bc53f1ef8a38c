package mask

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// runLengths holds the COCO run-length code of every class of a mask, made in one walk over its pixels.
//
// The code (maskApi.c of the COCO API): pixels are taken column by column, top to bottom; counts alternate between
// pixels outside and inside, beginning outside; from the fourth on, a count is stored as its difference to the one two
// before; each number is written in groups of 5 bits, low first, bit 5 marks that more follow, bit 4 of the last is the
// sign, plus 48 to be printable.
type runLengths struct {
	class [256]classRuns
	seen  []uint8 // classes with pixels, in order of appearance
	turns []turn  // of the mask, in order of rows
	order []int32 // rows of the turns, in order of columns
	from  []int32 // of each column, where its turns begin in order
}

// turn is a pixel whose class is not that of the one above it.
type turn struct{ x, y int32 }

type classRuns struct {
	code   []byte
	end    int // pixel after the class's last run so far
	n      int // counts written
	p1, p2 int // the last count and the one before
	pixels int
}

// encode fills r from a mask of w × h classes. Rows are compared 32 pixels at a time: most are like those above.
func (r *runLengths) encode(classes []uint8, w, h int) {
	for _, c := range r.seen {
		k := &r.class[c]
		*k = classRuns{code: k.code[:0]}
	}
	r.seen = r.seen[:0]
	r.from = slices.Grow(r.from[:0], w+1)[:w+1]
	clear(r.from)
	r.findTurns(classes, w, h)
	r.sortTurns(w)
	current, start := classes[0], 0
	for x := range w {
		if c := classes[x]; c != current {
			r.run(current, start, x*h)
			current, start = c, x*h
		}
		for _, y := range r.order[r.from[x]:r.from[x+1]] {
			at := x*h + int(y)
			r.run(current, start, at)
			current, start = classes[int(y)*w+x], at
		}
	}
	r.run(current, start, w*h)
	for _, c := range r.seen {
		if k := &r.class[c]; k.end < w*h {
			k.count(w*h - k.end)
		}
	}
}

// findTurns notes the turns, and in from[x+1] how many column x has.
func (r *runLengths) findTurns(classes []uint8, w, h int) {
	r.turns = r.turns[:0]
	for y := 1; y < h; y++ {
		above, row := classes[(y-1)*w:y*w], classes[y*w:(y+1)*w]
		if bytes.Equal(above, row) { // every other one of a mask of twice the size
			continue
		}
		x := 0
		for ; x+32 <= w; x += 32 {
			a, b := (*[32]byte)(above[x:]), (*[32]byte)(row[x:])
			d0, d1 := binary.LittleEndian.Uint64(a[:])^binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(a[8:])^binary.LittleEndian.Uint64(b[8:])
			d2, d3 := binary.LittleEndian.Uint64(a[16:])^binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(a[24:])^binary.LittleEndian.Uint64(b[24:])
			if d0|d1|d2|d3 != 0 {
				r.turnsIn(d0, x, y)
				r.turnsIn(d1, x+8, y)
				r.turnsIn(d2, x+16, y)
				r.turnsIn(d3, x+24, y)
			}
		}
		for ; x < w; x++ {
			if above[x] != row[x] {
				r.turn(x, y)
			}
		}
	}
}

// turnsIn notes those of eight pixels from x on, whose bytes of d are not 0.
func (r *runLengths) turnsIn(d uint64, x, y int) {
	for d != 0 {
		i := bits.TrailingZeros64(d) &^ 7
		d &^= 0xff << i
		r.turn(x+i>>3, y)
	}
}

func (r *runLengths) turn(x, y int) {
	r.turns = append(r.turns, turn{int32(x), int32(y)})
	r.from[x+1]++
}

// sortTurns brings the turns of each column together; their rows rise, as they did.
func (r *runLengths) sortTurns(w int) {
	for x := range w {
		r.from[x+1] += r.from[x]
	}
	r.order = slices.Grow(r.order[:0], len(r.turns))[:len(r.turns)]
	for _, t := range r.turns {
		r.order[r.from[t.x]] = t.y
		r.from[t.x]++
	}
	copy(r.from[1:], r.from) // each has moved on to where the next one begins
	r.from[0] = 0
}

// include gives a class without pixels its code, too.
func (r *runLengths) include(class uint8, pixels int) {
	if k := &r.class[class]; !slices.Contains(r.seen, class) {
		k.count(pixels)
		r.seen = append(r.seen, class)
	}
}

// run adds the pixels start…end−1 to a class.
func (r *runLengths) run(class uint8, start, end int) {
	k := &r.class[class]
	if k.n == 0 {
		r.seen = append(r.seen, class)
	}
	k.count(start - k.end)
	k.count(end - start)
	k.end = end
	k.pixels += end - start
}

func (k *classRuns) count(v int) {
	x := v
	if k.n > 2 {
		x -= k.p2
	}
	k.n++
	k.p1, k.p2 = v, k.p1
	if uint(x+16) < 32 { // most are one group
		k.code = append(k.code, byte(x&0x1f)+48)
		return
	}
	for {
		c := byte(x & 0x1f)
		x >>= 5
		more := x != 0
		if c&0x10 != 0 {
			more = x != -1
		}
		if more {
			c |= 0x20
		}
		k.code = append(k.code, c+48)
		if !more {
			return
		}
	}
}
