package graph

import (
	"errors"
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Graph is a checked graph.
type Graph struct {
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node // in an order in which every value is made before it is read

	budget budget // what is left for folding constants and for tables
}

// Value is one edge: the output of a node, an input of the graph, or a constant.
type Value struct {
	Name  string
	Type  tensor.DType
	Shape []int
	From  *Node   // nil for inputs and initializers
	Uses  []*Node // each reading node once per operand
	// Output says that the graph gives this value to its user.
	Output bool

	static   bool      // depends on no input
	constant *tensor.T // its value, once known
}

// Static reports whether the value depends on no input of the graph.
func (v *Value) Static() bool { return v.static }

// Node is one operator.
type Node struct {
	Name string
	ops.Node
	In   []*Value // nil = omitted
	Out  []*Value // nil = not asked for
	Impl *ops.Impl
}

// Label is how errors and listings name the node: conv "head.2".
func (n *Node) Label() string {
	name := n.Name
	if name == "" && len(n.Out) > 0 {
		for _, o := range n.Out {
			if o != nil {
				name = o.Name
				break
			}
		}
	}
	return fmt.Sprintf("%s %q", ops.Qualified(n.Domain, n.Op), name)
}

// Is reports whether the node is one of the default domain's operators.
func (n *Node) Is(names ...string) bool {
	if n.Domain != "" {
		return false
	}
	for _, s := range names {
		if n.Op == s {
			return true
		}
	}
	return false
}

// Arg is operand i, nil when omitted.
func (n *Node) Arg(i int) *Value {
	if i >= len(n.In) {
		return nil
	}
	return n.In[i]
}

// budget bounds what a file may make us do at load. Constants of a network are as large as its file, at most four times
// that where 8-bit weights become float32; more is allowed so that small files may do much with shapes.
type budget struct {
	bytes  int64 // of folded constants
	work   int64 // operations to fold them
	tables int64 // bytes of operators' tables
}

// newBudget is the budget of a graph with so many bytes of initializers.
func newBudget(initializers int64) budget {
	return budget{bytes: 128<<20 + 8*initializers, work: 1<<28 + 64*initializers, tables: 64 << 20}
}

func (b *budget) fold(bytes, work int64) error {
	if b.bytes, b.work = b.bytes-bytes, b.work-work; b.bytes < 0 || b.work < 0 {
		return errors.New("constants take too many bytes or operations to compute")
	}
	return nil
}

func (b *budget) table(bytes int64) error {
	if b.tables -= bytes; b.tables < 0 {
		return errors.New("tables of operators take too many bytes")
	}
	return nil
}

// Constant is the value of a static edge, computed on first use. It is an error for an edge that depends on an input.
func (g *Graph) Constant(v *Value) (*tensor.T, error) {
	if v.constant != nil {
		return v.constant, nil
	}
	if !v.static {
		return nil, fmt.Errorf("value %q depends on an input", v.Name)
	}
	// Depth first with a stack of our own: a hostile file may chain a hundred thousand nodes.
	stack := []*Node{v.From}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		ready := true
		for _, in := range n.In {
			if in != nil && in.constant == nil {
				stack = append(stack, in.From)
				ready = false
				break
			}
		}
		if !ready {
			continue
		}
		stack = stack[:len(stack)-1]
		if err := g.fold(n); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Label(), err)
		}
	}
	return v.constant, nil
}

// fold computes a node whose operands are known.
func (g *Graph) fold(n *Node) error {
	in := make([]*tensor.T, len(n.In))
	work := n.Impl.MACs + n.Impl.Work
	for i, v := range n.In {
		if v != nil {
			in[i] = v.constant
			work += int64(v.constant.Len())
		}
	}
	bytes := int64(0)
	for _, v := range n.Impl.Out {
		size, err := tensor.Volume(v.Shape)
		if err != nil {
			return err
		}
		if !n.Impl.View {
			bytes += int64(size * v.Type.Size())
		}
		work += int64(size)
	}
	if err := g.budget.fold(bytes, work); err != nil {
		return err
	}
	out := make([]*tensor.T, len(n.Impl.Out))
	for i, v := range n.Impl.Out {
		if n.Impl.View {
			out[i] = &tensor.T{Type: v.Type, Shape: v.Shape, Data: in[0].Data}
			continue
		}
		var err error
		if out[i], err = tensor.New(v.Type, v.Shape...); err != nil {
			return err
		}
	}
	if !n.Impl.View && n.Impl.Units > 0 {
		n.Impl.Run(in, out, 0, n.Impl.Units)
	}
	for i, v := range n.Out {
		if v != nil {
			v.constant = out[i]
		}
	}
	return nil
}
