package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// oracle computes one output of a convolution straight from Conv's doc comment: zero points subtracted from each value,
// taps outside the map left out.
func oracle(c *Conv, src *Map, y, x, n int) int32 {
	in, out := c.In/c.Groups, c.Out/c.Groups
	var acc int32
	if c.Bias != nil {
		acc = c.Bias[n]
	}
	for ky := range c.KH {
		for kx := range c.KW {
			sy, sx := y*c.StrideY+ky*c.DilationY-c.PadTop, x*c.StrideX+kx*c.DilationX-c.PadLeft
			if sy < 0 || sy >= src.H || sx < 0 || sx >= src.W {
				continue
			}
			for i := range in {
				w := int32(c.Weights[((n*c.KH+ky)*c.KW+kx)*in+i])
				if c.WeightZero != nil {
					w -= c.WeightZero[n]
				}
				acc += (src.Type.value(src.Data[src.Offset(sy, sx, n/out*in+i)]) - int32(c.Zero)) * w
			}
		}
	}
	return acc
}

// newTestMap is a map in guarded memory with random strides; its padding is random, its pixels are drawn from pick.
func newTestMap(t testing.TB, r *rand.Rand, h, w, c int, ty Type, pick func() byte) Map {
	m := NewMap(h, w, c, ty)
	if r.IntN(2) == 0 {
		m.Block += 16 * r.IntN(4)
		m.Row = Blocks(w)*m.Block + 16*r.IntN(3)
	}
	m.Data = guarded(t, m.Size(), r.IntN(2) == 0)
	for i := range m.Data {
		m.Data[i] = byte(r.Uint32())
	}
	for y := range h {
		for x := range w {
			for ch := range c {
				m.Data[m.Offset(y, x, ch)] = pick()
			}
		}
	}
	return m
}

// picker draws bytes of one character: anything, extremes only, or one extreme.
func picker(r *rand.Rand) func() byte {
	extremes := []byte{0, 255, 127, 128, 1, 254, 129}
	one := extremes[r.IntN(len(extremes))]
	switch r.IntN(4) {
	case 0:
		return func() byte { return extremes[r.IntN(len(extremes))] }
	case 1:
		return func() byte { return one }
	}
	return func() byte { return byte(r.Uint32()) }
}

// randomConv fills in weights, zero points and a requantization that spreads the outputs over, and beyond, the range.
func randomConv(r *rand.Rand, c Conv) Conv {
	pick := picker(r)
	depth := c.KH * c.KW * c.In / max(c.Groups, 1)
	c.Weights = make([]int8, c.Out*depth)
	for i := range c.Weights {
		c.Weights[i] = int8(pick())
	}
	c.Bias = make([]int32, c.Out)
	for i := range c.Bias {
		c.Bias[i] = r.Int32N(1<<16) - 1<<15
		switch r.IntN(50) {
		case 0:
			c.Bias[i] = r.Int32() - 1<<30
		case 1: // sums that wrap
			c.Bias[i] = math.MaxInt32 - r.Int32N(1000)
		case 2:
			c.Bias[i] = math.MinInt32 + r.Int32N(1000)
		}
	}
	lo, hi := c.Type.Range()
	c.Zero = int(lo) + r.IntN(int(hi-lo)+1)
	c.Requant.Zero = int(lo) + r.IntN(int(hi-lo)+1)
	if r.IntN(3) == 0 {
		c.Requant.Min = int(lo) + r.IntN(100)
		c.Requant.Max = c.Requant.Min + r.IntN(100)
	}
	c.Requant.Scale = make([]float32, c.Out)
	for i := range c.Requant.Scale {
		switch r.IntN(4) {
		case 0:
			c.Requant.Scale[i] = 1 / float32(int(1)<<(1+r.IntN(12))) // exact halves
		case 1:
			if r.IntN(8) == 0 {
				c.Requant.Scale[i] = 1 + 3*r.Float32()
				continue
			}
			fallthrough
		default:
			c.Requant.Scale[i] = min(r.Float32()*2/float32(depth+1)+1e-6, 0.999)
		}
	}
	if r.IntN(3) == 0 { // as a rectifier stores: negative sums are 0 (packRamp)
		c.Requant.Zero, c.Requant.Min, c.Requant.Max = int(lo), 0, 0
		for i := range c.Bias {
			c.Bias[i] %= 1 << 16
		}
		switch r.IntN(4) {
		case 0: // sums around 2²³, the ramp's end, and at −2²³
			depth, zero := c.KH*c.KW*c.In/max(c.Groups, 1), int32(c.Zero)
			for i := range c.Bias {
				most, fold := int32(0), int32(0)
				for _, w := range c.Weights[i*depth : (i+1)*depth] {
					most += 255 * max(int32(w), 0)
					fold += zero * int32(w)
				}
				c.Bias[i] = 1<<23 - 1 - most + fold + r.Int32N(3)/2
				c.Requant.Scale[i] = 256.0 / (1 << 23)
			}
		case 1:
			for i := range c.Bias {
				c.Bias[i] -= 1 << (8 + r.IntN(23))
			}
		}
	}
	if r.IntN(6) == 0 {
		c.Requant.Table = new([256]byte)
		for i := range c.Requant.Table {
			c.Requant.Table[i] = byte(r.Uint32())
		}
	}
	return c
}

func outSize(in, k, stride, dilation, before, after int) int {
	return (in+before+after-(k-1)*dilation-1)/stride + 1
}

// TestConvGeneric holds the generic convolution against the oracle, for both types, and its raw accumulators.
func TestConvGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		c := anyConv(r)
		c.Type = Type(i % 2)
		if r.IntN(4) == 0 {
			c.WeightZero = make([]int32, c.Out)
			for n := range c.WeightZero {
				c.WeightZero[n] = r.Int32N(384) - 128
			}
		}
		c = randomConv(r, c)
		p, err := newPackedConv(c)
		if err != nil {
			t.Fatal(err)
		}
		h, w := 1+r.IntN(9), 1+r.IntN(9)
		h, w = max(h, (c.KH-1)*p.c.DilationY+1), max(w, (c.KW-1)*p.c.DilationX+1)
		src := newTestMap(t, r, h, w, c.In, c.Type, picker(r))
		oh := outSize(h, c.KH, p.c.StrideY, p.c.DilationY, c.PadTop, r.IntN(2))
		ow := outSize(w, c.KW, p.c.StrideX, p.c.DilationX, c.PadLeft, r.IntN(2))
		dst := newTestMap(t, r, oh, ow, c.Out, c.Type, picker(r))
		p.with(&convGeneric)
		scratch := make([]byte, p.Scratch(dst.W))
		p.Run(&dst, &src, 0, oh, scratch)
		raw := make([]int32, oh*ow*c.Out)
		p.RunInt32(raw, oh, ow, &src, 0, oh, scratch)
		for y := range oh {
			for x := range ow {
				for n := range c.Out {
					acc := oracle(&p.c, &src, y, x, n)
					want := requantize(acc, p.scale[n], int32(c.Requant.Zero), p.lo, p.hi)
					if c.Requant.Table != nil {
						want = c.Requant.Table[want]
					}
					if got := dst.Data[dst.Offset(y, x, n)]; got != want || raw[(y*ow+x)*c.Out+n] != acc {
						t.Fatalf("case %d %s: (%d, %d, %d): %d, accumulator %d, want %d, %d", i, describe(&c, &src), y, x, n, got, raw[(y*ow+x)*c.Out+n], want, acc)
					}
				}
			}
		}
	}
}

func describe(c *Conv, src *Map) string {
	return fmt.Sprintf("%d→%d %d×%d stride %d,%d dilation %d,%d pad %d,%d groups %d on %d×%d", c.In, c.Out, c.KH, c.KW, c.StrideY,
		c.StrideX, c.DilationY, c.DilationX, c.PadTop, c.PadLeft, c.Groups, src.H, src.W)
}

// anyConv draws a shape of any kind.
func anyConv(r *rand.Rand) Conv {
	c := Conv{In: 1 + r.IntN(20), Out: 1 + r.IntN(20), KH: 1 + r.IntN(4), KW: 1 + r.IntN(4), StrideY: 1 + r.IntN(2), StrideX: 1 + r.IntN(3)}
	c.DilationY, c.DilationX = 1+r.IntN(2), 1+r.IntN(3)
	c.PadTop, c.PadLeft = r.IntN(3), r.IntN(3)
	if r.IntN(3) == 0 {
		c.Groups = 1 + r.IntN(4)
		c.In, c.Out = c.Groups*(1+r.IntN(5)), c.Groups*(1+r.IntN(5))
	}
	return c
}

// convShapes draws shapes that each variant may take: around the multiples of its tiles.
var convShapes = map[string]func(r *rand.Rand) Conv{
	"pointwise": func(r *rand.Rand) Conv {
		return Conv{In: 1 + r.IntN(40), Out: tileSize(r, 16, 12), KH: 1, KW: 1}
	},
	"dense": func(r *rand.Rand) Conv {
		c := anyConv(r)
		c.Groups, c.Out = 1, tileSize(r, 16, 7)
		return c
	},
	"first": func(r *rand.Rand) Conv {
		c := anyConv(r)
		c.Groups, c.In, c.Out = 1, 1+r.IntN(4), tileSize(r, 16, 5)
		return c
	},
	"depthwise": func(r *rand.Rand) Conv {
		c := anyConv(r)
		c.KH, c.KW = 1+r.IntN(6), 1+r.IntN(6)
		c.In = tileSize(r, 16, 4)
		c.Out, c.Groups = c.In, c.In
		return c
	},
	"depthwise-s1": func(r *rand.Rand) Conv {
		c := anyConv(r)
		c.KH, c.KW, c.StrideX = 1+r.IntN(6), 1+r.IntN(6), 1
		c.In = tileSize(r, 16, 4)
		c.Out, c.Groups = c.In, c.In
		return c
	},
	"depthwise5x5s1":    func(r *rand.Rand) Conv { return depthwiseRows(r, depthwiseWideShape(r, 1)) },
	"depthwise5x5s2":    func(r *rand.Rand) Conv { return depthwiseRows(r, depthwiseWideShape(r, 2)) },
	"depthwise-wide-s1": func(r *rand.Rand) Conv { return depthwiseWideShape(r, 1) },
	"depthwise-wide-s2": func(r *rand.Rand) Conv { return depthwiseWideShape(r, 2) },
	"depthwise3x3s1":    func(r *rand.Rand) Conv { return depthwiseShape(r, 3, 1) },
	"depthwise3x3s2":    func(r *rand.Rand) Conv { return depthwiseShape(r, 3, 2) },
	"depthwise3x3dilated": func(r *rand.Rand) Conv {
		c := depthwiseShape(r, 3, 1)
		c.StrideY, c.DilationY, c.DilationX = 1+r.IntN(2), 1+r.IntN(4), 2+r.IntN(3)
		c.PadLeft = c.DilationX
		return c
	},
}

func depthwiseShape(r *rand.Rand, k, stride int) Conv {
	n := tileSize(r, 16, 4)
	return Conv{In: n, Out: n, Groups: n, KH: k, KW: k, StrideY: stride, StrideX: stride, PadLeft: k / 2, PadTop: r.IntN(k)}
}

func depthwiseWideShape(r *rand.Rand, stride int) Conv {
	n := tileSize(r, 16, 4)
	c := Conv{In: n, Out: n, Groups: n, KH: 1 + r.IntN(6), KW: 1 + r.IntN(5), StrideY: 1 + r.IntN(2), StrideX: stride, DilationY: 1 + r.IntN(3), DilationX: 1, PadTop: r.IntN(3)}
	if c.KW <= 3 {
		c.DilationX = 1 + r.IntN(2)
	}
	span := (c.KW - 1) * c.DilationX
	c.PadLeft = max(span-2, 0) + r.IntN(min(span, 2)-max(span-2, 0)+1)
	return c
}

// depthwiseRows has 5 rows, now and then one less or more, which the kernels for 5 must not take.
func depthwiseRows(r *rand.Rand, c Conv) Conv {
	c.KH = 5
	if r.IntN(8) == 0 {
		c.KH = 4 + r.IntN(3)
	}
	return c
}

// tileSize draws a size within 1 of a multiple of tile, or anything up to most tiles.
func tileSize(r *rand.Rand, tile, most int) int {
	if r.IntN(3) == 0 {
		return 1 + r.IntN(tile*most)
	}
	return max(tile*r.IntN(most+1)+r.IntN(3)-1, 1)
}

// TestConvVariants holds every variant against the generic kernel, byte for byte, on random and extreme values, all
// tails, guard pages right after (or before) each map, canaries in the gaps, and checks that inputs stay as they were.
func TestConvVariants(t *testing.T) {
	for i := range convTable {
		v := &convTable[i]
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(3, uint64(i)))
			op, _, _ := strings.Cut(v.name, "_")
			taken := 0
			rounds := rounds(800)
			for range rounds {
				if testConvVariant(t, r, v, convShapes[op](r)) {
					taken++
				}
			}
			if taken < rounds/3 {
				t.Errorf("the variant took %d of %d shapes", taken, rounds)
			}
		})
	}
}

func testConvVariant(t testing.TB, r *rand.Rand, v *convVariant, c Conv) bool {
	c.Type = Native
	c = randomConv(r, c)
	generic, err := newPackedConv(c)
	if err != nil {
		t.Fatal(err)
	}
	if !v.takes(generic) {
		return false
	}
	generic.with(&convGeneric)
	packed, _ := newPackedConv(c)
	packed.with(v)
	p := &packed.c
	h, w := 1+r.IntN(4), tileSize(r, 4, 9)
	if c.Groups > 1 && c.KH == 3 && r.IntN(3) == 0 {
		h += r.IntN(8) // up to two rounds of four rows and what is left
	}
	right, bottom := r.IntN(p.PadLeft+2), r.IntN(p.PadTop+2)
	if c.KH*c.KW == 1 {
		right, bottom = 0, 0
	}
	h = max(h, (c.KH-1)*p.DilationY+1-c.PadTop-bottom)
	w = max(w, (c.KW-1)*p.DilationX+1-c.PadLeft-right)
	src := newTestMap(t, r, h, w, c.In, c.Type, picker(r))
	before := slices.Clone(src.Data)
	oh := outSize(h, c.KH, p.StrideY, p.DilationY, c.PadTop, bottom)
	ow := outSize(w, c.KW, p.StrideX, p.DilationX, c.PadLeft, right)
	dst := newTestMap(t, r, oh, ow, c.Out, c.Type, picker(r))
	canary := slices.Clone(dst.Data)
	y0 := r.IntN(oh + 1)
	y1 := y0 + r.IntN(oh-y0+1)
	if r.IntN(2) == 0 {
		y0, y1 = 0, oh
	}
	want := dst
	want.Data = slices.Clone(dst.Data)
	generic.Run(&want, &src, y0, y1, make([]byte, generic.Scratch(dst.W)))
	packed.Run(&dst, &src, y0, y1, guarded(t, packed.Scratch(dst.W), false))
	if !slices.Equal(src.Data, before) {
		t.Fatalf("%s: the source changed", describe(p, &src))
	}
	compareMaps(t, describe(p, &src), &dst, &want, canary, y0, y1)
	return true
}

// compareMaps checks the valid bytes of rows [y0, y1) against want, and that no byte outside the cells of these rows
// differs from canary.
func compareMaps(t testing.TB, what string, got, want *Map, canary []byte, y0, y1 int) {
	t.Helper()
	touched := make([]bool, len(canary))
	for y := y0; y < y1; y++ {
		for b := range Blocks(got.W) {
			for i := range Cells(got.C) * Cell {
				touched[y*got.Row+b*got.Block+i] = true
			}
		}
		for x := range got.W {
			for c := range got.C {
				if g, w := got.Data[got.Offset(y, x, c)], want.Data[want.Offset(y, x, c)]; g != w {
					t.Fatalf("%s, rows %d…%d: (%d, %d, %d) is %d, want %d", what, y0, y1, y, x, c, g, w)
				}
			}
		}
	}
	for i, v := range got.Data[:len(canary)] {
		if !touched[i] && v != canary[i] {
			t.Fatalf("%s, rows %d…%d: byte %d outside the cells was overwritten", what, y0, y1, i)
		}
	}
}

// rounds is n random cases, or a fifth of them in a short test.
func rounds(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// need skips the test where the CPU lacks features, and fails it where DEPTHWISE_REQUIRE_FEATURES names one of them.
func need(t testing.TB, f Feature) {
	missing := f &^ features()
	required := strings.Split(os.Getenv("DEPTHWISE_REQUIRE_FEATURES"), ",")
	for _, name := range missing.names() {
		if slices.Contains(required, name) {
			t.Fatalf("this CPU lacks %s, which DEPTHWISE_REQUIRE_FEATURES names", name)
		}
	}
	if missing != 0 {
		t.Skipf("this CPU lacks %s", strings.Join(missing.names(), ", "))
	}
}
