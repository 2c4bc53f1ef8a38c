package graph

import (
	"fmt"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// New checks a model's graph. The model stays the owner of its constants' bytes. Where an operator needs a value at load
// that depends on inputs, the error wraps an [OpenError] that names them.
func New(m *onnx.Model, o Options) (*Graph, error) {
	b := &builder{g: &Graph{}, values: map[string]*Value{}, sequences: map[string][]string{}, opsets: m.Opsets}
	if err := b.inputs(m.Graph.Inputs, o); err != nil {
		return nil, err
	}
	initializers := int64(0)
	for _, i := range m.Graph.Initializers {
		if b.values[i.Name] != nil {
			return nil, fmt.Errorf("value %q is given twice", i.Name)
		}
		initializers += int64(len(i.Tensor.Data))
		b.values[i.Name] = &Value{Name: i.Name, Type: i.Tensor.Type, Shape: i.Tensor.Shape, static: true, constant: i.Tensor}
	}
	b.g.budget = newBudget(initializers)
	nodes, err := lower(m.Graph.Nodes)
	if err != nil {
		return nil, err
	}
	order, err := sorted(nodes, b.values)
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, name := range o.Inputs {
		given[name] = true
	}
	for _, n := range order {
		if err := b.node(n); err != nil {
			return nil, err
		}
		for _, name := range n.Outputs {
			if given[name] && b.values[name] != nil {
				b.values[name] = &Value{Name: name, Type: b.values[name].Type, Shape: b.values[name].Shape}
			}
		}
	}
	for _, name := range o.Inputs {
		v := b.values[name]
		if v == nil || v.From != nil || v.static || slices.Contains(b.g.Inputs, v) {
			return nil, fmt.Errorf("input %q, given besides the model's: no node makes it, or it is given twice", name)
		}
		b.g.Inputs = append(b.g.Inputs, v)
	}
	if len(m.Graph.Outputs) == 0 {
		return nil, fmt.Errorf("the graph has no outputs")
	}
	seen := map[string]bool{}
	for _, o := range m.Graph.Outputs {
		v := b.values[o.Name]
		if v == nil {
			return nil, fmt.Errorf("output %q is made by no node", o.Name)
		}
		if seen[o.Name] {
			return nil, fmt.Errorf("output %q is given twice", o.Name)
		}
		seen[o.Name] = true
		if half := o.Type == tensor.Float16 || o.Type == tensor.BFloat16; half && v.Type == tensor.Float32 {
			if v, err = b.convert(v, o.Name, ops.Narrow, onnx.Attrs{"to": int(o.Type)}); err != nil {
				return nil, fmt.Errorf("output %q: %w", o.Name, err)
			}
		}
		if v.Type != o.Type {
			return nil, fmt.Errorf("output %q is %v, the model says %v", o.Name, v.Type, o.Type)
		}
		v.Output = true
		b.g.Outputs = append(b.g.Outputs, v)
	}
	for _, name := range o.Outputs {
		v := b.values[name]
		if v == nil {
			return nil, fmt.Errorf("output %q, asked for besides the model's: no such value", name)
		}
		v.Output = true
		b.g.Outputs = append(b.g.Outputs, v)
	}
	return b.g, nil
}

type builder struct {
	g      *Graph
	values map[string]*Value
	opsets map[string]int

	sequences   map[string][]string // names of values by the sequence's name
	inSequences int                 // values in all of them
}

// sorted is the nodes in an order in which every value is made before it is read, the file's own order where that is
// one.
func sorted(nodes []onnx.Node, given map[string]*Value) ([]*onnx.Node, error) {
	maker := map[string]int{}
	for i := range nodes {
		for _, o := range nodes[i].Outputs {
			if o == "" {
				continue
			}
			if _, twice := maker[o]; twice || given[o] != nil {
				return nil, fmt.Errorf("value %q is given twice", o)
			}
			maker[o] = i
		}
	}
	missing := make([]int, len(nodes)) // operands not made yet
	readers := make([][]int32, len(nodes))
	for i := range nodes {
		for _, in := range append(nodes[i].Inputs[:len(nodes[i].Inputs):len(nodes[i].Inputs)], nodes[i].Captures()...) {
			if in == "" || given[in] != nil {
				continue
			}
			j, ok := maker[in]
			if !ok {
				return nil, fmt.Errorf("%s %q reads value %q, which nothing makes", nodes[i].Op, nodes[i].Name, in)
			}
			missing[i]++
			readers[j] = append(readers[j], int32(i))
		}
	}
	done := make([]bool, len(nodes))
	order := make([]*onnx.Node, 0, len(nodes))
	var ready []int32 // a stack, so that late nodes follow their makers closely
	for i := range nodes {
		if missing[i] > 0 || done[i] {
			continue
		}
		for ready = append(ready[:0], int32(i)); len(ready) > 0; {
			k := ready[len(ready)-1]
			ready = ready[:len(ready)-1]
			done[k] = true
			order = append(order, &nodes[k])
			for r := len(readers[k]) - 1; r >= 0; r-- {
				reader := readers[k][r]
				if missing[reader]--; missing[reader] == 0 && int(reader) < i { // later ones come in their turn
					ready = append(ready, reader)
				}
			}
		}
	}
	if len(order) < len(nodes) {
		for i := range nodes {
			if !done[i] {
				return nil, fmt.Errorf("%s %q is part of a cycle", nodes[i].Op, nodes[i].Name)
			}
		}
	}
	return order, nil
}

func (b *builder) node(src *onnx.Node) error {
	if src.Op == "If" && src.Domain == "" {
		if err := b.branch(src); err != nil {
			return fmt.Errorf("node %q (If): %w", src.Name, err)
		}
		return nil
	}
	if done, err := b.expand(src); done {
		return err
	}
	n := &Node{Name: src.Name}
	n.Op, n.Domain, n.Attrs = src.Op, src.Domain, src.Attrs
	for _, o := range src.Outputs {
		var v *Value
		if o != "" {
			v = &Value{Name: o, From: n}
		}
		n.Out = append(n.Out, v)
	}
	if err := b.check(n, src); err != nil {
		return fmt.Errorf("%s: %w", n.Label(), err)
	}
	return nil
}

func (b *builder) check(n *Node, src *onnx.Node) error {
	version, ok := b.opsets[n.Domain]
	if src.Version != 0 {
		version, ok = src.Version, true
	}
	if !ok && n.Domain == "" {
		return fmt.Errorf("the model imports no opset of the default domain")
	}
	n.Version = version
	switch {
	case n.Domain == "" && (n.Op == "If" || n.Op == "Loop" || n.Op == "Scan"):
		return fmt.Errorf("control flow is not supported")
	case !ops.Known(n.Domain, n.Op):
		return ops.ErrUnknown
	}
	static := true
	for _, name := range src.Inputs {
		if name == "" {
			n.In = append(n.In, nil)
			n.Node.In = append(n.Node.In, nil)
			continue
		}
		v, err := b.value(name)
		if err != nil {
			return err
		}
		static = static && v.static
		n.In = append(n.In, v)
		n.Node.In = append(n.Node.In, &ops.Value{Type: v.Type, Shape: v.Shape})
	}
	if err := b.known(n); err != nil {
		return err
	}
	for len(n.Out) > 0 && n.Out[len(n.Out)-1] == nil {
		n.Out = n.Out[:len(n.Out)-1]
	}
	if len(n.Out) == 0 {
		return fmt.Errorf("it has no outputs")
	}
	n.Outs = len(n.Out)
	impl, err := ops.Build(&n.Node)
	if err != nil {
		return open(n, err)
	}
	if err := b.g.budget.table(impl.Held); err != nil {
		return err
	}
	n.Impl = impl
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		v.Type, v.Shape, v.static = impl.Out[i].Type, impl.Out[i].Shape, static
		b.values[v.Name] = v
	}
	for _, v := range n.In {
		if v != nil {
			v.Uses = append(v.Uses, n)
		}
	}
	b.g.Nodes = append(b.g.Nodes, n)
	// A Shape node is a constant whatever its input is.
	if n.Is("Shape", "Size") && n.Out[0] != nil {
		n.Out[0].static = true
		t, err := tensor.New(tensor.Int64, n.Out[0].Shape...)
		if err != nil {
			return err
		}
		impl.Run(nil, []*tensor.T{t}, 0, 1)
		n.Out[0].constant = t
	}
	return nil
}

// smallConstant is the size up to which a static operand is computed for a builder to look at: shapes, axes, scales.
const smallConstant = 1 << 16

// known tells the operator's builder the values of the static operands that builders look at. The first operand is data
// in all but a few operators, and large constants are never shape arithmetic.
func (b *builder) known(n *Node) error {
	for i, v := range n.In {
		if v == nil || !v.static {
			continue
		}
		if v.constant == nil && !n.Is("NonZero") && (i == 0 && !n.Is("ConstantOfShape", "Range") ||
			product(v.Shape) > smallConstant || v.Type == tensor.Float32 && len(v.Shape) > 1) {
			continue
		}
		t, err := b.g.Constant(v)
		if err != nil {
			return err
		}
		n.Node.In[i].Const = t
	}
	return nil
}

func product(s []int) int {
	p := 1
	for _, v := range s {
		p *= v
	}
	return p
}
