package runtime

import (
	"math"
	"testing"
)

func TestSequence(t *testing.T) {
	type step struct {
		n, excused, missing uint64
		found, late, anew   bool
	}
	for name, steps := range map[string][]step{
		"in order":  {{n: 0}, {n: 1}, {n: 2}},
		"gap":       {{n: 0}, {n: 5, missing: 4}, {n: 6}},
		"starts at": {{n: 3, missing: 3}, {n: 4}},
		"reordered": {{n: 0}, {n: 2, missing: 1}, {n: 1, found: true, late: true}, {n: 3}},
		"duplicate": {{n: 0}, {n: 1}, {n: 1, late: true}, {n: 2}, {n: 1, late: true}},
		"found twice": {{n: 2, missing: 2}, {n: 0, found: true, late: true}, {n: 0, late: true}, {n: 1, found: true, late: true},
			{n: 3}},
		"errors":         {{n: 0}, {n: 3, excused: 2}, {n: 2, late: true}, {n: 4}},
		"half excused":   {{n: 0}, {n: 4, excused: 1, missing: 2}, {n: 1, late: true}, {n: 2, found: true, late: true}, {n: 5}},
		"errors aside":   {{n: 0}, {n: 1, excused: 3}, {n: 3, missing: 1}},
		"far gap":        {{n: 0}, {n: 1000, missing: 999}, {n: 999, found: true, late: true}, {n: 937, found: true, late: true}},
		"anew":           {{n: 0}, {n: 1000, missing: 999}, {n: 0, anew: true}, {n: 1}, {n: 3, missing: 1}},
		"window's edge":  {{n: 100, missing: 100}, {n: 37, found: true, late: true}, {n: 36, anew: true}, {n: 35, late: true}, {n: 37}},
		"farthest":       {{n: 0}, {n: farthest + 1, missing: farthest}, {n: 2*farthest + 3, anew: true}, {n: 2*farthest + 4}},
		"broken counter": {{n: 0}, {n: 1 << 63, anew: true}, {n: 1<<63 + 1}, {n: math.MaxUint64, anew: true}, {n: 0}, {n: 7, anew: false, missing: 6}},
		"all were there": {{n: 0, excused: 0}, {n: 70, excused: 69}, {n: 69, late: true}, {n: 30, late: true}},
	} {
		var s sequence
		for i, want := range steps {
			if got := s.arrive(want.n, want.excused); got != (arrival{want.missing, want.found, want.late, want.anew}) {
				t.Errorf("%s: step %d, number %d: %+v; want %+v", name, i, want.n, got, want)
			}
		}
	}
}
