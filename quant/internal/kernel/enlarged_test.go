package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEnlargedAddVariants holds sums with a map that is enlarged on the way to the two steps of the generic kernels. What a variant
// does not take it must refuse: clamps in between, or of the sum.
func TestEnlargedAddVariants(t *testing.T) {
	for i, v := range enlargedTable {
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(16, uint64(i)))
			set := &Set{enlarged: &v}
			ran, refused := 0, 0
			for range rounds(400) {
				h, w, c := 1+r.IntN(6), max(2, tileSize(r, 4, 4)), tileSize(r, 16, 4)
				rz, err := NewResize(h, w, 2*h, 2*w, HalfPixel)
				if err != nil {
					t.Fatal(err)
				}
				lo, hi := Native.Range()
				rz.Scale, rz.Zero = r.Float32()+0.01, int(lo)+r.IntN(256)
				out := RealOut{Scale: rz.Scale * (1 + r.Float32()), Zero: rz.Zero, Min: int(lo), Max: int(hi)}
				switch r.IntN(4) {
				case 0: // halves but for the rounding of each operation
					out.Scale = rz.Scale
				case 1: // the upper part is clamped
					out.Zero = min(rz.Zero+r.IntN(100), int(hi))
				case 2: // the greatest byte just fits, or just doesn't
					rz.Zero, out.Zero = int(lo), int(lo)+128
					out.Scale = rz.Scale * 2 * (1 + float32(r.IntN(9)-4)*0x1p-22)
				}
				if r.IntN(4) == 0 {
					out.Min, out.Max = int(lo)+r.IntN(2)*40, int(hi)-r.IntN(3)*40
				}
				a := randomAdd(r, Native)
				if r.IntN(8) != 0 {
					a.Offset, a.Min, a.Max = 0, 0, 0
				}
				p, err := (&Set{}).PackAdd(a)
				if err != nil {
					t.Fatal(err)
				}
				src, other := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, 2*h, 2*w, c, Native, picker(r))
				for range r.IntN(2) * 8 { // ends of the range side by side
					y, x := r.IntN(h), r.IntN(w)
					for _, at := range [2]int{x, min(x+1, w-1)} {
						src.Data[src.Offset(y, at, r.IntN(c))] = byte(hi)
					}
				}
				scratch := guarded(t, rz.Scratch(c), false)
				up := newTestMap(t, r, 2*h, 2*w, c, Native, picker(r))
				resizeRealGeneric(&up, &src, rz, &out, int32(out.Min), int32(out.Max), 0, 2*h)
				e := set.PackEnlargedAdd(p, rz, out)
				if e == nil {
					refused++
					continue
				}
				if e.Kernel() != v.name {
					t.Fatalf("%s ran instead", e.Kernel())
				}
				ran++
				dst := newTestMap(t, r, 2*h, 2*w, c, Native, picker(r))
				if r.IntN(4) == 0 {
					dst = other
				}
				before, lateral := slices.Clone(src.Data), slices.Clone(other.Data)
				canary, want := slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(2 * h)
				y1 := y0 + r.IntN(2*h-y0+1)
				addRunGeneric(p, &want, &up, &other, y0, y1)
				e.Run(&dst, &src, &other, y0, y1, scratch)
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				if !slices.Equal(src.Data, before) || &dst.Data[0] != &other.Data[0] && !slices.Equal(other.Data, lateral) {
					t.Fatal("an operand changed")
				}
			}
			if n := rounds(400); ran < n/2 || refused < n/20 {
				t.Errorf("of %d it ran %d and refused %d", n, ran, refused)
			}
		})
	}
}
