package plan

import (
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// classes is an ArgMax over the channels of an 8-bit map, with the interpolation before it if there is one. Scale and
// zero point are shared by all channels, so the integers' order is the real values'.
type classes struct {
	from   *graph.Value
	scale  float32        // of from; 0 = not known
	resize *kernel.Resize // nil = none
	nodes  []*graph.Node
}

// classesOf looks for such a group that ends in node n.
func (p *planner) classesOf(n *graph.Node) (*classes, error) {
	if n == nil || !n.Is("ArgMax") || n.In[0].Static() {
		return nil, nil
	}
	v := n.In[0]
	axis, _ := n.Attrs.Int("axis", 0)
	last, _ := n.Attrs.Bool("select_last_index", false)
	if len(v.Shape) != 4 || axis != 1 && axis != -3 || last || v.Shape[1] > 256 || !isMap(v.Shape) {
		return nil, nil
	}
	c := &classes{nodes: []*graph.Node{n}}
	if v.Type.IsInt8() {
		c.from = v
		return c, nil
	}
	if x, q, ok := p.dequantized(v); ok {
		c.from, c.scale, c.nodes = x, q.scale, append(c.nodes, v.From)
		return c, nil
	}
	if r := v.From; r != nil && r.Is("Resize", "Upsample") {
		x, q, ok := p.dequantized(r.In[0])
		if !ok || !isMap(x.Shape) {
			return nil, nil
		}
		geo, err := ops.ResizeOf(&r.Node)
		if err != nil {
			return nil, err
		}
		rs, err := resizer(r)
		if rs == nil || err != nil {
			return nil, err
		}
		rs.Scale, rs.Zero = q.scale, q.native()
		rs.SetScales(coordinates[geo.Coord], geo.Scale(2), geo.Scale(3))
		c.from, c.scale, c.resize, c.nodes = x, q.scale, rs, append(c.nodes, r, r.In[0].From)
		return c, nil
	}
	return nil, nil
}

// matchCast: ArgMax → views → Cast to uint8 is a class map.
func (p *planner) matchCast(n *graph.Node) (*unit, error) {
	if !n.Is("Cast") || n.Out[0].Type != tensor.Uint8 {
		return nil, nil
	}
	v, nodes := n.In[0], []*graph.Node{n}
	for v.From != nil && !v.Static() && v.From.Impl.View {
		nodes = append(nodes, v.From)
		v = v.From.In[0]
	}
	c, err := p.classesOf(v.From)
	if c == nil || err != nil {
		return nil, err
	}
	nodes = append(nodes, c.nodes...)
	return &unit{sink: n, nodes: nodes, reads: []*graph.Value{c.from}, emit: func(p *planner) error {
		return p.emitClasses(c, p.make(n.Out[0], Plain), nodes)
	}}, nil
}

// matchArgMax is the same where somebody reads the int64 indices: a class map, widened.
func (p *planner) matchArgMax(n *graph.Node) (*unit, error) {
	c, err := p.classesOf(n)
	if c == nil || err != nil {
		return nil, err
	}
	return &unit{sink: n, nodes: c.nodes, reads: []*graph.Value{c.from}, emit: func(p *planner) error {
		v := n.Out[0]
		narrow := newBuffer(v.Name, tensor.Uint8, v.Shape, Plain)
		if err := p.emitClasses(c, narrow, c.nodes); err != nil {
			return err
		}
		out := p.make(v, Plain)
		const part = 1 << 13
		p.add(&Step{Name: v.Name, Op: "widen", Kernel: "plain", In: []*Buffer{narrow}, Out: []*Buffer{out},
			Units: (narrow.Size + part - 1) / part, bind: func([][]byte) func(int, int, int) {
				dst := tensor.View[int64](out.Tensor())
				return func(_, lo, hi int) {
					for i := lo * part; i < min(hi*part, len(dst)); i++ {
						dst[i] = int64(narrow.Data[i])
					}
				}
			}})
		return nil
	}}, nil
}

func (p *planner) emitClasses(c *classes, out *Buffer, nodes []*graph.Node) error {
	in, err := p.inner(c.from)
	if err != nil {
		return err
	}
	images, h, w, _ := dims(c.from.Shape)
	op, name, need := "argmax", "argmax_generic", 0
	set, resize := p.set, c.resize // of p and c nothing else outlives the planning
	if resize != nil {
		h, w = c.resize.OutH, c.resize.OutW
		op, name, need = "resize argmax", p.set.ArgMaxKernel(c.resize), c.resize.Scratch(c.from.Shape[1])
	}
	p.add(&Step{Name: out.Name, Op: op, Kernel: name, Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out}, Units: images * h,
		Align: rowAlign(h), scratch: need, bind: func(scratch [][]byte) func(int, int, int) {
			return func(worker, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) {
					dst := out.Data[i*h*w : (i+1)*h*w]
					if resize != nil {
						set.ResizeArgMax(dst, &in.maps[i], resize, y0, y1, scratch[worker])
					} else {
						kernel.ArgMax(dst, &in.maps[i], y0, y1)
					}
				})
			}
		}})
	if p.o.Margin && p.plan.Margin == nil && images == 1 && c.scale > 0 {
		p.emitMargin(c, in, h, w)
	}
	return nil
}

// emitMargin adds the step that says how sure the classes are.
func (p *planner) emitMargin(c *classes, in *Buffer, h, w int) {
	out := newBuffer("margin", tensor.Uint8, []int{h, w}, Plain)
	out.Place = IsOutput
	p.plan.Margin = out
	factor, resize, set := float32(c.scale*MarginUnit), c.resize, p.set
	p.add(&Step{Name: out.Name, Op: "margin", Kernel: set.MarginKernel(resize), In: []*Buffer{in}, Out: []*Buffer{out}, Units: h, Align: 1,
		bind: func(scratch [][]byte) func(int, int, int) {
			own := make([][]int32, len(scratch))
			for i := range own {
				own[i] = make([]int32, kernel.MarginScratch(&in.maps[0], resize))
			}
			return func(worker, lo, hi int) {
				set.Margin(out.Data, &in.maps[0], resize, factor, lo, hi, own[worker])
			}
		}})
}

// MarginUnit is how many steps of a margin a real logit has.
const MarginUnit = 32
