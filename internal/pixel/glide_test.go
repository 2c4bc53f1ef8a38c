package pixel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// sample draws a Glide, blocks of one row and readings: mostly cameras that could be, at the borders of the image too.
func sample(r *rand.Rand) (g Glide, blocks []Block, src []uint16, n, first, end, height int) {
	g = Glide{Near: 1 + r.IntN(300), Fine: r.IntN(4), Rows: 1 << r.IntN(5), Width: narrowest + r.IntN(120), Frac: 4 + r.IntN(9),
		Offset: int32(r.IntN(1<<25) - 1<<24), Bent: r.IntN(2) == 0}
	if r.IntN(8) == 0 {
		g.Offset = int32(r.IntN(1<<31-2) + 1 - 1<<30)
	}
	g.Near = max(g.Near, g.nearest())
	g.Shift = float32(r.IntN(2*g.Near)) - float32(g.Near)/2
	g.Share = float32(32767+r.IntN(2)*r.IntN(1000)*-1) * (float32(g.Near) + g.Shift)
	for g.Share/(float32(g.Near)+g.Shift) >= 32768 {
		g.Share *= 0.999
	}
	height = 1 + r.IntN(40)
	n, first = r.IntN(130), r.IntN(g.Rows)
	end = first + r.IntN(g.Rows-first+1)
	src = make([]uint16, n*(end-first))
	smooth, holes := r.IntN(2) == 0, r.IntN(3)
	for i := range src {
		switch kind := r.IntN(12 + 60*holes); {
		case kind == 0:
		case kind == 1:
			src[i] = uint16(r.IntN(g.Near + 2))
		case kind == 2:
			src[i] = uint16(65535 - r.IntN(3))
		case smooth && i > 0 && src[i-1] > 100:
			src[i] = src[i-1] + uint16(r.IntN(9)) - 4
		default:
			src[i] = uint16(g.Near + r.IntN(4000))
		}
	}
	one := 1 << g.Frac
	span := func(m int) int16 { m = min(m, 1<<15-1); return int16(r.IntN(2*m+1) - m) }
	wild, level := r.IntN(8) == 0, r.IntN(3) == 0
	// Of patches a quarter to six pixels wide.
	step := float64(one) * []float64{0.25, 0.6, 0.9, 1, 1.1, 1.6, 2.3, 4}[r.IntN(8)]
	clip := func(v float64) int16 { return int16(min(max(v, -32767), 32767)) }
	for x := 0; x < n; x += BlockWidth {
		b := Block{
			X: int32(float64(x)*step/float64(one)) + int32(r.IntN(9)) - 4, Y: int32(r.IntN(height+8)) - 4,
			U: span(2 * one), UK: clip(16*step + float64(span(one))), UKK: span(one / 4), UJ: span(one), UJK: span(one / 2),
			V: span(2 * one), VK: span(one), VKK: span(one / 4), VJ: clip(step * float64(g.Rows)), VJK: span(one / 2),
			S: span(20 * one), SK: span(one), SJ: span(one), T: span(2 * one), TK: span(one), TJ: span(one),
			Q: span(2 * one), QK: span(one), QJ: span(one), R: span(one), RK: span(one), RJ: span(one),
			E: clip(1.5*step) + span(one/8), EK: span(one / 8), G: span(one / 4), F: clip(1.5*step) + span(one/8), FK: span(one / 8), H: span(one / 4),
			Z: span(1<<14 - 1200), ZK: span(500), ZJ: span(500), End: int16(g.Rows), Low: 1, High: 65535,
		}
		if r.IntN(4) == 0 {
			b.First, b.End = int16(r.IntN(g.Rows)), int16(r.IntN(g.Rows+1))
		}
		if r.IntN(4) == 0 {
			b.Low, b.High = uint16(r.IntN(3*g.Near)), uint16(r.IntN(1<<(8+r.IntN(9))))
		}
		if level { // rows of patches lie level, depths are readings: the last that fit are met
			b.VK, b.VKK, b.VJK, b.T, b.TK, b.TJ, b.R, b.RK, b.RJ, b.FK, b.H = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
			b.Z, b.ZK, b.ZJ = 0, 0, 0
			g.Offset = 1 << 15 << g.Fine
		}
		if wild {
			for _, p := range []*int16{&b.U, &b.UK, &b.UKK, &b.UJ, &b.V, &b.E, &b.F, &b.S, &b.Q, &b.G} {
				*p = span(1<<15 - 1)
			}
			b.X, b.Y = int32(r.IntN(1<<15-1)-(1<<14-1)), int32(r.IntN(1<<15-1)-(1<<14-1))
		}
		switch r.IntN(12) {
		case 0:
			b.State = Slow
		case 1:
			b.State = Unseen
		}
		blocks = append(blocks, b)
	}
	return g, blocks, src, n, first, end, height
}

// Every variant writes the generic version's bytes, within its band of rows alone, and tells the same.
func TestGlideVariantsEqualGeneric(t *testing.T) {
	if len(glides()) < len(glideTable) && os.Getenv("CI") != "" {
		t.Logf("%d of %d variants run on this CPU", len(glides()), len(glideTable))
	}
	drawn, slowRows := 0, 0
	for _, variant := range glides() {
		r := rand.New(rand.NewPCG(3, uint64(len(variant.name))))
		images, sources := guarded(t, 8192), guarded(t, 4096)
		for round := range 6000 {
			g, blocks, src, n, first, end, height := sample(r)
			if len(src) == 0 {
				continue
			}
			want := make([]uint16, g.Width*height)
			filled := r.IntN(2)
			for i := range want {
				want[i] = uint16(r.IntN(65536) * r.IntN(2) * filled)
			}
			// At one end of its memory, and what the variant reads at the other's.
			at, from := 0, len(sources)-len(src)
			if round%2 == 0 {
				at, from = len(images)-len(want), 0
			}
			got, in := images[at:][:len(want)], sources[from:][:len(src)]
			for i := range images {
				images[i] = 0xa5a5
			}
			before, kept := slices.Clone(want), slices.Clone(blocks)
			copy(got, want)
			copy(in, src)
			lo := r.IntN(height)
			hi := lo + r.IntN(height-lo+1)
			if round%4 < 2 { // up to the ends
				lo, hi = 0, height
			}
			a := g.draw(want, lo, hi, blocks, src, n, first, end)
			b := variant.draw(&g, got, lo, hi, blocks, in, n, first, end)
			if a != b {
				t.Fatalf("%s, round %d: slow is %v, want %v", variant.name, round, b, a)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%s, round %d: %+v\npixel %d (%d, %d) is %d, want %d", variant.name, round, g, i, i%g.Width, i/g.Width, got[i], want[i])
				}
			}
			for i, v := range images {
				if (i < at || i >= at+len(got)) && v != 0xa5a5 {
					t.Fatalf("%s, round %d: number %d beside the image was overwritten", variant.name, round, i-at)
				}
			}
			if !slices.Equal(in, src) || !slices.Equal(kept, blocks) {
				t.Fatalf("%s changed its input", variant.name)
			}
			if !slices.Equal(before, got) {
				drawn++
			}
			if a {
				slowRows++
			}
		}
	}
	if len(glides()) > 0 && (drawn < 500 || slowRows < 500) {
		t.Errorf("%d rows drew something, %d had slow readings: too few", drawn, slowRows)
	}
}

// Images filled to all their borders: nothing beyond them is even read.
func TestGlideStaysInsideTheImage(t *testing.T) {
	const height, n = 3, 32 * 12
	images := guarded(t, 8192)
	src := make([]uint16, n*8)
	for i := range src {
		src[i] = uint16(1000 + i%7)
	}
	for _, variant := range glides() {
		for width := narrowest; width < 200; width++ {
			for _, step := range []float64{0.7, 1, 1.25, 1.7, 2.4} {
				g := Glide{Near: 100, Rows: 8, Width: width, Frac: 8, Offset: 1 << 15, Share: 32767 * 100}
				var blocks []Block
				for x := range n / BlockWidth {
					left := (float64(x*BlockWidth)-n/2)*step + float64(width)/2
					whole := math.Floor(left)
					blocks = append(blocks, Block{X: int32(whole), Y: -2, U: int16((left - whole + 16*step) * 256), UK: int16(16 * step * 256),
						VJ: int16(8 * step * 256), E: int16(1.5 * step * 256), F: int16(1.5 * step * 256), End: 8, High: 65535})
				}
				want := make([]uint16, width*height)
				g.draw(want, 0, height, blocks, src, n, 0, 8)
				for _, at := range []int{0, len(images) - len(want)} {
					got := images[at:][:len(want)]
					clear(got)
					variant.draw(&g, got, 0, height, blocks, src, n, 0, 8)
					if !slices.Equal(got, want) || slices.Contains(got, 0) {
						t.Fatalf("%s: %d pixels wide, step %v: %v, want %v", variant.name, width, step, got, want)
					}
				}
			}
		}
	}
}

// One reading is enough to be told: any in a slow block, one that is too near elsewhere.
func TestGlideTellsOfOneReading(t *testing.T) {
	for _, c := range []struct {
		state   int16
		reading uint16
		slow    bool
	}{{Slow, 65535, true}, {Slow, 1, true}, {Slow, 0, false}, {Unseen, 99, true}, {Unseen, 1, true}, {Unseen, 100, false},
		{Unseen, 65535, false}, {Drawn, 99, true}, {Drawn, 100, false}, {Drawn, 65535, false}} {
		for at := range 70 {
			g := Glide{Near: 100, Rows: 1, Width: 70, Frac: 8}
			src := make([]uint16, 70)
			src[at] = c.reading
			block := Block{State: c.state, End: 1, High: 65535}
			blocks := []Block{block, block, block}
			pix := make([]uint16, 700)
			if g.Draw(pix, 0, 10, blocks, src, 70, 0, 1) != c.slow || g.draw(pix, 0, 10, blocks, src, 70, 0, 1) != c.slow {
				t.Errorf("reading %d at %d in a block of state %d: slow is %v", c.reading, at, c.state, !c.slow)
			}
		}
	}
}

func TestGlideRefusesBrokenShapes(t *testing.T) {
	type call struct {
		g                             Glide
		pix                           []uint16
		lo, hi, blocks, n, first, end int
	}
	for name, breakIt := range map[string]func(c *call){
		"near":   func(c *call) { c.g.Near = 0 },
		"before": func(c *call) { c.g.Offset = -80 << 16 },
		"far":    func(c *call) { c.g.Near = 65536 },
		"rows":   func(c *call) { c.g.Rows = 12 },
		"many":   func(c *call) { c.g.Rows = 32 },
		"width":  func(c *call) { c.g.Width = 0 },
		"wide":   func(c *call) { c.g.Width, c.pix = 1<<14+1, make([]uint16, 10<<14+10) },
		"frac":   func(c *call) { c.g.Frac = 3 },
		"finer":  func(c *call) { c.g.Frac = 13 },
		"fine":   func(c *call) { c.g.Fine = 4 },
		"coarse": func(c *call) { c.g.Fine = -1 },
		"offset": func(c *call) { c.g.Offset = 1 << 30 },
		"pix":    func(c *call) { c.pix = c.pix[:99] },
		"lo":     func(c *call) { c.lo = -1 },
		"hi":     func(c *call) { c.hi = 11 },
		"blocks": func(c *call) { c.blocks = 1 },
		"first":  func(c *call) { c.first = -1 },
		"end":    func(c *call) { c.end = 17 },
		"n":      func(c *call) { c.n = 41 },
	} {
		c := call{Glide{Near: 100, Rows: 16, Width: 10, Frac: 8}, make([]uint16, 100), 0, 10, 2, 40, 3, 5}
		draw := func() { c.g.Draw(c.pix, c.lo, c.hi, make([]Block, c.blocks), make([]uint16, 80), c.n, c.first, c.end) }
		draw()
		breakIt(&c)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			draw()
		}()
	}
}

// BenchmarkGlide draws a level surface by each variant: 20 blocks of 16 rows.
func BenchmarkGlide(b *testing.B) {
	for _, step := range []float64{0.9, 1.25, 1.6} {
		g := Glide{Near: 100, Rows: 16, Width: 640, Frac: 8, Offset: 1 << 15, Share: 32767 * 100}
		var blocks []Block
		for x := range 20 {
			left := (float64(x*32)-320)*step + 320
			blocks = append(blocks, Block{X: int32(left), Y: 10, U: int16((left - float64(int(left)) + 16*step) * 256), UK: int16(16 * step * 256), VK: 30,
				VJ: int16(16 * step * 256), S: 90 * 256, E: int16(1.5 * step * 256), F: int16(1.5 * step * 256), Z: 10, End: 16, High: 65535})
			if left < -150 || left > 700 {
				blocks[x].State = Unseen
			}
		}
		r := rand.New(rand.NewPCG(1, 1))
		src, pix := make([]uint16, 640*16), make([]uint16, 640*64)
		for i := range src {
			src[i] = uint16(1200 + i%640/4 + r.IntN(5))
			if i%640%200 < 60 {
				src[i] -= 300
			}
		}
		for _, variant := range glides() {
			b.Run(fmt.Sprintf("%s/%v", variant.name, step), func(b *testing.B) {
				for b.Loop() {
					clear(pix)
					variant.draw(&g, pix, 0, 64, blocks, src, 640, 0, 16)
				}
			})
		}
	}
}
