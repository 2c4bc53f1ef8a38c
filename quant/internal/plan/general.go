package plan

import (
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// general is the unit of one node run by package ops on plain tensors.
func (p *planner) general(n *graph.Node) *unit {
	u := &unit{sink: n, nodes: []*graph.Node{n}}
	for _, v := range n.In {
		if v != nil {
			u.reads = append(u.reads, v)
		}
	}
	u.emit = func(p *planner) error { return p.emitGeneral(n) }
	return u
}

func (p *planner) emitGeneral(n *graph.Node) error {
	in := make([]*Buffer, len(n.In))
	for i, v := range n.In {
		if v == nil {
			continue
		}
		b, err := p.plain(v)
		if err != nil {
			return err
		}
		in[i] = b
	}
	if n.Impl.View {
		v := n.Out[0]
		p.setForm(v, &Buffer{Name: v.Name, Type: v.Type, Shape: v.Shape, Form: Plain, Size: in[0].Size, Of: in[0]})
		return nil
	}
	out := make([]*Buffer, len(n.Out))
	for i, v := range n.Out {
		if v != nil {
			out[i] = p.make(v, Plain)
		}
	}
	name := ""
	if n.Out[0] != nil {
		name = n.Out[0].Name
	}
	impl := n.Impl
	p.add(&Step{Name: name, Op: n.Op, Kernel: "plain", Nodes: labels([]*graph.Node{n}), In: in, Out: out, Units: impl.Units,
		MACs: impl.MACs, bind: func([][]byte) func(int, int, int) {
			ti, to := tensors(in), tensors(out)
			return func(_, lo, hi int) { impl.Run(ti, to, lo, hi) }
		}})
	return nil
}

func tensors(list []*Buffer) []*tensor.T {
	out := make([]*tensor.T, len(list))
	for i, b := range list {
		if b != nil {
			out[i] = b.Tensor()
		}
	}
	return out
}
