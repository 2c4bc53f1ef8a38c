package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Options say how a model's inputs are bound.
type Options struct {
	// Shapes binds inputs by name, wholly. A symbol bound by one input is bound in all.
	Shapes map[string][]int
	// Fixed turns inputs into constants, by name.
	Fixed map[string]*tensor.T
	// Inputs are values inside the graph that its user gives, by name: what reads them reads those instead.
	Inputs []string
	// Outputs are values that the graph gives its user besides the model's outputs, by name.
	Outputs []string
}

// OpenError says that a node must know at load what depends on inputs of the graph.
type OpenError struct {
	Inputs []string // in no order
	err    error
}

func (e *OpenError) Error() string { return e.err.Error() }
func (e *OpenError) Unwrap() error { return e.err }

// open makes an OpenError of an operator's NeedsConst; other errors stay what they are.
func open(n *Node, err error) error {
	var needs *ops.NeedsConst
	if !errors.As(err, &needs) {
		return err
	}
	seen := map[*Value]bool{}
	var inputs []string
	for stack := []*Value{n.In[needs.Input]}; len(stack) > 0; {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v == nil || v.static || seen[v] {
			continue
		}
		seen[v] = true
		if v.From == nil {
			inputs = append(inputs, v.Name)
			continue
		}
		stack = append(stack, v.From.In...)
	}
	slices.Sort(inputs)
	return &OpenError{Inputs: inputs, err: fmt.Errorf("%w (inputs %q)", err, inputs)}
}

func (b *builder) inputs(inputs []onnx.Value, o Options) error {
	symbols, err := symbolSizes(inputs, o)
	if err != nil {
		return err
	}
	bound := map[string]bool{}
	for _, in := range inputs {
		if in.Name == "" {
			return fmt.Errorf("an input has no name")
		}
		if b.values[in.Name] != nil {
			return fmt.Errorf("input %q is given twice", in.Name)
		}
		bound[in.Name] = true
		if err := b.input(in, o, symbols); err != nil {
			return fmt.Errorf("input %q: %w", in.Name, err)
		}
	}
	for name := range o.Shapes {
		if !bound[name] {
			return fmt.Errorf("there is no input %q to bind a shape to", name)
		}
	}
	for name := range o.Fixed {
		if !bound[name] {
			return fmt.Errorf("there is no input %q to fix", name)
		}
	}
	return nil
}

func (b *builder) input(in onnx.Value, o Options, symbols map[string]int) error {
	if in.Type.Size() == 0 {
		return fmt.Errorf("element type %v is not supported", in.Type)
	}
	if t := o.Fixed[in.Name]; t != nil {
		return b.fixed(in, t)
	}
	shape, err := bind(in, o.Shapes[in.Name], symbols)
	if err == nil {
		_, err = tensor.Volume(shape)
	}
	if err != nil {
		return err
	}
	v := &Value{Name: in.Name, Type: in.Type, Shape: shape}
	b.g.Inputs = append(b.g.Inputs, v)
	if in.Type == tensor.Float16 || in.Type == tensor.BFloat16 {
		v, err = b.convert(v, in.Name, ops.Widen, nil)
	}
	b.values[in.Name] = v
	return err
}

// fixed makes an input a constant.
func (b *builder) fixed(in onnx.Value, t *tensor.T) error {
	if t.Type != in.Type {
		return fmt.Errorf("fixed to %v, it is %v", t.Type, in.Type)
	}
	if in.HasShape && len(in.Dims) != len(t.Shape) {
		return fmt.Errorf("fixed to shape %v, it has %d dimensions", t.Shape, len(in.Dims))
	}
	for i, d := range in.Dims {
		if d.Size >= 0 && d.Size != t.Shape[i] {
			return fmt.Errorf("dimension %d is %d, fixed to %d", i, d.Size, t.Shape[i])
		}
	}
	t = tensor.Wide(t)
	b.values[in.Name] = &Value{Name: in.Name, Type: t.Type, Shape: t.Shape, static: true, constant: t}
	return nil
}

// convert appends a node of our own that changes how elements are stored at the graph's border.
func (b *builder) convert(v *Value, name, op string, attrs onnx.Attrs) (*Value, error) {
	n := &Node{Name: name, In: []*Value{v}, Out: []*Value{{Name: name}}}
	n.Op, n.Domain, n.Attrs, n.Outs = op, ops.Border, attrs, 1
	if err := b.g.Check(n); err != nil {
		return nil, err
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return n.Out[0], nil
}

// symbolSizes is what binding whole shapes says of symbolic dimensions: a symbol has one size in the whole graph.
func symbolSizes(inputs []onnx.Value, o Options) (map[string]int, error) {
	sizes := map[string]int{}
	for _, in := range inputs {
		shape := o.Shapes[in.Name]
		if t := o.Fixed[in.Name]; t != nil {
			shape = t.Shape
		}
		if len(shape) != len(in.Dims) {
			continue
		}
		for i, d := range in.Dims {
			if d.Size >= 0 || d.Symbol == "" {
				continue
			}
			if was, ok := sizes[d.Symbol]; ok && was != shape[i] {
				return nil, fmt.Errorf("input %q: dimension %d (%q) is bound to %d here and to %d elsewhere", in.Name, i, d.Symbol, shape[i], was)
			}
			sizes[d.Symbol] = shape[i]
		}
	}
	return sizes, nil
}

// bind gives an input its shape: want where it is given, which must agree with every fixed dimension; else a symbol's
// size as another input binds it; else a symbolic first dimension is a batch of 1.
func bind(in onnx.Value, want []int, symbols map[string]int) ([]int, error) {
	if want == nil && !in.HasShape {
		return nil, fmt.Errorf("the model gives it no shape: bind one")
	}
	if want != nil && in.HasShape && len(want) != len(in.Dims) {
		return nil, fmt.Errorf("shape %v bound to %d dimensions", want, len(in.Dims))
	}
	shape := slices.Clone(want)
	if in.HasShape {
		shape = make([]int, len(in.Dims))
	}
	for i, d := range in.Dims {
		size, known := symbols[d.Symbol]
		switch {
		case want != nil && d.Size >= 0 && want[i] != d.Size:
			return nil, fmt.Errorf("dimension %d is %d, bound to %d", i, d.Size, want[i])
		case want != nil:
			shape[i] = want[i]
		case d.Size >= 0:
			shape[i] = d.Size
		case known && d.Symbol != "":
			shape[i] = size
		case i == 0:
			shape[i] = 1
		default:
			return nil, fmt.Errorf("dimension %d (%q) is symbolic: bind the input's shape", i, d.Symbol)
		}
	}
	for i, d := range shape {
		if d < 1 {
			return nil, fmt.Errorf("dimension %d is %d", i, d)
		}
	}
	return shape, nil
}
