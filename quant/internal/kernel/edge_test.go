package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEdges sends NHWC and NCHW bytes into a map and back.
func TestEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	native, err := Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		h, w, c := 1+r.IntN(5), 1+r.IntN(40), 1+r.IntN(6)
		if r.IntN(3) == 0 { // cells a pixel, and rows of 16 blocks or about as many
			c, w = 4, 4*tileSize(r, 16, 3)-r.IntN(2)
		}
		cut := r.IntN(h + 1)      // rows come in two parts
		if len(planesTable) > 0 { // each variant in turn
			if v := &planesTable[i%len(planesTable)]; features().has(v.needs) {
				native.planes = v
			}
		}
		flip := byte(r.IntN(2)) * 0x80
		nhwc, nchw := make([]byte, h*w*c), guarded(t, h*w*c, r.IntN(2) == 0)
		for y := range h {
			for x := range w {
				for ch := range c {
					v := byte(r.Uint32())
					nhwc[(y*w+x)*c+ch], nchw[(ch*h+y)*w+x] = v, v
				}
			}
		}
		m := newTestMap(t, r, h, w, c, U8, picker(r))
		for name, f := range map[string]func(){
			"NHWC": func() { FromNHWC(&m, nhwc, flip, 0, h) }, "NCHW": func() { (&Set{}).FromNCHW(&m, nchw, flip, 0, h) },
			"NCHW native": func() {
				native.FromNCHW(&m, nchw, flip, 0, cut)
				native.FromNCHW(&m, nchw, flip, cut, h)
			},
		} {
			clear(m.Data)
			f()
			for y := range h {
				for x := range w {
					for ch := range c {
						if got, want := m.Data[m.Offset(y, x, ch)], nhwc[(y*w+x)*c+ch]^flip; got != want {
							t.Fatalf("%s %d×%d×%d: (%d, %d, %d) is %d, want %d", name, h, w, c, y, x, ch, got, want)
						}
					}
				}
			}
		}
		back := make([]byte, h*w*c)
		ToNHWC(back, &m, flip, 0, h)
		if !bytes.Equal(back, nhwc) {
			t.Fatal("NHWC does not come back")
		}
		ToNCHW(back, &m, flip, 0, h)
		if !bytes.Equal(back, nchw) {
			t.Fatal("NCHW does not come back")
		}
		if a, ok := AliasNHWC(nhwc, h, w, c, U8); ok != (c == 4 && w%4 == 0) {
			t.Fatalf("alias of %d×%d×%d: %v", h, w, c, ok)
		} else if ok && a.Data[a.Offset(h-1, w-1, 2)] != nhwc[(h*w-1)*4+2] {
			t.Fatal("the alias is another map")
		}
	}
}

// TestQuantize: halves to even, saturation, NaN, infinities.
func TestQuantize(t *testing.T) {
	inf := float32(math.Inf(1))
	src := []float32{0, 0.25, 0.75, 1.25, -0.25, -0.75, 1000, -1000, inf, -inf, float32(math.NaN()), 1e38}
	got := make([]byte, len(src))
	Quantize(got, src, 0.5, 3, U8)
	if want := []byte{3, 3, 5, 5, 3, 1, 255, 0, 255, 0, 0, 255}; !bytes.Equal(got, want) {
		t.Errorf("u8: %v, want %v", got, want)
	}
	Quantize(got, src, 0.5, -3, S8)
	if want := []byte{253, 253, 255, 255, 253, 251, 127, 128, 127, 128, 128, 127}; !bytes.Equal(got, want) {
		t.Errorf("s8: %v, want %v", got, want)
	}
	back := make([]float32, 3)
	Dequantize(back, []byte{0, 128, 255}, 0.5, -1, S8)
	if want := []float32{0.5, -63.5, 0}; !slices.Equal(back, want) {
		t.Errorf("dequantized %v, want %v", back, want)
	}
}

// TestRequantize: the rule at halves, at saturation, and beyond int32.
func TestRequantize(t *testing.T) {
	for _, c := range []struct {
		acc   int32
		scale float32
		zero  int32
		want  byte
	}{
		{1, 0.5, 0, 0}, {3, 0.5, 0, 2}, {5, 0.5, 0, 2}, {-1, 0.5, 10, 10}, {-3, 0.5, 10, 8}, {-5, 0.5, 10, 8},
		{1000, 1, 0, 255}, {-1000, 1, 0, 0}, {math.MaxInt32, 1e30, 0, 255}, {math.MinInt32, 1e30, 255, 0},
		{math.MaxInt32, 0.999, 0, 255}, {16777217, 1.0 / (1 << 24), 7, 8},
	} {
		if got := requantize(c.acc, c.scale, c.zero, 0, 255); got != c.want {
			t.Errorf("%d × %g + %d = %d, want %d", c.acc, c.scale, c.zero, got, c.want)
		}
	}
}

func TestPools(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 1))
	for i := range 200 {
		ty := Type(i % 2)
		p := Pool{KH: 1 + r.IntN(3), KW: 1 + r.IntN(3), StrideY: 1 + r.IntN(2), StrideX: 1 + r.IntN(2)}
		p.PadTop, p.PadLeft = r.IntN(p.KH), r.IntN(p.KW)
		h, w, c := p.KH+r.IntN(6), p.KW+r.IntN(6), 1+r.IntN(6)
		oh, ow := outSize(h, p.KH, p.StrideY, 1, p.PadTop, r.IntN(p.KH)), outSize(w, p.KW, p.StrideX, 1, p.PadLeft, r.IntN(p.KW))
		src := newTestMap(t, r, h, w, c, ty, picker(r))
		greatest, mean := newTestMap(t, r, oh, ow, c, ty, picker(r)), newTestMap(t, r, oh, ow, c, ty, picker(r))
		(&Set{}).MaxPool(&greatest, &src, p, 0, oh)
		countPad := r.IntN(2) == 0
		lo, hi := ty.Range()
		zero := int(lo) + 100
		(&Set{}).AvgPool(&mean, &src, p, countPad, zero, Requant{Scale: []float32{0.75}, Zero: zero + 5}, 0, oh)
		for y := range oh {
			for x := range ow {
				for ch := range c {
					m, sum, n := lo, 0.0, 0
					for ky := range p.KH {
						for kx := range p.KW {
							sy, sx := y*p.StrideY+ky-p.PadTop, x*p.StrideX+kx-p.PadLeft
							if sy >= 0 && sy < h && sx >= 0 && sx < w {
								v := ty.value(src.Data[src.Offset(sy, sx, ch)])
								m, sum, n = max(m, v), sum+float64(v)-float64(zero), n+1
							}
						}
					}
					if got := ty.value(greatest.Data[greatest.Offset(y, x, ch)]); got != m {
						t.Fatalf("max pool %+v: (%d, %d, %d) is %d, want %d", p, y, x, ch, got, m)
					}
					if countPad {
						n = p.KH * p.KW
					}
					v := min(max(sum*0.75/float64(n)+float64(zero)+5, float64(lo)), float64(hi))
					if got := float64(ty.value(mean.Data[mean.Offset(y, x, ch)])); math.Abs(got-v) > 0.5001 {
						t.Fatalf("average pool %+v: (%d, %d, %d) is %v, want %v", p, y, x, ch, got, v)
					}
				}
			}
		}
	}
}

// TestGlobalAvgPool holds every variant, and the generic one, against sums in float64.
func TestGlobalAvgPool(t *testing.T) {
	sets := map[string]*Set{"sum_generic": {}}
	for i := range sumTable {
		if v := &sumTable[i]; features().has(v.needs) {
			sets[v.name] = &Set{sum: v}
		}
	}
	r := rand.New(rand.NewPCG(31, 1))
	for range 300 {
		h, w, c := 1+r.IntN(9), 1+r.IntN(17), tileSize(r, 16, 4)
		src := newTestMap(t, r, h, w, c, Native, picker(r))
		dst := newTestMap(t, r, 1, 1, c, Native, picker(r))
		lo, hi := Native.Range()
		zero := int(lo) + 100
		for name, set := range sets {
			canary := slices.Clone(dst.Data)
			set.AvgPool(&dst, &src, Pool{KH: h, KW: w, StrideY: 1, StrideX: 1}, false, zero, Requant{Scale: []float32{0.75}, Zero: zero + 5}, 0, 1)
			want := dst
			want.Data = slices.Clone(dst.Data)
			for ch := range c {
				sum := 0.0
				for y := range h {
					for x := range w {
						sum += float64(Native.value(src.Data[src.Offset(y, x, ch)])) - float64(zero)
					}
				}
				v := min(max(sum*0.75/float64(h*w)+float64(zero)+5, float64(lo)), float64(hi))
				if got := float64(Native.value(dst.Data[dst.Offset(0, 0, ch)])); math.Abs(got-v) > 0.5001 {
					t.Fatalf("%s %d×%d×%d: channel %d is %v, want %v", name, h, w, c, ch, got, v)
				}
			}
			compareMaps(t, name, &dst, &want, canary, 0, 1)
		}
	}
}
