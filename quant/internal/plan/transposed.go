package plan

import (
	"encoding/binary"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/ops"
)

// matchConvTranspose: a transposed convolution with stride s is s·s ordinary ones, one for each phase of the output
// pixel. Output o sums the source pixels i and taps k with i·s + k = o + pad. With o + pad = m·s + r, the taps of phase r
// are k = r + j·s on the pixels i = m − j. All phases are computed as channels of one convolution with ⌈K/s⌉ taps, and
// a second step puts the phases' pixels beside each other.
func (p *planner) matchConvTranspose(n *graph.Node, r *requant) (*unit, error) {
	if !n.Is("ConvTranspose") {
		return nil, nil
	}
	x, xq, ok := p.dequantized(n.In[0])
	if !ok || len(x.Shape) != 4 || !isMap(x.Shape) || !isMap(r.to.Shape) {
		return nil, nil
	}
	w, ok := p.quantizedConstant(n.In[1])
	if !ok || !w.data.Type.IsInt8() || len(w.scale) > 1 && w.axis != 1 {
		return nil, nil
	}
	geo, err := ops.ConvOf(&n.Node, x.Shape, n.In[1].Shape)
	if err != nil {
		return nil, err
	}
	if geo.Groups != 1 || geo.DilationY != 1 || geo.DilationX != 1 || geo.StrideY*geo.StrideX > 64 {
		return nil, nil
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
		conv, per := phases(geo, w, bias, scale)
		conv.Zero, conv.Type = xq.native(), kernel.Native
		conv.Requant.Zero = r.q.native()
		conv.Requant.Min, conv.Requant.Max, conv.Requant.Table = r.store()
		packed, err := p.packConv(conv)
		if err != nil {
			return err
		}
		// The phases' map, m rows and columns, lives for one step only.
		h, wd := (geo.OH-1+geo.PadTop)/geo.StrideY+1, (geo.OW-1+geo.PadLeft)/geo.StrideX+1
		wide := &graph.Value{Name: r.stored.Name + " phases", Type: r.stored.Type, Shape: []int{geo.N, conv.Out, h, wd}}
		nodes := p.units[r.stored.From].nodes
		if err := p.emitConv(packed, x, wide, nodes, "conv transpose", int64(len(conv.Weights))); err != nil {
			return err
		}
		p.steps[len(p.steps)-1].MACs = int64(geo.N) * int64(geo.H) * int64(geo.W) * int64(geo.In) * int64(geo.Out) * int64(geo.KH) * int64(geo.KW)
		in, out := p.form(wide, Inner), p.make(r.stored, Inner)
		p.add(&Step{Name: r.stored.Name, Op: "interleave", Kernel: "interleave", In: []*Buffer{in}, Out: []*Buffer{out},
			Units: geo.N * geo.OH, bind: func([][]byte) func(int, int, int) {
				return func(_, a, b int) {
					eachImage(geo.OH, a, b, func(i, y0, y1 int) { interleave(&out.maps[i], &in.maps[i], geo, per, y0, y1) })
				}
			}})
		return nil
	}}, nil
}

// phases is the convolution of all phases; per is the channels of one, rounded up to whole cells.
func phases(g *ops.Conv, w *weights, bias []int32, scale []float32) (c kernel.Conv, per int) {
	data, zero := w.signed(g.Out)
	sy, sx := g.StrideY, g.StrideX
	jy, jx := (g.KH+sy-1)/sy, (g.KW+sx-1)/sx
	per = (g.Out + 3) &^ 3
	n := sy * sx * per
	c = kernel.Conv{In: g.In, Out: n, Groups: 1, KH: jy, KW: jx, PadTop: jy - 1, PadLeft: jx - 1,
		Weights: make([]int8, n*jy*jx*g.In), Requant: kernel.Requant{Scale: make([]float32, n)}}
	if bias != nil {
		c.Bias = make([]int32, n)
	}
	if zero != nil {
		c.WeightZero = make([]int32, n)
	}
	for i := range n {
		phase, o := i/per, i%per
		ry, rx := phase/sx, phase%sx
		c.Requant.Scale[i] = 1
		if o >= g.Out {
			continue
		}
		c.Requant.Scale[i] = scale[o]
		if bias != nil {
			c.Bias[i] = bias[o]
		}
		z := int8(0)
		if zero != nil {
			c.WeightZero[i] = zero[o]
			z = int8(zero[o])
		}
		for ty := range jy {
			for tx := range jx {
				ky, kx := ry+(jy-1-ty)*sy, rx+(jx-1-tx)*sx
				dst := c.Weights[((i*jy+ty)*jx+tx)*g.In:][:g.In]
				for ch := range dst {
					dst[ch] = z // a tap that the phase lacks weighs 0
					if ky < g.KH && kx < g.KW {
						dst[ch] = data[((ch*g.Out+o)*g.KH+ky)*g.KW+kx]
					}
				}
			}
		}
	}
	return c, per
}

// interleave puts pixel (m·s + r − pad) of dst from phase r of pixel m of src, four channels at a time.
func interleave(dst, src *kernel.Map, g *ops.Conv, per, y0, y1 int) {
	for y := y0; y < y1; y++ {
		my, ry := (y+g.PadTop)/g.StrideY, (y+g.PadTop)%g.StrideY
		for x := range dst.W {
			mx, rx := (x+g.PadLeft)/g.StrideX, (x+g.PadLeft)%g.StrideX
			from := src.Offset(my, mx, (ry*g.StrideX+rx)*per)
			to := dst.Offset(y, x, 0)
			for c := 0; c < dst.C; c += 4 {
				binary.LittleEndian.PutUint32(dst.Data[to:], binary.LittleEndian.Uint32(src.Data[from:]))
				from += kernel.Cell
				to += kernel.Cell
			}
		}
	}
}
