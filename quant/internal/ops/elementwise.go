package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// elementwise builds an element-wise operator of two broadcast operands of one type.
func elementwise(arith func(b *build, t tensor.DType) func(in, out []*tensor.T, s *spread, lo, hi int)) builder {
	return func(b *build) *Impl {
		b.ignore("axis", "broadcast")
		if !b.arity(2, 2) {
			return nil
		}
		x, y := b.In[0], b.In[1]
		if b.Op != "Pow" && x.Type != y.Type {
			return b.fail("inputs are of %v and %v", x.Type, y.Type)
		}
		out := b.broadcast(x.Shape, y.Shape)
		if b.err != nil {
			return nil
		}
		run := arith(b, x.Type)
		if run == nil {
			return b.fail("element type %v", x.Type)
		}
		s := newSpread(out, x.Shape, y.Shape)
		t := x.Type
		switch b.Op {
		case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
			t = tensor.Bool
		}
		return one(t, out, s.rows(), func(in, out []*tensor.T, lo, hi int) { run(in, out, s, lo, hi) })
	}
}

// rows2 applies f along the innermost rows of two operands.
func rows2[E, R tensor.Elem](f func(a, b E) R) func(in, out []*tensor.T, s *spread, lo, hi int) {
	return func(in, out []*tensor.T, s *spread, lo, hi int) {
		a, b := tensor.Cast[E](in[0].Data), tensor.Cast[E](in[1].Data)
		dst := tensor.Cast[R](out[0].Data)
		for r := lo; r < hi; r++ {
			i, j := s.offset(0, r), s.offset(1, r)
			d := dst[r*s.row:][:s.row]
			for k := range d {
				d[k] = f(a[i], b[j])
				i += s.inner[0]
				j += s.inner[1]
			}
		}
	}
}

type integer interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

type number interface {
	integer | ~float32 | ~float64
}

type rows = func(in, out []*tensor.T, s *spread, lo, hi int)

// byNumber instantiates a generic for each numeric element type.
func byNumber(t tensor.DType, f32, f64, u8, s8, u16, s16, u32, s32, u64, s64 func() rows) rows {
	table := map[tensor.DType]func() rows{
		tensor.Float32: f32, tensor.Float64: f64, tensor.Uint8: u8, tensor.Int8: s8, tensor.Uint16: u16,
		tensor.Int16: s16, tensor.Uint32: u32, tensor.Int32: s32, tensor.Uint64: u64, tensor.Int64: s64,
	}
	if f := table[t]; f != nil {
		return f()
	}
	return nil
}

// arithmetic is an operator defined for every numeric type.
func arithmetic(op string, t tensor.DType) rows {
	return byNumber(t, pick2[float32](op), pick2[float64](op), pick2[uint8](op), pick2[int8](op), pick2[uint16](op),
		pick2[int16](op), pick2[uint32](op), pick2[int32](op), pick2[uint64](op), pick2[int64](op))
}

func pick2[E number](op string) func() rows {
	return func() rows {
		switch op {
		case "Add":
			return rows2(func(a, b E) E { return a + b })
		case "Sub":
			return rows2(func(a, b E) E { return a - b })
		case "Mul":
			return rows2(func(a, b E) E { return a * b })
		case "Div":
			return rows2(divide[E])
		case "Min":
			return rows2(func(a, b E) E { return min(a, b) })
		case "Max":
			return rows2(func(a, b E) E { return max(a, b) })
		case "Mod":
			return rows2(modulo[E])
		case "Remainder":
			return rows2(remainder[E])
		case "Equal":
			return rows2(func(a, b E) uint8 { return bit(a == b) })
		case "Less":
			return rows2(func(a, b E) uint8 { return bit(a < b) })
		case "LessOrEqual":
			return rows2(func(a, b E) uint8 { return bit(a <= b) })
		case "Greater":
			return rows2(func(a, b E) uint8 { return bit(a > b) })
		case "GreaterOrEqual":
			return rows2(func(a, b E) uint8 { return bit(a >= b) })
		}
		return nil
	}
}

func bit(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

// divide truncates integers; an integer division by zero gives 0 where C has no answer.
func divide[E number](a, b E) E {
	if b == 0 && isInteger[E]() {
		return 0
	}
	return a / b
}

// isInteger reports whether E is an integer type: there 1/2 is 0.
func isInteger[E number]() bool {
	one, two := E(1), E(2)
	return one/two == 0
}

// modulo has the sign of the divisor, as ONNX's Mod with fmod = 0; an integer modulo 0 gives 0.
func modulo[E number](a, b E) E {
	r := remainder(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// remainder has the sign of the dividend, as C's % and fmod.
func remainder[E number](a, b E) E {
	if !isInteger[E]() {
		return E(math.Mod(float64(a), float64(b)))
	}
	if b == 0 {
		return 0
	}
	return a - a/b*b
}

func buildArithmetic(b *build) *Impl {
	op := b.Op
	if op == "Mod" && b.attrBool("fmod", false) {
		op = "Remainder"
	}
	return elementwise(func(b *build, t tensor.DType) func(in, out []*tensor.T, s *spread, lo, hi int) {
		return arithmetic(op, t)
	})(b)
}

// buildCompare is the comparisons; Equal also takes bool.
func buildCompare(b *build) *Impl {
	return elementwise(func(b *build, t tensor.DType) func(in, out []*tensor.T, s *spread, lo, hi int) {
		if t == tensor.Bool {
			if b.Op != "Equal" {
				return nil
			}
			t = tensor.Uint8
		}
		return arithmetic(b.Op, t)
	})(b)
}

// buildLogic is And, Or, Xor on bool.
func buildLogic(b *build) *Impl {
	return elementwise(func(b *build, t tensor.DType) func(in, out []*tensor.T, s *spread, lo, hi int) {
		if t != tensor.Bool {
			return nil
		}
		switch b.Op {
		case "And":
			return rows2(func(a, b uint8) uint8 { return a & b })
		case "Or":
			return rows2(func(a, b uint8) uint8 { return a | b })
		}
		return rows2(func(a, b uint8) uint8 { return a ^ b })
	})(b)
}

// buildVariadic is Min, Max, Sum and Mean of one or more operands: a fold of the two-operand form from left to right.
func buildVariadic(b *build) *Impl {
	if len(b.In) == 0 || !b.arity(len(b.In), len(b.In)) {
		return b.fail("no inputs")
	}
	op := b.Op
	if op == "Sum" || op == "Mean" {
		op = "Add"
	}
	t := b.In[0].Type
	shapes := make([][]int, len(b.In))
	for i, v := range b.In {
		if v.Type != t {
			return b.fail("inputs are of %v and %v", t, v.Type)
		}
		shapes[i] = v.Shape
	}
	out := b.broadcast(shapes...)
	if b.err != nil {
		return nil
	}
	fold := arithmetic(op, t)
	if fold == nil || (b.Op == "Mean" && t != tensor.Float32) {
		return b.fail("element type %v", t)
	}
	full := newSpread(out, append([][]int{out}, shapes...)...)
	mean := b.Op == "Mean"
	n := len(b.In)
	size := t.Size()
	// One spread per step: the running output against operand i.
	steps := make([]*spread, n)
	for i := range steps {
		steps[i] = &spread{shape: full.shape, row: full.row, step: [][]int{full.step[0], full.step[i+1]},
			inner: []int{full.inner[0], full.inner[i+1]}}
	}
	return one(t, out, full.rows(), func(in, out []*tensor.T, lo, hi int) {
		for r := lo; r < hi; r++ {
			first := in[0].Data[steps[0].offset(1, r)*size:]
			dst := out[0].Data[r*full.row*size:][:full.row*size]
			for k := range full.row {
				copy(dst[k*size:(k+1)*size], first[k*steps[0].inner[1]*size:])
			}
		}
		for i := 1; i < n; i++ {
			pair := [2]*tensor.T{out[0], in[i]}
			fold(pair[:], out, steps[i], lo, hi)
		}
		if mean {
			f := tensor.View[float32](out[0])[lo*full.row : hi*full.row]
			for i := range f {
				f[i] /= float32(n)
			}
		}
	})
}

// buildPow takes a float or integer base and any numeric exponent.
func buildPow(b *build) *Impl {
	impl := elementwise(func(b *build, t tensor.DType) func(in, out []*tensor.T, s *spread, lo, hi int) {
		e := b.In[1].Type
		if e == tensor.Bool || e == t && t != tensor.Float32 && t != tensor.Float64 && t != tensor.Int32 && t != tensor.Int64 {
			return nil
		}
		get, put := loader(e), storer(t)
		base := loader(t)
		if get == nil || put == nil || base == nil {
			return nil
		}
		return func(in, out []*tensor.T, s *spread, lo, hi int) {
			for r := lo; r < hi; r++ {
				i, j := s.offset(0, r), s.offset(1, r)
				for k := range s.row {
					put(out[0].Data, r*s.row+k, pow(base(in[0].Data, i), get(in[1].Data, j)))
					i += s.inner[0]
					j += s.inner[1]
				}
			}
		}
	})(b)
	if impl != nil {
		impl.Work = 16 * operations(product(impl.Out[0].Shape)) // what a power takes beside a sum, about
	}
	return impl
}

// buildPRelu is x where x ≥ 0, else slope·x; the slope broadcasts to x.
func buildPRelu(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(0, tensor.Float32) || !b.want(1, tensor.Float32) {
		return nil
	}
	out := b.broadcast(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil || !tensor.Equal(out, b.In[0].Shape) {
		return b.fail("slope %v does not broadcast to %v", b.In[1].Shape, b.In[0].Shape)
	}
	s := newSpread(out, b.In[0].Shape, b.In[1].Shape)
	f := rows2(func(x, slope float32) float32 {
		if x < 0 {
			return x * slope
		}
		return x
	})
	return one(tensor.Float32, out, s.rows(), func(in, out []*tensor.T, lo, hi int) { f(in, out, s, lo, hi) })
}

// buildWhere picks from two operands by a bool one.
func buildWhere(b *build) *Impl {
	if !b.arity(3, 3) || !b.want(0, tensor.Bool) {
		return nil
	}
	c, x, y := b.In[0], b.In[1], b.In[2]
	if x.Type != y.Type {
		return b.fail("inputs are of %v and %v", x.Type, y.Type)
	}
	out := b.broadcast(c.Shape, x.Shape, y.Shape)
	if b.err != nil {
		return nil
	}
	s := newSpread(out, c.Shape, x.Shape, y.Shape)
	size := x.Type.Size()
	return one(x.Type, out, s.rows(), func(in, out []*tensor.T, lo, hi int) {
		for r := lo; r < hi; r++ {
			i, j, k := s.offset(0, r), s.offset(1, r), s.offset(2, r)
			for e := range s.row {
				src := in[2].Data[k*size:]
				if in[0].Data[i] != 0 {
					src = in[1].Data[j*size:]
				}
				copy(out[0].Data[(r*s.row+e)*size:][:size], src)
				i += s.inner[0]
				j += s.inner[1]
				k += s.inner[2]
			}
		}
	})
}
