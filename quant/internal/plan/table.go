package plan

import (
	"fmt"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// region is the nodes between one 8-bit value and one that is quantized, all of them functions of a single element.
type region struct {
	source *graph.Value
	nodes  []*graph.Node // in execution order
}

// maxRegion bounds the nodes that one table stands for.
const maxRegion = 48

// regionOf walks back from v through element-wise nodes with scalar constants. It succeeds when everything comes from
// one 8-bit value.
func (p *planner) regionOf(v *graph.Value) (*region, bool) {
	r := &region{}
	seen := map[*graph.Node]bool{}
	var visit func(v *graph.Value) bool
	visit = func(v *graph.Value) bool {
		if v.Static() {
			return product(v.Shape) == 1 && v.Type.Size() > 0
		}
		n := v.From
		if n == nil {
			return false
		}
		if seen[n] {
			return true
		}
		seen[n] = true
		if len(seen) > maxRegion {
			return false
		}
		switch {
		case isDequantize(n):
			if _, ok := p.paramsOf(n, n.In[0].Type); !ok {
				return false
			}
		case n.Is("Cast") && n.In[0].Type.IsInt8() && v.Type == tensor.Float32:
		case pointwise(n):
			for _, in := range n.In {
				if in != nil && !visit(in) {
					return false
				}
			}
			r.nodes = append(r.nodes, n)
			return tensor.Equal(v.Shape, n.Out[0].Shape)
		default:
			return false
		}
		if in := n.In[0]; !in.Static() {
			if r.source != nil && r.source != in {
				return false
			}
			r.source = in
			r.nodes = append(r.nodes, n)
			return true
		}
		return false
	}
	ok := visit(v) && r.source != nil && tensor.Equal(r.source.Shape, v.Shape)
	return r, ok
}

// pointwise reports whether a node's output element depends on the same element of its operands alone.
func pointwise(n *graph.Node) bool {
	if n.Domain == "com.microsoft" {
		return n.Op == "Gelu" || n.Op == "QuickGelu"
	}
	return n.Is("Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Swish", "Gelu",
		"Sigmoid", "Tanh", "Erf", "Exp", "Log", "Softplus", "Sqrt", "Abs", "Neg", "Floor", "Ceil", "Round", "Reciprocal",
		"Softsign", "Mish", "Sign", "Clip", "Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Identity", "Dropout", "PRelu")
}

// matchTable makes a table of everything between an 8-bit value and its next quantization. The table is filled by
// running the very operators on all 256 values.
func (p *planner) matchTable(n *graph.Node, q params) (*unit, error) {
	r, ok := p.regionOf(n.In[0])
	if !ok {
		return nil, nil
	}
	table, err := p.fill(r, n)
	if err != nil {
		return nil, err
	}
	return p.tableUnit(n, r, table), nil
}

func (p *planner) tableUnit(n *graph.Node, r *region, table *[256]byte) *unit {
	nodes := append([]*graph.Node{n}, r.nodes...)
	if u := p.fuseTable(r, n.Out[0], table, nodes); u != nil {
		return u
	}
	return &unit{sink: n, nodes: nodes, reads: []*graph.Value{r.source}, emit: func(p *planner) error {
		return p.emitTable(r.source, n.Out[0], table, nodes)
	}}
}

// fuseTable lets the unit that makes the table's source store the table's result instead, when nobody else reads the
// source.
func (p *planner) fuseTable(r *region, y *graph.Value, table *[256]byte, nodes []*graph.Node) *unit {
	x := r.source
	u := p.units[x.From]
	if u == nil || u.requant == nil || u.requant.table != nil || x.Output || len(x.Shape) != 4 {
		return nil
	}
	for _, reader := range x.Uses {
		if !slices.Contains(r.nodes, reader) {
			return nil
		}
	}
	// What the region makes on the way must have no other reader either, or the source would be needed after all.
	for _, n := range r.nodes {
		for _, reader := range n.Out[0].Uses {
			if !slices.Contains(nodes, reader) {
				return nil
			}
		}
		if n.Out[0].Output {
			return nil
		}
	}
	u.requant.table, u.requant.stored = nativeTable(table, x.Type, y.Type), y
	if isIdentity(u.requant.table) {
		u.requant.table = nil
	}
	delete(p.units, x.From)
	return &unit{sink: y.From, nodes: append(nodes, u.nodes...), reads: u.reads, emit: u.emit}
}

// fill runs the region and its QuantizeLinear on every byte: table[b] is the stored byte for source byte b.
func (p *planner) fill(r *region, sink *graph.Node) (*[256]byte, error) {
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	values := map[*graph.Value]*tensor.T{r.source: {Type: r.source.Type, Shape: []int{256}, Data: bytes}}
	table := new([256]byte)
	for _, n := range append(append([]*graph.Node(nil), r.nodes...), sink) {
		node := n.Node
		node.In = nil
		var in []*tensor.T
		for _, v := range n.In {
			if v == nil {
				node.In, in = append(node.In, nil), append(in, nil)
				continue
			}
			t := values[v]
			if t == nil {
				c, err := p.g.Constant(v)
				if err != nil {
					return nil, err
				}
				t = &tensor.T{Type: c.Type, Shape: []int{}, Data: c.Data}
			}
			node.In = append(node.In, &ops.Value{Type: t.Type, Shape: t.Shape, Const: t})
			in = append(in, t)
		}
		node.Outs = 1
		impl, err := ops.Build(&node)
		if err != nil {
			return nil, err
		}
		out, err := tensor.New(impl.Out[0].Type, impl.Out[0].Shape...)
		if err != nil {
			return nil, err
		}
		if out.Len() != 256 {
			return nil, fmt.Errorf("%s: %d elements of a table", n.Label(), out.Len())
		}
		impl.Run(in, []*tensor.T{out}, 0, impl.Units)
		values[n.Out[0]] = out
		if n == sink {
			copy(table[:], out.Data)
		}
	}
	return table, nil
}

// emitTable plans y = table[x] in the form that x has. A table that changes nothing makes y another name for x.
func (p *planner) emitTable(x, y *graph.Value, table *[256]byte, nodes []*graph.Node) error {
	same := true
	for i, v := range table {
		same = same && int(v) == i
	}
	if same && x.Type == y.Type {
		for _, f := range []Form{Plain, Inner, NHWC} {
			if b := p.form(x, f); b != nil {
				p.setForm(y, &Buffer{Name: y.Name, Type: y.Type, Shape: y.Shape, Form: f, Size: b.Size, Of: b})
			}
		}
		return nil
	}
	if isMap(x.Shape) && len(x.Shape) == 4 {
		in, err := p.inner(x)
		if err != nil {
			return err
		}
		out := p.make(y, Inner)
		t, set := nativeTable(table, x.Type, y.Type), p.set
		n, h, _, _ := dims(x.Shape)
		p.bytes += 256
		p.add(&Step{Name: y.Name, Op: "table", Kernel: "lookup", Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
			Units: n * h, inPlace: 1, bind: func([][]byte) func(int, int, int) {
				return func(_, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) { set.Lookup(&out.maps[i], &in.maps[i], t, y0, y1) })
				}
			}})
		return nil
	}
	in, err := p.plain(x)
	if err != nil {
		return err
	}
	out := p.make(y, Plain)
	const part = 1 << 13
	p.add(&Step{Name: y.Name, Op: "table", Kernel: "lookup_plain", Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
		Units: (in.Size + part - 1) / part, inPlace: 1, bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				src := in.Data[lo*part : min(hi*part, in.Size)]
				for i, b := range src {
					out.Data[lo*part+i] = table[b]
				}
			}
		}})
	return nil
}

// nativeTable is a table over the model's bytes as one over the kernels'.
func nativeTable(table *[256]byte, in, out tensor.DType) *[256]byte {
	t := new([256]byte)
	for i := range t {
		t[i] = table[byte(i)^flip(in)] ^ flip(out)
	}
	return t
}

func labels(nodes []*graph.Node) []string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Label())
	}
	return list
}

// compose is the table of a, then b; nil changes nothing.
func compose(a, b *[256]byte) *[256]byte {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	t := new([256]byte)
	for i := range t {
		t[i] = b[a[i]]
	}
	return t
}
