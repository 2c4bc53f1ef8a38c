package plan

import (
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// enlargement is a linear resize of an 8-bit map into one that to stores.
type enlargement struct {
	from   *graph.Value
	resize *kernel.Resize
	to     *requant
}

// matchEnlargedAdd: the sum of a map that is enlarged to twice the size, for nobody else, and of another one, as in a decoder that
// goes up to the next feature map of its encoder. The enlarged map then needs no memory. It is nil where no kernel does both.
func (p *planner) matchEnlargedAdd(n *graph.Node, r *requant, add kernel.Add, v, other *graph.Value) (*unit, error) {
	e := p.enlargedFor(n, v)
	if add.Multiply || e == nil || !tensor.Equal(other.Shape, r.to.Shape) {
		return nil, nil
	}
	add.Min, add.Max, _ = r.store()
	sum, err := p.set.PackAdd(add)
	if err != nil {
		return nil, err
	}
	packed := p.set.PackEnlargedAdd(sum, e.resize, realOut(e.to))
	if packed == nil {
		return nil, nil
	}
	nodes := p.units[v.From].nodes
	return &unit{requant: r, reads: []*graph.Value{e.from, other}, emit: func(p *planner) error {
		_, _, packed.Table = r.store() // which may have been fused into r since
		own := p.units[r.stored.From].nodes
		return p.emitResize(e.resize, r, "resize add", packed.Kernel(), e.resize.OutH%2 == 0, append(own[:len(own):len(own)], nodes...), packed.Run,
			e.from, other)
	}}, nil
}

// enlargedFor is how v is made, where that is a linear resize and node n alone reads it.
func (p *planner) enlargedFor(n *graph.Node, v *graph.Value) *enlargement {
	u := p.units[v.From]
	if v.From == nil || u == nil || u.enlarge == nil || u.enlarge.to.stored != v || v.Output || len(v.Uses) != 1 {
		return nil
	}
	real := v.Uses[0].Out[0]
	if real.Output || len(real.Uses) != 1 || real.Uses[0] != n {
		return nil
	}
	return u.enlarge
}
