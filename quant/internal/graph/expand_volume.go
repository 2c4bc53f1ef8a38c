package graph

import "github.com/depthwise/depthwise/quant/internal/onnx"

// Windows over three axes [N, C, D, H, W] are windows over two: a pool is one over height and width and then one over
// depth, since maxima, norms and means with their counts are separable; a convolution is a sum of ones over height and
// width, one for each tap of depth, with the slices of depth as images.

// volume is what writes a node over three axes, nil for another.
func (b *builder) volume(n *onnx.Node) func(*expansion) {
	if n.Domain != "" || len(n.Inputs) == 0 {
		return nil
	}
	if v := b.values[n.Inputs[0]]; v == nil || len(v.Shape) != 5 {
		return nil
	}
	switch n.Op {
	case "MaxPool", "AveragePool", "LpPool":
		return (*expansion).volumePool
	case "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool":
		return (*expansion).volumeGlobalPool
	case "Conv":
		return (*expansion).volumeConv
	case "ConvTranspose":
		return (*expansion).volumeConvTranspose
	}
	return nil
}

// window3 is the attributes of a window over three axes.
type window3 struct {
	strides, dilations []int
	pads               []int
	auto               string
}

// window3 reads and checks them.
func (e *expansion) window3() *window3 {
	w := &window3{}
	list := func(name string, n, absent, least int) []int {
		v, err := e.n.Attrs.Ints(name)
		if err != nil {
			e.fail("%w", err)
		}
		if v == nil {
			v = make([]int, n)
			for i := range v {
				v[i] = absent
			}
		}
		for _, x := range v {
			if len(v) != n || x < least || x > 1<<20 {
				e.fail("%s is %v for three axes", name, v)
				break
			}
		}
		return v
	}
	w.strides, w.dilations, w.pads = list("strides", 3, 1, 1), list("dilations", 3, 1, 1), list("pads", 6, 0, 0)
	var err error
	if w.auto, err = e.n.Attrs.String("auto_pad", "NOTSET"); err != nil {
		e.fail("%w", err)
	}
	return w
}

// plane is a node's attributes for height and width alone.
func (w *window3) plane(attrs onnx.Attrs, kernel []int) onnx.Attrs {
	out := without(attrs, "pads", "strides", "dilations", "kernel_shape", "output_padding", "output_shape")
	out["kernel_shape"], out["strides"], out["dilations"] = kernel[1:], w.strides[1:], w.dilations[1:]
	if w.auto == "NOTSET" {
		out["pads"] = []int{w.pads[1], w.pads[2], w.pads[4], w.pads[5]}
	}
	return out
}

// depth is a node's attributes for depth alone, with width 1 beside it.
func (w *window3) depth(attrs onnx.Attrs, kernel []int) onnx.Attrs {
	out := without(attrs, "pads", "strides", "dilations", "kernel_shape")
	out["kernel_shape"], out["strides"], out["dilations"] = []int{kernel[0], 1}, []int{w.strides[0], 1}, []int{w.dilations[0], 1}
	if w.auto == "NOTSET" {
		out["pads"] = []int{w.pads[0], 0, w.pads[3], 0}
	}
	return out
}

// reshape gives a value another shape.
func (e *expansion) reshape(x string, dims ...int) string {
	return e.op("Reshape", nil, x, e.dims(dims...))
}

// dims is a shape as a constant.
func (e *expansion) dims(dims ...int) string {
	v := make([]int64, len(dims))
	for i, d := range dims {
		v[i] = int64(d)
	}
	return e.ints(v...)
}

func (e *expansion) volumePool() {
	e.arity(1, 1)
	if e.wants(1) {
		e.fail("indices over three axes are not supported")
	}
	kernel, err := e.n.Attrs.Ints("kernel_shape")
	w := e.window3()
	if e.err != nil || err != nil || len(kernel) != 3 {
		e.fail("kernel_shape is %v for three axes", kernel)
		return
	}
	s := e.shape(e.in(0))
	x := e.op(e.n.Op, w.plane(e.n.Attrs, kernel), e.reshape(e.in(0), s[0], s[1]*s[2], s[3], s[4]))
	p := e.shape(x)
	if e.err != nil || len(p) != 4 {
		return
	}
	x = e.op(e.n.Op, w.depth(e.n.Attrs, kernel), e.reshape(x, s[0], s[1], s[2], p[2]*p[3]))
	if q := e.shape(x); e.err == nil && len(q) == 4 {
		e.last("Reshape", nil, x, e.dims(s[0], s[1], q[2], p[2], p[3]))
	}
}

func (e *expansion) volumeGlobalPool() {
	e.arity(1, 1)
	s := e.shape(e.in(0))
	x := e.op(e.n.Op, e.n.Attrs, e.reshape(e.in(0), s[0], s[1], s[2], s[3]*s[4]))
	e.last("Reshape", nil, x, e.dims(s[0], s[1], 1, 1, 1))
}

// slices is depth slices [from, from + n·step) of [N, D, …] as n images each.
func (e *expansion) slices(x string, from, n, step int) string {
	x = e.op("Slice", nil, x, e.dims(from), e.dims(from+(n-1)*step+1), e.ints(1), e.dims(step))
	s := e.shape(x)
	if e.err != nil || len(s) != 5 {
		return x
	}
	return e.reshape(x, s[0]*s[1], s[2], s[3], s[4])
}

// maxTaps bounds a kernel's depth: each tap becomes a convolution.
const maxTaps = 256

// kernel3 is a convolution's weights' shape over three axes.
func (e *expansion) kernel3() []int {
	k := e.shape(e.in(1))
	if len(k) != 5 || k[2] < 1 || k[2] > maxTaps {
		e.fail("weights have shape %v: three axes and at most %d taps of depth are supported", k, maxTaps)
	}
	if ks, err := e.n.Attrs.Ints("kernel_shape"); e.err == nil && (err != nil || ks != nil && !sameInts(ks, k[2:])) {
		e.fail("kernel_shape %v, but weights are %v", ks, k)
	}
	return k
}

func sameInts(a, b []int) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// tap is the weights of one tap of depth.
func (e *expansion) tap(k []int, i int) string {
	w := e.op("Slice", nil, e.in(1), e.dims(i), e.dims(i+1), e.ints(2))
	return e.reshape(w, k[0], k[1], k[3], k[4])
}

func (e *expansion) volumeConv() {
	e.arity(2, 3)
	w, k := e.window3(), e.kernel3()
	if e.err != nil {
		return
	}
	s := e.shape(e.in(0))
	reach := (k[2]-1)*w.dilations[0] + 1
	before, after := w.pads[0], w.pads[3]
	if w.auto != "NOTSET" {
		before, after = 0, 0
	}
	if w.auto == "SAME_UPPER" || w.auto == "SAME_LOWER" {
		out := (s[2] + w.strides[0] - 1) / w.strides[0]
		total := max((out-1)*w.strides[0]+reach-s[2], 0)
		before, after = total/2, total-total/2
		if w.auto == "SAME_LOWER" {
			before, after = after, before
		}
	}
	free := s[2] + before + after - reach
	if free < 0 {
		e.fail("the window of %d reaches beyond the padded input of %d", reach, s[2]+before+after)
		return
	}
	depth := free/w.strides[0] + 1
	x := e.op("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3, 4}}, e.in(0))
	if before+after > 0 {
		x = e.op("Pad", nil, x, e.dims(0, before, 0, 0, 0, 0, after, 0, 0, 0))
	}
	attrs, sum := w.plane(e.n.Attrs, k[2:]), ""
	for i := 0; i < k[2] && e.err == nil; i++ {
		image := e.slices(x, i*w.dilations[0], depth, w.strides[0])
		if i == 0 {
			sum = e.op("Conv", attrs, image, e.tap(k, i), e.in(2))
			continue
		}
		sum = e.op("Add", nil, sum, e.op("Conv", attrs, image, e.tap(k, i)))
	}
	p := e.shape(sum)
	if e.err != nil || len(p) != 4 {
		return
	}
	e.last("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3, 4}}, e.reshape(sum, s[0], depth, p[1], p[2], p[3]))
}

// volumeConvTranspose puts the slices that each tap makes of each slice of the input s apart, moves them to where the tap
// writes, and adds.
func (e *expansion) volumeConvTranspose() {
	e.arity(2, 3)
	w, k := e.window3(), e.kernel3()
	extra, err := e.n.Attrs.Ints("output_padding")
	if extra == nil {
		extra = []int{0, 0, 0}
	}
	if err != nil || len(extra) != 3 || min(extra[0], extra[1], extra[2]) < 0 || max(extra[0], extra[1], extra[2]) > 1<<20 {
		e.fail("output_padding is %v for three axes", extra)
	}
	if w.auto != "NOTSET" && w.auto != "VALID" || e.n.Attrs["output_shape"] != nil {
		e.fail("auto_pad %s and output_shape over three axes are not supported", w.auto)
	}
	if e.err != nil {
		return
	}
	if w.auto == "VALID" {
		w.pads = make([]int, 6)
	}
	s, step := e.shape(e.in(0)), w.strides[0]
	reached := (s[2]-1)*step + 1
	depth := reached + (k[2]-1)*w.dilations[0] + extra[0] - w.pads[0] - w.pads[3]
	if depth < 1 {
		e.fail("output of depth %d", depth)
		return
	}
	attrs := w.plane(e.n.Attrs, k[2:])
	attrs["output_padding"] = extra[1:]
	x := e.op("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3, 4}}, e.in(0))
	x, sum := e.slices(x, 0, s[2], 1), ""
	for i := 0; i < k[2] && e.err == nil; i++ {
		y := e.op("ConvTranspose", attrs, x, e.tap(k, i))
		p := e.shape(y)
		if e.err != nil || len(p) != 4 {
			return
		}
		size := p[1] * p[2] * p[3]
		y = e.reshape(y, s[0], s[2], 1, size)
		if step > 1 {
			y = e.op("Pad", nil, y, e.dims(0, 0, 0, 0, 0, 0, step-1, 0))
		}
		y = e.reshape(y, s[0], s[2]*step, p[1], p[2], p[3])
		before := i*w.dilations[0] - w.pads[0]
		y = e.op("Pad", nil, y, e.dims(0, before, 0, 0, 0, 0, depth-before-s[2]*step, 0, 0, 0))
		if sum == "" {
			sum = y
			continue
		}
		sum = e.op("Add", nil, sum, y)
	}
	if b := e.in(2); b != "" {
		sum = e.op("Add", nil, sum, e.reshape(b, -1, 1, 1))
	}
	e.last("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3, 4}}, sum)
}
