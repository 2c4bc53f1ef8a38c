package plan

import (
	"fmt"
	"math"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// params are a tensor's quantization: real = scale × (q − zero).
type params struct {
	scale float32
	zero  int
	typ   tensor.DType
}

// native is the zero point in the kernels' type.
func (q params) native() int { return native(q.typ, q.zero) }

// paramsOf reads the scale and zero point operands of a QuantizeLinear or DequantizeLinear node: one of each for the
// whole tensor, known at load, 8 bits.
func (p *planner) paramsOf(n *graph.Node, t tensor.DType) (params, bool) {
	q := params{typ: t}
	if !t.IsInt8() {
		return q, false
	}
	s, z := n.Arg(1), n.Arg(2)
	if !s.Static() || product(s.Shape) != 1 || z != nil && (!z.Static() || product(z.Shape) != 1) {
		return q, false
	}
	st, err := p.g.Constant(s)
	if err != nil {
		return q, false
	}
	q.scale = tensor.View[float32](st)[0]
	if z != nil {
		zt, err := p.g.Constant(z)
		if err != nil {
			return q, false
		}
		q.zero = value8(zt.Data[0], t)
	}
	return q, usable(q.scale)
}

// usable reports whether a scale can be multiplied with: finite, normal and positive.
func usable(s float32) bool { return s >= 0x1p-126 && !math.IsInf(float64(s), 0) }

// value8 reads one byte of an 8-bit type.
func value8(b byte, t tensor.DType) int {
	if t == tensor.Int8 {
		return int(int8(b))
	}
	return int(b)
}

func isQuantize(n *graph.Node) bool {
	return n != nil && n.Op == "QuantizeLinear"
}

func isDequantize(n *graph.Node) bool {
	return n != nil && n.Op == "DequantizeLinear"
}

// dequantized says that v is the real value of an 8-bit run-time value.
func (p *planner) dequantized(v *graph.Value) (*graph.Value, params, bool) {
	if v == nil || v.Static() || !isDequantize(v.From) {
		return nil, params{}, false
	}
	src := v.From.In[0]
	q, ok := p.paramsOf(v.From, src.Type)
	return src, q, ok
}

// dequantizedEach says that v is the real value of an 8-bit map with a scale for each channel and one zero point; its
// parameters' scale is 1. x is nil where it is not.
func (p *planner) dequantizedEach(v *graph.Value) (x *graph.Value, q params, each []float32) {
	if v == nil || v.Static() || !isDequantize(v.From) {
		return nil, q, nil
	}
	n := v.From
	s, z := n.Arg(1), n.Arg(2)
	axis, _ := n.Attrs.Int("axis", 1)
	block, _ := n.Attrs.Int("block_size", 0)
	src := n.In[0]
	if !src.Type.IsInt8() || len(src.Shape) != 4 || axis != 1 && axis != -3 || block != 0 || !s.Static() || len(s.Shape) != 1 ||
		s.Shape[0] != src.Shape[1] || z != nil && !z.Static() {
		return nil, q, nil
	}
	st, err := p.g.Constant(s)
	if err != nil || st.Type != tensor.Float32 {
		return nil, q, nil
	}
	q = params{scale: 1, typ: src.Type}
	if z != nil {
		zt, err := p.g.Constant(z)
		if err != nil {
			return nil, q, nil
		}
		for _, b := range zt.Data {
			if b != zt.Data[0] {
				return nil, q, nil
			}
		}
		q.zero = value8(zt.Data[0], src.Type)
	}
	each = tensor.View[float32](st)
	for _, v := range each {
		if !usable(v) {
			return nil, q, nil
		}
	}
	return src, q, each
}

// weights are a constant operand as integers: real = scale[i] × (data − zero[i]), i along axis.
type weights struct {
	data  *tensor.T
	scale []float32 // one, or one per slice of axis
	zero  []int     // as long as scale
	axis  int
}

// quantizedConstant is v as 8-bit integers, when it is the dequantization of some.
func (p *planner) quantizedConstant(v *graph.Value) (*weights, bool) {
	if v == nil || !v.Static() || !isDequantize(v.From) {
		return nil, false
	}
	n := v.From
	src := n.In[0]
	typ := src.Type
	switch typ {
	case tensor.Int4, tensor.Int2: // kept one a byte, as int8 has them
		typ = tensor.Int8
	case tensor.Uint4, tensor.Uint2:
		typ = tensor.Uint8
	}
	if !typ.IsInt8() && typ != tensor.Int32 {
		return nil, false
	}
	data, err := p.g.Constant(src)
	if err != nil {
		return nil, false
	}
	data = &tensor.T{Type: typ, Shape: data.Shape, Data: data.Data}
	st, err := p.g.Constant(n.In[1])
	if err != nil {
		return nil, false
	}
	if block, _ := n.Attrs.Int("block_size", 0); block != 0 {
		return nil, false // no kernel has a scale a block
	}
	w := &weights{data: data, scale: tensor.View[float32](st)}
	w.axis, _ = n.Attrs.Int("axis", 1)
	if w.axis < 0 {
		w.axis += len(src.Shape)
	}
	w.zero = make([]int, len(w.scale))
	if z := n.Arg(2); z != nil {
		zt, err := p.g.Constant(z)
		if err != nil {
			return nil, false
		}
		for i := range w.zero {
			if typ == tensor.Int32 {
				w.zero[i] = int(tensor.View[int32](zt)[i])
			} else {
				w.zero[i] = value8(zt.Data[i], typ)
			}
		}
	}
	for _, s := range w.scale {
		if !usable(s) {
			return nil, false
		}
	}
	return w, true
}

// signed is 8-bit weights as s8 with zero points to match, nil when all are 0.
func (w *weights) signed(channels int) (data []int8, zero []int32) {
	x := byte(0)
	data = tensor.Cast[int8](w.data.Data) // the file's own bytes: read only
	if w.data.Type == tensor.Uint8 {
		x = 0x80
		data = make([]int8, len(w.data.Data))
		for i, b := range w.data.Data {
			data[i] = int8(b ^ x)
		}
	}
	any := false
	zero = make([]int32, channels)
	for i := range zero {
		z := w.zero[i%len(w.zero)]
		if len(w.zero) == 1 {
			z = w.zero[0]
		}
		zero[i] = int32(z) - int32(x)
		any = any || zero[i] != 0
	}
	if !any {
		zero = nil
	}
	return data, zero
}

// channelScale is input scale × weight scale / output scale of each channel, in float32 and in that order, as ONNX
// Runtime computes it.
func channelScale(x params, w *weights, y params, channels int) ([]float32, error) {
	out := make([]float32, channels)
	for i := range out {
		s := w.scale[0]
		if len(w.scale) > 1 {
			s = w.scale[i]
		}
		out[i] = x.scale * s / y.scale
		if !usable(out[i]) {
			return nil, fmt.Errorf("scale[%d] is %v × %v / %v", i, x.scale, s, y.scale)
		}
	}
	return out, nil
}

// biasOf is a convolution's bias in units of input scale × weight scale. A quantized bias is taken as it is when its
// own scale says so (to float32's precision), else rounded to those units.
func (p *planner) biasOf(v *graph.Value, x params, w *weights, channels int) ([]int32, bool) {
	if v == nil {
		return nil, true
	}
	if !v.Static() || product(v.Shape) != channels {
		return nil, false
	}
	unit := func(i int) float64 {
		s := w.scale[0]
		if len(w.scale) > 1 {
			s = w.scale[i]
		}
		return float64(x.scale * s)
	}
	out := make([]int32, channels)
	if q, ok := p.quantizedConstant(v); ok && q.data.Type == tensor.Int32 {
		ints := tensor.View[int32](q.data)
		for i := range out {
			j := i % len(q.scale)
			r := float64(q.scale[j]) / unit(i)
			switch {
			case q.zero[j] == 0 && math.Abs(r-1) < 1e-5:
				out[i] = ints[i]
			default:
				out[i] = saturate32(float64(int64(ints[i])-int64(q.zero[j])) * r)
			}
		}
		return out, true
	}
	t, err := p.g.Constant(v)
	if err != nil || t.Type != tensor.Float32 {
		return nil, false
	}
	for i, f := range tensor.View[float32](t) {
		if f != f {
			return nil, false
		}
		out[i] = saturate32(float64(f) / unit(i))
	}
	return out, true
}

// realBias is a bias that no quantization rounded, one value a channel; zeros for one that is absent.
func (p *planner) realBias(v *graph.Value, channels int) ([]float32, bool) {
	real := make([]float32, channels)
	if v == nil {
		return real, true
	}
	if !v.Static() || product(v.Shape) != channels || isDequantize(v.From) {
		return real, false
	}
	t, err := p.g.Constant(v)
	if err != nil || t.Type != tensor.Float32 {
		return real, false
	}
	copy(real, tensor.View[float32](t))
	return real, true
}

func saturate32(v float64) int32 {
	return int32(min(max(math.RoundToEven(v), math.MinInt32), math.MaxInt32))
}

// requant is how a unit's result is stored.
type requant struct {
	to     *graph.Value // the 8-bit value that the unit's own QuantizeLinear makes
	q      params
	table  *[256]byte   // fused activation over the kernels' bytes, nil = none
	stored *graph.Value // what is stored: to, or with a table the value that it makes of to
	lo, hi float32      // real bounds of a fused activation; lo > hi never
}

// clamp is the stored range in the kernels' type: the quantized bounds. Quantization is monotone, so clamping stored
// values is clamping real ones.
func (r *requant) clamp() (lo, hi int) {
	least, most := kernel.Native.Range()
	lo, hi = int(least), int(most)
	bound := func(v float32, absent int) int {
		if math.IsInf(float64(v), 0) {
			return absent
		}
		q := math.RoundToEven(float64(v/r.q.scale)) + float64(r.q.native())
		return int(min(max(q, float64(least)), float64(most)))
	}
	return bound(r.lo, lo), bound(r.hi, hi)
}

// store is the clamp and the table of a unit's result as the kernels take them. To them 0, 0 is no clamp: where it is
// meant, a table that gives 0 stands for it.
func (r *requant) store() (lo, hi int, table *[256]byte) {
	lo, hi = r.clamp()
	if lo == 0 && hi == 0 {
		return 0, 0, compose(new([256]byte), r.table)
	}
	return lo, hi, r.table
}
