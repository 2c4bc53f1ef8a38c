package match

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimes(t *testing.T) {
	ms := func(v ...int) []time.Duration {
		out := make([]time.Duration, len(v))
		for i := range v {
			out[i] = time.Duration(v[i]) * time.Millisecond
		}
		return out
	}
	for _, c := range []struct {
		name string
		a, b []time.Duration
		want []int
	}{
		{"equal", ms(0, 33, 66), ms(0, 33, 66), []int{0, 1, 2}},
		{"offset", ms(0, 33, 66), ms(5, 38, 71), []int{0, 1, 2}},
		{"the nearest", ms(0, 33, 66), ms(25, 58, 91), []int{-1, 0, 1}},
		{"half the rate", ms(0, 33, 66, 100), ms(2, 68), []int{0, -1, 1, -1}},
		{"twice the rate", ms(0, 66), ms(1, 33, 65, 98), []int{0, 2}},
		{"outside of the window", ms(0, 100), ms(21, 79), []int{-1, -1}},
		{"on the edge of the window", ms(0, 100), ms(20, 80), []int{0, 1}},
		{"each at most once", ms(0, 1, 2), ms(1), []int{-1, 0, -1}},
		{"the nearer one wins", ms(0, 10), ms(9), []int{-1, 0}},
		{"never crosswise", ms(15, 19), ms(0, 16), []int{1, -1}},
		{"before the epoch", ms(-100, -67), ms(-99, -66), []int{0, 1}},
		{"nothing", ms(), ms(1), []int{}},
		{"far ends", []time.Duration{-1 << 63, 1<<63 - 1}, []time.Duration{-1<<63 + 1, 1<<63 - 2}, []int{0, 1}},
	} {
		if got := Times(c.a, c.b, 20*time.Millisecond); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestTimesLaws: each partner once, in order, inside the window; nothing that fits between its neighbours' partners
// is left alone; the same by brute force.
func TestTimesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.SliceOfNDistinct(rapid.Int64Range(0, 200), 0, 12, rapid.ID[int64])
		times := func(name string) []time.Duration {
			var out []time.Duration
			for _, v := range gen.Draw(t, name) {
				out = append(out, time.Duration(v))
			}
			slices.Sort(out)
			return out
		}
		a, b := times("a"), times("b")
		const window = 20
		got := Times(a, b, window)
		last := -1
		for i, j := range got {
			if j < 0 {
				continue
			}
			if j <= last {
				t.Fatalf("%v: %d after %d", got, j, last)
			}
			last = j
			if d := a[i] - b[j]; d > window || d < -window {
				t.Fatalf("%v and %v paired", a[i], b[j])
			}
		}
		if want := bruteMatch(a, b, window); !slices.Equal(got, want) {
			t.Fatalf("%v × %v: %v, want %v", a, b, got, want)
		}
	})
}

// bruteMatch takes the nearest two of all that are left and cross no pair, again and again; of equally near ones the
// earliest on the common time line.
func bruteMatch(a, b []time.Duration, window time.Duration) []int {
	out := make([]int, len(a))
	for i := range out {
		out[i] = -1
	}
	for {
		bi, bj, best, start := -1, -1, window+1, time.Duration(0)
		for i := range a {
			for j := range b {
				d := max(a[i]-b[j], b[j]-a[i])
				free := out[i] < 0 && !slices.Contains(out, j)
				for k, l := range out {
					if l >= 0 && (k < i) != (l < j) {
						free = false
					}
				}
				if free && (d < best || d == best && min(a[i], b[j]) < start) {
					bi, bj, best, start = i, j, d, min(a[i], b[j])
				}
			}
		}
		if bi < 0 {
			return out
		}
		out[bi] = bj
	}
}
