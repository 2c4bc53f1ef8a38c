package kernel

import (
	"fmt"
	"math"
)

// Coordinates says which source coordinate an output pixel lies on, as ONNX's Resize names them.
type Coordinates uint8

const (
	HalfPixel        Coordinates = iota // (x + ½)·in/out − ½
	PytorchHalfPixel                    // the same, but 0 where the output is 1 long
	AlignCorners                        // x·(in − 1)/(out − 1)
	Asymmetric                          // x·in/out
)

// Rounding picks the source pixel for nearest resize, as ONNX's nearest_mode.
type Rounding uint8

const (
	RoundPreferFloor Rounding = iota // halves down
	RoundPreferCeil                  // halves up
	Floor
	Ceil
)

// weightBits is the precision of interpolation weights: exact for ×2, ×4, ×8 and every power of two below 2¹⁰. Two
// axes and an 8-bit value make 30 bits.
const weightBits = 11

// tap is one axis of a linear interpolation: (a·(2^weightBits − w) + b·w) / 2^weightBits.
type tap struct{ a, b, w int32 }

// Resize is a prepared resize from one size to another. Running it changes nothing in it; Zero and Truncate may be set
// before.
type Resize struct {
	InH, InW, OutH, OutW int
	Zero                 int     // of the map; values relative to it are rounded half to even
	Truncate             bool    // round down instead
	Scale                float32 // of the map, for ResizeArgMax; 0 = 1
	y, x                 []tap
	factor               int // 2, 4, 8 when both axes are half-pixel enlargements by it, else 0
	nearest              bool
	tables               *resizeTables
	real                 realTaps
}

// resizeTables is what the variants need of an enlargement by a factor f: weights in units of 1/(2f).
type resizeTables struct {
	pairs [][32]byte // per block of output pixels, of each pixel: left, right, 4 times
}

// NewResize prepares a linear resize.
func NewResize(inH, inW, outH, outW int, c Coordinates) (*Resize, error) {
	r := &Resize{InH: inH, InW: inW, OutH: outH, OutW: outW}
	var err error
	if r.y, err = linearTaps(inH, outH, c); err == nil {
		r.x, err = linearTaps(inW, outW, c)
	}
	if err != nil {
		return nil, fmt.Errorf("kernel: resize: %w", err)
	}
	for _, f := range []int{2, 4, 8} {
		if c == HalfPixel && outH == f*inH && outW == f*inW {
			r.factor = f
			r.tables = r.newTables()
		}
	}
	r.SetScales(c, 0, 0)
	return r, nil
}

func (r *Resize) newTables() *resizeTables {
	f := int32(r.factor)
	t := &resizeTables{pairs: make([][32]byte, Blocks(r.OutW))}
	for x := range r.OutW {
		w := r.weight(r.x[x])
		for i := range 4 {
			at := x%4*8 + 2*i
			t.pairs[x/4][at], t.pairs[x/4][at+1] = byte(2*f-w), byte(w)
		}
	}
	return t
}

// weight is a tap's right weight in units of 1/(2·factor), in which it is exact.
func (r *Resize) weight(t tap) int32 { return t.w * 2 * int32(r.factor) >> weightBits }

// NewNearest prepares a nearest resize: a linear one whose weights are 0.
func NewNearest(inH, inW, outH, outW int, c Coordinates, n Rounding) (*Resize, error) {
	r := &Resize{InH: inH, InW: inW, OutH: outH, OutW: outW, nearest: true}
	var err error
	if r.y, err = nearestTaps(inH, outH, c, n); err == nil {
		r.x, err = nearestTaps(inW, outW, c, n)
	}
	if err != nil {
		return nil, fmt.Errorf("kernel: resize: %w", err)
	}
	return r, nil
}

// NewNearestAt prepares a nearest resize from the source row of each output row and the source column of each column.
func NewNearestAt(inH, inW int, y, x []int) (*Resize, error) {
	r := &Resize{InH: inH, InW: inW, OutH: len(y), OutW: len(x), nearest: true}
	pick := func(at []int, n int) []tap {
		taps := make([]tap, len(at))
		for i, a := range at {
			if a < 0 || a >= n || n > 1<<20 {
				return nil
			}
			taps[i] = tap{a: int32(a), b: int32(a)}
		}
		return taps
	}
	if r.y, r.x = pick(y, inH), pick(x, inW); len(r.y) == 0 || len(r.x) == 0 {
		return nil, fmt.Errorf("kernel: resize: %d×%d → %d×%d pixels outside the source", inH, inW, len(y), len(x))
	}
	return r, nil
}

// coordinate is in float64, without fused multiply-adds: the same on every CPU.
func coordinate(i, in, out int, c Coordinates) float64 {
	switch {
	case c == AlignCorners && out == 1, c == PytorchHalfPixel && out == 1:
		return 0
	case c == AlignCorners:
		return float64(i) * float64(in-1) / float64(out-1)
	case c == Asymmetric:
		return float64(i) * float64(in) / float64(out)
	}
	return float64((float64(i)+0.5)*float64(in)/float64(out)) - 0.5
}

func linearTaps(in, out int, c Coordinates) ([]tap, error) {
	if in <= 0 || out <= 0 || in > 1<<20 || out > 1<<20 {
		return nil, fmt.Errorf("%d → %d pixels", in, out)
	}
	taps := make([]tap, out)
	for i := range taps {
		at := min(max(coordinate(i, in, out, c), 0), float64(in-1))
		a := math.Floor(at)
		w := math.RoundToEven((at - a) * (1 << weightBits))
		taps[i] = tap{a: int32(a), b: int32(min(a+1, float64(in-1))), w: int32(w)}
	}
	return taps, nil
}

func nearestTaps(in, out int, c Coordinates, n Rounding) ([]tap, error) {
	if in <= 0 || out <= 0 || in > 1<<20 || out > 1<<20 {
		return nil, fmt.Errorf("%d → %d pixels", in, out)
	}
	taps := make([]tap, out)
	for i := range taps {
		at := coordinate(i, in, out, c)
		switch n {
		case Floor:
			at = math.Floor(at)
		case Ceil:
			at = math.Ceil(at)
		case RoundPreferCeil:
			at = math.Floor(at + 0.5)
		default:
			at = math.Ceil(at - 0.5)
		}
		a := int32(min(max(at, 0), float64(in-1)))
		taps[i] = tap{a: a, b: a}
	}
	return taps, nil
}

// at is the interpolated value of channel c at output (y, x), times 2^(2·weightBits).
func (r *Resize) at(src *Map, y, x, c int) int32 {
	ty, tx := r.y[y], r.x[x]
	row := func(sy int32) int32 {
		a := src.Type.value(src.Data[src.Offset(int(sy), int(tx.a), c)])
		b := src.Type.value(src.Data[src.Offset(int(sy), int(tx.b), c)])
		return a*(1<<weightBits-tx.w) + b*tx.w
	}
	return row(ty.a)*(1<<weightBits-ty.w) + row(ty.b)*ty.w
}

func (r *Resize) check(op string, src *Map, y0, y1 int) {
	src.check(op)
	if src.H != r.InH || src.W != r.InW || y0 < 0 || y1 > r.OutH {
		panic(fmt.Sprintf("kernel: %s: rows %d…%d of %d×%d from a map of %d×%d, prepared for %d×%d", op, y0, y1, r.OutH,
			r.OutW, src.H, src.W, r.InH, r.InW))
	}
}

// Scratch is the number of bytes that [Set.Resize] and [Set.ResizeArgMax] need for c channels.
func (r *Resize) Scratch(c int) int {
	return max(2*(r.planes(c)+1)*r.plane()*4, Blocks(r.OutW)*4*2*8, 2*4*r.floats()*4, 2*r.doubleFloats()*4) + 8
}

// planes and plane are the scratch of the argmax variants: floats of one source row of each class, and its winners, twice.
func (r *Resize) planes(c int) int { return Cells(c) * 4 }
func (r *Resize) plane() int       { return Blocks(r.InW)*4 + 16 }

// floats is the scratch of a source row of 4 channels as real values, and a block behind it that may be read.
func (r *Resize) floats() int { return (Blocks(r.InW) + 1) * 16 }

func (r *Resize) checkScratch(op string, c int, scratch []byte) {
	if want := r.Scratch(c); len(scratch) < want {
		panic(fmt.Sprintf("kernel: %s: %d bytes of scratch, want %d", op, len(scratch), want))
	}
}

// Resize writes rows [y0, y1) of dst: the interpolated value relative to r.Zero rounded half to even, or rounded down
// with r.Truncate. Scale and zero point are kept; table (nil = none) changes them afterwards.
func (s *Set) Resize(dst, src *Map, r *Resize, table *[256]byte, y0, y1 int, scratch []byte) {
	r.check("resize", src, y0, y1)
	r.checkScratch("resize", src.C, scratch)
	dst.checkRows("resize", y0, y1)
	if dst.H != r.OutH || dst.W != r.OutW || dst.C != src.C || dst.Type != src.Type {
		panic(fmt.Sprintf("kernel: resize: %d×%d×%d into %d×%d×%d", r.OutH, r.OutW, src.C, dst.H, dst.W, dst.C))
	}
	switch {
	case s.nearest != nil && r.nearest:
		s.nearest.run(dst, src, r, y0, y1, scratch)
	case s.resize != nil && r.factor != 0 && src.Type == Native:
		s.resize.run(dst, src, r, y0, y1, scratch)
	default:
		resizeGeneric(dst, src, r, y0, y1)
	}
	if table != nil {
		s.table(dst, dst, table, y0, y1)
	}
}

// ResizeKernel and ArgMaxKernel name what runs r on maps of the native type.
func (s *Set) ResizeKernel(r *Resize) string {
	switch {
	case s.nearest != nil && r.nearest:
		return s.nearest.name
	case s.resize != nil && r.factor != 0:
		return s.resize.name
	}
	return "resize_generic"
}

func (s *Set) ArgMaxKernel(r *Resize) string {
	if s.argmax != nil && r.doubles() {
		return s.argmax.name
	}
	return "resize-argmax_generic"
}

// round takes a value times 2^(2·weightBits).
func (r *Resize) round(v int32) int32 {
	const shift = 2 * weightBits
	if r.Truncate {
		return v >> shift
	}
	odd := (v>>shift + int32(r.Zero)) & 1
	return (v + 1<<(shift-1) - 1 + odd) >> shift
}

func resizeGeneric(dst, src *Map, r *Resize, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			for c := range dst.C {
				dst.Data[dst.Offset(y, x, c)] = byte(r.round(r.at(src, y, x, c)))
			}
		}
	}
}

// ResizeArgMax writes rows [y0, y1) of the class map dst, OutH × OutW bytes: the channel whose interpolated real value
// (see [Resize.SetScales]; r.Scale, r.Zero) is greatest, the first of equals. The channels share scale and zero point.
// No interpolated value is rounded to a byte, nor stored.
func (s *Set) ResizeArgMax(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte) {
	r.check("argmax", src, y0, y1)
	r.checkScratch("argmax", src.C, scratch)
	if len(dst) < r.OutH*r.OutW || src.C > 256 {
		panic(fmt.Sprintf("kernel: argmax: %d channels into %d bytes, want %d×%d", src.C, len(dst), r.OutH, r.OutW))
	}
	if s.argmax != nil && r.doubles() && src.Type == Native {
		s.argmax.run(dst, src, r, y0, y1, scratch)
		return
	}
	resizeArgMaxGeneric(dst, src, r, y0, y1)
}

func resizeArgMaxGeneric(dst []byte, src *Map, r *Resize, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range r.OutW {
			best, at := r.realAt(src, y, x, 0), 0
			for c := 1; c < src.C; c++ {
				if v := r.realAt(src, y, x, c); v > best {
					best, at = v, c
				}
			}
			dst[y*r.OutW+x] = byte(at)
		}
	}
}

// ArgMax writes rows [y0, y1) of the class map dst, H × W bytes: the channel with the greatest value, the first of
// equals.
func ArgMax(dst []byte, src *Map, y0, y1 int) {
	src.checkRows("argmax", y0, y1)
	if len(dst) < src.H*src.W || src.C > 256 {
		panic(fmt.Sprintf("kernel: argmax: %d channels into %d bytes, want %d×%d", src.C, len(dst), src.H, src.W))
	}
	flip := src.Type.flip()
	for y := y0; y < y1; y++ {
		for x := range src.W {
			best, at := src.Data[src.Offset(y, x, 0)]^flip, 0
			for c := 1; c < src.C; c++ {
				if v := src.Data[src.Offset(y, x, c)] ^ flip; v > best {
					best, at = v, c
				}
			}
			dst[y*src.W+x] = byte(at)
		}
	}
}
