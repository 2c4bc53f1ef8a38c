package mask

import "slices"

// runLengths holds the COCO run-length code of every class of a mask, made in one walk over its pixels.
//
// The code (maskApi.c of the COCO API): pixels are taken column by column, top to bottom; counts alternate between
// pixels outside and inside, beginning outside; from the fourth on, a count is stored as its difference to the one two
// before; each number is written in groups of 5 bits, low first, bit 5 marks that more follow, bit 4 of the last is the
// sign, plus 48 to be printable.
type runLengths struct {
	class  [256]classRuns
	seen   []uint8 // classes with pixels, in order of appearance
	column []uint8 // one or a few columns of the mask, gathered
}

type classRuns struct {
	code   []byte
	end    int // pixel after the class's last run so far
	n      int // counts written
	p1, p2 int // the last count and the one before
}

// strip is the number of columns gathered at once: a cache line of each row serves that many.
const strip = 16

// encode fills r from a mask of w × h classes.
func (r *runLengths) encode(classes []uint8, w, h int) {
	for _, c := range r.seen {
		k := &r.class[c]
		*k = classRuns{code: k.code[:0]}
	}
	r.seen = r.seen[:0]
	r.column = extend(r.column[:0], strip*h)
	current, start, at := classes[0], 0, 0
	for x0 := 0; x0 < w; x0 += strip {
		n := min(strip, w-x0)
		for y := range h {
			for i, c := range classes[y*w+x0 : y*w+x0+n] {
				r.column[i*h+y] = c
			}
		}
		for _, c := range r.column[:n*h] {
			if c != current {
				r.run(current, start, at)
				current, start = c, at
			}
			at++
		}
	}
	r.run(current, start, at)
	for _, c := range r.seen {
		if k := &r.class[c]; k.end < at {
			k.count(at - k.end)
		}
	}
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
}

func (k *classRuns) count(v int) {
	x := v
	if k.n > 2 {
		x -= k.p2
	}
	k.n++
	k.p1, k.p2 = v, k.p1
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
