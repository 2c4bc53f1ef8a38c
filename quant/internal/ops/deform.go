package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// buildDeformConv is the deformable convolution (Dai et al., 2017; modulated: Zhu et al., 2019): each tap reads the
// source at its place plus an offset, linearly interpolated, zeros outside, times a mask.
func buildDeformConv(b *build) *Impl {
	if !b.arity(3, 5) || !b.float32s() || !b.rank(0, 4) || !b.rank(1, 4) || !b.rank(2, 4) {
		return nil
	}
	c := b.conv(b.In[0].Shape, b.In[1].Shape)
	groups := b.attrInt("offset_group", 1)
	if b.err != nil {
		return nil
	}
	n := c.KH * c.KW
	if groups < 1 || c.In%groups != 0 || !tensor.Equal(b.In[2].Shape, []int{c.N, groups * n * 2, c.OH, c.OW}) {
		return b.fail("offsets of %v for %d offset groups and %d×%d windows of a %d×%d output", b.In[2].Shape, groups, c.KH, c.KW, c.OH, c.OW)
	}
	if v := b.in(3); v != nil && (len(v.Shape) != 1 || v.Shape[0] != c.Out) {
		return b.fail("bias has shape %v for %d channels", v.Shape, c.Out)
	}
	if v := b.in(4); v != nil && !tensor.Equal(v.Shape, []int{c.N, groups * n, c.OH, c.OW}) {
		return b.fail("mask has shape %v", v.Shape)
	}
	hasBias, hasMask := b.in(3) != nil, b.in(4) != nil
	ig, og, per := c.In/c.Groups, c.Out/c.Groups, c.In/groups
	impl := one(tensor.Float32, c.OutShape(), c.N*c.OH, func(in, out []*tensor.T, lo, hi int) {
		x, w, o := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](in[2])
		y := tensor.View[float32](out[0])
		size := c.OH * c.OW
		for u := lo; u < hi; u++ {
			image, oy := u/c.OH, u%c.OH
			for ox := range c.OW {
				at := oy*c.OW + ox
				for oc := range c.Out {
					sum := 0.0
					if hasBias {
						sum = float64(tensor.View[float32](in[3])[oc])
					}
					for k := range ig {
						ic := oc/og*ig + k
						plane, g := x[(image*c.In+ic)*c.H*c.W:][:c.H*c.W], ic/per
						for t := range n {
							off := o[(image*groups*n*2+(g*n+t)*2)*size+at:]
							py := float64(oy*c.StrideY-c.PadTop+t/c.KW*c.DilationY) + float64(off[0])
							px := float64(ox*c.StrideX-c.PadLeft+t%c.KW*c.DilationX) + float64(off[size])
							v := bilinear(plane, c.H, c.W, py, px) * float64(w[(oc*ig+k)*n+t])
							if hasMask {
								v *= float64(tensor.View[float32](in[4])[(image*groups*n+g*n+t)*size+at])
							}
							sum += float64(v)
						}
					}
					y[(image*c.Out+oc)*size+at] = float32(sum)
				}
			}
		}
	})
	impl.MACs = c.MACs()
	return impl
}

// bilinear is a plane's value between pixels, 0 outside.
func bilinear(plane []float32, h, w int, y, x float64) float64 {
	fy, fx := math.Floor(y), math.Floor(x)
	dy, dx := y-fy, x-fx
	at := func(y, x float64) float64 {
		if !(y >= 0 && y < float64(h) && x >= 0 && x < float64(w)) {
			return 0
		}
		return float64(plane[int(y)*w+int(x)])
	}
	top := float64((1-dx)*at(fy, fx)) + float64(dx*at(fy, fx+1))
	low := float64((1-dx)*at(fy+1, fx)) + float64(dx*at(fy+1, fx+1))
	return float64((1-dy)*top) + float64(dy*low)
}

// buildCol2Im adds columns of windows up to an image: the reverse of cutting it into them.
func buildCol2Im(b *build) *Impl {
	if !b.arity(3, 3) || !b.want(0, tensor.Float32) || !b.rank(0, 3) {
		return nil
	}
	image, block := b.ints(1, "image_shape"), b.ints(2, "block_shape")
	if b.err != nil {
		return nil
	}
	v := b.In[0]
	if spatial := len(block); spatial < 1 || spatial > 2 || len(image) != spatial || min(image[0], block[0], image[spatial-1], block[spatial-1]) < 1 {
		return b.fail("image_shape %v, block_shape %v: one or two axes are supported", image, block)
	}
	k := product(block)
	if k == 0 || v.Shape[1]%k != 0 {
		return b.fail("%d rows for blocks of %v", v.Shape[1], block)
	}
	c := v.Shape[1] / k
	w := b.window(append([]int{v.Shape[0], c}, image...), block, false)
	if b.err != nil {
		return nil
	}
	if w.oh*w.ow != v.Shape[2] {
		return b.fail("%d columns, the image has %d×%d windows", v.Shape[2], w.oh, w.ow)
	}
	out := append([]int{v.Shape[0], c}, image...)
	b.volume(out)
	return one(v.Type, out, v.Shape[0]*c, func(in, outs []*tensor.T, lo, hi int) {
		x, y := tensor.View[float32](in[0]), tensor.View[float32](outs[0])
		for u := lo; u < hi; u++ {
			plane := y[u*w.h*w.w:][:w.h*w.w]
			clear(plane)
			for t := range k {
				src := x[(u*k+t)*w.oh*w.ow:]
				for oy := range w.oh {
					sy := oy*w.sy - w.pt + t/w.kw*w.dy
					if sy < 0 || sy >= w.h {
						continue
					}
					for ox := range w.ow {
						if sx := ox*w.sx - w.pl + t%w.kw*w.dx; sx >= 0 && sx < w.w {
							plane[sy*w.w+sx] += src[oy*w.ow+ox]
						}
					}
				}
			}
		}
	})
}

// buildCenterCropPad crops or pads axes to given sizes around their middle; the odd one is at the end.
func buildCenterCropPad(b *build) *Impl {
	if !b.arity(2, 2) {
		return nil
	}
	v := b.In[0]
	sizes, axes := b.ints(1, "shape"), b.attrInts("axes")
	if axes == nil {
		for i := range v.Shape {
			axes = append(axes, i)
		}
	}
	b.axes(axes, len(v.Shape))
	if b.err != nil || len(sizes) != len(axes) {
		return b.fail("shape %v for %d axes", sizes, len(axes))
	}
	out, st := clone(v.Shape), strides(v.Shape)
	for i, a := range axes {
		if sizes[i] < 0 || sizes[i] > tensor.MaxElements {
			return b.fail("shape %v", sizes)
		}
		out[b.axis(a, len(out))] = sizes[i]
	}
	if b.volume(out); b.err != nil || !b.tables(out...) {
		return nil
	}
	from := make([][]int, len(out))
	for k := range out {
		shift := (v.Shape[k] - out[k]) / 2 // towards 0: the source's or the padding's first half
		from[k] = make([]int, out[k])
		for i := range from[k] {
			from[k][i] = fillMark
			if s := i + shift; s >= 0 && s < v.Shape[k] {
				from[k][i] = s * st[k]
			}
		}
	}
	return moved(v.Type, newMover(v.Type.Size(), out, from), out)
}
