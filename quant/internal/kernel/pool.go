package kernel

import (
	"fmt"
	"math"
)

// Pool is a window moving over a map; pixels outside the source do not count.
type Pool struct {
	KH, KW           int
	StrideY, StrideX int
	PadTop, PadLeft  int
}

// maxPoolWindow bounds the window of a variant of MaxPool, in both directions: its offsets live on the stack.
const maxPoolWindow = 16

func (p *Pool) check(op string, dst, src *Map, y0, y1 int) {
	dst.checkRows(op, y0, y1)
	src.check(op)
	if p.KH <= 0 || p.KW <= 0 || p.StrideY <= 0 || p.StrideX <= 0 || p.PadTop < 0 || p.PadLeft < 0 || dst.C != src.C {
		panic(fmt.Sprintf("kernel: %s: %+v on %d → %d channels", op, *p, src.C, dst.C))
	}
}

// window is the part of the window of output (y, x) that lies inside src.
func (p *Pool) window(src *Map, y, x int) (ya, yb, xa, xb int) {
	ya, xa = y*p.StrideY-p.PadTop, x*p.StrideX-p.PadLeft
	yb, xb = min(ya+p.KH, src.H), min(xa+p.KW, src.W)
	return max(ya, 0), yb, max(xa, 0), xb
}

// MaxPool writes rows [y0, y1) of dst: the greatest value in each window; the least of the type for an empty window.
func (s *Set) MaxPool(dst, src *Map, p Pool, y0, y1 int) {
	p.check("max pool", dst, src, y0, y1)
	if s.max != nil && src.Type == Native && dst.Type == Native && p.fits(dst, src) {
		s.max.run(dst, src, hide(&p), y0, y1)
		return
	}
	maxPoolGeneric(dst, src, &p, y0, y1)
}

// fits is whether a variant can run p: its window is small, and none is empty.
func (p *Pool) fits(dst, src *Map) bool {
	return p.KH <= maxPoolWindow && p.KW <= maxPoolWindow && p.PadTop < p.KH && p.PadLeft < p.KW &&
		(dst.H-1)*p.StrideY-p.PadTop < src.H && (dst.W-1)*p.StrideX-p.PadLeft < src.W
}

// MaxKernel names what runs MaxPool on maps of the native type.
func (s *Set) MaxKernel(p Pool) string {
	if s.max != nil && p.KH <= maxPoolWindow && p.KW <= maxPoolWindow {
		return s.max.name
	}
	return "pool_generic"
}

func maxPoolGeneric(dst, src *Map, p *Pool, y0, y1 int) {
	flip := src.Type.flip()
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			ya, yb, xa, xb := p.window(src, y, x)
			for c := range dst.C {
				var m byte
				for sy := ya; sy < yb; sy++ {
					for sx := xa; sx < xb; sx++ {
						m = max(m, src.Data[src.Offset(sy, sx, c)]^flip)
					}
				}
				dst.Data[dst.Offset(y, x, c)] = m ^ flip
			}
		}
	}
}

// AvgPool writes rows [y0, y1) of dst: requantize(Σ (x − zero)) with the scale r.Scale[0] / n, one float32 division at
// a time; n is the number of pixels of the window inside src, or the whole window with countPad. The scale is the
// source's / dst's. A global average pool has the whole source as its window.
func (s *Set) AvgPool(dst, src *Map, p Pool, countPad bool, zero int, r Requant, y0, y1 int) {
	p.check("average pool", dst, src, y0, y1)
	lo, hi, err := r.bounds(dst.Type)
	if err != nil || len(r.Scale) != 1 {
		panic(fmt.Sprintf("kernel: average pool: %v, %d scales", err, len(r.Scale)))
	}
	if global := p.PadTop == 0 && p.PadLeft == 0 && p.KH == src.H && p.KW == src.W; global && y0 == 0 && y1 == 1 && dst.W == 1 && src.H*src.W < 1<<22 {
		s.globalAvgPool(dst, src, zero, &r, lo, hi)
		return
	}
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			ya, yb, xa, xb := p.window(src, y, x)
			n := max(yb-ya, 0) * max(xb-xa, 0)
			if countPad || n == 0 {
				n = p.KH * p.KW
			}
			scale := r.Scale[0] / float32(n)
			for c := range dst.C {
				var sum int64
				for sy := ya; sy < yb; sy++ {
					for sx := xa; sx < xb; sx++ {
						sum += int64(src.Type.value(src.Data[src.Offset(sy, sx, c)]) - int32(zero))
					}
				}
				b := requantize(int32(min(max(sum, math.MinInt32), math.MaxInt32)), scale, int32(r.Zero), lo, hi)
				if r.Table != nil {
					b = r.Table[b]
				}
				dst.Data[dst.Offset(y, x, c)] = b
			}
		}
	}
}

// globalAvgPool is AvgPool of one window, the whole map.
func (s *Set) globalAvgPool(dst, src *Map, zero int, r *Requant, lo, hi int32) {
	n := src.H * src.W
	scale := r.Scale[0] / float32(n)
	for c := 0; c < src.C; c += 16 {
		var sums [16]int32
		if s.sum != nil && src.Type == Native {
			s.sum.run(src, c, hide(&sums))
		} else {
			sumGeneric(src, c, &sums)
		}
		for i := range min(16, src.C-c) {
			b := requantize(sums[i]-int32(zero)*int32(n), scale, int32(r.Zero), lo, hi)
			if r.Table != nil {
				b = r.Table[b]
			}
			dst.Data[dst.Offset(0, 0, c+i)] = b
		}
	}
}

// sumGeneric adds up channels from c on over a whole map.
func sumGeneric(src *Map, c int, sums *[16]int32) {
	for i := range min(16, src.C-c) {
		for y := range src.H {
			for x := range src.W {
				sums[i] += src.Type.value(src.Data[src.Offset(y, x, c+i)])
			}
		}
	}
}
