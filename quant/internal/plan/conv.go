package plan

import (
	"fmt"
	"runtime"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
)

// matchConv: DequantizeLinear → Conv → QuantizeLinear with quantized constant weights.
func (p *planner) matchConv(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Conv") {
		return nil, nil
	}
	if !isMap(r.to.Shape) {
		return nil, nil
	}
	x, xq, w, geo, err := p.convOperands(n)
	if x == nil || err != nil {
		return nil, err
	}
	bias, ok := p.biasOf(n.Arg(2), xq, w, geo.Out)
	if !ok {
		return nil, nil
	}
	scale, err := channelScale(xq, w, r.q, geo.Out)
	if err != nil {
		return nil, err
	}
	return &unit{requant: r, reads: []*graph.Value{x}, emit: func(p *planner) error {
		data, zero := w.signed(geo.Out)
		lo, hi, table := r.store()
		packed, err := p.packConv(kernel.Conv{
			In: geo.In, Out: geo.Out, KH: geo.KH, KW: geo.KW, StrideY: geo.StrideY, StrideX: geo.StrideX,
			DilationY: geo.DilationY, DilationX: geo.DilationX, PadTop: geo.PadTop, PadLeft: geo.PadLeft, Groups: geo.Groups,
			Weights: toOHWI(data, geo.Out, geo.In/geo.Groups, geo.KH*geo.KW), WeightZero: zero, Bias: bias,
			Zero: xq.native(), Type: kernel.Native,
			Requant: kernel.Requant{Scale: scale, Zero: r.q.native(), Min: lo, Max: hi, Table: table},
		})
		if err != nil {
			return err
		}
		return p.emitConv(packed, x, r.stored, p.units[r.stored.From].nodes, "conv", int64(len(data)))
	}}, nil
}

// convOperands are a convolution's input and weights where both are integers; x is nil where they are not. An input that has
// a scale a channel, as some quantizers give a depthwise convolution's, keeps it with the weights, since a channel of those
// reads one alone: its scale is 1 then.
func (p *planner) convOperands(n *graph.Node) (x *graph.Value, xq params, w *weights, geo *ops.Conv, err error) {
	none := func(err error) (*graph.Value, params, *weights, *ops.Conv, error) { return nil, xq, nil, nil, err }
	x, xq, ok := p.dequantized(n.In[0])
	var each []float32
	if !ok {
		x, xq, each = p.dequantizedEach(n.In[0])
	}
	if x == nil || len(x.Shape) != 4 || !isMap(x.Shape) {
		return none(nil)
	}
	w, ok = p.quantizedConstant(n.In[1])
	if !ok || !w.data.Type.IsInt8() || len(w.scale) > 1 && w.axis != 0 {
		return none(nil)
	}
	if geo, err = ops.ConvOf(&n.Node, x.Shape, n.In[1].Shape); err != nil {
		return none(err)
	}
	if each == nil {
		return x, xq, w, geo, nil
	}
	if geo.Groups != geo.In {
		return none(nil)
	}
	per := &weights{data: w.data, axis: 0, scale: make([]float32, geo.Out), zero: make([]int, geo.Out)}
	for i := range per.scale {
		k := min(i, len(w.scale)-1)
		per.scale[i], per.zero[i] = each[i/(geo.Out/geo.Groups)]*w.scale[k], w.zero[k]
		if !usable(per.scale[i]) {
			return none(nil)
		}
	}
	return x, xq, per, geo, nil
}

// toOHWI reorders ONNX's OIHW weights for the kernels.
func toOHWI(w []int8, out, in, taps int) []int8 {
	if in == 1 || taps == 1 {
		return w
	}
	r := make([]int8, len(w))
	for o := range out {
		for i := range in {
			for t := range taps {
				r[(o*taps+t)*in+i] = w[(o*in+i)*taps+t]
			}
		}
	}
	return r
}

// emitConv plans a packed convolution from x to y. Each of the model's weights is a multiply-accumulate an output pixel.
func (p *planner) emitConv(packed []*kernel.PackedConv, x, y *graph.Value, nodes []*graph.Node, op string, weightBytes int64) error {
	in, err := p.inner(x)
	if err != nil {
		return err
	}
	out := p.make(y, Inner)
	n, h, w, _ := dims(y.Shape)
	p.bytes += weightBytes
	s := &Step{Name: y.Name, Op: op, Kernel: packed[0].Kernel(), Kind: packed[0].Kind(), Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
		Units: n * h, Align: rowAlign(h), MACs: int64(n*h*w) * weightBytes, Bytes: weightBytes}
	_, xh, xw, _ := dims(x.Shape)
	blocks := xh == h && xw == w // of 4 pixels are the units: they divide among workers more evenly than rows
	for _, c := range packed {
		s.scratch = max(s.scratch, c.Scratch(w))
		s.Dots += int64(n) * c.Products(h, w)
		blocks = blocks && c.EachPixel()
		if c.PairsRows() {
			s.Align = 2 // of an odd height, too
		}
	}
	if blocks {
		h *= kernel.Blocks(w)
		s.Units, s.Align = n*h, blockAlign
	}
	s.bind = func(scratch [][]byte) func(int, int, int) {
		src, dst := channelParts(in.maps, len(packed)), channelParts(out.maps, len(packed))
		if blocks {
			src, dst = byBlocks(src), byBlocks(dst)
		}
		return func(worker, lo, hi int) {
			eachImage(h, lo, hi, func(i, y0, y1 int) {
				for g, c := range packed {
					c.Run(&dst[i*len(packed)+g], &src[i*len(packed)+g], y0, y1, scratch[worker])
				}
			})
		}
	}
	p.add(s)
	return nil
}

// blockAlign is the blocks that a pointwise kernel takes at once.
const blockAlign = 2

func byBlocks(maps []kernel.Map) []kernel.Map {
	list := make([]kernel.Map, len(maps))
	for i := range maps {
		list[i] = maps[i].ByBlocks()
	}
	return list
}

// channelParts cuts each map into parts of equally many channels.
func channelParts(maps []kernel.Map, parts int) []kernel.Map {
	if parts == 1 {
		return maps
	}
	var list []kernel.Map
	for i := range maps {
		c := maps[i].C / parts
		for g := range parts {
			list = append(list, maps[i].Slice(g*c, c))
		}
	}
	return list
}

// collect frees the copies of weights that packing leaves behind, once they are many: left to itself the collector lets
// them grow to all that lives, and loading a large model would take three times its size.
func (p *planner) collect(bytes int) {
	if p.garbage += bytes; p.garbage > 8<<20 {
		p.garbage = 0
		runtime.GC()
	}
}

// maxSplit bounds the groups that become convolutions of their own.
const maxSplit = 64

// maxMerged bounds the groups that become one: the weights grow by as much.
const maxMerged = 32

// mergeGroups makes fewer, larger groups of a grouped convolution, so that each one's channels are whole cells and fill
// vectors: inputs of other groups weigh 0. Depthwise convolutions have kernels of their own and stay.
func mergeGroups(c kernel.Conv) kernel.Conv {
	ig, og := c.In/c.Groups, c.Out/c.Groups
	if c.Groups == 1 || ig == 1 && og == 1 || c.WeightZero != nil {
		return c
	}
	m := 1
	for m < c.Groups && (m*ig%4 != 0 || m*og%4 != 0 || m*og < 8 || c.Groups%m != 0) {
		m++
	}
	if m == 1 || m > maxMerged {
		return c
	}
	taps := c.KH * c.KW
	weights := make([]int8, len(c.Weights)*m)
	for n := range c.Out {
		for t := range taps {
			copy(weights[(n*taps+t)*ig*m+n/og%m*ig:][:ig], c.Weights[(n*taps+t)*ig:])
		}
	}
	c.Groups, c.Weights = c.Groups/m, weights
	return c
}

// packConv packs a convolution, a grouped one as one convolution a group where the groups are whole cells of channels.
func (p *planner) packConv(c kernel.Conv) ([]*kernel.PackedConv, error) {
	p.collect(len(c.Weights))
	c = mergeGroups(c)
	groups := c.Groups
	ig, og := c.In/groups, c.Out/groups
	if groups == 1 || groups > maxSplit || ig%4 != 0 || og%4 != 0 {
		packed, err := p.set.PackConv(c)
		if err != nil {
			return nil, err
		}
		packed.Release()
		return []*kernel.PackedConv{packed}, nil
	}
	var list []*kernel.PackedConv
	for g := range groups {
		part := c
		part.In, part.Out, part.Groups = ig, og, 1
		n := len(c.Weights) / groups
		part.Weights = c.Weights[g*n : (g+1)*n]
		if c.WeightZero != nil {
			part.WeightZero = c.WeightZero[g*og : (g+1)*og]
		}
		if c.Bias != nil {
			part.Bias = c.Bias[g*og : (g+1)*og]
		}
		part.Requant.Scale = c.Requant.Scale[g*og : (g+1)*og]
		packed, err := p.set.PackConv(part)
		if err != nil {
			return nil, err
		}
		packed.Release()
		list = append(list, packed)
	}
	return list, nil
}

// rowAlign keeps stripes at even rows, where kernels do two rows at once.
func rowAlign(h int) int {
	if h%2 == 0 {
		return 2
	}
	return 1
}

// matchGemm: a fully connected layer on [N, K] is a 1×1 convolution on N maps of one pixel; on more axes, as in attention,
// it is one on a map whose pixels are the rows.
func (p *planner) matchGemm(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Gemm", "MatMul") {
		return nil, nil
	}
	x, xq, ok := p.dequantized(n.In[0])
	if !ok || len(n.In[1].Shape) != 2 || len(x.Shape) < 2 || len(r.to.Shape) != len(x.Shape) || product(x.Shape) == 0 || product(r.to.Shape) == 0 {
		return nil, nil
	}
	w, ok := p.quantizedConstant(n.In[1])
	if !ok || !w.data.Type.IsInt8() {
		return nil, nil
	}
	transB := false
	if n.Is("Gemm") {
		a, _ := n.Attrs.Float("alpha", 1)
		b, _ := n.Attrs.Float("beta", 1)
		ta, _ := n.Attrs.Bool("transA", false)
		transB, _ = n.Attrs.Bool("transB", false)
		if a != 1 || b != 1 || ta {
			return nil, nil
		}
	}
	last := len(x.Shape) - 1
	k, m := x.Shape[last], r.to.Shape[last]
	outAxis := 1
	if transB {
		outAxis = 0
	}
	if len(w.scale) > 1 && w.axis != outAxis {
		return nil, nil
	}
	bias, ok := p.biasOf(n.Arg(2), xq, w, m)
	if !ok {
		return nil, nil
	}
	scale, err := channelScale(xq, w, r.q, m)
	if err != nil {
		return nil, err
	}
	return &unit{requant: r, reads: []*graph.Value{x}, emit: func(p *planner) error {
		data, zero := w.signed(m)
		if !transB {
			t := make([]int8, len(data))
			for i := range k {
				for j := range m {
					t[j*k+i] = data[i*m+j]
				}
			}
			data = t
		}
		lo, hi, table := r.store()
		packed, err := p.packConv(kernel.Conv{In: k, Out: m, KH: 1, KW: 1, Groups: 1, Weights: data, WeightZero: zero, Bias: bias,
			Zero: xq.native(), Type: kernel.Native, Requant: kernel.Requant{Scale: scale, Zero: r.q.native(), Min: lo, Max: hi, Table: table}})
		if err != nil {
			return fmt.Errorf("as a convolution: %w", err)
		}
		if last > 1 {
			return p.emitRows(packed, x, r.stored, p.units[r.stored.From].nodes, int64(len(data)))
		}
		return p.emitConv(packed, x, r.stored, p.units[r.stored.From].nodes, "gemm", int64(len(data)))
	}}, nil
}

// emitRows plans a 1×1 convolution from the rows of x, [..., K], to those of y, [..., M]: in memory both are channels-last
// maps already.
func (p *planner) emitRows(packed []*kernel.PackedConv, x, y *graph.Value, nodes []*graph.Node, weightBytes int64) error {
	last := len(x.Shape) - 1
	h, w := grid(product(x.Shape[:last]))
	in, err := p.plain(x)
	if err != nil {
		return err
	}
	from := &graph.Value{Name: x.Name + " rows", Type: x.Type, Shape: []int{1, x.Shape[last], h, w}}
	p.setForm(from, &Buffer{Name: from.Name, Type: x.Type, Shape: from.Shape, Form: NHWC, Size: in.Size, Of: in})
	to := &graph.Value{Name: y.Name + " rows", Type: y.Type, Shape: []int{1, y.Shape[last], h, w}}
	if err := p.emitConv(packed, from, to, nodes, "gemm", weightBytes); err != nil {
		return err
	}
	p.emitToNHWC(to, p.make(y, Plain), nil)
	return nil
}

// grid arranges n pixels in rows of at most 64, as long as divide n; a number without such a divisor is one row.
func grid(n int) (h, w int) {
	for w := min(n, 64); w >= 8; w-- {
		if n%w == 0 {
			return n / w, w
		}
	}
	return 1, n
}
