package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestResizeGeneric holds the fixed-point interpolation against float64, all coordinates, any sizes; and argmax too,
// wherever float64 sees a clear winner.
func TestResizeGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	for i := range 300 {
		ty := Type(i % 2)
		h, w, c := 1+r.IntN(6), 1+r.IntN(6), 1+r.IntN(6)
		oh, ow := 1+r.IntN(20), 1+r.IntN(20)
		if f := 2 << r.IntN(3); r.IntN(2) == 0 {
			oh, ow = h*f, w*f
		}
		k := Coordinates(r.IntN(4))
		zero, truncate := r.IntN(256)-128, r.IntN(4) == 0
		rz, err := NewResize(h, w, oh, ow, k)
		if err != nil {
			t.Fatal(err)
		}
		rz.Zero, rz.Truncate, rz.Scale = zero, truncate, 0.3
		src, dst := newTestMap(t, r, h, w, c, ty, picker(r)), newTestMap(t, r, oh, ow, c, ty, picker(r))
		classes, scratch := make([]byte, oh*ow), make([]byte, rz.Scratch(c))
		(&Set{}).Resize(&dst, &src, rz, nil, 0, oh, scratch)
		(&Set{}).ResizeArgMax(classes, &src, rz, 0, oh, scratch)
		for y := range oh {
			for x := range ow {
				best, bestValue, second := 0, math.Inf(-1), math.Inf(-1)
				for ch := range c {
					v := interpolate(&src, coordinate(y, h, oh, k), coordinate(x, w, ow, k), ch)
					got := float64(ty.value(dst.Data[dst.Offset(y, x, ch)]))
					want := math.RoundToEven(v-float64(zero)) + float64(zero)
					slack := 0.13 // of weights that 11 bits round
					if truncate {
						want, slack = math.Floor(v), 1
					}
					if exact := math.Round(v*256) == v*256 && rz.factor != 0; exact && got != want || math.Abs(got-v) > 0.5+slack {
						t.Fatalf("%d×%d→%d×%d %v: (%d, %d, %d) is %v, want %v", h, w, oh, ow, k, y, x, ch, got, v)
					}
					if v > bestValue {
						best, bestValue, second = ch, v, bestValue
					} else {
						second = max(second, v)
					}
				}
				if got := int(classes[y*ow+x]); got != best && bestValue-second > 0.26 {
					t.Fatalf("%d×%d→%d×%d %v: class of (%d, %d) is %d, want %d", h, w, oh, ow, k, y, x, got, best)
				}
			}
		}
	}
}

func interpolate(m *Map, y, x float64, c int) float64 {
	y, x = min(max(y, 0), float64(m.H-1)), min(max(x, 0), float64(m.W-1))
	ya, xa := int(y), int(x)
	yb, xb := min(ya+1, m.H-1), min(xa+1, m.W-1)
	fy, fx := y-float64(ya), x-float64(xa)
	at := func(y, x int) float64 { return float64(m.Type.value(m.Data[m.Offset(y, x, c)])) }
	return (at(ya, xa)*(1-fx)+at(ya, xb)*fx)*(1-fy) + (at(yb, xa)*(1-fx)+at(yb, xb)*fx)*fy
}

// TestNearest checks the rounding modes where they differ: every second pixel of 2 → 4 and of 3 → 2, by hand.
func TestNearest(t *testing.T) {
	for _, c := range []struct {
		in, out int
		k       Coordinates
		n       Rounding
		want    []int32
	}{
		{2, 4, HalfPixel, RoundPreferFloor, []int32{0, 0, 1, 1}},
		{2, 4, Asymmetric, Floor, []int32{0, 0, 1, 1}},
		{2, 4, Asymmetric, RoundPreferFloor, []int32{0, 0, 1, 1}},
		{2, 4, Asymmetric, RoundPreferCeil, []int32{0, 1, 1, 1}},
		{2, 4, Asymmetric, Ceil, []int32{0, 1, 1, 1}},
		{3, 5, AlignCorners, RoundPreferFloor, []int32{0, 0, 1, 1, 2}},
		{3, 5, AlignCorners, RoundPreferCeil, []int32{0, 1, 1, 2, 2}},
	} {
		taps, err := nearestTaps(c.in, c.out, c.k, c.n)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if taps[i].a != want {
				t.Errorf("%d→%d %v %v: pixel %d takes %d, want %d", c.in, c.out, c.k, c.n, i, taps[i].a, want)
			}
		}
	}
}

func TestResizeVariants(t *testing.T) {
	for i, v := range append(slices.Clone(resizeTable), nearestTable...) {
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(11, uint64(i)))
			for range rounds(300) {
				f := 2 << r.IntN(3)
				h, w, c := 1+r.IntN(5), tileSize(r, 4, 4), tileSize(r, 16, 4)
				rz, err := NewResize(h, w, h*f, w*f, HalfPixel)
				if err != nil {
					t.Fatal(err)
				}
				set := &Set{resize: &v}
				if strings.HasPrefix(v.name, "nearest") {
					set = &Set{nearest: &v}
					if rz, err = NewNearest(h, w, h*f, w*f, Coordinates(r.IntN(4)), Rounding(r.IntN(4))); err != nil {
						t.Fatal(err)
					}
					if r.IntN(4) == 0 { // twice the width, but for one column
						f = 2
						y, x := make([]int, h*2), make([]int, w*2)
						for i := range x {
							x[i] = i / 2
						}
						x[r.IntN(len(x))] = r.IntN(w)
						if rz, err = NewNearestAt(h, w, y, x); err != nil {
							t.Fatal(err)
						}
					}
				}
				rz.Zero, rz.Truncate = r.IntN(256)-128, r.IntN(4) == 0
				src, dst := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, h*f, w*f, c, Native, picker(r))
				before, canary, want := slices.Clone(src.Data), slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(h * f)
				y1 := y0 + r.IntN(h*f-y0+1)
				resizeGeneric(&want, &src, rz, y0, y1)
				if name := set.ResizeKernel(rz); name != v.name {
					t.Fatalf("%s ran instead", name)
				}
				set.Resize(&dst, &src, rz, nil, y0, y1, guarded(t, rz.Scratch(c), false))
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				if !slices.Equal(src.Data, before) {
					t.Fatal("the source changed")
				}
			}
		})
	}
}

// patches lets one class of a patch of pixels lead by one at each of them, but for a few where another one has as much.
func patches(r *rand.Rand, m *Map) {
	wide, flip := 1+r.IntN(12), m.Type.flip()
	for y := range m.H {
		for x := range m.W {
			lead := (x/wide + y/3) % m.C
			top := byte(0)
			for c := range m.C {
				at := m.Offset(y, x, c)
				if m.Data[at]^flip == 255 {
					m.Data[at]--
				}
				top = max(top, m.Data[at]^flip)
			}
			if r.IntN(12) == 0 {
				m.Data[m.Offset(y, x, r.IntN(m.C))] = top ^ flip
			} else {
				m.Data[m.Offset(y, x, lead)] = (top + 1) ^ flip
			}
		}
	}
}

func TestResizeArgMaxVariants(t *testing.T) {
	for i := range argmaxTable {
		v := &argmaxTable[i]
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(12, uint64(i)))
			for range rounds(300) {
				h, w, c := 1+r.IntN(5), tileSize(r, 8, 3), 1+r.IntN(9)
				if r.IntN(20) == 0 {
					c = 200 + r.IntN(57)
				}
				oh, ow := 1+r.IntN(20), 2*w+r.IntN(7*w)
				if f := 2 << r.IntN(3); r.IntN(2) == 0 {
					oh, ow = h*f, w*f
				}
				rz, err := NewResize(h, w, oh, ow, Coordinates(r.IntN(4)))
				if err != nil {
					t.Fatal(err)
				}
				rz.Scale, rz.Zero = r.Float32()+0.01, r.IntN(256)-128
				src := newTestMap(t, r, h, w, c, Native, picker(r))
				if r.IntN(3) != 0 {
					patches(r, &src)
				}
				if r.IntN(10) == 0 { // leads by a scale that is lost in the rounding
					rz.Scale = 0x1p-148
				}
				before := slices.Clone(src.Data)
				got := guarded(t, oh*ow, r.IntN(2) == 0)
				for i := range got {
					got[i] = 0xEE
				}
				want := slices.Clone(got)
				y0 := r.IntN(oh)
				y1 := y0 + r.IntN(oh-y0+1)
				resizeArgMaxGeneric(want, &src, rz, y0, y1)
				(&Set{argmax: v}).ResizeArgMax(got, &src, rz, y0, y1, guarded(t, rz.Scratch(c), false))
				if at := slices.Compare(got, want); at != 0 {
					t.Fatalf("%d×%d×%d → %d×%d, rows %d…%d: not the generic class map", h, w, c, oh, ow, y0, y1)
				}
				if !slices.Equal(src.Data, before) {
					t.Fatal("the source changed")
				}
			}
		})
	}
}

func TestResizeRealVariants(t *testing.T) {
	for i, v := range realTable {
		t.Run(v.name, func(t *testing.T) {
			need(t, v.needs)
			r := rand.New(rand.NewPCG(13, uint64(i)))
			ran := 0
			for range rounds(300) {
				h, w, c := 1+r.IntN(5), tileSize(r, 4, 4), tileSize(r, 16, 4)
				oh, ow, how := 1+r.IntN(12), 1+r.IntN(5*w), Coordinates(r.IntN(4))
				if f := 2 << r.IntN(3); r.IntN(4) != 0 {
					oh, ow = h*f, w*f
				}
				twice := v.takes != nil && r.IntN(2) == 0
				if twice {
					oh, ow, how = h*2, w*2, HalfPixel
				}
				rz, err := NewResize(h, w, oh, ow, how)
				if err != nil {
					t.Fatal(err)
				}
				rz.Scale, rz.Zero = r.Float32()+0.01, r.IntN(256)-128
				lo, hi := Native.Range()
				if !twice && r.IntN(2) == 0 { // a scale of the model's own
					rz.SetScales(Coordinates(r.IntN(4)), float32(oh)/float32(h)*0.98, float32(ow)/float32(w)*1.02)
				}
				out := RealOut{Scale: r.Float32() + 0.01, Zero: int(lo) + r.IntN(256), Min: int(lo), Max: int(hi)}
				if r.IntN(3) == 0 {
					out.Min, out.Max = int(lo)+20, int(hi)-30
				}
				if r.IntN(2) == 0 { // halves but for the rounding of each operation
					out.Scale = rz.Scale
				}
				src, dst := newTestMap(t, r, h, w, c, Native, picker(r)), newTestMap(t, r, oh, ow, c, Native, picker(r))
				before, canary, want := slices.Clone(src.Data), slices.Clone(dst.Data), dst
				want.Data = slices.Clone(dst.Data)
				y0 := r.IntN(oh)
				y1 := y0 + r.IntN(oh-y0+1)
				resizeRealGeneric(&want, &src, rz, &out, int32(out.Min), int32(out.Max), y0, y1)
				if v.takes != nil && !v.takes(rz, out.Scale) {
					continue
				}
				ran++
				set := &Set{real: realTable[i : i+1]}
				if name := set.RealKernel(rz, out.Scale); name != v.name {
					t.Fatalf("%s ran instead", name)
				}
				if r.IntN(4) != 0 {
					out = out.Prepared(rz)
				}
				set.ResizeReal(&dst, &src, rz, out, y0, y1, guarded(t, rz.Scratch(c), false))
				compareMaps(t, v.name, &dst, &want, canary, y0, y1)
				if !slices.Equal(src.Data, before) {
					t.Fatal("the source changed")
				}
			}
			if ran < rounds(300)/3 {
				t.Errorf("it ran %d times", ran)
			}
		})
	}
}

// TestDivisionSteps divides what is next to each half: there the steps that are left out would show.
func TestDivisionSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 1))
	var seen [3]int
	for range rounds(300) {
		by := (1 + r.Float32()) / float32(int(1)<<r.IntN(12))
		scale := by
		switch r.IntN(3) {
		case 0:
			scale = by * r.Float32()
		case 1:
			scale = by / 2
		}
		zero := r.IntN(256)
		steps := divisionSteps(scale, by)
		seen[steps]++
		inverse := 1 / by
		round := func(v float32) (got, want float64) {
			q := v * inverse
			for range steps {
				q = fma(fma(q, -by, v), inverse, q)
			}
			return math.RoundToEven(float64(q)), math.RoundToEven(float64(v / by))
		}
		check := func(v float32) {
			if got, want := round(v); got != want {
				t.Fatalf("%v / %v in %d steps gives %v, want %v", v, by, steps, got, want)
			}
		}
		for k := range 600 {
			if steps > 0 {
				v := (float32(k) + 0.5) * by
				for range 8 {
					v = math.Nextafter32(v, 0)
				}
				for range 16 {
					check(v)
					v = math.Nextafter32(v, math.MaxFloat32)
				}
				continue
			}
			// The sums that there are.
			p, s := [4]int{r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)}, [4]float32{}
			for i := range p {
				s[i] = float32(p[i]-zero) * scale
			}
			sum := float32(0.1875*s[0]) + float32(0.5625*s[1])
			sum += float32(0.0625 * s[2])
			check(sum + float32(0.1875*s[3]))
		}
	}
	if seen[0] == 0 || seen[1] == 0 {
		t.Errorf("%v times 0, 1 and 2 steps", seen)
	}
	// by = 1 needs none of them, but a sum of a half does.
	if n := divisionSteps(1, 1); n == 0 {
		t.Error("halves take no step")
	}
}
