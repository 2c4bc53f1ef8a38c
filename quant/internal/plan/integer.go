package plan

import (
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// matchAdd: the sum or product of two 8-bit maps of one shape, or of a map and one pixel's worth of channels.
func (p *planner) matchAdd(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Add", "Mul") {
		return nil, nil
	}
	a, aq, okA := p.dequantized(n.In[0])
	b, bq, okB := p.dequantized(n.In[1])
	if !okA || !okB || aq.typ != r.q.typ || bq.typ != r.q.typ || len(r.to.Shape) != 4 || !isMap(a.Shape) || !isMap(b.Shape) || len(a.Shape) != 4 || len(b.Shape) != 4 {
		return nil, nil
	}
	pixel := func(s []int) bool {
		return s[0] == r.to.Shape[0] && s[1] == r.to.Shape[1] && s[2] == 1 && s[3] == 1
	}
	if !tensor.Equal(a.Shape, r.to.Shape) {
		a, aq, b, bq = b, bq, a, aq
	}
	if !tensor.Equal(a.Shape, r.to.Shape) || !tensor.Equal(b.Shape, r.to.Shape) && !pixel(b.Shape) {
		return nil, nil
	}
	multiply := n.Is("Mul")
	add := kernel.Add{ZeroA: aq.native(), ZeroB: bq.native(), Multiply: multiply, Zero: r.q.native(), Type: kernel.Native,
		Offset: native(r.q.typ, 0)}
	add.ScaleA, add.ScaleB = aq.scale/r.q.scale, bq.scale/r.q.scale
	if multiply {
		add.ScaleA, add.ScaleB = aq.scale*bq.scale/r.q.scale, 1
	}
	if !usable(add.ScaleA) || !usable(add.ScaleB) {
		return nil, nil
	}
	return &unit{requant: r, reads: []*graph.Value{a, b}, emit: func(p *planner) error {
		add.Min, add.Max, add.Table = r.store()
		packed, err := p.set.PackAdd(add)
		if err != nil {
			return err
		}
		x, err := p.inner(a)
		if err != nil {
			return err
		}
		y, err := p.inner(b)
		if err != nil {
			return err
		}
		out := p.make(r.stored, Inner)
		images, h, _, _ := dims(r.to.Shape)
		op := "add"
		if multiply {
			op = "mul"
		}
		p.add(&Step{Name: r.stored.Name, Op: op, Kernel: packed.Kernel(), Nodes: labels(p.units[r.stored.From].nodes),
			In: []*Buffer{x, y}, Out: []*Buffer{out}, Units: images * h, inPlace: 1,
			bind: func([][]byte) func(int, int, int) {
				return func(_, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) { packed.Run(&out.maps[i], &x.maps[i], &y.maps[i], y0, y1) })
				}
			}})
		return nil
	}}, nil
}

// matchConcat: channels of 8-bit maps side by side, each requantized to the result's parameters by a table.
func (p *planner) matchConcat(n *graph.Node, r *requant) (*unit, error) {
	axis, _ := n.Attrs.Int("axis", 1)
	if !n.Is("Concat") || len(r.to.Shape) != 4 || axis != 1 && axis != -3 || !isMap(r.to.Shape) {
		return nil, nil
	}
	from, parts := make([]*graph.Value, len(n.In)), make([]params, len(n.In))
	for i, v := range n.In { // all of them, before any maker's table changes for it
		x, q, ok := p.dequantized(v)
		if !ok || !isMap(x.Shape) {
			return nil, nil
		}
		from[i], parts[i] = x, q
	}
	tables := make([]*[256]byte, len(n.In))
	for i, q := range parts {
		t := kernel.QuantizeTable(kernel.Native, q.scale, q.native(), kernel.Native, r.q.scale, r.q.native(), func(v float64) float64 {
			return min(max(v, float64(r.lo)), float64(r.hi))
		})
		if !isIdentity(t) && !p.storeAs(from[i], n.In[i], n, t) {
			tables[i] = t
		}
	}
	return &unit{reads: from, emit: func(p *planner) error {
		return p.emitConcat(from, tables, r.stored, p.units[r.stored.From].nodes)
	}}, nil
}

func isIdentity(t *[256]byte) bool {
	for i, v := range t {
		if int(v) != i {
			return false
		}
	}
	return true
}

// storeAs lets the unit that makes x store it through a table, where nobody reads x but the concatenation n, through v.
func (p *planner) storeAs(x, v *graph.Value, n *graph.Node, t *[256]byte) bool {
	u := p.units[x.From]
	if u == nil || u.requant == nil || u.requant.table != nil || u.requant.stored != x || x.Output || v.Output ||
		len(x.Uses) != 1 || len(v.Uses) != 1 || v.Uses[0] != n {
		return false
	}
	u.requant.table = t
	return true
}

// place lets a buffer's bytes lie inside out, as its channels from at on, so that concatenating it is no work. It fails
// when the buffer's memory is spoken for, or the channels don't begin or end at a cell's border.
func (b *Buffer) placeIn(out *Buffer, at int, last bool) bool {
	c := b.Shape[1]
	if at%4 != 0 || c%4 != 0 && !last {
		return false
	}
	for b.Of != nil && b.Channel == 0 && b.Of.Form == Inner && b.Size == b.Of.Size {
		b = b.Of
	}
	if b.Of != nil || b.Place != InArena || b.Form != Inner || !tensor.Equal(b.Shape[2:], out.Shape[2:]) || b.Shape[1] != c {
		return false
	}
	b.Of, b.Channel = out, at+1
	return true
}

func (p *planner) emitConcat(from []*graph.Value, tables []*[256]byte, to *graph.Value, nodes []*graph.Node) error {
	in := make([]*Buffer, len(from))
	for i, v := range from {
		var err error
		if in[i], err = p.inner(v); err != nil {
			return err
		}
	}
	out := p.make(to, Inner)
	images, h, _, _ := dims(to.Shape)
	at, copies, set := 0, 0, p.set
	inside, channels := make([]bool, len(in)), make([]int, len(in))
	for i, b := range in {
		inside[i] = tables[i] == nil && b.placeIn(out, at, i == len(in)-1)
		if !inside[i] {
			copies++
		}
		channels[i] = from[i].Shape[1]
		at += channels[i]
	}
	if copies == 0 {
		return nil
	}
	p.add(&Step{Name: to.Name, Op: "concat", Kernel: "copy_channels", Nodes: labels(nodes), In: in, Out: []*Buffer{out},
		Units: images * h, bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) {
					at := 0
					for k, b := range in {
						if !inside[k] {
							set.CopyChannels(&out.maps[i], at, &b.maps[i], tables[k], y0, y1)
						}
						at += channels[k]
					}
				})
			}
		}})
	return nil
}

// matchPool: averages and maxima of windows of an 8-bit map.
func (p *planner) matchPool(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool") {
		return nil, nil
	}
	x, q, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 4 || !isMap(x.Shape) || !isMap(r.to.Shape) {
		return nil, nil
	}
	geo, err := ops.PoolOf(&n.Node, x.Shape)
	if err != nil {
		return nil, err
	}
	if geo.DilationY != 1 || geo.DilationX != 1 {
		return nil, nil
	}
	return p.poolUnit(x, q, r, geo, n.Is("AveragePool", "GlobalAveragePool"))
}

// matchMean: ReduceMean over height and width is a global average pool.
func (p *planner) matchMean(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("ReduceMean") {
		return nil, nil
	}
	x, q, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 4 || !isMap(x.Shape) || !isMap(r.to.Shape) || product(r.to.Shape) != x.Shape[0]*x.Shape[1] {
		return nil, nil
	}
	axes, err := ops.ReducedAxes(&n.Node, 4)
	if err != nil {
		return nil, err
	}
	if axes[0] || axes[1] || !axes[2] || !axes[3] {
		return nil, nil
	}
	geo := &ops.Pool{N: x.Shape[0], C: x.Shape[1], H: x.Shape[2], W: x.Shape[3], OH: 1, OW: 1, KH: x.Shape[2], KW: x.Shape[3],
		StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1}
	return p.poolUnit(x, q, r, geo, true)
}

// poolUnit pools x to r.to, whose shape may lack the axes of 1.
func (p *planner) poolUnit(x *graph.Value, q params, r *requant, geo *ops.Pool, average bool) (*unit, error) {
	win := kernel.Pool{KH: geo.KH, KW: geo.KW, StrideY: geo.StrideY, StrideX: geo.StrideX, PadTop: geo.PadTop, PadLeft: geo.PadLeft}
	rq := kernel.Requant{Scale: []float32{q.scale / r.q.scale}, Zero: r.q.native()}
	table := kernel.QuantizeTable(kernel.Native, q.scale, q.native(), kernel.Native, r.q.scale, r.q.native(),
		func(v float64) float64 { return min(max(v, float64(r.lo)), float64(r.hi)) })
	if !average && !isIdentity(table) || !usable(rq.Scale[0]) {
		return nil, nil // a maximum that is requantized is planned as a maximum and a table
	}
	if geo.CountOutside {
		return nil, nil
	}
	// Where every window counts the same number of pixels, an average is a depthwise convolution with weights of 1.
	padded := geo.PadTop+geo.PadLeft+geo.PadBottom+geo.PadRight > 0
	global := geo.KH == geo.H && geo.KW == geo.W
	depthwise := average && !global && (!padded || geo.CountPad) && geo.KH <= maxAverage && geo.KW <= maxAverage &&
		(geo.OH-1)*geo.StrideY+geo.KH <= geo.H+geo.PadTop+geo.PadBottom && (geo.OW-1)*geo.StrideX+geo.KW <= geo.W+geo.PadLeft+geo.PadRight
	if geo.CountPad && padded && !depthwise {
		return nil, nil
	}
	fusable := r
	if !average {
		fusable = nil
	}
	return &unit{requant: fusable, reads: []*graph.Value{x}, emit: func(p *planner) error {
		rq := rq
		rq.Min, rq.Max, rq.Table = r.store()
		if depthwise {
			return p.emitAverage(x, q, r, geo, rq)
		}
		in, err := p.inner(x)
		if err != nil {
			return err
		}
		out := p.make(r.stored, Inner)
		images, h, _, _ := dims(r.to.Shape)
		op, name, set, zero := "max pool", p.set.MaxKernel(win), p.set, q.native()
		if average {
			op, name = "average pool", "pool_generic"
		}
		p.add(&Step{Name: r.stored.Name, Op: op, Kernel: name, Nodes: labels(p.units[r.stored.From].nodes), In: []*Buffer{in},
			Out: []*Buffer{out}, Units: images * h, bind: func([][]byte) func(int, int, int) {
				return func(_, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) {
						if average {
							set.AvgPool(&out.maps[i], &in.maps[i], win, false, zero, rq, y0, y1)
						} else {
							set.MaxPool(&out.maps[i], &in.maps[i], win, y0, y1)
						}
					})
				}
			}})
		return nil
	}}, nil
}

// maxAverage bounds the windows of averages that become convolutions, in both directions: that of the depthwise kernels.
const maxAverage = 16

// emitAverage plans an average as a depthwise convolution: Σ (x − zero) × (scale / pixels of a window).
func (p *planner) emitAverage(x *graph.Value, q params, r *requant, geo *ops.Pool, rq kernel.Requant) error {
	n := geo.KH * geo.KW
	rq.Scale = []float32{rq.Scale[0] / float32(n)}
	ones := make([]int8, geo.C*n)
	for i := range ones {
		ones[i] = 1
	}
	packed, err := p.set.PackConv(kernel.Conv{In: geo.C, Out: geo.C, Groups: geo.C, KH: geo.KH, KW: geo.KW, StrideY: geo.StrideY,
		StrideX: geo.StrideX, PadTop: geo.PadTop, PadLeft: geo.PadLeft, Weights: ones, Zero: q.native(), Type: kernel.Native, Requant: rq})
	if err != nil {
		return err
	}
	return p.emitConv([]*kernel.PackedConv{packed}, x, r.stored, p.units[r.stored.From].nodes, "average pool", int64(len(ones)))
}

// coordinates maps ONNX's names to the kernels', for the modes that they have.
var coordinates = map[string]kernel.Coordinates{"half_pixel": kernel.HalfPixel, "pytorch_half_pixel": kernel.PytorchHalfPixel,
	"align_corners": kernel.AlignCorners, "asymmetric": kernel.Asymmetric}

// resizer prepares an integer resize of height and width, or nil where the kernels lack the mode.
func resizer(n *graph.Node) (*kernel.Resize, error) {
	r, err := ops.ResizeOf(&n.Node)
	if err != nil {
		return nil, err
	}
	if len(r.In) != 4 || r.In[0] != r.Out[0] || r.In[1] != r.Out[1] || r.Coord == "tf_crop_and_resize" {
		return nil, nil
	}
	if r.Mode == "nearest" {
		return kernel.NewNearestAt(r.In[2], r.In[3], r.Sources(2), r.Sources(3))
	}
	if c, ok := coordinates[r.Coord]; ok && r.Mode == "linear" && !r.Antialias && r.Whole() {
		return kernel.NewResize(r.In[2], r.In[3], r.Out[2], r.Out[3], c)
	}
	return nil, nil
}

// matchResize: interpolation of an 8-bit map. Nearest only moves bytes and has been sunk below its DequantizeLinear;
// linear is computed on the real values.
func (p *planner) matchResize(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Resize", "Upsample") {
		return nil, nil
	}
	x, q, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 4 || !isMap(x.Shape) || !isMap(r.to.Shape) {
		return nil, nil
	}
	rs, err := ops.ResizeOf(&n.Node)
	if err != nil {
		return nil, err
	}
	if _, ok := coordinates[rs.Coord]; !ok || rs.Antialias || rs.Mode != "linear" || rs.In[0] != rs.Out[0] || rs.In[1] != rs.Out[1] {
		return nil, nil
	}
	c := coordinates[rs.Coord]
	kr, err := kernel.NewResize(rs.In[2], rs.In[3], rs.Out[2], rs.Out[3], c)
	if err != nil {
		return nil, err
	}
	kr.Scale, kr.Zero = q.scale, q.native()
	kr.SetScales(c, rs.Scale(2), rs.Scale(3))
	return &unit{requant: r, reads: []*graph.Value{x}, emit: func(p *planner) error {
		lo, hi, table := r.store()
		how := kernel.RealOut{Scale: r.q.scale, Zero: r.q.native(), Min: lo, Max: hi, Table: table}.Prepared(kr)
		in, err := p.inner(x)
		if err != nil {
			return err
		}
		out, set := p.make(r.stored, Inner), p.set
		images, h, _, _ := dims(r.to.Shape)
		units, row := h, func(u int) int { return u } // of an image, and the row that unit u begins at
		if set.PairsRows(kr, r.q.scale) {
			units, row = h/2+1, func(u int) int { return min(max(2*u-1, 0), h) }
		}
		p.add(&Step{Name: r.stored.Name, Op: "resize", Kernel: set.RealKernel(kr, r.q.scale), Nodes: labels(p.units[r.stored.From].nodes),
			In: []*Buffer{in}, Out: []*Buffer{out}, Units: images * units, scratch: kr.Scratch(x.Shape[1]),
			bind: func(scratch [][]byte) func(int, int, int) {
				return func(worker, lo, hi int) {
					eachImage(units, lo, hi, func(i, u0, u1 int) {
						set.ResizeReal(&out.maps[i], &in.maps[i], kr, how, row(u0), row(u1), scratch[worker])
					})
				}
			}})
		return nil
	}}, nil
}
