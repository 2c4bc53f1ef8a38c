package ops

// window is a checked sliding window over one or two spatial axes: one axis is lifted to a height of 1.
type window struct {
	n, c           int // batch, channels in
	h, w           int // source
	kh, kw         int
	sy, sx, dy, dx int // strides and dilations
	pt, pl, pb, pr int // pads
	oh, ow         int
	spatial        int // 1 or 2
}

// pair reads a per-axis attribute as (y, x), checking its length and least value.
func (b *build) pair(name string, list []int, spatial, absent, least int) (y, x int) {
	if list == nil {
		if spatial == 1 {
			return max(absent, least), absent
		}
		return absent, absent
	}
	if len(list) != spatial {
		b.fail("%s has %d entries for %d spatial axes", name, len(list), spatial)
		return absent, absent
	}
	for _, v := range list {
		if v < least || v > 1<<20 {
			b.fail("%s is %v", name, list)
			return absent, absent
		}
	}
	if spatial == 1 {
		return 1, list[0]
	}
	return list[0], list[1]
}

// window reads the attributes that convolutions and pools share. shape is the source's, kernel the window's size or nil
// for the kernel_shape attribute.
func (b *build) window(shape, kernel []int, ceil bool) *window {
	spatial := len(shape) - 2
	if spatial < 1 || spatial > 2 {
		b.fail("input has shape %v: one or two spatial axes are supported", shape)
		return nil
	}
	w := &window{n: shape[0], c: shape[1], h: 1, w: shape[len(shape)-1], spatial: spatial}
	if spatial == 2 {
		w.h = shape[2]
	}
	ks := b.attrInts("kernel_shape")
	if kernel == nil {
		kernel = ks
		if kernel == nil {
			b.fail("attribute \"kernel_shape\" is missing")
		}
	} else if ks != nil && len(ks) == len(kernel) {
		for i := range ks {
			if ks[i] != kernel[i] {
				b.fail("kernel_shape %v, but weights are %v", ks, kernel)
			}
		}
	} else if ks != nil {
		b.fail("kernel_shape %v, but weights are %v", ks, kernel)
	}
	w.kh, w.kw = b.pair("kernel_shape", kernel, spatial, 1, 1)
	w.sy, w.sx = b.pair("strides", b.attrInts("strides"), spatial, 1, 1)
	w.dy, w.dx = b.pair("dilations", b.attrInts("dilations"), spatial, 1, 1)
	pads := b.attrInts("pads")
	auto := b.attrString("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	if b.err != nil {
		return nil
	}
	if pads != nil && len(pads) != 2*spatial {
		b.fail("pads has %d entries for %d spatial axes", len(pads), spatial)
		return nil
	}
	if auto == "NOTSET" {
		for _, p := range pads {
			if p < 0 || p > 1<<20 {
				b.fail("pads is %v", pads)
				return nil
			}
		}
		if pads != nil {
			w.pl, w.pr = pads[spatial-1], pads[2*spatial-1]
			if spatial == 2 {
				w.pt, w.pb = pads[0], pads[2]
			}
		}
	}
	w.oh, w.pt, w.pb = b.extent(w.h, w.kh, w.sy, w.dy, w.pt, w.pb, auto, ceil)
	w.ow, w.pl, w.pr = b.extent(w.w, w.kw, w.sx, w.dx, w.pl, w.pr, auto, ceil)
	return w
}

// extent is one axis' output size and its pads, resolved.
func (b *build) extent(in, k, stride, dilation, before, after int, auto string, ceil bool) (out, p0, p1 int) {
	reach := (k-1)*dilation + 1
	switch auto {
	case "SAME_UPPER", "SAME_LOWER":
		out = (in + stride - 1) / stride
		total := max((out-1)*stride+reach-in, 0)
		p0 = total / 2
		if auto == "SAME_LOWER" {
			p0 = total - total/2
		}
		return out, p0, total - p0
	case "VALID":
		before, after = 0, 0
	}
	free := in + before + after - reach
	if free < 0 {
		b.fail("the window of %d reaches beyond the padded input of %d", reach, in+before+after)
		return 1, before, after
	}
	out = free/stride + 1
	if ceil && free%stride != 0 && out*stride < in+before {
		out++ // the extra window must begin inside the input or its left padding
	}
	return out, before, after
}

// taps is the range of kernel taps [lo, hi) whose source index start + k·dilation lies in [0, n).
func taps(start, k, dilation, n int) (lo, hi int) {
	if start < 0 {
		lo = (-start + dilation - 1) / dilation
	}
	hi = k
	if last := n - 1 - start; last < 0 {
		hi = 0
	} else {
		hi = min(k, last/dilation+1)
	}
	return lo, max(hi, lo)
}
