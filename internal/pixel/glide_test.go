package pixel

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// sample draws a Glide, runs of one row and readings: mostly cameras that could be, at the borders of the image too.
func sample(r *rand.Rand, length int) (g Glide, runs []Run, src []uint16, height int) {
	g = Glide{Inverse: new([1 << 16]uint32), Length: length, Width: 1 + r.IntN(120), Slack: int32(r.IntN(40000)),
		Offset: int32(r.IntN(1<<18) - 1<<17), Bent: r.IntN(2) == 0, Columns: 1 + r.IntN(4)}
	near := 1 + r.IntN(300)
	for d := near; d < 1<<16; d++ {
		g.Inverse[d] = uint32(min(float64(1<<31-1), float64(1<<30)*float64(near)/float64(d)))
	}
	height = 1 + r.IntN(40)
	span := func(n int) int32 { return int32(r.IntN(2*n+1) - n) }
	wild, plain := r.IntN(8) == 0, r.IntN(3) == 0
	src = make([]uint16, r.IntN(100))
	for i := range src {
		switch r.IntN(12) {
		case 0:
		case 1:
			src[i] = uint16(r.IntN(near + 2))
		case 2:
			src[i] = uint16(65535 - r.IntN(3))
		default:
			src[i] = uint16(near + r.IntN(4000))
		}
	}
	for x := 0; x < len(src); x += length {
		one := int32(1 << 16)
		k := Run{
			U: int32(x)*one + span(4<<16), DU: one + span(30000) + one*int32(r.IntN(4)/3), DDU: span(60), V: span(20<<16) + 20<<16, DV: span(3000), DDV: span(60),
			EU: one + span(40000), DEU: span(900), EV: one + span(40000), DEV: span(900),
			S: span(1 << 22), DS: span(1 << 12), T: span(1 << 20), DT: span(1 << 12), GU: span(1 << 14), GV: span(1 << 14),
			QU: span(1 << 12), DQU: span(1 << 7), QV: span(1 << 12), DQV: span(1 << 7), Z: 1<<30 + span(1<<28), DZ: span(1 << 20),
		}
		if plain { // depths are readings: the last that fit are met
			k.Z, k.DZ = 1<<30, 0
			g.Offset = 1 << 11
		}
		if wild {
			for _, p := range []*int32{&k.U, &k.DU, &k.DDU, &k.V, &k.EU, &k.S, &k.QU, &k.Z} {
				*p = int32(r.Uint32())
			}
		}
		if r.IntN(10) == 0 {
			k.Slow = -1
		}
		runs = append(runs, k)
	}
	return g, runs, src, height
}

// Every variant writes the generic version's bytes, within its band of rows alone, and tells the same.
func TestGlideVariantsEqualGeneric(t *testing.T) {
	if len(glides()) < len(glideTable) && os.Getenv("CI") != "" {
		t.Logf("%d of %d variants run on this CPU", len(glides()), len(glideTable))
	}
	drawn, slowRows := 0, 0
	for _, variant := range glides() {
		r := rand.New(rand.NewPCG(3, uint64(len(variant.name))))
		for range 5000 {
			g, runs, src, height := sample(r, 4<<r.IntN(3))
			g.Width = narrowest + g.Width - 1
			src = src[:len(src)&^(longest-1)]
			if len(src) == 0 {
				continue
			}
			const guard = 64
			want := make([]uint16, 2*guard+g.Width*height)
			for i := range want {
				want[i] = uint16(r.IntN(65536) * r.IntN(2))
			}
			got := slices.Clone(want)
			lo := r.IntN(height)
			hi := lo + r.IntN(height-lo+1)
			in := slices.Clone(src)
			a := g.rowGeneric(want[guard:len(want)-guard], lo, hi, runs, src)
			before := slices.Clone(got)
			b := variant.row(&g, got[guard:len(got)-guard], lo, hi, runs, src)
			if a != b {
				t.Fatalf("%s: slow is %v, want %v", variant.name, b, a)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%s: %+v\npixel %d (%d, %d) is %d, want %d", variant.name, g, i-guard, (i-guard)%g.Width, (i-guard)/g.Width, got[i], want[i])
				}
			}
			if !slices.Equal(in, src) {
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

func TestGlideRefusesBrokenShapes(t *testing.T) {
	good := func() (Glide, []uint16, int, int, []Run, []uint16) {
		return Glide{Inverse: new([1 << 16]uint32), Length: 16, Width: 10, Columns: 2}, make([]uint16, 100), 0, 10, make([]Run, 2), make([]uint16, 32)
	}
	for name, breakIt := range map[string]func(g *Glide, pix *[]uint16, lo, hi *int, runs *[]Run){
		"length": func(g *Glide, _ *[]uint16, _, _ *int, _ *[]Run) { g.Length = 5 },
		"width":  func(g *Glide, _ *[]uint16, _, _ *int, _ *[]Run) { g.Width = 0 },
		"pix":    func(_ *Glide, pix *[]uint16, _, _ *int, _ *[]Run) { *pix = (*pix)[:99] },
		"lo":     func(_ *Glide, _ *[]uint16, lo, _ *int, _ *[]Run) { *lo = -1 },
		"hi":     func(_ *Glide, _ *[]uint16, _, hi *int, _ *[]Run) { *hi = 11 },
		"runs":   func(_ *Glide, _ *[]uint16, _, _ *int, runs *[]Run) { *runs = (*runs)[:1] },
	} {
		g, pix, lo, hi, runs, src := good()
		g.Row(pix, lo, hi, runs, src)
		breakIt(&g, &pix, &lo, &hi, &runs)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			g.Row(pix, lo, hi, runs, src)
		}()
	}
}
