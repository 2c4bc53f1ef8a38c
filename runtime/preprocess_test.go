package runtime

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// oracleColor is the definition of the colour resize in exact fractions, sharing no code with the tables.
func oracleColor(c *capture.Color, w, h, x, y, k int) uint8 {
	sum, total := new(big.Rat), new(big.Rat)
	for sy := range c.Height {
		wy := oracleWeight(c.Height, h, sy, y)
		if wy.Sign() == 0 {
			continue
		}
		for sx := range c.Width {
			wt := new(big.Rat).Mul(wy, oracleWeight(c.Width, w, sx, x))
			total.Add(total, wt)
			sum.Add(sum, wt.Mul(wt, big.NewRat(int64(c.Pix[3*(sy*c.Width+sx)+k]), 1)))
		}
	}
	sum.Quo(sum, total)
	sum.Add(sum, big.NewRat(1, 2))
	return uint8(new(big.Int).Quo(sum.Num(), sum.Denom()).Int64())
}

// oracleWeight is the weight of source i for output j: the length of the common interval when shrinking, the tent
// function of the distance of the centres when enlarging (the border pixels extend to infinity).
func oracleWeight(in, out, i, j int) *big.Rat {
	zero := new(big.Rat)
	scale := big.NewRat(int64(in), int64(out))
	if out <= in {
		lo := new(big.Rat).Mul(big.NewRat(int64(j), 1), scale)
		hi := new(big.Rat).Mul(big.NewRat(int64(j+1), 1), scale)
		if a := big.NewRat(int64(i), 1); a.Cmp(lo) > 0 {
			lo = a
		}
		if b := big.NewRat(int64(i+1), 1); b.Cmp(hi) < 0 {
			hi = b
		}
		if w := hi.Sub(hi, lo); w.Sign() > 0 {
			return w
		}
		return zero
	}
	c := new(big.Rat).Mul(big.NewRat(int64(2*j+1), 2), scale)
	c.Sub(c, big.NewRat(1, 2)) // in pixels from the centre of source pixel 0
	if c.Sign() < 0 {
		c = zero
	}
	if last := big.NewRat(int64(in-1), 1); c.Cmp(last) > 0 {
		c = last
	}
	d := new(big.Rat).Sub(c, big.NewRat(int64(i), 1))
	d.Abs(d)
	if w := new(big.Rat).Sub(big.NewRat(1, 1), d); w.Sign() > 0 {
		return w
	}
	return new(big.Rat)
}

// oracleDepth is the definition of the depth resize before the table, by sorting all of the box's readings.
func oracleDepth(d *capture.Depth, w, h, x, y int) uint16 {
	box := func(in, out, j int) (int, int) {
		if out > in {
			i := int(math.Floor((float64(j) + 0.5) * float64(in) / float64(out)))
			return i, i + 1
		}
		return j * in / out, (j + 1) * in / out
	}
	x0, x1 := box(d.Width, w, x)
	y0, y1 := box(d.Height, h, y)
	cx, cy := x0+(x1-x0-1)/2, y0+(y1-y0-1)/2
	r, best := 0, math.MaxInt
	for sy := y0; sy < y1; sy++ {
		for sx := x0; sx < x1; sx++ {
			v := int(d.Pix[sy*d.Width+sx])
			if at := (sx-cx)*(sx-cx) + (sy-cy)*(sy-cy); v > 0 && at < best {
				r, best = v, at
			}
		}
	}
	if r == 0 {
		return 0
	}
	sum, n := 0, 0
	for sy := y0; sy < y1; sy++ {
		for sx := x0; sx < x1; sx++ {
			v := int(d.Pix[sy*d.Width+sx])
			if v > 0 && 32*max(v-r, r-v) <= r {
				sum += v
				n++
			}
		}
	}
	return uint16((2*sum + n) / (2 * n))
}

func TestPreprocessEqualsDefinition(t *testing.T) {
	sizes := [][4]int{ // in, out
		{16, 12, 8, 6}, {17, 13, 8, 6}, {31, 9, 8, 6}, {8, 6, 8, 6}, {5, 3, 8, 6}, {4, 3, 8, 6}, {7, 20, 8, 6},
		{1, 1, 3, 2}, {1, 9, 4, 3}, {24, 18, 8, 6}, {23, 5, 7, 11}, {9, 8, 8, 9}, {2, 2, 1, 1},
		{53, 12, 20, 6}, {80, 9, 20, 3}, {40, 9, 20, 6}, {85, 12, 10, 4}, {90, 41, 10, 2}, // the ratios of cameras; wide boxes
		{8, 260, 4, 3}, {4, 300, 2, 7}, // sums that need 32 bits
	}
	for i, s := range sizes {
		c := goldenCase{ColorSize: [2]int{s[0], s[1]}, Size: [2]int{s[2], s[3]}}.filled(i)
		p := goldenPair(c)
		table, err := NewDepthTable(c.Depth, c.DepthScale)
		if err != nil {
			t.Fatal(err)
		}
		out := c.fused(t, p, 2)
		for y := range s[3] {
			for x := range s[2] {
				got := out[4*(y*s[2]+x):]
				for k := range 3 {
					if want := oracleColor(&p.Color, s[2], s[3], x, y, k); got[k] != want {
						t.Fatalf("%v: pixel (%d, %d) channel %d is %d, want %d", s, x, y, k, got[k], want)
					}
				}
				if want := table[oracleDepth(&p.Depth, s[2], s[3], x, y)]; got[3] != want {
					t.Fatalf("%v: depth byte at (%d, %d) is %d, want %d", s, x, y, got[3], want)
				}
			}
		}
	}
}

// TestDepthKeepsEdges shows what the valid-aware mean is for: two surfaces never mix into a third.
func TestDepthKeepsEdges(t *testing.T) {
	d := capture.Depth{Width: 4, Height: 4, Pix: []uint16{
		1000, 3000, 0, 0,
		1010, 3000, 0, 0,
		0, 3000, 0, 2000,
		0, 0, 0, 0,
	}}
	var low, high DepthTable // together a mean's 16 bits
	for i := range low {
		low[i], high[i] = uint8(i), uint8(i>>8)
	}
	s := newDepthScale(4, 4, 2, 2)
	for _, halve := range []bool{true, false} {
		s.halve = halve
		var a, b [4]byte
		for y := range 2 {
			s.row(a[:], 1, d.Pix, &low, y)
			s.row(b[:], 1, d.Pix, &high, y)
		}
		got := [4]uint16{}
		for i := range got {
			got[i] = uint16(a[i]) | uint16(b[i])<<8
		}
		if want := [4]uint16{1005, 0, 3000, 2000}; got != want {
			t.Errorf("halve %v: got %v, want %v", halve, got, want)
		}
	}
}

func TestDepthTable(t *testing.T) {
	table, err := NewDepthTable(DepthEncoding{"inverse", 0.25, 8}, 0.001)
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[int]uint8{0: 0, 1: 255, 250: 255, 251: 254, 1000: 58, 8000: 1, 65535: 1} {
		if table[r] != want {
			t.Errorf("inverse: reading %d becomes %d, want %d", r, table[r], want)
		}
	}
	for r := 2; r < len(table); r++ {
		if table[r] > table[r-1] {
			t.Fatalf("inverse: reading %d is nearer than %d", r, r-1)
		}
	}
	table, err = NewDepthTable(DepthEncoding{"linear", 1, 3}, 0.001)
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[int]uint8{0: 0, 1: 255, 1000: 255, 2000: 128, 3000: 1, 60000: 1} {
		if table[r] != want {
			t.Errorf("linear: reading %d becomes %d, want %d", r, table[r], want)
		}
	}
	for _, e := range []DepthEncoding{{}, {"inverse", 0, 1}, {"linear", 2, 1}, {"cubic", 1, 2},
		{"linear", math.NaN(), 1}, {"linear", 1, math.Inf(1)}} {
		if _, err := NewDepthTable(e, 0.001); err == nil {
			t.Errorf("%v: no error", e)
		}
	}
	for _, scale := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := NewDepthTable(DepthEncoding{"linear", 1, 2}, scale); err == nil {
			t.Errorf("scale %v: no error", scale)
		}
	}
}

// TestDivider holds the multiplication to the plain division at and around every boundary.
func TestDivider(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	totals := []uint64{1, 2, 3, 4, 5, 7, 12, 255, 256, 257, 65535, 921600, 1<<23 - 1, 1 << 23, 1<<23 + 1, 1 << 28}
	for range 200 {
		totals = append(totals, 1+rng.Uint64N(1<<24))
	}
	for _, total := range totals {
		d := newDivider(total)
		for q := range uint64(256) {
			for _, n := range []uint64{q * total, q*total + total/2, q*total + (total+1)/2, q*total - min(q*total, 1),
				q*total + total/2 - min(1, total/2)} {
				if n > 255*total {
					continue
				}
				if got, want := d.round(n), uint8((2*n+total)/(2*total)); got != want {
					t.Fatalf("%d / %d = %d, want %d", n, total, got, want)
				}
			}
		}
	}
}

func TestPreprocessChannels(t *testing.T) {
	c := goldenCase{ColorSize: [2]int{33, 21}, Size: [2]int{16, 12}}.filled(3)
	p := goldenPair(c)
	fused := c.fused(t, p, 1)
	pre := newTestPreprocess(t, c, 2)
	n := c.Size[0] * c.Size[1]
	rgb, depth, rgb2, depth2 := make([]byte, 3*n), make([]byte, n), make([]byte, 3*n), make([]byte, n)
	for _, err := range []error{pre.Split(rgb, depth, &p.Color, &p.Depth), pre.Color(rgb2, &p.Color), pre.Depth(depth2, &p.Depth)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	pre.o.BGR, pre.color.bgr = true, true
	bgr := make([]byte, 4*n)
	if err := pre.Fused(bgr, &p.Color, &p.Depth); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		f, b := fused[4*i:], bgr[4*i:]
		for k := range 3 {
			if rgb[3*i+k] != f[k] || rgb2[3*i+k] != f[k] || b[2-k] != f[k] {
				t.Fatalf("pixel %d channel %d: fused %d, split %d, colour %d, BGR %d", i, k, f[k], rgb[3*i+k], rgb2[3*i+k], b[2-k])
			}
		}
		if depth[i] != f[3] || depth2[i] != f[3] || b[3] != f[3] {
			t.Fatalf("pixel %d: depth %d, %d, %d, want %d", i, depth[i], depth2[i], b[3], f[3])
		}
	}
}

func TestPreprocessRefusesOtherSizes(t *testing.T) {
	c := goldenCase{ColorSize: [2]int{32, 24}, Size: [2]int{16, 12}}.filled(0)
	pre := newTestPreprocess(t, c, 1)
	dst := make([]byte, 4*16*12)
	good, bad := goldenPair(c), goldenPair(goldenCase{ColorSize: [2]int{33, 24}}.filled(0))
	short := goldenPair(c)
	short.Color.Pix = short.Color.Pix[:9]
	for name, err := range map[string]error{
		"colour": pre.Fused(dst, &bad.Color, &good.Depth),
		"depth":  pre.Fused(dst, &good.Color, &bad.Depth),
		"dst":    pre.Fused(dst[1:], &good.Color, &good.Depth),
		"bytes":  pre.Fused(dst, &short.Color, &good.Depth),
		"split":  pre.Split(dst[:3*16*12], dst, &good.Color, &good.Depth),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "runtime: preprocess: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, o := range []PreprocessOptions{
		{}, {Width: 4, Height: -1}, {Width: 4, Height: 4, ColorWidth: 1 << 20, ColorHeight: 1},
		{Width: 4, Height: 4, DepthWidth: 4, DepthHeight: 4}, {Width: 4, Height: 4, ColorWidth: 4},
	} {
		if _, err := NewPreprocess(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestPreprocessAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		c := goldenCase{ColorSize: [2]int{64, 48}, Size: [2]int{20, 30}}.filled(0)
		p, pre, dst := goldenPair(c), newTestPreprocess(t, c, threads), make([]byte, 4*20*30)
		if n := testing.AllocsPerRun(20, func() {
			if err := pre.Fused(dst, &p.Color, &p.Depth); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations per frame at %d threads", n, threads)
		}
	}
}

func BenchmarkPreprocess(b *testing.B) {
	for _, name := range []string{"vga-half", "640x360", "hd", "enlarge-2"} {
		for i, c := range goldenCases {
			if c.Name != name {
				continue
			}
			b.Run(name, func(b *testing.B) {
				c = c.filled(i)
				p, pre, dst := goldenPair(c), newTestPreprocess(b, c, 1), make([]byte, 4*c.Size[0]*c.Size[1])
				for b.Loop() {
					pre.Fused(dst, &p.Color, &p.Depth)
				}
			})
		}
	}
}
