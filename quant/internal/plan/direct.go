package plan

import (
	"math"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// matchDirect: operators on 8-bit values themselves that the kernels do in their own layout.
func (p *planner) matchDirect(n *graph.Node) (*unit, error) {
	v := n.Arg(0)
	if v == nil || !v.Type.IsInt8() || len(v.Shape) != 4 || len(n.Out) != 1 || !isMap(v.Shape) || !isMap(n.Out[0].Shape) {
		return nil, nil
	}
	y := n.Out[0]
	switch {
	case n.Is("Transpose"):
		return p.matchTranspose(n, v, y)
	case n.Is("MaxPool", "GlobalMaxPool"):
		geo, err := ops.PoolOf(&n.Node, v.Shape)
		if err != nil || geo.DilationY != 1 || geo.DilationX != 1 {
			return nil, err
		}
		win := kernel.Pool{KH: geo.KH, KW: geo.KW, StrideY: geo.StrideY, StrideX: geo.StrideX, PadTop: geo.PadTop, PadLeft: geo.PadLeft}
		set := p.set
		return p.mapUnit(n, v, y, "max pool", p.set.MaxKernel(win), 0, func(dst, src *kernel.Map, y0, y1 int, _ []byte) {
			set.MaxPool(dst, src, win, y0, y1)
		}), nil
	case n.Is("Resize", "Upsample"):
		return p.matchDirectResize(n, v, y)
	case n.Is("Concat"):
		axis, _ := n.Attrs.Int("axis", 1)
		if axis != 1 && axis != -3 {
			return nil, nil
		}
		for _, x := range n.In {
			if x.Static() || !isMap(x.Shape) {
				return nil, nil
			}
		}
		nodes := []*graph.Node{n}
		return &unit{sink: n, nodes: nodes, reads: n.In, emit: func(p *planner) error {
			return p.emitConcat(n.In, make([]*[256]byte, len(n.In)), y, nodes)
		}}, nil
	}
	return nil, nil
}

// matchDirectResize: interpolation of bytes that are not dequantized truncates towards 0.
func (p *planner) matchDirectResize(n *graph.Node, v, y *graph.Value) (*unit, error) {
	rs, err := resizer(n)
	if rs == nil || err != nil {
		return nil, err
	}
	mode, _ := n.Attrs.String("mode", "nearest")
	coord, _ := n.Attrs.String("coordinate_transformation_mode", "half_pixel")
	exact := coord != "align_corners" && y.Shape[2]%v.Shape[2] == 0 && y.Shape[3]%v.Shape[3] == 0 && powerOf2(y.Shape[2]/v.Shape[2]) && powerOf2(y.Shape[3]/v.Shape[3])
	if mode == "nearest" || exact && v.Type == tensor.Uint8 {
		rs.Truncate = true
		set := p.set
		return p.mapUnit(n, v, y, "resize", p.set.ResizeKernel(rs), rs.Scratch(v.Shape[1]), func(dst, src *kernel.Map, y0, y1 int, scratch []byte) {
			set.Resize(dst, src, rs, nil, y0, y1, scratch)
		}), nil
	}
	geo, err := ops.ResizeOf(&n.Node)
	if err != nil {
		return nil, err
	}
	q := params{scale: 1, typ: v.Type}
	real := newRealResize(geo, q, &requant{q: q, lo: float32(math.Inf(-1)), hi: float32(math.Inf(1))})
	real.truncate = true
	return p.mapUnit(n, v, y, "resize", "resize_real_generic", 0, func(dst, src *kernel.Map, y0, y1 int, _ []byte) {
		real.rows(dst, src, y0, y1)
	}), nil
}

func powerOf2(n int) bool { return n > 0 && n&(n-1) == 0 && n <= 32 }

// mapUnit is a unit that makes one map from one map, row by row.
func (p *planner) mapUnit(n *graph.Node, x, y *graph.Value, op, name string, scratch int, run func(dst, src *kernel.Map, y0, y1 int, scratch []byte)) *unit {
	nodes := []*graph.Node{n}
	return &unit{sink: n, nodes: nodes, reads: []*graph.Value{x}, emit: func(p *planner) error {
		in, err := p.inner(x)
		if err != nil {
			return err
		}
		out := p.make(y, Inner)
		images, h, _, _ := dims(y.Shape)
		p.add(&Step{Name: y.Name, Op: op, Kernel: name, Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
			Units: images * h, scratch: scratch, bind: func(scratch [][]byte) func(int, int, int) {
				return func(worker, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) { run(&out.maps[i], &in.maps[i], y0, y1, scratch[worker]) })
				}
			}})
		return nil
	}}
}

// matchTranspose: between channels-first and channels-last, a transposition is a conversion that the kernels' layout
// makes unnecessary or half done.
func (p *planner) matchTranspose(n *graph.Node, x, y *graph.Value) (*unit, error) {
	perm, err := ops.PermOf(&n.Node, x.Shape)
	if err != nil {
		return nil, err
	}
	nodes := []*graph.Node{n}
	switch {
	case slices.Equal(perm, []int{0, 3, 1, 2}):
		return &unit{sink: n, nodes: nodes, reads: []*graph.Value{x}, emit: func(p *planner) error {
			in, err := p.plain(x)
			if err != nil {
				return err
			}
			p.setForm(y, &Buffer{Name: y.Name, Type: y.Type, Shape: y.Shape, Form: NHWC, Size: in.Size, Of: in})
			return nil
		}}, nil
	case slices.Equal(perm, []int{0, 2, 3, 1}):
		return &unit{sink: n, nodes: nodes, reads: []*graph.Value{x}, emit: func(p *planner) error {
			if b := p.form(x, NHWC); b != nil {
				p.setForm(y, &Buffer{Name: y.Name, Type: y.Type, Shape: y.Shape, Form: Plain, Size: b.Size, Of: b})
				return nil
			}
			if p.form(x, Inner) == nil {
				return p.emitGeneral(n)
			}
			p.emitToNHWC(x, p.make(y, Plain), nodes)
			return nil
		}}, nil
	}
	return nil, nil
}

func (p *planner) emitToNHWC(x *graph.Value, out *Buffer, nodes []*graph.Node) {
	in := p.form(x, Inner)
	images, h, _, _ := dims(x.Shape)
	size, f := product(x.Shape[1:]), flip(x.Type)
	p.add(&Step{Name: out.Name, Op: "to nhwc", Kernel: "edge", Nodes: labels(nodes), In: []*Buffer{in}, Out: []*Buffer{out},
		Units: images * h, bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) { kernel.ToNHWC(out.Data[i*size:], &in.maps[i], f, y0, y1) })
			}
		}})
}

// matchFloatConv: a quantized convolution whose result stays real: integer accumulators, scaled, and a real bias.
func (p *planner) matchFloatConv(n *graph.Node) (*unit, error) {
	if !n.Is("Conv") || !isMap(n.Out[0].Shape) {
		return nil, nil
	}
	y := n.Out[0]
	x, xq, w, geo, err := p.convOperands(n)
	if x == nil || err != nil {
		return nil, err
	}
	var bias []int32
	real, ok := p.realBias(n.Arg(2), geo.Out)
	if !ok {
		if bias, ok = p.biasOf(n.Arg(2), xq, w, geo.Out); !ok {
			return nil, nil
		}
	}
	scale, err := channelScale(xq, w, params{scale: 1}, geo.Out)
	if err != nil {
		return nil, err
	}
	nodes := []*graph.Node{n}
	return &unit{sink: n, nodes: nodes, reads: []*graph.Value{x}, emit: func(p *planner) error {
		data, zero := w.signed(geo.Out)
		packed, err := p.set.PackSums(kernel.Conv{
			In: geo.In, Out: geo.Out, KH: geo.KH, KW: geo.KW, StrideY: geo.StrideY, StrideX: geo.StrideX,
			DilationY: geo.DilationY, DilationX: geo.DilationX, PadTop: geo.PadTop, PadLeft: geo.PadLeft, Groups: geo.Groups,
			Weights: toOHWI(data, geo.Out, geo.In/geo.Groups, geo.KH*geo.KW), WeightZero: zero, Bias: bias,
			Zero: xq.native(), Type: kernel.Native, Requant: kernel.Requant{Scale: []float32{1}},
		})
		if err != nil {
			return err
		}
		in, err := p.inner(x)
		if err != nil {
			return err
		}
		images, h, wd, c := dims(y.Shape)
		acc := newBuffer(y.Name+" accumulators", tensor.Int32, y.Shape, Plain)
		out := p.make(y, Plain)
		p.bytes += int64(len(data))
		image := h * wd * c
		p.add(&Step{Name: y.Name, Op: "conv to float", Kernel: "conv_generic", Kind: packed.Kind(), Nodes: labels(nodes),
			In: []*Buffer{in}, Out: []*Buffer{out, acc}, Units: images * h, MACs: int64(images) * packed.MACs(h, wd), Bytes: int64(len(data)),
			scratch: packed.Scratch(wd), bind: func(scratch [][]byte) func(int, int, int) {
				a, f := tensor.View[int32](acc.Tensor()), tensor.View[float32](out.Tensor())
				return func(worker, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) {
						sums := a[i*image : (i+1)*image]
						packed.RunInt32(sums, h, wd, &in.maps[i], y0, y1, scratch[worker])
						for k := range c {
							dst := f[i*image+k*h*wd:]
							for j := y0 * wd; j < y1*wd; j++ {
								dst[j] = float32(float32(sums[j*c+k])*scale[k]) + real[k]
							}
						}
					})
				}
			}})
		return nil
	}}, nil
}
