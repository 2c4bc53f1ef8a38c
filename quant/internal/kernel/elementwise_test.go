package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func randomAdd(r *rand.Rand, ty Type) Add {
	lo, hi := ty.Range()
	zero := func() int { return int(lo) + r.IntN(int(hi-lo)+1) }
	a := Add{ZeroA: zero(), ZeroB: zero(), Zero: zero(), ScaleA: r.Float32() * 2, ScaleB: r.Float32() * 2, Type: ty}
	switch r.IntN(5) {
	case 4: // halves but for the rounding of each operation
		a.ScaleA = 1 / float32(2+2*r.IntN(30))
		a.ScaleB = a.ScaleA
	case 0: // exact halves
		a.ScaleA, a.ScaleB = 0.5, 1/float32(int(2)<<r.IntN(4))
	case 1:
		a.ScaleA *= 1000
	}
	if r.IntN(2) == 0 {
		a.Offset = 128 - 256*int(ty)
	}
	if r.IntN(3) == 0 {
		a.Min = int(lo) + r.IntN(100)
		a.Max = a.Min + r.IntN(100)
		switch r.IntN(4) {
		case 0: // a bound of one side alone
			a.Min = int(lo)
			a.Max = max(a.Max, a.Min+1)
		case 1:
			a.Max = int(hi)
		}
	}
	if r.IntN(6) == 0 {
		a.Table = new([256]byte)
		for i := range a.Table {
			a.Table[i] = byte(r.Uint32())
		}
	}
	return a
}

// TestAddGeneric holds the generic add against float64 arithmetic: equal unless the sum lies at a half, where float32's
// own rounding decides.
func TestAddGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 200 {
		a := randomAdd(r, Type(i%2))
		a.Multiply = r.IntN(2) == 0
		a.Table = nil
		p, err := (&Set{}).PackAdd(a)
		if err != nil {
			t.Fatal(err)
		}
		h, w, c := 1+r.IntN(4), 1+r.IntN(9), 1+r.IntN(9)
		ma, mb := newTestMap(t, r, h, w, c, a.Type, picker(r)), newTestMap(t, r, h, w, c, a.Type, picker(r))
		if r.IntN(3) == 0 {
			mb = newTestMap(t, r, 1, 1, c, a.Type, picker(r))
		}
		dst := newTestMap(t, r, h, w, c, a.Type, picker(r))
		p.Run(&dst, &ma, &mb, 0, h)
		for y := range h {
			for x := range w {
				for ch := range c {
					va := float64(a.Type.value(ma.Data[ma.Offset(y, x, ch)]) - int32(a.ZeroA))
					vb := float64(a.Type.value(mb.Data[mb.Offset(min(y, mb.H-1), min(x, mb.W-1), ch)]) - int32(a.ZeroB))
					v := va*float64(a.ScaleA) + vb*float64(a.ScaleB)
					if a.Multiply {
						v = va * vb * float64(a.ScaleA)
					}
					if f := v - math.Floor(v); math.Abs(f-0.5) < 1e-3*max(1, math.Abs(v)/1000) {
						continue
					}
					want := min(max(math.RoundToEven(v)+float64(a.Zero), float64(p.lo)), float64(p.hi))
					if got := a.Type.value(dst.Data[dst.Offset(y, x, ch)]); float64(got) != want {
						t.Fatalf("%+v: (%d, %d, %d) is %d, want %v from %v", a, y, x, ch, got, want, v)
					}
				}
			}
		}
	}
}

func TestAddVariants(t *testing.T) {
	for i := range addTable {
		v := &addTable[i]
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for range rounds(500) {
				a := randomAdd(r, Native)
				if a.Multiply = strings.HasPrefix(v.name, "mul"); a.Multiply {
					a.ScaleA /= 128
				}
				generic, err := (&Set{}).PackAdd(a)
				if err != nil {
					t.Fatal(err)
				}
				packed, _ := (&Set{add: addTable[i : i+1]}).PackAdd(a)
				if packed.run.name != v.name {
					t.Fatalf("%s ran instead", packed.run.name)
				}
				h, w, c := 1+r.IntN(4), tileSize(r, 4, 5), tileSize(r, 16, 4)
				ma, mb := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, h, w, c, Native, picker(r))
				if r.IntN(4) == 0 {
					mb = newTestMap(t, r, 1, 1, c, Native, picker(r))
				}
				beforeA, beforeB := slices.Clone(ma.Data), slices.Clone(mb.Data)
				dst := newTestMap(t, r, h, w, c, Native, picker(r))
				canary, want := slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(h)
				y1 := y0 + r.IntN(h-y0+1)
				generic.Run(&want, &ma, &mb, y0, y1)
				packed.Run(&dst, &ma, &mb, y0, y1)
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				if !slices.Equal(ma.Data, beforeA) || !slices.Equal(mb.Data, beforeB) {
					t.Fatal("a source changed")
				}
				packed.Run(&ma, &ma, &mb, y0, y1) // in place
				compareMaps(t, v.name+" in place", &ma, &want, ma.Data, y0, y1)
			}
		})
	}
}

// TestMulTies: 64 × 169 / 128 is 84.5. The zero point is added before the tie is broken, as in ONNX Runtime, so 51 makes it
// 135.5 and then 136, and 52 makes it 136.5 and then 136.
func TestMulTies(t *testing.T) {
	for _, c := range []struct{ zero, want int }{{51, 136}, {52, 136}, {0, 84}, {1, 86}} {
		for _, typ := range []Type{U8, S8} { // codes of a u8 model in both
			offset := 0
			if typ == S8 {
				offset = -128
			}
			p, err := (&Set{}).PackAdd(Add{ZeroA: 115 + offset, ZeroB: offset, ScaleA: 1. / 128, Zero: c.zero + offset, Type: typ,
				Offset: offset, Multiply: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := int(typ.value(p.one(int32(115+64+offset), int32(169+offset)))) - offset; got != c.want {
				t.Errorf("%v, zero point %d: %d, want %d", typ, c.zero, got, c.want)
			}
		}
	}
}

// TestMulPairs holds every variant of the product against the generic one on all pairs of bytes, with scales that make
// ties: there a product that is scaled before it is complete shows.
func TestMulPairs(t *testing.T) {
	a, b, want, got := NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native)
	for _, m := range []*Map{&a, &b, &want, &got} {
		m.Data = make([]byte, m.Size())
	}
	for i := range a.Data {
		a.Data[i], b.Data[i] = byte(i), byte(i>>8)
	}
	lo, _ := Native.Range()
	for i := range addTable {
		v := &addTable[i]
		if !strings.HasPrefix(v.name, "mul") {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			for den := float32(2); den < 300; den += 7 {
				zero := int(den)%256 + int(lo)
				p, err := (&Set{}).PackAdd(Add{ZeroA: zero, ZeroB: int(lo) + 255 - int(den)%256, ScaleA: 1 / den, Zero: int(lo) + 100, Type: Native, Multiply: true})
				if err != nil {
					t.Fatal(err)
				}
				p.Run(&want, &a, &b, 0, 16)
				p.run = v
				p.Run(&got, &a, &b, 0, 16)
				for i := range got.Data {
					if got.Data[i] != want.Data[i] {
						t.Fatalf("/%v: %d and %d give %d, want %d", den, a.Data[i], b.Data[i], got.Data[i], want.Data[i])
					}
				}
			}
		})
	}
}

// TestMaxVariants pools windows of every kind: inside, over the edges, and ones too large for a variant.
func TestMaxVariants(t *testing.T) {
	for i := range maxTable {
		v := &maxTable[i]
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(14, uint64(i)))
			set := &Set{max: v}
			for range rounds(400) {
				p := Pool{KH: 1 + r.IntN(5), KW: 1 + r.IntN(5), StrideY: 1 + r.IntN(3), StrideX: 1 + r.IntN(3)}
				if r.IntN(20) == 0 {
					p.KH, p.KW = 1+r.IntN(18), 1+r.IntN(18)
				}
				p.PadTop, p.PadLeft = r.IntN(p.KH+1), r.IntN(p.KW+1)
				h, w, c := max(1+r.IntN(5), p.KH-p.PadTop), max(tileSize(r, 4, 20), p.KW-p.PadLeft), tileSize(r, 16, 3)
				oh := outSize(h, p.KH, p.StrideY, 1, p.PadTop, r.IntN(p.KH+2))
				ow := outSize(w, p.KW, p.StrideX, 1, p.PadLeft, r.IntN(p.KW+2))
				src, dst := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, oh, ow, c, Native, picker(r))
				before, canary, want := slices.Clone(src.Data), slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(oh)
				y1 := y0 + r.IntN(oh-y0+1)
				maxPoolGeneric(&want, &src, &p, y0, y1)
				set.MaxPool(&dst, &src, p, y0, y1)
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				if !slices.Equal(src.Data, before) {
					t.Fatal("the source changed")
				}
			}
		})
	}
}

func TestLookupVariants(t *testing.T) {
	for i := range lookupTable {
		v := &lookupTable[i]
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(8, uint64(i)))
			set := &Set{lookup: v}
			for range rounds(250) {
				table := (*[256]byte)(guarded(t, 256, r.IntN(2) == 0))
				for i := range table {
					table[i] = byte(r.Uint32())
				}
				h, w, c := 1+r.IntN(4), tileSize(r, 4, 5), tileSize(r, 16, 4)
				src, dst := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, h, w, c, Native, picker(r))
				before, canary, want := slices.Clone(src.Data), slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(h)
				y1 := y0 + r.IntN(h-y0+1)
				for y := y0; y < y1; y++ {
					for x := range w {
						for ch := range c {
							want.Data[want.Offset(y, x, ch)] = table[src.Data[src.Offset(y, x, ch)]]
						}
					}
				}
				set.Lookup(&dst, &src, table, y0, y1)
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				(&Set{}).Lookup(&dst, &src, table, y0, y1)
				compareMaps(t, "generic", &dst, &want, canary, y0, y1)
				if !slices.Equal(src.Data, before) {
					t.Fatal("the source changed")
				}
			}
		})
	}
}

// TestCopyChannels concatenates at every offset, aligned to cells or not.
func TestCopyChannels(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		h, w, c := 1+r.IntN(4), 1+r.IntN(9), 1+r.IntN(9)
		src := newTestMap(t, r, h, w, c, U8, picker(r))
		at := r.IntN(9)
		dst := newTestMap(t, r, h, w, at+c+r.IntN(4), U8, picker(r))
		canary, want := slices.Clone(dst.Data), dst
		want.Data = slices.Clone(dst.Data)
		for y := range h {
			for x := range w {
				for ch := range c {
					want.Data[want.Offset(y, x, at+ch)] = src.Data[src.Offset(y, x, ch)]
				}
			}
		}
		(&Set{}).CopyChannels(&dst, at, &src, nil, 0, h)
		compareMaps(t, "copy", &dst, &want, canary, 0, h)
	}
}

// TestFMA holds the emulated fused multiply-add against float64's own on products and sums that round twice.
func TestFMA(t *testing.T) {
	// 1 + 2⁻²³ and 1 − 2⁻²³ multiply to 1 − 2⁻⁴⁶; beside 2²⁴ and its like the sum is a hair under a tie.
	x, y := math.Nextafter32(1, 2), 1-(math.Nextafter32(1, 2)-1)
	for _, c := range []struct{ x, y, z, want float32 }{
		{x, y, 1 << 24, 1 << 24}, {x, y, 1<<24 + 2, 1<<24 + 2}, {x, x, 1 << 24, 1<<24 + 2}, {1, 1, 1 << 24, 1 << 24},
		{1, 1, 1<<24 + 2, 1<<24 + 4}, {-x, y, -1 << 24, -1 << 24}, {-x, x, -1 << 24, -1<<24 - 2}, {3, 5, -15, 0},
	} {
		if got := fma(c.x, c.y, c.z); got != c.want {
			t.Errorf("fma(%v, %v, %v) = %v, want %v", c.x, c.y, c.z, got, c.want)
		}
	}
}

// TestAddPairs holds every variant against the generic one on all pairs of bytes, with scales that make ties but for
// the rounding of each operation: there a product that is rounded before it is added shows.
func TestAddPairs(t *testing.T) {
	a, b, want, got := NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native), NewMap(16, 64, 64, Native)
	for _, m := range []*Map{&a, &b, &want, &got} {
		m.Data = make([]byte, m.Size())
	}
	for i := range a.Data {
		a.Data[i], b.Data[i] = byte(i), byte(i>>8)
	}
	for i := range addTable {
		v := &addTable[i]
		if strings.HasPrefix(v.name, "mul") {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			shown := false
			for den := float32(2); den < 40; den += 2 {
				lo, _ := Native.Range()
				p, err := (&Set{}).PackAdd(Add{ZeroB: int(lo) + 200, ScaleA: 3 / den, ScaleB: 1 / den, Zero: int(lo), Type: Native})
				if err != nil {
					t.Fatal(err)
				}
				p.Run(&want, &a, &b, 0, 16)
				p.run = v
				p.Run(&got, &a, &b, 0, 16)
				for i := range got.Data {
					if got.Data[i] != want.Data[i] {
						t.Fatalf("/%v: %d and %d give %d, want %d", den, a.Data[i], b.Data[i], got.Data[i], want.Data[i])
					}
				}
				for x := range int32(256) {
					for y := range int32(256) {
						inner := fma(float32(y), p.a.ScaleB, p.k)
						fused, plain := fma(float32(x), p.a.ScaleA, inner), float32(float32(x)*p.a.ScaleA)+inner
						shown = shown || roundBounded(fused) != roundBounded(plain)
					}
				}
			}
			if !shown {
				t.Error("no pair tells a fused sum from another")
			}
		})
	}
}
