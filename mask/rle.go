package mask

import (
	"slices"

	"github.com/depthwise/depthwise/internal/pixel"
)

// runLengths holds the COCO run-length code of every class of a mask, made in one walk over its columns.
//
// The code (maskApi.c of the COCO API): pixels are taken column by column, top to bottom; counts alternate between
// pixels outside and inside, beginning outside; from the fourth on, a count is stored as its difference to the one two
// before; each number is written in groups of 5 bits, low first, bit 5 marks that more follow, bit 4 of the last is the
// sign, plus 48 to be printable.
type runLengths struct {
	class  [256]classRuns
	seen   []uint8 // classes with pixels, in order of appearance
	found  []turn  // in order of rows
	places []int32 // where rows differ from those above
	turns  []turn  // in order of columns
	from   []int32 // of each column of cells, where its turns begin
}

// turn is a cell whose class is not that of the one above it.
type turn struct {
	x, y  int32 // column of cells, and first row of pixels
	class uint8
}

// classRuns are the counts of pixels outside and inside a class, in turns, and their code.
type classRuns struct {
	counts []int32
	code   []byte
	end    int32 // pixel after the class's last run so far
	pixels int
}

// encode fills r from a mask of w × h pixels, fewer than 2³¹, that take their classes from gw × gh cells.
func (r *runLengths) encode(classes []uint8, gw, gh, w, h int) {
	for _, c := range r.seen {
		k := &r.class[c]
		*k = classRuns{counts: k.counts[:0], code: k.code[:0]}
	}
	r.seen = r.seen[:0]
	top := r.findTurns(classes, gw, gh, h)
	r.sortTurns(gw)
	r.count(top, w, h)
	for _, c := range r.seen {
		r.class[c].encode(int32(w * h))
	}
}

// count walks over the columns of pixels.
func (r *runLengths) count(top []uint8, w, h int) {
	current := top[nearest(0, len(top), w)]
	k := &r.class[current]
	r.seen = append(r.seen, current)
	start, x, first := int32(0), 0, int32(0)
	for i, c := range top {
		turns := r.turns[r.from[i]:r.from[i+1]]
		for end := firstOf(i+1, len(top), w); x < end; x++ {
			if c != current {
				k.run(start, first)
				if k = &r.class[c]; len(k.counts) == 0 {
					r.seen = append(r.seen, c)
				}
				current, start = c, first
			}
			for _, t := range turns {
				at := first + t.y
				k.run(start, at)
				if k = &r.class[t.class]; len(k.counts) == 0 {
					r.seen = append(r.seen, t.class)
				}
				current, start = t.class, at
			}
			first += int32(h)
		}
	}
	k.run(start, first)
}

// run notes that the pixels start…end−1 are inside.
func (k *classRuns) run(start, end int32) {
	k.counts = append(k.counts, start-k.end, end-start)
	k.end = end
}

// encode writes the code of a class of a mask of n pixels.
func (k *classRuns) encode(n int32) {
	if k.end < n {
		k.counts = append(k.counts, n-k.end)
	}
	for i := 1; i < len(k.counts); i += 2 {
		k.pixels += int(k.counts[i])
	}
	room := pixel.RunCodeBytes*len(k.counts) + pixel.RunCodeSlack
	k.code = slices.Grow(k.code, room)[:room]
	k.code = k.code[:pixel.RunCode(k.code, k.counts)]
}

// findTurns notes the turns, and in from[x+1] how many column x has, and returns the first row of cells that pixels take.
func (r *runLengths) findTurns(classes []uint8, gw, gh, h int) (top []uint8) {
	r.from = slices.Grow(r.from[:0], gw+1)[:gw+1]
	clear(r.from)
	r.found = r.found[:0]
	if h < gh {
		return r.findSampled(classes, gw, gh, h)
	}
	// Rows follow one another, so that many are compared at once.
	at := max(1, atOnce/gw)
	for i := 1; i < gh; i += at {
		n := min(at, gh-i) * gw
		r.turnsOf(classes[i*gw:i*gw+n], classes[(i-1)*gw:][:n], gw, i, gh, h)
	}
	return classes[:gw]
}

// atOnce bounds the cells that are compared at once, and so the places where they differ, to what a cache holds.
const atOnce = 4096

// findSampled is findTurns where pixels leave rows of cells out.
func (r *runLengths) findSampled(classes []uint8, gw, gh, h int) (top []uint8) {
	above := []uint8(nil)
	for y := range h {
		i := nearest(y, gh, h)
		row := classes[i*gw : (i+1)*gw]
		if above == nil {
			top = row
		} else {
			r.turnsOf(row, above, gw, i, gh, h)
		}
		above = row
	}
	return top
}

// turnsOf notes the turns between rows of cells, of which the first is row i, and those above them.
func (r *runLengths) turnsOf(rows, above []uint8, gw, i, gh, h int) {
	r.places = slices.Grow(r.places[:0], len(rows))[:len(rows)]
	end, y := 0, int32(0)
	for _, p := range r.places[:pixel.Differing(r.places, rows, above)] {
		for int(p) >= end {
			y = int32(firstOf(i, gh, h))
			i++
			end += gw
		}
		x := p - int32(end-gw)
		r.found = append(r.found, turn{x, y, rows[p]})
		r.from[x+1]++
	}
}

// sortTurns brings the turns of each column together; their rows rise, as they did.
func (r *runLengths) sortTurns(gw int) {
	for x := range gw {
		r.from[x+1] += r.from[x]
	}
	r.turns = slices.Grow(r.turns[:0], len(r.found))[:len(r.found)]
	for _, t := range r.found {
		r.turns[r.from[t.x]] = t
		r.from[t.x]++
	}
	copy(r.from[1:], r.from) // each has moved on to where the next one begins
	r.from[0] = 0
}

// include gives a class without pixels its code, too.
func (r *runLengths) include(class uint8, pixels int) {
	if k := &r.class[class]; !slices.Contains(r.seen, class) {
		k.encode(int32(pixels))
		r.seen = append(r.seen, class)
	}
}
