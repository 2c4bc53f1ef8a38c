package graph

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// attention is softmax(Q·Kᵀ·scale + bias)·V, as the function body of ONNX's Attention has it: operands of three axes are
// cut into heads, keys and values are shared by groups of query heads, softcap comes before the bias, and a query that
// may look at no key gives 0.
func (e *expansion) attention() {
	e.attrs("is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision",
		"left_window_size", "right_window_size")
	e.arity(3, 7)
	q, k, v := e.in(0), e.in(1), e.in(2)
	flat := len(e.shape(q)) == 3
	if flat {
		q, k, v = e.heads(q, "q_num_heads"), e.heads(k, "kv_num_heads"), e.heads(v, "kv_num_heads")
	}
	if e.err != nil || len(e.shape(q)) != 4 || len(e.shape(k)) != 4 || len(e.shape(v)) != 4 {
		e.fail("operands of shapes %v, %v, %v", e.shape(e.in(0)), e.shape(e.in(1)), e.shape(e.in(2)))
		return
	}
	past := 0
	if (e.in(4) == "") != (e.in(5) == "") || e.in(4) != "" && e.in(6) != "" {
		e.fail("past keys, past values and lengths do not go together")
		return
	}
	if e.in(4) != "" {
		if s := e.shape(e.in(4)); len(s) == 4 {
			past = s[2]
		}
		k, v = e.op("Concat", onnx.Attrs{"axis": 2}, e.in(4), k), e.op("Concat", onnx.Attrs{"axis": 2}, e.in(5), v)
	}
	e.give(1, "Identity", nil, k)
	e.give(2, "Identity", nil, v)
	if e.err != nil {
		return
	}
	qs, ks := e.shape(q), e.shape(k)
	k, v = e.repeat(k, qs[1]), e.repeat(v, qs[1])
	scale := float64(e.attrFloat("scale", float32(1/math.Sqrt(float64(qs[3])))))
	if !(scale > 0) {
		e.fail("scale is %v", scale)
		return
	}
	root := e.float(float32(math.Sqrt(scale)))
	k = e.op("Mul", nil, e.op("Transpose", onnx.Attrs{"perm": []int{0, 1, 3, 2}}, k), root)
	scores := e.op("MatMul", nil, e.op("Mul", nil, q, root), k)
	mode := e.attrInt("qk_matmul_output_mode", 0)
	if mode == 0 {
		e.give(3, "Identity", nil, scores)
	}
	if c := e.attrFloat("softcap", 0); c > 0 {
		scores = e.op("Mul", nil, e.op("Tanh", nil, e.op("Div", nil, scores, e.float(c))), e.float(c))
	}
	if mode == 1 {
		e.give(3, "Identity", nil, scores)
	}
	bias := e.bias(qs[0], qs[2], ks[2], past)
	if bias != "" {
		scores = e.op("Add", nil, scores, bias)
	}
	if mode == 2 {
		e.give(3, "Identity", nil, scores)
	}
	weights := e.op("Softmax", onnx.Attrs{"axis": -1}, scores)
	if bias != "" {
		none := e.op("IsInf", onnx.Attrs{"detect_positive": 0}, e.op("ReduceMax", nil, bias, e.ints(-1)))
		weights = e.op("Where", nil, none, e.float(0), weights)
	}
	if mode == 3 {
		e.give(3, "Identity", nil, weights)
	}
	if !flat {
		e.last("MatMul", nil, weights, v)
		return
	}
	y := e.op("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3}}, e.op("MatMul", nil, weights, v))
	e.last("Reshape", nil, y, e.ints(0, 0, -1))
}

// heads cuts [batch, length, heads·size] into [batch, heads, length, size].
func (e *expansion) heads(x, attr string) string {
	n, s := e.attrInt(attr, 0), e.shape(x)
	if len(s) != 3 || n < 1 || s[2]%n != 0 {
		e.fail("%s is %d for %v", attr, n, s)
		return x
	}
	x = e.op("Reshape", nil, x, e.ints(0, 0, int64(n), int64(s[2]/n)))
	return e.op("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3}}, x)
}

// repeat gives each of n query heads the key or value head of its group.
func (e *expansion) repeat(x string, n int) string {
	s := e.shape(x)
	if len(s) != 4 || s[1] == n {
		return x
	}
	if s[1] < 1 || n%s[1] != 0 {
		e.fail("%d query heads for %d of keys and values", n, s[1])
		return x
	}
	dims := func(v ...int) string {
		w := make([]int64, len(v))
		for i, d := range v {
			w[i] = int64(d)
		}
		return e.ints(w...)
	}
	x = e.op("Expand", nil, e.op("Unsqueeze", nil, x, e.ints(2)), dims(s[0], s[1], n/s[1], s[2], s[3]))
	return e.op("Reshape", nil, x, dims(s[0], n, s[2], s[3]))
}

// bias is what is added to the scores [batch, heads, q, kv]: the mask, what is causal, windows and lengths; "" for
// nothing. A key that must not be seen has −∞.
func (e *expansion) bias(batch, q, kv, past int) string {
	infinite, zero := e.float(float32(math.Inf(-1))), e.float(0)
	bias := ""
	add := func(b string) {
		if bias != "" {
			b = e.op("Add", nil, bias, b)
		}
		bias = b
	}
	if m := e.in(3); m != "" {
		if s := e.shape(m); len(s) > 0 && s[len(s)-1] < kv {
			pads := make([]int64, 2*len(s))
			pads[len(pads)-1] = int64(kv - s[len(s)-1])
			if e.kind(m) == tensor.Bool {
				m = e.op("Pad", nil, m, e.ints(pads...))
			} else {
				m = e.op("Pad", nil, m, e.ints(pads...), infinite)
			}
		}
		if e.kind(m) == tensor.Bool {
			m = e.op("Where", nil, m, zero, infinite)
		}
		add(m)
	}
	left, right := e.attrInt("left_window_size", -1), e.attrInt("right_window_size", -1)
	if e.attrInt("is_causal", 0) == 1 {
		right = 0
	}
	lengths := e.in(6)
	if left >= 0 || right >= 0 {
		// How far key j lies before query i, without the offset of the query block.
		if int64(q)*int64(kv) > 1<<24 {
			e.fail("%d queries of %d keys", q, kv)
			return ""
		}
		before := make([]int64, q*kv)
		for i := range before {
			before[i] = int64(i/kv+past) - int64(i%kv)
		}
		distance := e.constant(tensor.From(tensor.Int64, before, q, kv))
		if lengths != "" {
			offset := e.op("Sub", nil, e.op("Cast", onnx.Attrs{"to": int(tensor.Int64)}, lengths), e.ints(int64(q)))
			distance = e.op("Add", nil, distance, e.op("Reshape", nil, offset, e.ints(int64(batch), 1, 1, 1)))
		}
		if left >= 0 {
			add(e.op("Where", nil, e.op("LessOrEqual", nil, distance, e.ints(int64(left))), zero, infinite))
		}
		if right >= 0 {
			add(e.op("Where", nil, e.op("GreaterOrEqual", nil, distance, e.ints(int64(-right))), zero, infinite))
		}
	}
	if lengths != "" {
		place := make([]int64, kv)
		for i := range place {
			place[i] = int64(i)
		}
		n := e.op("Reshape", nil, e.op("Cast", onnx.Attrs{"to": int(tensor.Int64)}, lengths), e.ints(int64(batch), 1, 1, 1))
		add(e.op("Where", nil, e.op("Less", nil, e.ints(place...), n), zero, infinite))
	}
	return bias
}

// rotary turns pairs of a head's elements by angles whose sines and cosines are given.
func (e *expansion) rotary() {
	e.attrs("interleaved", "num_heads", "rotary_embedding_dim")
	e.arity(3, 4)
	x, cos, sin := e.in(0), e.in(1), e.in(2)
	original := e.shape(x)
	switch len(original) {
	case 4:
		x = e.op("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3}}, x)
	case 3:
		n := e.attrInt("num_heads", 0)
		if n < 1 || original[2]%n != 0 {
			e.fail("num_heads is %d for %v", n, original)
			return
		}
		x = e.op("Reshape", nil, x, e.ints(0, 0, int64(n), int64(original[2]/n)))
	default:
		e.fail("input has shape %v", original)
	}
	if e.err != nil {
		return
	}
	size := e.shape(x)[3]
	turned := e.attrInt("rotary_embedding_dim", 0)
	if turned == 0 {
		turned = size
	}
	if turned < 2 || turned > size || turned%2 != 0 {
		e.fail("rotary_embedding_dim is %d of %d", turned, size)
		return
	}
	slice := func(x string, from, to, step int) string {
		return e.op("Slice", nil, x, e.ints(int64(from)), e.ints(int64(to)), e.ints(3), e.ints(int64(step)))
	}
	if p := e.in(3); p != "" {
		cos, sin = e.op("Gather", nil, cos, p), e.op("Gather", nil, sin, p)
	}
	cos, sin = e.op("Unsqueeze", nil, cos, e.ints(2)), e.op("Unsqueeze", nil, sin, e.ints(2))
	a, b := "", ""
	interleaved := e.attrInt("interleaved", 0) == 1
	if interleaved {
		a, b = slice(x, 0, turned, 2), slice(x, 1, turned, 2)
	} else {
		a, b = slice(x, 0, turned/2, 1), slice(x, turned/2, turned, 1)
	}
	re := e.op("Sub", nil, e.op("Mul", nil, cos, a), e.op("Mul", nil, sin, b))
	im := e.op("Add", nil, e.op("Mul", nil, sin, a), e.op("Mul", nil, cos, b))
	if interleaved {
		re, im = e.op("Unsqueeze", nil, re, e.ints(-1)), e.op("Unsqueeze", nil, im, e.ints(-1))
	}
	y := e.op("Concat", onnx.Attrs{"axis": -1}, re, im)
	if interleaved {
		y = e.op("Reshape", nil, y, e.ints(0, 0, 0, int64(turned)))
	}
	if turned < size {
		y = e.op("Concat", onnx.Attrs{"axis": -1}, y, slice(x, turned, size, 1))
	}
	if len(original) == 4 {
		e.last("Transpose", onnx.Attrs{"perm": []int{0, 2, 1, 3}}, y)
		return
	}
	e.last("Reshape", nil, y, e.ints(0, 0, -1))
}
