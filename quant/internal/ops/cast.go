package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// loader reads element i of any numeric type or bool as a float64; nil for other types.
func loader(t tensor.DType) func(b []byte, i int) float64 {
	switch t {
	case tensor.Float32:
		return load[float32]
	case tensor.Float64:
		return load[float64]
	case tensor.Uint8, tensor.Bool:
		return load[uint8]
	case tensor.Int8:
		return load[int8]
	case tensor.Uint16:
		return load[uint16]
	case tensor.Int16:
		return load[int16]
	case tensor.Uint32:
		return load[uint32]
	case tensor.Int32:
		return load[int32]
	case tensor.Uint64:
		return load[uint64]
	case tensor.Int64:
		return load[int64]
	case tensor.Uint4, tensor.Uint2:
		return load[uint8]
	case tensor.Int4, tensor.Int2:
		return load[int8]
	}
	if t.IsSmallFloat() {
		return func(b []byte, i int) float64 { return float64(tensor.SmallToFloat(t, b[i])) }
	}
	return nil
}

// storer writes a float64 as element i. To integers it truncates and wraps, as ONNX Runtime's Cast does in range; beyond
// the type's range, where C has no answer, it saturates at int64 before wrapping.
func storer(t tensor.DType) func(b []byte, i int, v float64) {
	switch t {
	case tensor.Float32:
		return func(b []byte, i int, v float64) { tensor.Cast[float32](b)[i] = float32(v) }
	case tensor.Float64:
		return func(b []byte, i int, v float64) { tensor.Cast[float64](b)[i] = v }
	case tensor.Bool:
		return func(b []byte, i int, v float64) { b[i] = bit(v != 0) }
	case tensor.Uint8:
		return store[uint8]
	case tensor.Int8:
		return store[int8]
	case tensor.Uint16:
		return store[uint16]
	case tensor.Int16:
		return store[int16]
	case tensor.Uint32:
		return store[uint32]
	case tensor.Int32:
		return store[int32]
	case tensor.Uint64:
		return store[uint64]
	case tensor.Int64:
		return store[int64]
	case tensor.Uint4, tensor.Int4, tensor.Uint2, tensor.Int2:
		return func(b []byte, i int, v float64) {
			store[int8](b, i, v)
			b[i] = byte(tensor.Wrap(t, int64(int8(b[i]))))
		}
	}
	if t.IsSmallFloat() {
		return func(b []byte, i int, v float64) { b[i] = tensor.FloatToSmall(t, float32(v), true) }
	}
	return nil
}

func load[E number](b []byte, i int) float64 { return float64(tensor.Cast[E](b)[i]) }

func store[E integer](b []byte, i int, v float64) {
	var w int64
	switch {
	case v != v:
	case v >= math.MaxInt64:
		w = math.MaxInt64
		if v < math.MaxUint64 {
			w = int64(uint64(v))
		}
	case v <= math.MinInt64:
		w = math.MinInt64
	default:
		w = int64(v)
	}
	tensor.Cast[E](b)[i] = E(w)
}

// Half precision lives outside the graph alone: a network computes in float32 what a file declares in float16 or
// bfloat16. [Widen] and [Narrow], of domain [Border], convert its inputs and outputs; a Cast to half precision rounds.
const (
	Border = "depthwise"
	Widen  = "Widen"
	Narrow = "Narrow"
)

func buildWiden(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float16, tensor.BFloat16) {
		return nil
	}
	from := tensor.HalfToFloat
	if b.In[0].Type == tensor.BFloat16 {
		from = tensor.BFloatToFloat
	}
	n := b.volume(b.In[0].Shape)
	return one(tensor.Float32, clone(b.In[0].Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		x, y := tensor.Cast[uint16](in[0].Data), tensor.View[float32](out[0])
		for i := lo; i < hi; i++ {
			y[i] = from(x[i])
		}
	})
}

func buildNarrow(b *build) *Impl {
	if !b.arity(1, 1) || !b.want(0, tensor.Float32) {
		return nil
	}
	t := tensor.DType(b.attrInt("to", 0))
	to := half(t)
	if to == nil {
		return b.fail("cannot narrow to %v", t)
	}
	n := b.volume(b.In[0].Shape)
	return one(t, clone(b.In[0].Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		x, y := tensor.View[float32](in[0]), tensor.Cast[uint16](out[0].Data)
		for i := lo; i < hi; i++ {
			y[i] = to(x[i])
		}
	})
}

// half rounds to a type of half precision; nil for other types.
func half(t tensor.DType) func(float32) uint16 {
	switch t {
	case tensor.Float16:
		return tensor.FloatToHalf
	case tensor.BFloat16:
		return tensor.FloatToBFloat
	}
	return nil
}

// castHalf rounds to half precision and keeps the result as float32.
func (b *build) castHalf(to tensor.DType) *Impl {
	v := b.In[0]
	get := loader(v.Type)
	if get == nil {
		return b.fail("cannot cast %v to %v", v.Type, to)
	}
	n := b.volume(v.Shape)
	return one(tensor.Float32, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		y := tensor.View[float32](out[0])
		for i := lo; i < hi; i++ {
			if x := float32(get(in[0].Data, i)); to == tensor.Float16 {
				y[i] = tensor.HalfToFloat(tensor.FloatToHalf(x))
			} else {
				y[i] = tensor.BFloatToFloat(tensor.FloatToBFloat(x))
			}
		}
	})
}

// buildCast converts element types.
func buildCast(b *build) *Impl {
	saturate := b.attrBool("saturate", true)
	mode := b.attrString("round_mode", "up", "down", "nearest")
	if !b.arity(1, 2) {
		return nil
	}
	v := b.In[0]
	to := tensor.DType(b.attrInt("to", 0))
	if b.Op == "CastLike" {
		if b.in(1) == nil {
			return b.fail("input 1 is missing")
		}
		to = b.In[1].Type
	}
	if to == tensor.Float16 || to == tensor.BFloat16 {
		return b.castHalf(to)
	}
	get, put := loader(v.Type), storer(to)
	if get == nil || put == nil {
		return b.fail("cannot cast %v to %v", v.Type, to)
	}
	switch {
	case to == tensor.Float8E8M0:
		put = func(b []byte, i int, v float64) { b[i] = tensor.FloatToExponent(float32(v), saturate, mode) }
	case to.IsSmallFloat():
		put = func(b []byte, i int, v float64) { b[i] = tensor.FloatToSmall(to, float32(v), saturate) }
	}
	n := b.volume(v.Shape)
	wide := to != tensor.Float32 && to != tensor.Float64 && to != tensor.Bool && to.PackedBits() >= 8 && !to.IsSmallFloat() // integers of whole bytes
	impl := one(to, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		switch {
		case v.Type == to:
			s := to.Size()
			copy(out[0].Data[lo*s:hi*s], in[0].Data[lo*s:hi*s])
		case v.Type == tensor.Int64 && wide:
			castInt64(out[0], tensor.View[int64](in[0]), lo, hi)
		default:
			for i := lo; i < hi; i++ {
				put(out[0].Data, i, get(in[0].Data, i))
			}
		}
	})
	impl.View = v.Type == to
	return impl
}

// castInt64 keeps all 64 bits, which float64 would not.
func castInt64(dst *tensor.T, src []int64, lo, hi int) {
	s := dst.Type.Size()
	for i := lo; i < hi; i++ {
		for k := range s {
			dst.Data[i*s+k] = byte(src[i] >> (8 * k))
		}
	}
}
