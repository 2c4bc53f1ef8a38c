package synth

import "testing"

// A shaft's candidates block the same rays as the whole scene.
func TestShaftsBlockWhatTheSceneBlocks(t *testing.T) {
	c, err := Open("seed=21,scene=tabletop,width=32,height=24,cut=1")
	if err != nil {
		t.Fatal(err)
	}
	blocked, open, culled := 0, 0, 0
	var f shaft
	for k := range 6 {
		c.load(k)
		s := &c.scene
		r := newRNG(uint64(k), 3)
		for range 60 {
			point := func(h hull) vec { return vec{r.uni(h.lo.x, h.hi.x), r.uni(h.lo.y, h.hi.y), r.uni(h.lo.z, h.hi.z)} }
			box := func(m float64) hull {
				h := noHull
				h.take(vec{float64(s.half.x * r.uni(-0.9, 0.9)), float64(s.half.y * r.uni(-0.9, 0.9)), r.uni(0.1, 2)})
				h.take(h.lo.add(vec{float64(m * r.Float64()), float64(m * r.Float64()), float64(m * r.Float64())}))
				return h
			}
			a, b := box(0.3), box(1)
			if r.chance(0.3) {
				b = a.grow(reach)
			}
			if r.chance(0.1) {
				b.lo.z, b.hi.z = a.lo.z, a.hi.z
			}
			f.aim(&s.tree, s.prims, a, b)
			culled += len(s.prims) - len(f.candidates)
			for range 40 {
				o := point(a)
				d := point(b).sub(o)
				want := s.tree.blocked(s.prims, o, d, 0, 1)
				if got := f.blocked(s.prims, o, d, 1); got != want {
					t.Fatalf("scene %d: from %v to %v: blocked %v, want %v", k, o, o.add(d), got, want)
				}
				if want {
					blocked++
				} else {
					open++
				}
			}
		}
	}
	if blocked < 500 || open < 1000 || culled < 360*20 {
		t.Errorf("%d rays blocked, %d open, %d primitives culled: not enough of each", blocked, open, culled)
	}
}
