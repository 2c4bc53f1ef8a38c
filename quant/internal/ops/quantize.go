package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// perAxis is how scale and zero point go with a tensor: one for all, one per slice of an axis, or one per block.
type perAxis struct {
	inner int // elements that share an entry, contiguously
	count int // entries along the axis
	// block is the slices of the axis that share an entry, n of them in all; 0 = an entry is a slice's.
	block, n, last int
}

// whole reports whether all elements share one entry.
func (p perAxis) whole() bool { return p.count == 1 && p.block == 0 }

func (p perAxis) index(i int) int {
	if p.block == 0 {
		return i / p.inner % p.count
	}
	return (i/(p.last*p.n)*p.count+i/p.last%p.n/p.block)*p.last + i%p.last
}

// scaleOf checks scale and zero point (operands i, i+1) against a tensor's shape.
func (b *build) scaleOf(shape []int, i int, zeroType tensor.DType) perAxis {
	s, z := b.in(i), b.in(i+1)
	axis := b.attrInt("axis", 1)
	block := b.attrInt("block_size", 0)
	if b.err != nil {
		return perAxis{inner: 1, count: 1}
	}
	if s.Type != tensor.Float32 {
		b.fail("scale is of %v", s.Type)
	}
	if z != nil && (z.Type != zeroType || product(z.Shape) != product(s.Shape)) {
		b.fail("zero point is %v of shape %v, want %v of shape %v", z.Type, z.Shape, zeroType, s.Shape)
	}
	b.checkScale(s)
	if block != 0 {
		return b.blocks(shape, s.Shape, axis, block)
	}
	if product(s.Shape) == 1 {
		return perAxis{inner: 1, count: 1}
	}
	if len(s.Shape) != 1 {
		b.fail("scale has shape %v", s.Shape)
		return perAxis{inner: 1, count: 1}
	}
	axis = b.axis(axis, len(shape))
	if b.err != nil {
		return perAxis{inner: 1, count: 1}
	}
	if shape[axis] != s.Shape[0] {
		b.fail("%d scales for %d slices of axis %d", s.Shape[0], shape[axis], axis)
		return perAxis{inner: 1, count: 1}
	}
	return perAxis{inner: max(product(shape[axis+1:]), 1), count: max(s.Shape[0], 1)}
}

// blocks is quantization in blocks along an axis: scales have the tensor's shape, the axis divided by the block's size.
func (b *build) blocks(shape, scales []int, axis, block int) perAxis {
	none := perAxis{inner: 1, count: 1}
	axis = b.axis(axis, len(shape))
	if b.err != nil || block < 1 || len(scales) != len(shape) {
		b.fail("block_size %d with scales of %v for %v", block, scales, shape)
		return none
	}
	for k, d := range shape {
		if k == axis {
			d = (d + block - 1) / block
		}
		if d != scales[k] || d < 1 {
			b.fail("block_size %d with scales of %v for %v", block, scales, shape)
			return none
		}
	}
	return perAxis{count: scales[axis], block: block, n: shape[axis], last: product(shape[axis+1:])}
}

// checkScale refuses a scale that cannot be one. A denormal scale is refused too: quotients overflow.
func (b *build) checkScale(s *Value) {
	if s.Const == nil || b.err != nil {
		return
	}
	for i, v := range tensor.View[float32](s.Const) {
		if !(v >= minNormal) || math.IsInf(float64(v), 0) {
			b.fail("scale[%d] is %v", i, v)
			return
		}
	}
}

// minNormal is the least normal float32.
const minNormal = 0x1p-126

// integerRange is the least and greatest value of a quantized type.
func integerRange(t tensor.DType) (lo, hi float64, ok bool) {
	switch t {
	case tensor.Uint8:
		return 0, math.MaxUint8, true
	case tensor.Int8:
		return math.MinInt8, math.MaxInt8, true
	case tensor.Uint16:
		return 0, math.MaxUint16, true
	case tensor.Int16:
		return math.MinInt16, math.MaxInt16, true
	case tensor.Int32:
		return math.MinInt32, math.MaxInt32, true
	case tensor.Uint4:
		return 0, 15, true
	case tensor.Int4:
		return -8, 7, true
	case tensor.Uint2:
		return 0, 3, true
	case tensor.Int2:
		return -2, 1, true
	}
	return 0, 0, false
}

// quantize is saturate(roundHalfEven(x/scale) + zero), the quotient in float32. NaN becomes lo.
func quantize(x, scale float32, zero, lo, hi float64) float64 {
	q := float64(x / scale)
	if q != q {
		return lo
	}
	return min(max(math.RoundToEven(q)+zero, lo), hi)
}

func buildQuantize(b *build) *Impl {
	b.ignore("of_integers", "precision")
	saturate := b.attrBool("saturate", true)
	if !b.arity(2, 3) || !b.want(0, tensor.Float32, tensor.Int32) {
		return nil
	}
	t := tensor.Uint8
	if z := b.in(2); z != nil {
		t = z.Type
	} else if d := b.attrInt("output_dtype", 0); d != 0 {
		t = tensor.DType(d)
	}
	b.ignore("output_dtype")
	lo, hi, ok := integerRange(t)
	if !ok && !t.IsSmallFloat() || t == tensor.Int32 || t == tensor.Float8E8M0 {
		return b.fail("quantizing to %v is not supported", t)
	}
	v := b.In[0]
	p := b.scaleOf(v.Shape, 1, t)
	if b.err != nil {
		return nil
	}
	get, zero, put := loader(v.Type), loader(t), storer(t)
	n := b.volume(v.Shape)
	if p.whole() && t.IsInt8() && v.Type == tensor.Float32 {
		return one(t, clone(v.Shape), chunks(n), func(in, out []*tensor.T, from, to int) {
			if from, to = span(from, to, n); from >= to {
				return
			}
			z := 0.0
			if len(in) > 2 && in[2] != nil {
				z = zero(in[2].Data, 0)
			}
			scale, y := tensor.View[float32](in[1])[0], out[0].Data
			for i, v := range tensor.View[float32](in[0])[from:to] {
				y[from+i] = byte(int(quantize(v, scale, z, lo, hi)))
			}
		})
	}
	return one(t, clone(v.Shape), chunks(n), func(in, out []*tensor.T, from, to int) {
		from, to = span(from, to, n)
		scales := tensor.View[float32](in[1])
		for i := from; i < to; i++ {
			k, z := p.index(i), 0.0
			if in[2:] != nil && len(in) > 2 && in[2] != nil {
				z = zero(in[2].Data, k)
			}
			if !ok {
				out[0].Data[i] = tensor.FloatToSmall(t, float32(get(in[0].Data, i))/scales[k]+float32(z), saturate)
				continue
			}
			put(out[0].Data, i, quantize(float32(get(in[0].Data, i)), scales[k], z, lo, hi))
		}
	})
}

func buildDequantize(b *build) *Impl {
	if !b.arity(2, 3) {
		return nil
	}
	if _, _, whole := integerRange(b.In[0].Type); !whole && !b.In[0].Type.IsSmallFloat() {
		return b.fail("input 0 is of %v", b.In[0].Type)
	}
	b.ignore("output_dtype")
	v := b.In[0]
	p := b.scaleOf(v.Shape, 1, v.Type)
	if b.err != nil {
		return nil
	}
	get := loader(v.Type)
	n := b.volume(v.Shape)
	if p.whole() && v.Type.IsInt8() {
		return one(tensor.Float32, clone(v.Shape), chunks(n), func(in, out []*tensor.T, from, to int) {
			if from, to = span(from, to, n); from >= to {
				return
			}
			var z int32
			read := widen(v.Type)
			if len(in) > 2 && in[2] != nil {
				z = read(in[2].Data, 0)
			}
			scale, y, flip := tensor.View[float32](in[1])[0], tensor.View[float32](out[0]), int32(0)
			if v.Type == tensor.Int8 { // a byte b is the value (b ^ 0x80) − 128
				flip = 0x80
				z += 128
			}
			for i, q := range in[0].Data[from:to] {
				y[from+i] = float32((int32(q)^flip)-z) * scale
			}
		})
	}
	return one(tensor.Float32, clone(v.Shape), chunks(n), func(in, out []*tensor.T, from, to int) {
		from, to = span(from, to, n)
		scales, y := tensor.View[float32](in[1]), tensor.View[float32](out[0])
		for i := from; i < to; i++ {
			k, z := p.index(i), 0.0
			if len(in) > 2 && in[2] != nil {
				z = get(in[2].Data, k)
			}
			y[i] = float32(get(in[0].Data, i)-z) * scales[k]
		}
	})
}

// buildDynamicQuantize finds scale and zero point at run time, after ONNX's DynamicQuantizeLinear: the range is widened
// to hold 0.
func buildDynamicQuantize(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	impl := &Impl{Units: 1, Out: []Value{{Type: tensor.Uint8, Shape: clone(b.In[0].Shape)},
		{Type: tensor.Float32, Shape: []int{}}, {Type: tensor.Uint8, Shape: []int{}}}}
	impl.Run = func(in, out []*tensor.T, _, _ int) {
		var low, high float32
		x := tensor.View[float32](in[0])
		for _, v := range x {
			low, high = min(low, v), max(high, v)
		}
		scale := (high - low) / 255
		if scale == 0 {
			scale = 1
		}
		zero := math.RoundToEven(min(max(float64(-low/scale), 0), 255))
		if out[0] != nil {
			for i, v := range x {
				out[0].Data[i] = byte(quantize(v, scale, zero, 0, 255))
			}
		}
		if len(out) > 1 && out[1] != nil {
			tensor.View[float32](out[1])[0] = scale
		}
		if len(out) > 2 && out[2] != nil {
			out[2].Data[0] = byte(zero)
		}
	}
	return impl
}
