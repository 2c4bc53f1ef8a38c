package plan

import (
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// term is one operand of a QLinearAdd or QLinearMul: integers with one scale.
type term struct {
	v      *graph.Value // the integers
	q      params
	static bool
}

// termOf reads an operand of the Add or Mul that lowering made; v is nil where its parameters are not known at load.
func (p *planner) termOf(v *graph.Value) term {
	if x, q, ok := p.dequantized(v); ok {
		return term{v: x, q: q}
	}
	w, ok := p.quantizedConstant(v)
	if !ok || len(w.scale) != 1 || !w.data.Type.IsInt8() {
		return term{}
	}
	return term{v: v.From.In[0], q: params{scale: w.scale[0], zero: w.zero[0], typ: w.data.Type}, static: true}
}

// matchQLinear: a QLinearAdd or QLinearMul whose operands are not two maps (matchAdd has those): a table where one of them is
// a constant number, else element by element. Both give the codes of ONNX Runtime's operators, whose ties fall otherwise than
// those of the real numbers that they stand for: half of GELU's erf + 1 are ties.
func (p *planner) matchQLinear(n *graph.Node, q params) (*unit, error) {
	if of, _ := n.Attrs.Int("of_integers", 0); of != 1 || n.In[0].From == nil || len(n.In[0].Uses) != 1 || n.In[0].Output {
		return nil, nil
	}
	op := n.In[0].From
	a, b := p.termOf(op.In[0]), p.termOf(op.In[1])
	if a.v == nil || b.v == nil || a.static && b.static || a.q.typ != q.typ || b.q.typ != q.typ {
		return nil, nil
	}
	if len(a.v.Shape) == 4 && len(b.v.Shape) == 4 && !a.static && !b.static {
		return nil, nil
	}
	ab, ba := p.packTerms(op, a.q, b.q, q), p.packTerms(op, b.q, a.q, q)
	if ab == nil || ba == nil {
		return nil, nil
	}
	for _, t := range [][2]term{{a, b}, {b, a}} { // an array and a number, in this order as ONNX Runtime has them
		x, c := t[0], t[1]
		if !c.static || product(c.v.Shape) != 1 || !tensor.Equal(x.v.Shape, n.Out[0].Shape) {
			continue
		}
		number, err := p.g.Constant(c.v)
		if err != nil {
			return nil, err
		}
		packed := p.packTerms(op, x.q, c.q, q)
		table := new([256]byte)
		for i := range table {
			table[i] = packed.One(byte(i), number.Data[0])
		}
		from := op.In[0].From
		if x.v == b.v {
			from = op.In[1].From
		}
		return p.tableUnit(n, &region{source: x.v, nodes: []*graph.Node{from, op}}, table), nil
	}
	nodes := []*graph.Node{n, op}
	u := &unit{sink: n, nodes: nodes, emit: func(p *planner) error { return p.emitTerms(nodes, a.v, b.v, n.Out[0], ab, ba) }}
	for _, t := range []term{a, b} {
		if !t.static {
			u.reads = append(u.reads, t.v)
		}
	}
	return u, nil
}

// packTerms is the operator on the model's own bytes, nil where no kernel takes its scales.
func (p *planner) packTerms(op *graph.Node, a, b, y params) *kernel.PackedAdd {
	add := kernel.Add{ZeroA: a.zero, ZeroB: b.zero, Zero: y.zero, Type: kernel.U8, Multiply: op.Is("Mul")}
	if y.typ == tensor.Int8 {
		add.Type = kernel.S8
	}
	add.ScaleA, add.ScaleB = a.scale/y.scale, b.scale/y.scale
	if add.Multiply {
		add.ScaleA, add.ScaleB = a.scale*b.scale/y.scale, 1
	}
	if !usable(add.ScaleA) || !usable(add.ScaleB) {
		return nil
	}
	packed, err := new(kernel.Set).PackAdd(add)
	if err != nil {
		return nil
	}
	return packed
}

// emitTerms plans y = a op b, which share y's shape as ONNX broadcasts it, a row of the last axis a unit.
func (p *planner) emitTerms(nodes []*graph.Node, a, b, y *graph.Value, ab, ba *kernel.PackedAdd) error {
	x, err := p.plain(a)
	if err != nil {
		return err
	}
	z, err := p.plain(b)
	if err != nil {
		return err
	}
	out := p.make(y, Plain)
	shape := y.Shape
	if len(shape) == 0 {
		shape = []int{1}
	}
	last := len(shape) - 1
	row, sx, sz := shape[last], repeat(a.Shape, shape), repeat(b.Shape, shape)
	p.add(&Step{Name: y.Name, Op: "sum of rows", Kernel: "add_generic", Nodes: labels(nodes), In: []*Buffer{x, z}, Out: []*Buffer{out},
		Units: product(shape[:last]), bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				for u := lo; u < hi; u++ {
					i, k, rest := 0, 0, u
					for d := last - 1; d >= 0; d-- {
						i, k, rest = i+rest%shape[d]*sx[d], k+rest%shape[d]*sz[d], rest/shape[d]
					}
					for j := range row {
						va, vb := x.Data[i+j*sx[last]], z.Data[k+j*sz[last]]
						if sx[last] == 0 && sz[last] != 0 { // a number and a row: the row comes first
							out.Data[u*row+j] = ba.One(vb, va)
						} else {
							out.Data[u*row+j] = ab.One(va, vb)
						}
					}
				}
			}
		}})
	return nil
}

// repeat is the strides of an operand over a shape that it is broadcast to, 0 where it repeats.
func repeat(operand, shape []int) []int {
	strides, n := make([]int, len(shape)), 1
	for d := len(operand) - 1; d >= 0; d-- {
		if operand[d] != 1 {
			strides[len(shape)-len(operand)+d] = n
		}
		n *= operand[d]
	}
	return strides
}
