package plan

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// match finds the unit that ends in a node: a group of integer work where one fits, else the node alone.
func (p *planner) match(n *graph.Node) (*unit, error) {
	if isQuantize(n) {
		u, err := p.matchQuantize(n)
		if u != nil || err != nil {
			return u, err
		}
	}
	for _, f := range []func(*graph.Node) (*unit, error){p.matchCast, p.matchArgMax, p.matchDirect, p.matchFloatConv} {
		u, err := f(n)
		if u != nil || err != nil {
			return u, err
		}
	}
	return p.general(n), nil
}

// matchQuantize looks at what a QuantizeLinear quantizes.
func (p *planner) matchQuantize(n *graph.Node) (*unit, error) {
	y := n.Out[0]
	q, ok := p.paramsOf(n, y.Type)
	if !ok {
		return nil, nil
	}
	if u, err := p.matchQLinear(n, q); u != nil || err != nil {
		return u, err
	}
	if u, err := p.matchTable(n, q); u != nil || err != nil {
		return u, err
	}
	r := &requant{to: y, stored: y, q: q, lo: float32(math.Inf(-1)), hi: float32(math.Inf(1))}
	nodes := []*graph.Node{n}
	v := n.In[0]
	for {
		if v.From == nil || v.Static() || len(v.Uses) != 1 || v.Output {
			return nil, nil
		}
		lo, hi, ok := p.bounds(v.From)
		if !ok {
			break
		}
		// The inner bounds apply first: the outer ones clamp what they leave.
		r.lo, r.hi = min(max(lo, r.lo), r.hi), max(min(hi, r.hi), r.lo)
		nodes = append(nodes, v.From)
		v = v.From.In[0]
	}
	nodes = append(nodes, v.From)
	for _, f := range []func(*graph.Node, *requant) (*unit, error){
		p.matchConv, p.matchConvTranspose, p.matchGemm, p.matchAdd, p.matchConcat, p.matchPool, p.matchMean, p.matchResize,
	} {
		u, err := f(v.From, r)
		if err != nil {
			return nil, err
		}
		if u != nil {
			u.sink, u.nodes = n, nodes
			return u, nil
		}
	}
	return nil, nil
}

// bounds is what a Relu or a Clip with constant bounds clamps to.
func (p *planner) bounds(n *graph.Node) (lo, hi float32, ok bool) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	switch {
	case n.Is("Relu"):
		return 0, hi, true
	case n.Is("Clip") && n.Version < 11:
		lo, _ = n.Attrs.Float("min", -math.MaxFloat32)
		hi, _ = n.Attrs.Float("max", math.MaxFloat32)
		return lo, hi, lo <= hi
	case n.Is("Clip"):
		for i, to := range []*float32{&lo, &hi} {
			v := n.Arg(i + 1)
			if v == nil {
				continue
			}
			if !v.Static() {
				return 0, 0, false
			}
			t, err := p.g.Constant(v)
			if err != nil || t.Type != tensor.Float32 || t.Len() != 1 {
				return 0, 0, false
			}
			*to = tensor.View[float32](t)[0]
		}
		return lo, hi, lo <= hi
	}
	return 0, 0, false
}
