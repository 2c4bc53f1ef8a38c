package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Graph is a checked graph.
type Graph struct {
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node // in an order in which every value is made before it is read

	folded int // bytes of constants computed so far
	work   int64
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

// Bounds on what constant folding may cost: memory, and operations.
const (
	maxFolded = 128 << 20
	maxWork   = 1 << 30
)

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
	for i, v := range n.In {
		if v != nil {
			in[i] = v.constant
			g.work += int64(v.constant.Len())
		}
	}
	out := make([]*tensor.T, len(n.Impl.Out))
	for i, v := range n.Impl.Out {
		size, err := tensor.Volume(v.Shape)
		if err != nil {
			return err
		}
		g.work += int64(size)
		if n.Impl.View {
			out[i] = &tensor.T{Type: v.Type, Shape: v.Shape, Data: in[0].Data}
			continue
		}
		if g.folded += size * v.Type.Size(); g.folded > maxFolded {
			break
		}
		if out[i], err = tensor.New(v.Type, v.Shape...); err != nil {
			return err
		}
	}
	g.work += n.Impl.MACs
	if g.folded > maxFolded || g.work > maxWork {
		return fmt.Errorf("constants take more than %d bytes or %d operations to compute", maxFolded, int64(maxWork))
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
