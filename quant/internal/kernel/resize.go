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

// Resize is a prepared resize from one size to another. It is read-only.
type Resize struct {
	InH, InW, OutH, OutW int
	y, x                 []tap
	factor               int // 2, 4, 8 when both axes are half-pixel enlargements by it, else 0
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
		}
	}
	return r, nil
}

// NewNearest prepares a nearest resize: a linear one whose weights are 0.
func NewNearest(inH, inW, outH, outW int, c Coordinates, n Rounding) (*Resize, error) {
	r := &Resize{InH: inH, InW: inW, OutH: outH, OutW: outW}
	var err error
	if r.y, err = nearestTaps(inH, outH, c, n); err == nil {
		r.x, err = nearestTaps(inW, outW, c, n)
	}
	if err != nil {
		return nil, fmt.Errorf("kernel: resize: %w", err)
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

// Resize writes rows [y0, y1) of dst: the interpolated value, halves rounded up. Scale and zero point are kept; table
// (nil = none) changes them afterwards.
func (s *Set) Resize(dst, src *Map, r *Resize, table *[256]byte, y0, y1 int) {
	r.check("resize", src, y0, y1)
	dst.checkRows("resize", y0, y1)
	if dst.H != r.OutH || dst.W != r.OutW || dst.C != src.C || dst.Type != src.Type {
		panic(fmt.Sprintf("kernel: resize: %d×%d×%d into %d×%d×%d", r.OutH, r.OutW, src.C, dst.H, dst.W, dst.C))
	}
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			for c := range dst.C {
				v := byte((r.at(src, y, x, c) + 1<<(2*weightBits-1)) >> (2 * weightBits))
				if table != nil {
					v = table[v]
				}
				dst.Data[dst.Offset(y, x, c)] = v
			}
		}
	}
}

// ResizeArgMax writes rows [y0, y1) of the class map dst, OutH × OutW bytes: the channel whose interpolated value is
// greatest, the first of equals. The channels share scale and zero point. The interpolated values are compared before
// any rounding and stored nowhere.
func (s *Set) ResizeArgMax(dst []byte, src *Map, r *Resize, y0, y1 int) {
	r.check("argmax", src, y0, y1)
	if len(dst) < r.OutH*r.OutW || src.C > 256 {
		panic(fmt.Sprintf("kernel: argmax: %d channels into %d bytes, want %d×%d", src.C, len(dst), r.OutH, r.OutW))
	}
	resizeArgMaxGeneric(dst, src, r, y0, y1)
}

func resizeArgMaxGeneric(dst []byte, src *Map, r *Resize, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range r.OutW {
			best, at := r.at(src, y, x, 0), 0
			for c := 1; c < src.C; c++ {
				if v := r.at(src, y, x, c); v > best {
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
