package replay

import (
	"slices"
	"testing"
)

func TestCompareNatural(t *testing.T) {
	for _, sorted := range [][]string{
		{"0", "1", "2", "10", "107"},
		{"learn0", "learn1", "learn2", "learn10", "learn44"},
		{"frame-000000", "frame-000005", "frame-000010"},
		{"a1b2", "a1b10", "a2b1", "b"},
		{"", "0", "00", "1", "a"},
		{"18446744073709551615", "18446744073709551616", "99999999999999999999999"},
		{"x", "x1", "xa"},
	} {
		got := slices.Clone(sorted)
		slices.Reverse(got)
		slices.SortFunc(got, compareNatural)
		if !slices.Equal(got, sorted) {
			t.Errorf("sorted %q, want %q", got, sorted)
		}
	}
}

func TestMatchNames(t *testing.T) {
	for _, c := range []struct {
		name       string
		a, b       []string
		want       []int
		duplicates int
	}{
		{"the same", []string{"c/1.jpg", "c/2.jpg"}, []string{"d/1.png", "d/2.png"}, []int{0, 1}, 0},
		{"zero padded or not", []string{"c/1.jpg", "c/10.jpg"}, []string{"d/0001.png", "d/0010.png"}, []int{0, 1}, 0},
		{"kinds in the name", []string{"frame-000010.color.jpg", "frame-000011.color.jpg"}, []string{"frame-000011.depth.png", "frame-000010.depth.png"}, []int{1, 0}, 0},
		{"numbers that do not count", []string{"rgb8_17.png", "rgb8_18.png"}, []string{"depth16_17.png", "depth16_18.png"}, []int{0, 1}, 0},
		{"scene and frame", []string{"s1_f1.png", "s1_f2.png", "s2_f1.png"}, []string{"s2_f1.png", "s1_f1.png", "s1_f2.png"}, []int{1, 2, 0}, 0},
		{"a gap on both sides", []string{"1.png", "2.png", "4.png"}, []string{"2.png", "3.png", "4.png"}, []int{-1, 0, 2}, 0},
		{"the whole name before a part", []string{"c1_f1.png", "c2_f1.png", "c3_f7.png"}, []string{"d2_f1.png", "d4_f1.png", "d9_f2.png"}, []int{-1, 0, -1}, 0},
		{"no number", []string{"left.png", "right.png"}, []string{"right.png", "left.png"}, []int{1, 0}, 0},
		{"the same number twice", []string{"5.jpg", "05.png", "6.png"}, []string{"5.png", "6.png"}, []int{0, -1, 1}, 1},
		{"nothing in common", []string{"a.png"}, []string{"b.png"}, []int{-1}, 0},
		{"nothing", nil, []string{"b.png"}, []int{}, 0},
		{"one pair", []string{"img_5.png"}, []string{"depth_5.png"}, []int{0}, 0},
	} {
		got, duplicates := matchNames(c.a, c.b)
		if !slices.Equal(got, c.want) || duplicates != c.duplicates {
			t.Errorf("%s: %v and %d duplicates, want %v and %d", c.name, got, duplicates, c.want, c.duplicates)
		}
	}
}
