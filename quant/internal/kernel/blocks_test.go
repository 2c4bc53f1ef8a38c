package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestByBlocks holds pointwise convolutions over ranges of blocks against the same over rows, on whole maps and slices of
// channels, with fused tables, for the best kernels and the generic one.
func TestByBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	for i := range rounds(400) {
		c := Conv{In: 1 + r.IntN(40), Out: tileSize(r, 16, 8), KH: 1, KW: 1, Type: Native}
		c = randomConv(r, c)
		var disable []string
		if i%4 == 0 {
			disable = []string{"simd"}
		}
		set, err := Choose(disable)
		if err != nil {
			t.Fatal(err)
		}
		p, err := set.PackConv(c)
		if err != nil {
			t.Fatal(err)
		}
		if !p.EachPixel() {
			t.Fatal("a pointwise convolution is none")
		}
		h, w := 1+r.IntN(5), 1+r.IntN(21)
		src := gapless(t, r, h, w, c.In)
		want, got := gapless(t, r, h, w, c.Out), gapless(t, r, h, w, c.Out)
		scratch := make([]byte, p.Scratch(w))
		p.Run(&want, &src, 0, h, scratch)
		from, to := src.ByBlocks(), got.ByBlocks()
		for _, part := range cuts(r, to.H) {
			p.Run(&to, &from, part[0], part[1], scratch)
		}
		for y := range h {
			for x := range w {
				for n := range c.Out {
					if g, w := got.Data[got.Offset(y, x, n)], want.Data[want.Offset(y, x, n)]; g != w {
						t.Fatalf("case %d, %s: (%d, %d, %d) is %d, by rows %d", i, describe(&c, &src), y, x, n, g, w)
					}
				}
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("rows with gaps are given as blocks")
		}
	}()
	m := NewMap(2, 8, 4, Native)
	m.Row += 16
	m.ByBlocks()
}

// gapless is a map of random bytes without gaps between its rows, sometimes a slice of the channels of a larger one.
func gapless(t *testing.T, r *rand.Rand, h, w, c int) Map {
	m := NewMap(h, w, c, Native)
	if r.IntN(3) == 0 {
		m.Block += 16 * r.IntN(3)
		m.Row = Blocks(w) * m.Block
	}
	m.Data = guarded(t, m.Size(), r.IntN(2) == 0)
	for i := range m.Data {
		m.Data[i] = byte(r.Uint32())
	}
	return m
}

// cuts is [0, n) in parts, in any order.
func cuts(r *rand.Rand, n int) [][2]int {
	var parts [][2]int
	for lo := 0; lo < n; {
		hi := lo + 1 + r.IntN(n-lo)
		parts = append(parts, [2]int{lo, hi})
		lo = hi
	}
	r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return parts
}
