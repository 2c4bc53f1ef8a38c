package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMargin holds margins to the leads of logits that are interpolated in float64 at exact coordinates, for resizes
// of all kinds and none, rows in any order.
func TestMargin(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
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
				Margin(got, &src, r, scale*32, y, y+1, rows)
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
