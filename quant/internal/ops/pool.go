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
		CountPad: b.attrBool("count_include_pad", false), Spatial: w.spatial}
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
	rows := (min(y*p.StrideY-p.PadTop+(p.KH-1)*p.DilationY+1, p.H+p.PadBottom) - (y*p.StrideY - p.PadTop) + p.DilationY - 1) / p.DilationY
	cols := (min(x*p.StrideX-p.PadLeft+(p.KW-1)*p.DilationX+1, p.W+p.PadRight) - (x*p.StrideX - p.PadLeft) + p.DilationX - 1) / p.DilationX
	return rows * cols
}

func buildPool(b *build) *Impl {
	b.ignore("storage_order", "p")
	if !b.arity(1, 1) {
		return nil
	}
	average := b.Op == "AveragePool" || b.Op == "GlobalAveragePool"
	t := b.In[0].Type
	if t != tensor.Float32 && (average || !t.IsInt8()) {
		return b.fail("element type %v", t)
	}
	p := b.pool(b.In[0].Shape)
	if b.err != nil {
		return nil
	}
	if b.Outs > 1 {
		return b.fail("the indices output is not supported")
	}
	get, put := loader(t), storer(t)
	return one(t, p.OutShape(), p.N*p.C*p.OH, func(in, out []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			oy := u % p.OH
			plane := u / p.OH * p.H * p.W
			for ox := range p.OW {
				v := p.at(in[0].Data, get, plane, oy, ox, average)
				put(out[0].Data, u*p.OW+ox, v)
			}
		}
	})
}

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
