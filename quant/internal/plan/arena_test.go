package plan

import (
	"math/rand/v2"
	"testing"
)

// Buffers that live at one step share no byte, and the arena is near the lower bound.
func TestPlace(t *testing.T) {
	worst := 0.0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		steps := 5 + r.IntN(60)
		var list []*Buffer
		for i := range steps - 1 {
			life := 1
			if r.IntN(5) == 0 {
				life = r.IntN(steps - i)
			}
			list = append(list, &Buffer{Size: 1 + r.IntN(1<<uint(4+r.IntN(12))), first: i, last: min(i+life, steps-1)})
		}
		a := place(list, steps)
		check(t, list, a)
		worst = max(worst, float64(a.Bytes)/float64(a.LowerBound))
		b := placeByTime(append([]*Buffer(nil), list...), Arena{})
		check(t, list, b)
	}
	if worst > 1.35 { // random lifetimes are harder than a network's
		t.Errorf("the arena is %.2f times its lower bound", worst)
	}
}

func check(t *testing.T, list []*Buffer, a Arena) {
	t.Helper()
	for i, p := range list {
		if p.Offset%alignment != 0 || p.Offset+p.Size > a.Bytes {
			t.Fatalf("buffer %d at %d of %d", i, p.Offset, a.Bytes)
		}
		for j, q := range list[:i] {
			if p.first <= q.last && q.first <= p.last && p.Offset < q.Offset+q.Size && q.Offset < p.Offset+p.Size {
				t.Fatalf("buffers %d and %d overlap", i, j)
			}
		}
	}
}
