// Package match pairs the images of a recording by time, all at once: unlike a live camera's, both lists lie there whole.
package match

import (
	"cmp"
	"slices"
	"time"
)

// Times pairs times of a with times of b: the two nearest first, each used at most once, none further apart than
// window, and in order: a pair never reaches over a nearer one. Both are sorted. It gives for each of a the index in b,
// or −1.
//
// TUM's associate.py takes the nearest first in the same way, but may pair crosswise. Here the candidates are only
// neighbours on the common time line: the nearest two of all are always such, and after they are taken, whatever lies
// left of them may no longer go with what lies right.
func Times(a, b []time.Duration, window time.Duration) []int {
	type event struct {
		t     time.Duration
		i     int
		isB   bool
		taken bool
	}
	line := make([]event, 0, len(a)+len(b))
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if j == len(b) || i < len(a) && a[i] <= b[j] {
			line = append(line, event{t: a[i], i: i})
			i++
		} else {
			line = append(line, event{t: b[j], i: j, isB: true})
			j++
		}
	}
	type gap struct {
		left int // event; its right neighbour is the other
		d    uint64
	}
	var gaps []gap
	for i := 1; i < len(line); i++ {
		// as uint64 the difference of two ordered int64 never overflows
		if d := uint64(line[i].t) - uint64(line[i-1].t); line[i].isB != line[i-1].isB && d <= uint64(window) {
			gaps = append(gaps, gap{i - 1, d})
		}
	}
	slices.SortStableFunc(gaps, func(x, y gap) int { return cmp.Compare(x.d, y.d) })
	partner := make([]int, len(a))
	for i := range partner {
		partner[i] = -1
	}
	for _, g := range gaps {
		l, r := &line[g.left], &line[g.left+1]
		if l.taken || r.taken {
			continue
		}
		l.taken, r.taken = true, true
		if l.isB {
			l, r = r, l
		}
		partner[l.i] = r.i
	}
	return partner
}
