package plan

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
)

// realResize is a linear interpolation of dequantized bytes, quantized again. It is computed in float32, each operation
// rounded by itself and in one fixed order, which is ONNX Runtime's: exact integers would differ from it in the ties
// that weights of a quarter make one value in sixteen.
type realResize struct {
	y, x   []realTap
	value  [256]float32 // of each byte of the source
	scale  float32      // of the result
	zero   int32
	lo, hi int32
	table  *[256]byte
	// truncate rounds towards 0, as an interpolation of bytes that are not dequantized does.
	truncate bool
}

// realTap is one axis of one output pixel: source pixels a and b with weights d2 and d1.
type realTap struct {
	a, b   int
	d1, d2 float32
}

// realTaps are the taps of axis k.
func realTaps(r *ops.Resize, k int) []realTap {
	taps := make([]realTap, r.Out[k])
	n, scale := r.In[k], r.Scale(k)
	for i := range taps {
		x := float32(i)
		switch {
		case r.Coord == "align_corners" && r.Out[k] == 1, r.Coord == "pytorch_half_pixel" && r.Out[k] == 1:
			x = 0
		case r.Coord == "align_corners":
			x = float32(x*float32(n-1)) / float32(r.Out[k]-1)
		case r.Coord == "asymmetric":
			x /= scale
		default:
			x = (x+0.5)/scale - 0.5
		}
		x = min(max(x, 0), float32(n-1))
		t := realTap{a: min(int(x), n-1)}
		t.b = min(t.a+1, n-1)
		t.d1, t.d2 = abs(x-float32(t.a)), abs(x-float32(t.b))
		if t.a == t.b {
			t.d1, t.d2 = 0.5, 0.5
		}
		taps[i] = t
	}
	return taps
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// newRealResize prepares a resize of a map with parameters q into one stored by rq.
func newRealResize(r *ops.Resize, q params, rq *requant) *realResize {
	z := &realResize{y: realTaps(r, 2), x: realTaps(r, 3), scale: rq.q.scale, zero: int32(rq.q.native())}
	lo, hi := rq.clamp()
	z.lo, z.hi = int32(lo), int32(hi)
	for i := range z.value {
		z.value[i] = float32(value8(byte(i)^flip(q.typ), q.typ)-q.zero) * q.scale
	}
	return z
}

// at is the interpolated real value of channel c at output (y, x).
func (z *realResize) at(src *kernel.Map, y, x, c int) float32 {
	ty, tx := z.y[y], z.x[x]
	v := func(sy, sx int) float32 { return z.value[src.Data[src.Offset(sy, sx, c)]] }
	r := float32(float32(tx.d2*ty.d2)*v(ty.a, tx.a)) + float32(float32(tx.d1*ty.d2)*v(ty.a, tx.b))
	r += float32(float32(tx.d2*ty.d1) * v(ty.b, tx.a))
	return r + float32(float32(tx.d1*ty.d1)*v(ty.b, tx.b))
}

// rows computes rows [y0, y1) of dst.
func (z *realResize) rows(dst, src *kernel.Map, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			for c := range dst.C {
				q := float64(z.at(src, y, x, c) / z.scale)
				q = min(max(q, -1<<16), 1<<16)
				if z.truncate {
					q = math.Trunc(q)
				}
				v := int32(math.RoundToEven(q)) + z.zero
				b := byte(min(max(v, z.lo), z.hi))
				if z.table != nil {
					b = z.table[b]
				}
				dst.Data[dst.Offset(y, x, c)] = b
			}
		}
	}
}
