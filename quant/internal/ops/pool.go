package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Pool is what a planner needs to know of a pooling node.
type Pool struct {
	N, C, H, W, OH, OW   int
	KH, KW               int
	StrideY, StrideX     int
	DilationY, DilationX int
	PadTop, PadLeft      int
	PadBottom, PadRight  int
	CountPad             bool
	CountOutside         bool // with CountPad: pixels beyond the padding count too (no attribute of ONNX's, see QLinearAveragePool)
	Spatial              int
}

// PoolOf is the geometry of a MaxPool, AveragePool, GlobalAveragePool or GlobalMaxPool node on a source shape.
func PoolOf(n *Node, x []int) (*Pool, error) {
	b := &build{Node: n, used: map[string]bool{}}
	p := b.pool(x)
	return p, b.err
}

func (b *build) pool(x []int) *Pool {
	if len(b.Op) > 6 && (b.Op[:6] == "Global" || b.Op == "QLinearGlobalAveragePool") {
		if len(x) < 3 || len(x) > 4 {
			b.fail("input has shape %v", x)
			return nil
		}
		p := &Pool{N: x[0], C: x[1], H: 1, W: x[len(x)-1], OH: 1, OW: 1, StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, Spatial: len(x) - 2}
		if len(x) == 4 {
			p.H = x[2]
		}
		p.KH, p.KW = p.H, p.W
		return p
	}
	ceil := b.attrBool("ceil_mode", false)
	w := b.window(x, nil, ceil)
	if b.err != nil {
		return nil
	}
	if w.pt >= (w.kh-1)*w.dy+1 && w.pt > 0 || w.pl >= (w.kw-1)*w.dx+1 && w.pl > 0 {
		b.fail("pads %d, %d are not smaller than the window", w.pt, w.pl)
		return nil
	}
	return &Pool{N: w.n, C: w.c, H: w.h, W: w.w, OH: w.oh, OW: w.ow, KH: w.kh, KW: w.kw, StrideY: w.sy, StrideX: w.sx,
		DilationY: w.dy, DilationX: w.dx, PadTop: w.pt, PadLeft: w.pl, PadBottom: w.pb, PadRight: w.pr,
		CountPad: b.attrBool("count_include_pad", false), CountOutside: b.attrBool("count_outside", false), Spatial: w.spatial}
}

// OutShape is the output's shape.
func (p *Pool) OutShape() []int {
	if p.Spatial == 1 {
		return []int{p.N, p.C, p.OW}
	}
	return []int{p.N, p.C, p.OH, p.OW}
}

// divisor is how many pixels an average at output (y, x) counts, given those inside the source: with CountPad the window
// cut at the padded border, not beyond it.
func (p *Pool) divisor(y, x, inside int) int {
	if !p.CountPad {
		return inside
	}
	if p.CountOutside {
		return p.KH * p.KW
	}
	rows := (min(y*p.StrideY-p.PadTop+(p.KH-1)*p.DilationY+1, p.H+p.PadBottom) - (y*p.StrideY - p.PadTop) + p.DilationY - 1) / p.DilationY
	cols := (min(x*p.StrideX-p.PadLeft+(p.KW-1)*p.DilationX+1, p.W+p.PadRight) - (x*p.StrideX - p.PadLeft) + p.DilationX - 1) / p.DilationX
	return rows * cols
}

func buildPool(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	average := b.Op == "AveragePool" || b.Op == "GlobalAveragePool"
	t := b.In[0].Type
	if t != tensor.Float32 && t != tensor.Float64 && (average || !t.IsInt8()) {
		return b.fail("element type %v", t)
	}
	columns := b.Op == "MaxPool" && b.attrBool("storage_order", false)
	p := b.pool(b.In[0].Shape)
	if b.err != nil {
		return nil
	}
	if b.Op == "MaxPool" && b.Outs > 1 {
		return p.indexed(t, columns)
	}
	get, put := loader(t), storer(t)
	impl := one(t, p.OutShape(), p.N*p.C*p.OH, func(in, out []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			oy := u % p.OH
			plane := u / p.OH * p.H * p.W
			for ox := range p.OW {
				v := p.at(in[0].Data, get, plane, oy, ox, average)
				put(out[0].Data, u*p.OW+ox, v)
			}
		}
	})
	impl.Work = p.work()
	return impl
}

// work is the number of pixels that all windows look at.
func (p *Pool) work() int64 { return operations(p.N, p.C, p.OH, p.OW, min(p.KH, p.H), min(p.KW, p.W)) }

// at is one output pixel. Sums are in float64, in source order, and rounded once.
func (p *Pool) at(src []byte, get func([]byte, int) float64, plane, oy, ox int, average bool) float64 {
	y, x := oy*p.StrideY-p.PadTop, ox*p.StrideX-p.PadLeft
	y0, y1 := taps(y, p.KH, p.DilationY, p.H)
	x0, x1 := taps(x, p.KW, p.DilationX, p.W)
	sum, top := 0.0, math.Inf(-1)
	for ky := y0; ky < y1; ky++ {
		row := plane + (y+ky*p.DilationY)*p.W + x
		for kx := x0; kx < x1; kx++ {
			v := get(src, row+kx*p.DilationX)
			sum += v
			if v > top || v != v {
				top = v
			}
		}
	}
	if !average {
		return top
	}
	n := p.divisor(oy, ox, (y1-y0)*(x1-x0))
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// indexed is a MaxPool that also says where in the input each maximum lies: the first of equals, counted along rows or
// along columns.
func (p *Pool) indexed(t tensor.DType, columns bool) *Impl {
	get, put := loader(t), storer(t)
	shape := p.OutShape()
	impl := &Impl{Units: p.N * p.C * p.OH, Work: p.work(), Out: []Value{{Type: t, Shape: shape}, {Type: tensor.Int64, Shape: shape}}}
	impl.Run = func(in, out []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			plane := u / p.OH * p.H * p.W
			for ox := range p.OW {
				y, x := u%p.OH*p.StrideY-p.PadTop, ox*p.StrideX-p.PadLeft
				y0, y1 := taps(y, p.KH, p.DilationY, p.H)
				x0, x1 := taps(x, p.KW, p.DilationX, p.W)
				top, at := math.Inf(-1), 0
				for ky := y0; ky < y1; ky++ {
					for kx := x0; kx < x1; kx++ {
						sy, sx := y+ky*p.DilationY, x+kx*p.DilationX
						if v := get(in[0].Data, plane+sy*p.W+sx); v > top || v != v || ky == y0 && kx == x0 {
							top, at = v, plane+sy*p.W+sx
							if columns {
								at = plane + sx*p.H + sy
							}
						}
					}
				}
				if out[0] != nil {
					put(out[0].Data, u*p.OW+ox, top)
				}
				tensor.View[int64](out[1])[u*p.OW+ox] = int64(at)
			}
		}
	}
	return impl
}

// buildLpPool is the p-norm of each window; GlobalLpPool that of each channel.
func buildLpPool(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	power := float64(b.attrInt("p", 2))
	p := b.pool(b.In[0].Shape)
	if b.err != nil {
		return nil
	}
	if power < 1 {
		return b.fail("p is %v", power)
	}
	return one(tensor.Float32, p.OutShape(), p.N*p.C*p.OH, func(in, out []*tensor.T, lo, hi int) {
		src, dst := tensor.View[float32](in[0]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			plane := u / p.OH * p.H * p.W
			for ox := range p.OW {
				y, x := u%p.OH*p.StrideY-p.PadTop, ox*p.StrideX-p.PadLeft
				y0, y1 := taps(y, p.KH, p.DilationY, p.H)
				x0, x1 := taps(x, p.KW, p.DilationX, p.W)
				sum := 0.0
				for ky := y0; ky < y1; ky++ {
					for kx := x0; kx < x1; kx++ {
						sum += pow(math.Abs(float64(src[plane+(y+ky*p.DilationY)*p.W+x+kx*p.DilationX])), power)
					}
				}
				dst[u*p.OW+ox] = float32(pow(sum, 1/power))
			}
		}
	})
}

// buildMaxUnpool puts pooled values back where the indices say, zeros elsewhere.
func buildMaxUnpool(b *build) *Impl {
	if !b.arity(2, 3) || !b.want(0, tensor.Float32) || !b.want(1, tensor.Int64) || !b.rank(0, 4) {
		return nil
	}
	v := b.In[0]
	k, s, pads := b.attrInts("kernel_shape"), b.attrInts("strides"), b.attrInts("pads")
	if s == nil {
		s = []int{1, 1}
	}
	if pads == nil {
		pads = []int{0, 0, 0, 0}
	}
	if b.err != nil || len(k) != 2 || len(s) != 2 || len(pads) != 4 || !tensor.Equal(b.In[1].Shape, v.Shape) {
		return b.fail("kernel_shape %v, strides %v, pads %v, indices %v", k, s, pads, b.In[1].Shape)
	}
	inner := clone(v.Shape) // what the indices count in
	for i := range 2 {
		if min(k[i], s[i]) < 1 || max(k[i], s[i], pads[i], pads[2+i]) > 1<<20 || min(pads[i], pads[2+i]) < 0 {
			return b.fail("kernel_shape %v, strides %v, pads %v", k, s, pads)
		}
		inner[2+i] = (v.Shape[2+i]-1)*s[i] - pads[i] - pads[2+i] + k[i]
	}
	out := inner
	if b.in(2) != nil {
		out = b.ints(2, "output_shape")
	}
	if b.err != nil || len(out) != 4 || out[0] != v.Shape[0] || out[1] != v.Shape[1] || out[2] < inner[2] || out[3] < inner[3] || inner[2] < 1 || inner[3] < 1 {
		return b.fail("output_shape %v, the window gives %v", out, inner)
	}
	b.volume(out)
	h, w := inner[2], inner[3]
	return one(v.Type, clone(out), 1, func(in, outs []*tensor.T, _, _ int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](outs[0])
		clear(y)
		for i, at := range tensor.View[int64](in[1]) {
			if a := int(at); a >= 0 && a < product(inner) {
				y[(a/(h*w)*out[2]+a/w%h)*out[3]+a%w] = x[i]
			}
		}
	})
}
