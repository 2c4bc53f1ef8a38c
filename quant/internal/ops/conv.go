package ops

import (
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Conv is what a planner needs to know of a convolution node: its geometry, with pads resolved.
type Conv struct {
	N, In, Out, Groups     int
	H, W, OH, OW           int
	KH, KW                 int
	StrideY, StrideX       int
	DilationY, DilationX   int
	PadTop, PadLeft        int
	Spatial                int // axes the node has: 1 is lifted to a height of 1
	OutputPadY, OutputPadX int // ConvTranspose
}

// ConvOf is the geometry of a Conv, QLinearConv, ConvInteger or ConvTranspose node with input and weight shapes x, w.
func ConvOf(n *Node, x, w []int) (*Conv, error) {
	b := &build{Node: n, used: map[string]bool{}}
	c := b.conv(x, w)
	return c, b.err
}

func (b *build) conv(x, w []int) *Conv {
	if len(x) != len(w) || len(x) < 3 {
		b.fail("input %v with weights %v", x, w)
		return nil
	}
	if b.Op == "ConvTranspose" {
		return b.convTranspose(x, w)
	}
	win := b.window(x, w[2:], false)
	groups := b.attrInt("group", 1)
	if b.err != nil {
		return nil
	}
	if groups < 1 || x[1] != w[1]*groups || w[0]%groups != 0 || w[0] == 0 {
		b.fail("%d groups do not divide %d → %d channels with weights %v", groups, x[1], w[0], w)
		return nil
	}
	return &Conv{N: win.n, In: x[1], Out: w[0], Groups: groups, H: win.h, W: win.w, OH: win.oh, OW: win.ow, KH: win.kh,
		KW: win.kw, StrideY: win.sy, StrideX: win.sx, DilationY: win.dy, DilationX: win.dx, PadTop: win.pt, PadLeft: win.pl,
		Spatial: win.spatial}
}

// OutShape is the output's shape.
func (c *Conv) OutShape() []int {
	if c.Spatial == 1 {
		return []int{c.N, c.Out, c.OW}
	}
	return []int{c.N, c.Out, c.OH, c.OW}
}

// MACs is the number of multiply-accumulates, padding counted.
func (c *Conv) MACs() int64 {
	return int64(c.N) * int64(c.OH) * int64(c.OW) * int64(c.Out) * int64(c.KH) * int64(c.KW) * int64(c.In/c.Groups)
}

// buildConv is the float32 convolution. Each output row is a sum of scaled source rows, taps in the order (channel, ky,
// kx), so that a row's result does not depend on how rows are shared out.
func buildConv(b *build) *Impl {
	if !b.arity(2, 3) || !b.want(0, tensor.Float32) || !b.want(1, tensor.Float32) || !b.want(2, tensor.Float32) {
		return nil
	}
	c := b.conv(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil {
		return nil
	}
	if v := b.in(2); v != nil && (len(v.Shape) != 1 || v.Shape[0] != c.Out) {
		return b.fail("bias has shape %v for %d channels", v.Shape, c.Out)
	}
	hasBias := b.in(2) != nil
	ig, og := c.In/c.Groups, c.Out/c.Groups
	impl := one(tensor.Float32, c.OutShape(), c.N*c.Out*c.OH, func(in, out []*tensor.T, lo, hi int) {
		x, w, y := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			oy, oc, n := u%c.OH, u/c.OH%c.Out, u/(c.OH*c.Out)
			row := y[u*c.OW:][:c.OW]
			var bias float32
			if hasBias {
				bias = tensor.View[float32](in[2])[oc]
			}
			for i := range row {
				row[i] = bias
			}
			for ic := range ig {
				plane := x[(n*c.In+oc/og*ig+ic)*c.H*c.W:][:c.H*c.W]
				kernel := w[(oc*ig+ic)*c.KH*c.KW:][:c.KH*c.KW]
				k0, k1 := taps(oy*c.StrideY-c.PadTop, c.KH, c.DilationY, c.H)
				for ky := k0; ky < k1; ky++ {
					sy := oy*c.StrideY - c.PadTop + ky*c.DilationY
					c.row(row, plane[sy*c.W:][:c.W], kernel[ky*c.KW:][:c.KW])
				}
			}
		}
	})
	impl.MACs = c.MACs()
	return impl
}

// row adds one kernel row's products: dst[x] += Σ src[x·stride − pad + k·dilation]·kernel[k].
func (c *Conv) row(dst, src, kernel []float32) {
	for k, w := range kernel {
		at := k*c.DilationX - c.PadLeft // source of output 0
		x0 := 0
		if at < 0 {
			x0 = (-at + c.StrideX - 1) / c.StrideX
		}
		x1 := len(dst)
		if last := len(src) - 1 - at; last < 0 {
			continue
		} else {
			x1 = min(x1, last/c.StrideX+1)
		}
		if c.StrideX == 1 && x1 > x0 {
			s := src[x0+at:]
			d := dst[x0:x1]
			s = s[:len(d)]
			for i := range d {
				d[i] += float32(s[i] * w)
			}
			continue
		}
		for x := x0; x < x1; x++ {
			dst[x] += float32(src[x*c.StrideX+at] * w)
		}
	}
}

// convTranspose reads a ConvTranspose's geometry: H, W are the input's, OH, OW the (larger) output's.
func (b *build) convTranspose(x, w []int) *Conv {
	spatial := len(x) - 2
	if spatial < 1 || spatial > 2 {
		b.fail("input has shape %v: one or two spatial axes are supported", x)
		return nil
	}
	groups := b.attrInt("group", 1)
	if groups < 1 || x[1] != w[0] || groups > 0 && x[1]%groups != 0 || w[1] < 1 {
		b.fail("%d groups do not divide %d channels with weights %v", groups, x[1], w)
		return nil
	}
	c := &Conv{N: x[0], In: x[1], Out: w[1] * groups, Groups: groups, H: 1, W: x[len(x)-1], Spatial: spatial}
	if spatial == 2 {
		c.H = x[2]
	}
	if ks := b.attrInts("kernel_shape"); ks != nil && !tensor.Equal(ks, w[2:]) {
		b.fail("kernel_shape %v, but weights are %v", ks, w[2:])
	}
	c.KH, c.KW = b.pair("weights", w[2:], spatial, 1, 1)
	c.StrideY, c.StrideX = b.pair("strides", b.attrInts("strides"), spatial, 1, 1)
	c.DilationY, c.DilationX = b.pair("dilations", b.attrInts("dilations"), spatial, 1, 1)
	op := b.attrInts("output_padding")
	if op != nil {
		c.OutputPadY, c.OutputPadX = b.pair("output_padding", op, spatial, 0, 0)
		if spatial == 1 {
			c.OutputPadY = 0
		}
	}
	pads, size := b.attrInts("pads"), b.attrInts("output_shape")
	auto := b.attrString("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	if b.err != nil {
		return nil
	}
	if pads != nil && len(pads) != 2*spatial || size != nil && len(size) != spatial && len(size) != spatial+2 {
		b.fail("pads %v, output_shape %v for %d spatial axes", pads, size, spatial)
		return nil
	}
	for _, p := range pads {
		if p < 0 || p > 1<<20 {
			b.fail("pads is %v", pads)
			return nil
		}
	}
	if size != nil {
		size = size[len(size)-spatial:]
	}
	axis := func(i, in, k, stride, dilation, extra int) (out, before int) {
		full := (in-1)*stride + (k-1)*dilation + 1 + extra
		var p0, p1 int
		if pads != nil {
			p0, p1 = pads[i], pads[i+spatial]
		}
		if size != nil || auto == "SAME_UPPER" || auto == "SAME_LOWER" {
			want := in * stride
			if size != nil {
				want = size[i]
			}
			if size == nil { // a kernel smaller than its stride ends early, as ONNX's shape inference has it
				want = min(want, full)
			}
			if want < 1 || want-full >= stride {
				b.fail("output_shape %v, but an input of %d makes %d to %d", size, in, full, full+stride-1)
			}
			total := max(full-want, 0)
			p0 = total / 2
			if auto != "SAME_UPPER" { // ONNX: the odd one goes first unless SAME_UPPER
				p0 = total - total/2
			}
			return want, p0
		}
		if auto == "VALID" {
			p0, p1 = 0, 0
		}
		return full - p0 - p1, p0
	}
	c.OH = 1
	if spatial == 2 {
		c.OH, c.PadTop = axis(0, c.H, c.KH, c.StrideY, c.DilationY, c.OutputPadY)
	}
	c.OW, c.PadLeft = axis(spatial-1, c.W, c.KW, c.StrideX, c.DilationX, c.OutputPadX)
	if c.OH < 1 || c.OW < 1 {
		b.fail("output of %d×%d", c.OH, c.OW)
		return nil
	}
	return c
}

// buildConvTranspose gathers: each output pixel sums the source pixels whose window covers it.
func buildConvTranspose(b *build) *Impl {
	if !b.arity(2, 3) || !b.want(0, tensor.Float32) || !b.want(1, tensor.Float32) || !b.want(2, tensor.Float32) {
		return nil
	}
	c := b.conv(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil {
		return nil
	}
	if v := b.in(2); v != nil && (len(v.Shape) != 1 || v.Shape[0] != c.Out) {
		return b.fail("bias has shape %v for %d channels", v.Shape, c.Out)
	}
	hasBias := b.in(2) != nil
	ig, og := c.In/c.Groups, c.Out/c.Groups
	impl := one(tensor.Float32, c.OutShape(), c.N*c.Out*c.OH, func(in, out []*tensor.T, lo, hi int) {
		x, w, y := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			oy, oc, n := u%c.OH, u/c.OH%c.Out, u/(c.OH*c.Out)
			row := y[u*c.OW:][:c.OW]
			var bias float32
			if hasBias {
				bias = tensor.View[float32](in[2])[oc]
			}
			for i := range row {
				row[i] = bias
			}
			g := oc / og
			for ic := g * ig; ic < (g+1)*ig; ic++ {
				for ky := range c.KH {
					top := oy + c.PadTop - ky*c.DilationY
					if top < 0 || top%c.StrideY != 0 || top/c.StrideY >= c.H {
						continue
					}
					src := x[((n*c.In+ic)*c.H+top/c.StrideY)*c.W:][:c.W]
					kernel := w[((ic*og+oc%og)*c.KH+ky)*c.KW:][:c.KW]
					c.scatter(row, src, kernel)
				}
			}
		}
	})
	impl.MACs = int64(c.N) * int64(c.H) * int64(c.W) * int64(c.In) * int64(og) * int64(c.KH) * int64(c.KW)
	return impl
}

// scatter adds src[x]·kernel[k] to dst[x·stride − pad + k·dilation].
func (c *Conv) scatter(dst, src, kernel []float32) {
	for k, w := range kernel {
		at := k*c.DilationX - c.PadLeft
		for x, v := range src {
			if o := x*c.StrideX + at; o >= 0 && o < len(dst) {
				dst[o] += float32(v * w)
			}
		}
	}
}
