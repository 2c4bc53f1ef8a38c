package plan

import (
	"fmt"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// sinkDequantize moves DequantizeLinear below operators that only move values or pick the greatest: they then work on
// bytes, and the pair with a following QuantizeLinear becomes a table, often one that changes nothing.
func (p *planner) sinkDequantize() error {
	var list []*graph.Node
	for _, n := range p.g.Nodes {
		if skipCast(n) {
			continue
		}
		made, err := p.sink(n)
		if err != nil {
			return fmt.Errorf("%s: %w", n.Label(), err)
		}
		if made == nil {
			made = []*graph.Node{n}
		}
		list = append(list, made...)
	}
	p.g.Nodes = list
	return nil
}

// skipCast lets those who read a Cast to the type that its operand has read the operand itself.
func skipCast(n *graph.Node) bool {
	if !n.Is("Cast") || n.In[0].Type != n.Out[0].Type || n.Out[0].Output || n.Out[0].Static() {
		return false
	}
	n.In[0].RemoveUse(n)
	n.Out[0].ReadInstead(n.In[0])
	return true
}

// sink is what n becomes: the same operator on bytes and a DequantizeLinear for each of its outputs; nil = it stays.
func (p *planner) sink(n *graph.Node) ([]*graph.Node, error) {
	moves := n.Is("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "Gather", "Expand", "Tile",
		"DepthToSpace", "SpaceToDepth", "Identity", "Dropout", "MaxPool", "GlobalMaxPool")
	if n.Is("Resize", "Upsample") {
		mode, _ := n.Attrs.String("mode", "nearest")
		coord, _ := n.Attrs.String("coordinate_transformation_mode", "half_pixel")
		moves = mode == "nearest" && coord != "tf_crop_and_resize"
	}
	data := 1
	if n.Is("Concat") {
		moves, data = true, len(n.In)
	}
	pad := n.Is("Pad")
	if pad {
		moves = n.Version >= 11 && p.padsZero(n)
	}
	if !moves || len(n.In) == 0 || n.Is("MaxPool", "Dropout") && len(n.Out) > 1 { // indices and masks are not dequantized
		return nil, nil
	}
	_, q, ok := p.dequantized(n.In[0])
	if !ok {
		return nil, nil
	}
	from := n.In[0].From
	m := &graph.Node{Name: n.Name, In: append([]*graph.Value(nil), n.In...)}
	m.Op, m.Version, m.Attrs = n.Op, n.Version, n.Attrs
	for i := range data {
		x, qi, ok := p.dequantized(n.In[i])
		if !ok || qi != q {
			return nil, nil
		}
		m.In[i] = x
	}
	if pad {
		z := from.Arg(2)
		if z == nil {
			t := &tensor.T{Type: q.typ, Shape: []int{}, Data: []byte{0}}
			z = graph.NewConstant("pad", t)
		} else if len(z.Shape) != 0 {
			t, err := p.g.Constant(z)
			if err != nil {
				return nil, err
			}
			z = graph.NewConstant("pad", &tensor.T{Type: q.typ, Shape: []int{}, Data: t.Data})
		}
		for len(m.In) < 3 {
			m.In = append(m.In, nil)
		}
		m.In[2] = z
	}
	m.Outs = len(n.Out)
	for _, v := range n.Out {
		if v == nil {
			m.Out = append(m.Out, nil)
			continue
		}
		m.Out = append(m.Out, &graph.Value{Name: v.Name + " bytes"})
	}
	if err := p.g.Check(m); err != nil {
		return nil, err
	}
	for i := range data {
		n.In[i].RemoveUse(n)
	}
	made := []*graph.Node{m}
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		d := &graph.Node{Name: n.Name, In: append([]*graph.Value(nil), from.In...), Out: []*graph.Value{v}}
		d.In[0] = m.Out[i]
		d.Op, d.Domain, d.Version, d.Outs = from.Op, from.Domain, from.Version, 1
		if err := p.g.Check(d); err != nil {
			return nil, err
		}
		made = append(made, d)
	}
	return made, nil
}

// padsZero reports whether a Pad node fills with 0, which every zero point stands for, or copies.
func (p *planner) padsZero(n *graph.Node) bool {
	mode, _ := n.Attrs.String("mode", "constant")
	v := n.Arg(2)
	if mode != "constant" || v == nil {
		return true
	}
	if !v.Static() {
		return false
	}
	t, err := p.g.Constant(v)
	return err == nil && t.Type == tensor.Float32 && t.Len() == 1 && tensor.View[float32](t)[0] == 0
}

// appendClassMap replaces output 0 by a uint8 class map [H, W] of the input's size: logits are upsampled linearly and
// the greatest channel taken; class indices are narrowed.
func (p *planner) appendClassMap() error {
	v := p.g.Outputs[0]
	h, w, err := p.inputSize()
	if err != nil {
		return err
	}
	last := func(n *graph.Node, err error) error {
		if err == nil {
			v = n.Out[0]
		}
		return err
	}
	logits := len(v.Shape) == 4 && (v.Type == tensor.Float32 || v.Type.IsInt8() && v.Shape[1] > 1)
	if logits {
		if v.Shape[0] != 1 || v.Shape[1] < 2 || v.Shape[1] > 256 {
			return fmt.Errorf("output %q of shape %v is not the logits of one image", v.Name, v.Shape)
		}
		if v.Type.IsInt8() {
			one := graph.NewConstant("one", tensor.From(tensor.Float32, []float32{1}))
			err = last(p.g.Append("DequantizeLinear", 13, nil, v, one))
		}
		if err == nil && (v.Shape[2] != h || v.Shape[3] != w) {
			size := tensor.From(tensor.Int64, []int64{1, int64(v.Shape[1]), int64(h), int64(w)}, 4)
			err = last(p.g.Append("Resize", 13, onnx.Attrs{"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
				v, nil, nil, graph.NewConstant("size", size)))
		}
		if err == nil {
			err = last(p.g.Append("ArgMax", 13, onnx.Attrs{"axis": 1, "keepdims": 0}, v))
		}
	} else if product(v.Shape) != h*w {
		return fmt.Errorf("output %q of shape %v is neither logits nor a class map of %d×%d", v.Name, v.Shape, w, h)
	}
	if err == nil && v.Type != tensor.Uint8 {
		err = last(p.g.Append("Cast", 13, onnx.Attrs{"to": int(tensor.Uint8)}, v))
	}
	if err == nil && len(v.Shape) != 2 {
		shape := tensor.From(tensor.Int64, []int64{int64(h), int64(w)}, 2)
		err = last(p.g.Append("Reshape", 13, nil, v, graph.NewConstant("shape", shape)))
	}
	if err != nil {
		return fmt.Errorf("class map: %w", err)
	}
	old := p.g.Outputs[0]
	p.g.Outputs[0] = v
	old.Output = slices.Contains(p.g.Outputs[1:], old) // it may be asked for twice
	v.Output = true
	v.Name = "classes"
	return nil
}

// inputSize is the height and width of the first image input: [1, C, H, W], or [1, H, W, C] where C is at most 4.
func (p *planner) inputSize() (h, w int, err error) {
	for _, v := range p.g.Inputs {
		if s := v.Shape; len(s) == 4 {
			if s[1] > 4 && s[3] <= 4 {
				return s[1], s[2], nil
			}
			return s[2], s[3], nil
		}
	}
	return 0, 0, fmt.Errorf("class map: the network has no image input")
}
