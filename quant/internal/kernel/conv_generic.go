package kernel

// convGeneric runs every convolution: per output pixel it copies the window into scratch, in the order of the weights,
// and takes one dot product per output channel.
var convGeneric = convVariant{name: "conv_generic", run: convRunGeneric}

func convRunGeneric(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte) {
	zero := int32(p.c.Requant.Zero)
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			p.pixel(src, y, x, scratch, func(n int, acc int32) {
				b := requantize(acc, p.scale[n], zero, p.lo, p.hi)
				if p.c.Requant.Table != nil {
					b = p.c.Requant.Table[b]
				}
				dst.Data[dst.Offset(y, x, n)] = b
			})
		}
	}
}

// pixel computes the accumulators of all output channels of one pixel.
func (p *PackedConv) pixel(src *Map, y, x int, scratch []byte, put func(n int, acc int32)) {
	c := &p.c
	in, out := c.In/c.Groups, c.Out/c.Groups
	for g := range c.Groups {
		window := scratch[:p.depth]
		p.window(window, src, y, x, g*in, in)
		for n := g * out; n < (g+1)*out; n++ {
			put(n, p.bias[n]+dot(window, c.Weights[n*p.depth:(n+1)*p.depth], c.Type.flip(), p.weightZero(n)))
		}
	}
}

// window copies in channels from c0 of every tap of the output pixel (y, x); taps outside the map are the zero point.
func (p *PackedConv) window(window []byte, src *Map, y, x, c0, in int) {
	c := &p.c
	i := 0
	for ky := range c.KH {
		sy := y*c.StrideY + ky*c.DilationY - c.PadTop
		for kx := range c.KW {
			sx := x*c.StrideX + kx*c.DilationX - c.PadLeft
			inside := sy >= 0 && sy < src.H && sx >= 0 && sx < src.W
			for ch := c0; ch < c0+in; ch++ {
				if inside {
					window[i] = src.Data[src.Offset(sy, sx, ch)]
				} else {
					window[i] = byte(c.Zero)
				}
				i++
			}
		}
	}
}

// dot is Σ x·(w − zero), x read through flip (see Type).
func dot(x []byte, w []int8, flip byte, zero int32) int32 {
	w = w[:len(x)]
	var acc int32
	for i, b := range x {
		acc += (int32(b^flip) - int32(flip)) * (int32(w[i]) - zero)
	}
	return acc
}
