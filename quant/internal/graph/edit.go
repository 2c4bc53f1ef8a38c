package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// NewConstant is a value known from the start.
func NewConstant(name string, t *tensor.T) *Value {
	return &Value{Name: name, Type: t.Type, Shape: t.Shape, static: true, constant: t}
}

// Append adds a node of the default domain behind all others. Its output is named after the operator and its operand.
func (g *Graph) Append(op string, version int, attrs onnx.Attrs, in ...*Value) (*Node, error) {
	n := &Node{Name: in[0].Name + " " + op, In: in}
	n.Op, n.Version, n.Attrs, n.Outs = op, version, attrs, 1
	n.Out = []*Value{{Name: n.Name}}
	if err := g.Check(n); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Label(), err)
	}
	g.Nodes = append(g.Nodes, n)
	return n, nil
}

// Check builds a node that was made by hand: In, Out, Op, Domain, Version, Attrs and Outs are set. Its outputs get their
// types and shapes, and its operands a use.
func (g *Graph) Check(n *Node) error {
	static := true
	n.Node.In = nil
	for _, v := range n.In {
		if v == nil {
			n.Node.In = append(n.Node.In, nil)
			continue
		}
		static = static && v.static
		o := &ops.Value{Type: v.Type, Shape: v.Shape}
		if v.static && product(v.Shape) <= smallConstant {
			t, err := g.Constant(v)
			if err != nil {
				return err
			}
			o.Const = t
		}
		n.Node.In = append(n.Node.In, o)
	}
	impl, err := ops.Build(&n.Node)
	if err != nil {
		return err
	}
	if err := g.budget.table(impl.Held); err != nil {
		return err
	}
	n.Impl = impl
	for i, v := range n.Out {
		if v != nil {
			v.Type, v.Shape, v.From, v.static = impl.Out[i].Type, impl.Out[i].Shape, n, static
		}
	}
	for _, v := range n.In {
		if v != nil {
			v.Uses = append(v.Uses, n)
		}
	}
	return nil
}

// RemoveUse forgets one reading of the value by a node.
func (v *Value) RemoveUse(n *Node) {
	for i, u := range v.Uses {
		if u == n {
			v.Uses = append(v.Uses[:i:i], v.Uses[i+1:]...)
			return
		}
	}
}

// ReadInstead has all that read the value read another one of its type and shape.
func (v *Value) ReadInstead(other *Value) {
	for _, n := range v.Uses {
		for i, in := range n.In {
			if in == v {
				n.In[i] = other
			}
		}
	}
	other.Uses, v.Uses = append(other.Uses, v.Uses...), nil
}
