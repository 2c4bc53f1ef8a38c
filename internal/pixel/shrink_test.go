package pixel

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// Rows are blended as defined at every length, and nothing beside is written.
func TestBlendRows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for n := range 140 {
		for taps := 1; taps < 8; taps++ {
			stride := n + r.IntN(5)
			src := make([]byte, (taps-1)*stride+n)
			for i := range src {
				src[i] = byte(r.Uint32()) | byte(r.IntN(2)*255)
			}
			weights := make([]uint16, taps)
			left := 257
			for k := range taps {
				weights[k] = uint16(r.IntN(left + 1))
				if k == taps-1 && n%2 == 0 {
					weights[k] = uint16(left)
				}
				left -= int(weights[k])
			}
			in, kept := slices.Clone(src), slices.Clone(weights)
			dst := make([]uint16, 40+n+40)
			for i := range dst {
				dst[i] = 0xabcd
			}
			BlendRows(dst[40:40+n:40+n], src, stride, weights)
			for i, got := range dst {
				want := 0xabcd
				if at := i - 40; at >= 0 && at < n {
					want = 0
					for k, w := range weights {
						want += int(w) * int(src[k*stride+at])
					}
				}
				if int(got) != want {
					t.Fatalf("%d numbers, %d taps: number %d is %d, want %d", n, taps, i-40, got, want)
				}
			}
			if !bytes.Equal(in, src) || !slices.Equal(kept, weights) {
				t.Fatalf("%d numbers: input changed", n)
			}
		}
	}
}

// Pixels are weighted means at any number of taps and any step, rounded half up.
func TestBlendAcross(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for round := range 600 {
		n, taps, step := r.IntN(40), 1+r.IntN(6), 3+r.IntN(2)
		total := uint32(taps + r.IntN(1<<(1+r.IntN(20))))
		width := taps + r.IntN(60)
		a := Across{Taps: taps, Half: total / 2}
		for b := total; b > 0; b >>= 1 {
			a.K += 2
		}
		a.K += 8
		a.M = uint32((1<<a.K + uint64(total) - 1) / uint64(total))
		for range n {
			a.First = append(a.First, int32(3*r.IntN(width-taps+1)))
			left := total
			for k := range taps {
				w := r.Uint32N(left + 1)
				if k == taps-1 {
					w = left
				}
				a.Weights, left = append(a.Weights, w), left-w
			}
		}
		slices.Sort(a.First)
		src := make([]uint16, 3*width)
		for i := range src {
			src[i] = uint16(r.IntN(256))
			if round%3 == 0 {
				src[i] = 255 - uint16(r.IntN(2))
			}
		}
		in := slices.Clone(src)
		size := max(step*(n-1)+3, 0)
		dst := bytes.Repeat([]byte{guard}, 32+size+32)
		a.Blend(dst[32:32+size:32+size], step, src)
		for i, got := range dst {
			at := i - 32
			want := byte(guard)
			if at >= 0 && at < size {
				if at%step == 3 {
					continue
				}
				j := at / step
				sum := uint64(total / 2)
				for k := range taps {
					sum += uint64(a.Weights[j*taps+k]) * uint64(src[int(a.First[j])+3*k+at%step])
				}
				want = byte(sum / uint64(total))
			}
			if got != want {
				t.Fatalf("%d pixels, %d taps of %d, step %d: byte %d is %d, want %d", n, taps, total, step, at, got, want)
			}
		}
		if !slices.Equal(in, src) {
			t.Fatal("input changed")
		}
	}
}

// Boxes of every size have the mean of the generic version; two tables show its 16 bits.
func TestBoxDepth(t *testing.T) {
	var low, high [1 << 16]uint8
	for i := range low {
		low[i], high[i] = uint8(i), uint8(i>>8)
	}
	r := rand.New(rand.NewPCG(7, 7))
	none, some := 0, 0
	for range 1500 {
		rows, width := 1+r.IntN(5), 1+r.IntN(60)
		if r.IntN(10) == 0 {
			rows = 1 + r.IntN(20)
		}
		below := r.IntN(3) * r.IntN(8) // readings behind the last row
		src := make([]uint16, width*rows+below)
		base := []int{1 + r.IntN(100), 600 + r.IntN(5000), 65535 - r.IntN(3000), 32 * r.IntN(2000)}[r.IntN(4)]
		holes := r.IntN(4)
		for i := range src {
			src[i] = uint16(min(max(base+[]int{0, base / 32, -base / 32, base/32 + 1, -base/32 - 1, r.IntN(9) - 4, 70000}[r.IntN(7)], 0), 65535))
			if r.IntN(4) < holes {
				src[i] = 0
			}
		}
		var spans []int32
		starts := make([]int, r.IntN(30))
		for i := range starts {
			starts[i] = r.IntN(width)
		}
		slices.Sort(starts)
		for _, x := range starts {
			spans = append(spans, int32(x), int32(x+1+r.IntN(min(width-x, 1+r.IntN(10)))))
		}
		in, kept, step := slices.Clone(src), slices.Clone(spans), 1+r.IntN(4)
		size := 0
		if len(spans) > 0 {
			size = step*(len(spans)/2-1) + 1
		}
		a, b := bytes.Repeat([]byte{guard}, 32+size+32), make([]byte, size)
		boxes := NewBoxes(spans, width)
		boxes.Depth(a[32:32+size:32+size], step, src, rows, &low)
		boxes.Depth(b, step, src, rows, &high)
		for i, got := range a {
			at := i - 32
			if at < 0 || at >= size || at%step != 0 {
				if got != guard {
					t.Fatalf("byte %d is written", at)
				}
				continue
			}
			j := at / step
			want := boxMean(src, width, rows, int(spans[2*j]), int(spans[2*j+1]))
			if v := uint16(got) | uint16(b[at])<<8; v != want {
				t.Fatalf("%d rows of %d, columns %d: mean %d, want %d", rows, width, spans[2*j:2*j+2], v, want)
			}
			if want == 0 {
				none++
			} else {
				some++
			}
		}
		if !slices.Equal(in, src) || !slices.Equal(kept, spans) {
			t.Fatal("input changed")
		}
	}
	if none < 100 || some < 5000 {
		t.Errorf("%d boxes without a reading, %d with", none, some)
	}
}

func TestShrinkRefusesBrokenShapes(t *testing.T) {
	var table [1 << 16]uint8
	across := func() *Across { return &Across{First: []int32{0, 3}, Weights: make([]uint32, 4), Taps: 2, M: 1} }
	for name, f := range map[string]func(){
		"no weights":   func() { BlendRows(make([]uint16, 8), make([]byte, 100), 8, nil) },
		"short":        func() { BlendRows(make([]uint16, 8), make([]byte, 15), 8, []uint16{1, 1}) },
		"heavy":        func() { BlendRows(make([]uint16, 8), make([]byte, 16), 8, []uint16{129, 129}) },
		"step":         func() { across().Blend(make([]byte, 99), 5, make([]uint16, 20)) },
		"taps":         func() { a := across(); a.Taps = 3; a.Blend(make([]byte, 99), 3, make([]uint16, 20)) },
		"first":        func() { a := across(); a.First[0] = -1; a.Blend(make([]byte, 99), 3, make([]uint16, 20)) },
		"last":         func() { across().Blend(make([]byte, 99), 3, make([]uint16, 8)) },
		"small":        func() { across().Blend(make([]byte, 5), 3, make([]uint16, 20)) },
		"falling":      func() { a := across(); a.First[0] = 6; a.Blend(make([]byte, 99), 3, make([]uint16, 20)) },
		"backwards":    func() { NewBoxes([]int32{3, 4, 2, 4}, 10) },
		"span":         func() { NewBoxes([]int32{3, 3}, 10) },
		"wide":         func() { NewBoxes([]int32{3, 11}, 10) },
		"negative":     func() { NewBoxes([]int32{-1, 2}, 10) },
		"half a span":  func() { NewBoxes(slices.Concat([]int32{1, 2}, []int32{3}), 10) },
		"few readings": func() { NewBoxes([]int32{1, 2}, 10).Depth(make([]byte, 9), 1, make([]uint16, 19), 2, &table) },
		"few bytes":    func() { NewBoxes([]int32{1, 2, 2, 3}, 10).Depth(make([]byte, 4), 4, make([]uint16, 20), 2, &table) },
		"no rows":      func() { NewBoxes([]int32{1, 2}, 10).Depth(make([]byte, 4), 4, make([]uint16, 20), 0, &table) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
