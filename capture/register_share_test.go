package capture

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever rows the rows of blocks touch: each is drawn once, no two shares that are drawn at the same time touch the same
// colour row, and each colour row is emptied once, before or by the first that touches it.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		height := rapid.IntRange(1, 200).Draw(t, "height")
		n := rapid.IntRange(1, 40).Draw(t, "rows of blocks")
		tall := rapid.IntRange(1, 60).Draw(t, "tall")
		reach := make([]band, n)
		for i := range reach {
			if rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
				continue // touches nothing
			}
			lo := max(0, i*height/n-rapid.IntRange(0, tall).Draw(t, "above"))
			reach[i] = band{lo, min(height, lo+rapid.IntRange(0, tall).Draw(t, "high"))}
		}
		shares := split(reach, height)
		drawn, emptied := make([]int, n), make([]int, height)
		for phase := range shares {
			touched := make([]bool, height)
			for _, s := range shares[phase] {
				own := make([]bool, height)
				for y := s.empty.lo; y < s.empty.hi; y++ {
					emptied[y]++
					own[y] = true
				}
				for i := s.first; i < s.last; i++ {
					drawn[i]++
					for y := reach[i].lo; y < reach[i].hi; y++ {
						if y < s.drawn.lo || y >= s.drawn.hi {
							t.Fatalf("rows of blocks %d…%d touch row %d, outside %v", s.first, s.last, y, s.drawn)
						}
						if emptied[y] == 0 {
							t.Fatalf("row %d is drawn into before it is emptied", y)
						}
						own[y] = true
					}
				}
				for y := range own {
					if own[y] && touched[y] {
						t.Fatalf("row %d is touched by two shares at a time", y)
					}
					touched[y] = touched[y] || own[y]
				}
			}
		}
		for i, n := range drawn {
			if n != 1 {
				t.Fatalf("row of blocks %d is drawn %d times", i, n)
			}
		}
		for y, n := range emptied {
			if n != 1 {
				t.Fatalf("row %d is emptied %d times", y, n)
			}
		}
	})
}

// A camera's image is split finely enough for many workers.
func TestSplitOfACamera(t *testing.T) {
	c := d435()
	for _, in := range []*Intrinsics{&c.Color, &c.Depth} {
		in.Width, in.Height, in.Fx, in.Fy, in.Cx, in.Cy = 640, 480, in.Fx*4, in.Fy*4, in.Cx*4, in.Cy*4
	}
	r, err := NewRegistrar(c, workers(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.glide.shares[0]); n < 8 {
		t.Errorf("%d shares can be drawn at a time, of %d rows of blocks", n, len(r.glide.reach))
	}
}
