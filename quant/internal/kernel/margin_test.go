package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMargin holds margins to the leads of logits that are interpolated in float64 at exact coordinates, for resizes
// of all kinds and none, rows in any order.
func TestMargin(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	best, err := Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []struct{ h, w, c, oh, ow int }{{5, 7, 3, 20, 28}, {6, 6, 2, 12, 12}, {4, 9, 5, 32, 72}, {7, 5, 4, 13, 17}, {5, 5, 256, 5, 5}, {6, 8, 3, 0, 0}} {
		for _, typ := range []Type{U8, S8} {
			src := NewMap(size.h, size.w, size.c, typ)
			src.Data = make([]byte, src.Size())
			for i := range src.Data {
				src.Data[i] = byte(rng.Uint32())
			}
			var r *Resize
			oh, ow := size.h, size.w
			if size.oh > 0 {
				oh, ow = size.oh, size.ow
				var err error
				if r, err = NewResize(size.h, size.w, oh, ow, HalfPixel); err != nil {
					t.Fatal(err)
				}
			}
			const scale = 0.11
			got, rows := make([]byte, oh*ow), make([]int32, MarginScratch(&src, r))
			for _, y := range rng.Perm(oh) {
				best.Margin(got, &src, r, scale*32, y, y+1, rows)
			}
			at := func(i, in, out int) (a, b int, w float64) {
				x := min(max((float64(i)+0.5)*float64(in)/float64(out)-0.5, 0), float64(in-1))
				a = int(x)
				return a, min(a+1, in-1), x - float64(a)
			}
			for y := range oh {
				for x := range ow {
					ya, yb, wy := at(y, size.h, oh)
					xa, xb, wx := at(x, size.w, ow)
					var values []float64
					for c := range size.c {
						v := func(y, x int) float64 { return float64(typ.value(src.Data[src.Offset(y, x, c)])) }
						values = append(values, (1-wy)*((1-wx)*v(ya, xa)+wx*v(ya, xb))+wy*((1-wx)*v(yb, xa)+wx*v(yb, xb)))
					}
					slices.Sort(values)
					want := min((values[size.c-1]-values[size.c-2])*scale*32, 255)
					// Weights of 11 bits move a value by up to 255/2^12 on each axis.
					if d := float64(got[y*ow+x]) - want; d > 0.9 || d < -1.9 {
						t.Fatalf("%v to %d×%d: margin of (%d, %d) is %d, want %.2f", size, ow, oh, x, y, got[y*ow+x], math.Floor(want))
					}
				}
			}
		}
	}
}

// plainMargin is the definition: every value interpolated in integers that hold it, the greatest two of each pixel.
func plainMargin(src *Map, r *Resize, factor float32, y, x int) byte {
	ty, tx := tap{a: int32(y), b: int32(y)}, tap{a: int32(x), b: int32(x)}
	if r != nil {
		ty, tx = r.y[y], r.x[x]
	}
	var values []int64
	for c := range src.C {
		at := func(y, x int32) int64 { return int64(src.Type.value(src.Data[src.Offset(int(y), int(x), c)])) }
		mix := func(a, b int64, w int32) int64 { return a<<weightBits + (b-a)*int64(w) }
		values = append(values, mix(mix(at(ty.a, tx.a), at(ty.b, tx.a), ty.w), mix(at(ty.a, tx.b), at(ty.b, tx.b), ty.w), tx.w))
	}
	slices.Sort(values)
	lead := values[src.C-1] - values[src.C-2]
	return byte(min(float32(lead)*(factor/(1<<(2*weightBits))), 255))
}

// TestMarginIsItsDefinition compares every byte: maps of noise, of regions where one channel leads, of extremes; factors
// of which no lead, some and each makes 255; enlargements, reductions and none.
func TestMarginIsItsDefinition(t *testing.T) {
	sets := []*Set{nil}
	for i := range marginTable {
		if v := &marginTable[i]; features().has(v.needs) {
			sets = append(sets, &Set{margin: v})
		}
	}
	rng := rand.New(rand.NewPCG(9, 2))
	for n := range 300 {
		h, w, c := 1+rng.IntN(6), 1+rng.IntN(9), 2+rng.IntN(4)
		src := NewMap(h, w, c, []Type{U8, S8}[rng.IntN(2)])
		src.Data = make([]byte, src.Size())
		for y := range h {
			for x := range w {
				for k := range c {
					v := byte(rng.Uint32())
					switch n % 3 {
					case 1: // a region each, its lead here and there just enough
						if v = byte(100 + rng.IntN(3)); k == (x/3+y/3)%c {
							v = byte(100 + 60 + rng.IntN(6))
						}
					case 2:
						v = []byte{0, 255, 127, 128}[rng.IntN(4)]
					}
					src.Data[src.Offset(y, x, k)] = v
				}
			}
		}
		factor := []float32{0.3, 1, 4, 4.0123, 32 * 0.11, 255, 1000}[rng.IntN(7)]
		var r *Resize
		oh, ow := h, w
		if n%5 > 0 {
			oh, ow = 1+rng.IntN(6*h), 1+rng.IntN(6*w)
			if n%5 > 2 {
				oh, ow = 4*h, 4*w
			}
			var err error
			if r, err = NewResize(h, w, oh, ow, []Coordinates{HalfPixel, AlignCorners, Asymmetric}[rng.IntN(3)]); err != nil {
				t.Fatal(err)
			}
		}
		for _, set := range sets {
			checkMargin(t, rng, set, &src, r, factor, oh, ow)
		}
	}
}

func checkMargin(t *testing.T, rng *rand.Rand, set *Set, src *Map, r *Resize, factor float32, oh, ow int) {
	t.Helper()
	const guard = 64
	all, scratch, in := bytes.Repeat([]byte{0xa5}, oh*ow+2*guard), make([]int32, MarginScratch(src, r)), bytes.Clone(src.Data)
	got := all[guard : guard+oh*ow : guard+oh*ow]
	for i := range scratch { // what was there does not matter
		scratch[i] = int32(rng.Uint32())
	}
	at := rng.IntN(oh + 1)
	set.Margin(got, src, r, factor, at, oh, scratch)
	set.Margin(got, src, r, factor, 0, at, scratch)
	for y := range oh {
		for x := range ow {
			if want := plainMargin(src, r, factor, y, x); got[y*ow+x] != want {
				t.Fatalf("%s, %d×%d×%d to %d×%d, factor %v: margin of (%d, %d) is %d, want %d", set.MarginKernel(r), src.H, src.W, src.C, oh, ow, factor, y, x, got[y*ow+x], want)
			}
		}
	}
	if !bytes.Equal(all[:guard], bytes.Repeat([]byte{0xa5}, guard)) || !bytes.Equal(all[guard+oh*ow:], bytes.Repeat([]byte{0xa5}, guard)) || !bytes.Equal(in, src.Data) {
		t.Fatalf("%s, %d×%d×%d to %d×%d: written outside", set.MarginKernel(r), src.H, src.W, src.C, oh, ow)
	}
}
