package kernel

import (
	"fmt"
	"math"
)

// realTaps is a linear interpolation in float32, each operation rounded by itself and in the order that ONNX Runtime
// has (core/providers/cpu/tensor/upsample.cc, UpsampleBilinear), so that where classes tie, or nearly, they fall as they
// do there:
//
//	x = (i + ½)/scale − ½ or another of Coordinates, clamped to 0 … in−1; a = ⌊x⌋; b = min(a + 1, in − 1)
//	d1 = |x − a|, d2 = |x − b|; both ½ where a = b
//	value = ((d2x·d2y·v(ya, xa) + d1x·d2y·v(ya, xb)) + d2x·d1y·v(yb, xa)) + d1x·d1y·v(yb, xb)
//	v = float32(byte − zero) × Scale
type realTaps struct {
	y      []realTap
	x      []realTap
	left   []int32      // a of x, in whole 32s: the last is repeated
	right  []int32      // b
	weight [2][]float32 // d2 and d1 of x
	near   bool         // the 4 output pixels of a block lie on two neighbouring source blocks
	whole  *wholeTaps   // nil where weights are not whole numbers of units
	twice  bool         // along x, pixels 2i and 2i + 1 are ¼ and ¾ of pixel i and its neighbours, but at the ends
}

// wholeTaps is weights that are whole numbers of 1/units, as those of an enlargement by 2, 4 or 8 between the middles of pixels
// are: units² × 255 is below 2¹⁶.
type wholeTaps struct {
	units  int
	near   [2][]int16 // left and right of x, counted from the first of 32
	weight [2][]int16 // of x
}

type realTap struct {
	a, b   int32
	d1, d2 float32
}

// SetScales sets the coordinates that [Set.ResizeArgMax] interpolates at: the scales that the model states, in float32
// as it does; 0 = float32(out)/float32(in).
func (r *Resize) SetScales(c Coordinates, y, x float32) {
	r.real.y, r.real.x = floatTaps(r.InH, r.OutH, c, y), floatTaps(r.InW, r.OutW, c, x)
	r.real.spread()
	r.real.whole = r.real.newWhole()
	r.real.twice = isDouble(r.real.x, r.InW)
}

// isDouble is whether an axis is an enlargement by 2 between the middles of pixels.
func isDouble(taps []realTap, in int) bool {
	if in < 2 || len(taps) != 2*in {
		return false
	}
	for i, t := range taps {
		want := realTap{a: int32(i-1) / 2, b: int32(i+1) / 2, d1: 0.75, d2: 0.25}
		switch {
		case i == 0:
			want = realTap{a: 0, b: 1, d1: 0, d2: 1}
		case i == len(taps)-1:
			want = realTap{a: int32(in - 1), b: int32(in - 1), d1: 0.5, d2: 0.5}
		case i%2 == 1:
			want.d1, want.d2 = 0.25, 0.75
		}
		if t != want {
			return false
		}
	}
	return true
}

func floatTaps(in, out int, c Coordinates, scale float32) []realTap {
	if scale == 0 {
		scale = float32(out) / float32(in)
	}
	taps := make([]realTap, out)
	for i := range taps {
		x := float32(i)
		switch {
		case c == AlignCorners && out == 1, c == PytorchHalfPixel && out == 1:
			x = 0
		case c == AlignCorners:
			x = float32(x*float32(in-1)) / float32(out-1)
		case c == Asymmetric:
			x /= scale
		default:
			x = float32((x+0.5)/scale) - 0.5
		}
		x = min(max(x, 0), float32(in-1))
		t := realTap{a: min(int32(x), int32(in-1))}
		t.b = min(t.a+1, int32(in-1))
		t.d1, t.d2 = abs(x-float32(t.a)), abs(x-float32(t.b))
		if t.a == t.b {
			t.d1, t.d2 = 0.5, 0.5
		}
		taps[i] = t
	}
	return taps
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// spread lists the taps of x as the variants read them.
func (t *realTaps) spread() {
	n := (len(t.x) + 31) / 32 * 32
	t.left, t.right = make([]int32, n), make([]int32, n)
	t.weight = [2][]float32{make([]float32, n), make([]float32, n)}
	for i := range n {
		x := t.x[min(i, len(t.x)-1)]
		t.left[i], t.right[i], t.weight[0][i], t.weight[1][i] = x.a, x.b, x.d2, x.d1
	}
	t.near = true
	for i := range n {
		base := t.left[i&^3] &^ 3
		t.near = t.near && t.left[i] >= base && t.left[i] < base+8 && t.right[i] >= base && t.right[i] < base+8
	}
}

// newWhole is the taps in whole units, or nil.
func (t *realTaps) newWhole() *wholeTaps {
	w := &wholeTaps{units: 2}
	for _, axis := range [][]realTap{t.y, t.x} {
		for _, v := range axis {
			for w.units <= 16 && v.d1*float32(w.units) != float32(int(v.d1*float32(w.units))) {
				w.units *= 2
			}
			if v.d1+v.d2 != 1 || w.units > 16 {
				return nil
			}
		}
	}
	for i := range 2 {
		w.near[i], w.weight[i] = make([]int16, len(t.left)), make([]int16, len(t.left))
	}
	for i := range t.left {
		first := t.left[i&^31]
		w.near[0][i], w.near[1][i] = int16(t.left[i]-first), int16(t.right[i]-first)
		w.weight[0][i], w.weight[1][i] = w.of(t.weight[0][i]), w.of(t.weight[1][i])
		if t.left[i] < first || t.right[i]-first > 31 {
			return nil
		}
	}
	return w
}

// of is a weight in units.
func (w *wholeTaps) of(weight float32) int16 { return int16(weight * float32(w.units)) }

// doubles is whether 16 neighbouring output pixels lie within 16 source pixels, 8 within 8 and 4 within 4: what the
// variants' permutations need.
func (r *Resize) doubles() bool { return r.OutW >= 2*r.InW }

// sure is whether an output pixel whose four source pixels have one winner, the first of their greatest classes, has it, too.
// No class after it is greater at any of them, nor then in the interpolated values, since rounding keeps order. A class before
// it is less by scale at least at each, and so in the interpolated values, whose weights are not negative and add up to
// 1: their rounding is less than 2⁻¹² of scale, where scale neither overflows nor loses bits.
func (r *Resize) sure() bool { return r.realScale() > 0x1p-60 && r.realScale() < 0x1p60 }

// realScale is the map's scale.
func (r *Resize) realScale() float32 {
	if r.Scale == 0 {
		return 1
	}
	return r.Scale
}

// realAt is the interpolated real value of channel c at output (y, x). The conversions keep the compiler from fusing.
func (r *Resize) realAt(src *Map, y, x, c int) float32 {
	ty, tx := r.real.y[y], r.real.x[x]
	v := func(sy, sx int32) float32 {
		return float32(src.Type.value(src.Data[src.Offset(int(sy), int(sx), c)])-int32(r.Zero)) * r.realScale()
	}
	sum := float32(float32(tx.d2*ty.d2)*v(ty.a, tx.a)) + float32(float32(tx.d1*ty.d2)*v(ty.a, tx.b))
	sum += float32(float32(tx.d2*ty.d1) * v(ty.b, tx.a))
	return sum + float32(float32(tx.d1*ty.d1)*v(ty.b, tx.b))
}

// RealOut says how the real values of a resized map are stored: clamp(roundHalfEven(value / Scale) + Zero, Min, Max),
// then Table.
type RealOut struct {
	Scale          float32
	Zero, Min, Max int // Min and Max both 0 = the whole range
	Table          *[256]byte
	saved          int // steps of the division that may be left out: 0 to 2
}

// ResizeReal writes rows [y0, y1) of dst: the interpolated real values of src (r.Scale, r.Zero, [Resize.SetScales]),
// quantized again. It needs [Resize.Scratch] bytes.
func (s *Set) ResizeReal(dst, src *Map, r *Resize, out RealOut, y0, y1 int, scratch []byte) {
	r.check("resize", src, y0, y1)
	r.checkScratch("resize", src.C, scratch)
	dst.checkRows("resize", y0, y1)
	q := Requant{Zero: out.Zero, Min: out.Min, Max: out.Max}
	lo, hi, err := q.bounds(dst.Type)
	if dst.H != r.OutH || dst.W != r.OutW || dst.C != src.C || dst.Type != src.Type || err != nil || !(out.Scale > 0) {
		panic(fmt.Sprintf("kernel: resize: %d×%d×%d into %d×%d×%d, scale %v, %v", r.OutH, r.OutW, src.C, dst.H, dst.W, dst.C, out.Scale, err))
	}
	v := s.realVariant(r, out.Scale)
	if v == nil || src.Type != Native || r.realScale() >= 1<<16*out.Scale { // a value could leave int32
		resizeRealGeneric(dst, src, r, &out, lo, hi, y0, y1)
	} else {
		v.run(dst, src, r, hide(&out), lo, hi, y0, y1, scratch)
	}
	if out.Table != nil {
		s.table(dst, dst, out.Table, y0, y1)
	}
}

// realVariant is the set's best for r, or nil.
func (s *Set) realVariant(r *Resize, scale float32) *realVariant {
	return first(s.real, func(v *realVariant) bool { return v.takes == nil || v.takes(r, scale) })
}

// enlarges is whether a variant for enlargements can run r. Its division by parts must neither overflow nor lose bits
// below the smallest normal number.
func (r *Resize) enlarges(scale float32) bool {
	usual := func(s float32) bool { return s > 0x1p-60 && s < 0x1p60 }
	return r.real.near && usual(scale) && usual(r.realScale())
}

// doublesReal is whether one for doublings can: along x all is as by 2, along y each row has one of the weights of such an
// enlargement.
func (r *Resize) doublesReal(scale float32) bool {
	for _, t := range r.real.y {
		if _, ok := doubleRow(t); !ok {
			return false
		}
	}
	return r.real.twice && r.enlarges(scale)
}

// RealKernel names what runs ResizeReal on maps of the native type.
func (s *Set) RealKernel(r *Resize, scale float32) string {
	if v := s.realVariant(r, scale); v != nil {
		return v.name
	}
	return "resize-real_generic"
}

// Prepared is o for results of r, once it is known which steps of the division by o.Scale change nothing. It may be left out,
// at a loss of speed.
func (o RealOut) Prepared(r *Resize) RealOut {
	o.saved = 2 - divisionSteps(r.realScale(), o.Scale)
	return o
}

// divisionSteps is how many steps after q = v × (1 / by) the variants of doublings need so that q, rounded to an integer,
// is v / by, correctly rounded, rounded to one. A step is q + (v − q·by) × (1 / by).
//
//   - 0 where no sum of ¹⁄₁₆, ³⁄₁₆, ³⁄₁₆ and ⁹⁄₁₆ of four bytes above zero lies near a half of by. Sums of float32 are less
//     than 0.002 of a 16th of scale off: at most 4,080 16ths, rounded by a part in 2²⁴ each in the value, its multiple, three
//     sums and the product.
//   - 1 mostly. After v × (1 / by), which is less than 2 ulp off, a step leaves less than 2⁻²⁰ ulp. That can only change an
//     integer where v / by is so near the middle between a half and its neighbour among the float32.
func divisionSteps(scale, by float32) int {
	if !(scale > 0x1p-60 && scale < 0x1p60 && by > 0x1p-60 && by < 0x1p60) {
		return 2
	}
	ratio, clear := float64(scale)/float64(by)/16, true
	for n := -16 * 255; n <= 16*255 && clear; n++ {
		t := float64(n) * ratio
		clear = math.Abs(t-math.Floor(t)-0.5) > 0.002*ratio || math.Abs(t) > 512
	}
	if clear {
		return 0
	}
	for k := range 512 {
		half := float32(k) + 0.5
		for _, next := range [2]float32{math.Nextafter32(half, 0), math.Nextafter32(half, 1024)} {
			middle := (float64(half) + float64(next)) / 2 * float64(by)
			v := float32(middle)
			if math.Abs(float64(v)-middle) < 0x1p-16*float64(math.Nextafter32(v, math.MaxFloat32)-v) {
				return 2
			}
		}
	}
	return 1
}

// PairsRows is whether what runs ResizeReal computes rows 2i − 1 and 2i together, at the cost of one: ranges of rows are best
// cut there.
func (s *Set) PairsRows(r *Resize, scale float32) bool {
	v := s.realVariant(r, scale)
	return v != nil && v.pairs && r.OutH%2 == 0
}

// doubled is the weights of an output row's two source rows, where along x those are ¼ and ¾: times unit they are 1 and 3
// of the first row and c and d of the second; of the upper row of two, 3 and 9, and 1 and 3.
type doubled struct {
	upper      bool
	c, d, unit float32
}

func doubleRow(t realTap) (doubled, bool) {
	switch (realTap{d1: t.d1, d2: t.d2}) {
	case realTap{d2: 0.75, d1: 0.25}:
		return doubled{true, 3, 9, 16}, true
	case realTap{d2: 0.25, d1: 0.75}:
		return doubled{false, 3, 9, 16}, true
	case realTap{d2: 0.5, d1: 0.5}:
		return doubled{false, 1, 3, 8}, true
	case realTap{d2: 1, d1: 0}:
		return doubled{false, 0, 0, 4}, true
	}
	return doubled{}, false
}

// doubleFloats is the scratch of a source row of 16 channels as real values, with a block before and one behind that may be read.
func (r *Resize) doubleFloats() int { return (Blocks(r.InW) + 2) * 64 }

func resizeRealGeneric(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			for c := range dst.C {
				v := roundBounded(r.realAt(src, y, x, c)/out.Scale) + int32(out.Zero)
				dst.Data[dst.Offset(y, x, c)] = byte(min(max(v, lo), hi))
			}
		}
	}
}
