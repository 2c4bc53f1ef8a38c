package ops

import "github.com/depthwise/depthwise/quant/internal/tensor"

// buildBitwise is BitwiseAnd, BitwiseOr, BitwiseXor and BitShift on integers.
func buildBitwise(b *build) *Impl {
	left := b.Op == "BitShift" && b.attrString("direction", "RIGHT", "LEFT") == "LEFT"
	return elementwise(func(b *build, t tensor.DType) rows {
		switch t {
		case tensor.Uint8:
			return bits[uint8](b.Op, left)
		case tensor.Uint16:
			return bits[uint16](b.Op, left)
		case tensor.Uint32:
			return bits[uint32](b.Op, left)
		case tensor.Uint64:
			return bits[uint64](b.Op, left)
		case tensor.Int8:
			return bits[int8](b.Op, left)
		case tensor.Int16:
			return bits[int16](b.Op, left)
		case tensor.Int32:
			return bits[int32](b.Op, left)
		case tensor.Int64:
			return bits[int64](b.Op, left)
		}
		return nil
	})(b)
}

func bits[E integer](op string, left bool) rows {
	switch op {
	case "BitwiseAnd":
		return rows2(func(a, b E) E { return a & b })
	case "BitwiseOr":
		return rows2(func(a, b E) E { return a | b })
	case "BitwiseXor":
		return rows2(func(a, b E) E { return a ^ b })
	}
	if left {
		return rows2(func(a, b E) E { return a << min(uint64(b), 64) })
	}
	return rows2(func(a, b E) E { return a >> min(uint64(b), 64) })
}

// buildBitwiseNot turns every bit of an integer over.
func buildBitwiseNot(b *build) *Impl {
	if !b.arity(1, 1) {
		return nil
	}
	v := b.In[0]
	if lo, _, ok := integerRange(v.Type); (!ok || lo > 0) && v.Type != tensor.Int64 && v.Type != tensor.Uint32 && v.Type != tensor.Uint64 {
		return b.fail("element type %v", v.Type)
	}
	n := b.volume(v.Shape) * v.Type.Size()
	return one(v.Type, clone(v.Shape), chunks(n), func(in, out []*tensor.T, lo, hi int) {
		lo, hi = span(lo, hi, n)
		for i := lo; i < hi; i++ {
			out[0].Data[i] = ^in[0].Data[i]
		}
	})
}
