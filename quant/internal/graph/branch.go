package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// branch replaces an If whose condition is known at load by the nodes of the branch that it takes. Exporters write an If
// where a model looked at a shape; shapes are known here.
func (b *builder) branch(src *onnx.Node) error {
	g, err := b.taken(src)
	if err != nil {
		return err
	}
	if len(g.Inputs) > 0 || len(g.Outputs) < len(src.Outputs) {
		return fmt.Errorf("the branch has %d inputs and %d outputs for %d", len(g.Inputs), len(g.Outputs), len(src.Outputs))
	}
	nodes, err := lower(g.Nodes)
	if err != nil {
		return err
	}
	local := map[string]bool{} // names of the branch, which end with it
	for _, i := range g.Initializers {
		if b.values[i.Name] != nil {
			return fmt.Errorf("value %q is given twice", i.Name)
		}
		local[i.Name] = true
		b.values[i.Name] = NewConstant(i.Name, i.Tensor)
	}
	order, err := sorted(nodes, b.values)
	if err != nil {
		return err
	}
	for _, n := range order {
		for _, o := range n.Outputs {
			local[o] = true
		}
		if err := b.node(n); err != nil {
			return err
		}
	}
	for i, o := range src.Outputs {
		if o == "" {
			continue
		}
		if b.values[g.Outputs[i].Name] == nil {
			return fmt.Errorf("output %q of the branch is made by no node", g.Outputs[i].Name)
		}
		if b.values[o] != nil {
			return fmt.Errorf("value %q is given twice", o)
		}
		n := &onnx.Node{Name: src.Name, Op: "Identity", Inputs: []string{g.Outputs[i].Name}, Outputs: []string{o}, Version: expansionVersion}
		if err := b.node(n); err != nil {
			return err
		}
	}
	for name := range local {
		delete(b.values, name)
	}
	return nil
}

// taken is the branch of an If.
func (b *builder) taken(src *onnx.Node) (*onnx.Graph, error) {
	if len(src.Inputs) != 1 || b.values[src.Inputs[0]] == nil {
		return nil, fmt.Errorf("%d inputs, want 1", len(src.Inputs))
	}
	v := b.values[src.Inputs[0]]
	if !v.static {
		n := &Node{In: []*Value{v}}
		return nil, fmt.Errorf("control flow is not supported: %w", open(n, &ops.NeedsConst{What: "the condition"}))
	}
	t, err := b.g.Constant(v)
	if err != nil {
		return nil, err
	}
	if t.Type != tensor.Bool || t.Len() != 1 {
		return nil, fmt.Errorf("the condition is %v of shape %v", t.Type, t.Shape)
	}
	name := "then_branch"
	if t.Data[0] == 0 {
		name = "else_branch"
	}
	g, err := src.Attrs.Graph(name)
	if err == nil && g == nil {
		err = fmt.Errorf("attribute %q is missing", name)
	}
	return g, err
}
