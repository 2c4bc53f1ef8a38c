package plan

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
)

// matchConv: DequantizeLinear → Conv → QuantizeLinear with quantized constant weights.
func (p *planner) matchConv(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Conv") {
		return nil, nil
	}
	x, xq, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 4 || !isMap(x.Shape) || !isMap(r.to.Shape) {
		return nil, nil
	}
	w, ok := p.quantizedConstant(n.In[1])
	if !ok || !w.data.Type.IsInt8() || len(w.scale) > 1 && w.axis != 0 {
		return nil, nil
	}
	geo, err := ops.ConvOf(&n.Node, x.Shape, n.In[1].Shape)
	if err != nil {
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
		packed, err := p.set.PackConv(kernel.Conv{
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

// emitConv plans a packed convolution from x to y.
func (p *planner) emitConv(packed *kernel.PackedConv, x, y *graph.Value, nodes []*graph.Node, op string, weightBytes int64) error {
	in, err := p.inner(x)
	if err != nil {
		return err
	}
	out := p.make(y, Inner)
	n, h, w, _ := dims(y.Shape)
	p.bytes += weightBytes
	p.add(&Step{Name: y.Name, Op: op, Kernel: packed.Kernel(), Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
		Units: n * h, Align: rowAlign(h), MACs: int64(n) * packed.MACs(h, w), Bytes: weightBytes, scratch: packed.Scratch(w),
		bind: func(scratch [][]byte) func(int, int, int) {
			return func(worker, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) { packed.Run(&out.maps[i], &in.maps[i], y0, y1, scratch[worker]) })
			}
		}})
	return nil
}

// rowAlign keeps stripes at even rows, where kernels do two rows at once.
func rowAlign(h int) int {
	if h%2 == 0 {
		return 2
	}
	return 1
}

// matchGemm: a fully connected layer on [N, K] is a 1×1 convolution on N maps of one pixel.
func (p *planner) matchGemm(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("Gemm", "MatMul") {
		return nil, nil
	}
	x, xq, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 2 || len(r.to.Shape) != 2 || len(n.In[1].Shape) != 2 || !isMap(x.Shape) || !isMap(r.to.Shape) {
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
	k, m := x.Shape[1], r.to.Shape[1]
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
		packed, err := p.set.PackConv(kernel.Conv{In: k, Out: m, KH: 1, KW: 1, Weights: data, WeightZero: zero, Bias: bias,
			Zero: xq.native(), Type: kernel.Native, Requant: kernel.Requant{Scale: scale, Zero: r.q.native(), Min: lo, Max: hi, Table: table}})
		if err != nil {
			return fmt.Errorf("as a convolution: %w", err)
		}
		return p.emitConv(packed, x, r.stored, p.units[r.stored.From].nodes, "gemm", int64(len(data)))
	}}, nil
}
