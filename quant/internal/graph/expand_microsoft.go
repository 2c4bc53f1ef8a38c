package graph

import (
	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Attention as ONNX Runtime's optimiser and quantiser write it (com.microsoft), and its few-bit products.

// packedAttention is Attention with the products that make queries, keys and values: input [batch, length, in] times
// weights [in, q + k + v].
func (e *expansion) packedAttention() {
	e.attrs("num_heads", "unidirectional", "qkv_hidden_sizes", "mask_filter_value", "scale", "do_rotary", "past_present_share_buffer",
		"rotary_embedding_dim")
	e.arity(2, 7)
	if e.in(4) != "" || e.in(6) != "" || e.wants(1) {
		e.fail("past keys and values are not supported")
		return
	}
	e.split(e.op("MatMul", nil, e.in(0), e.in(1)), e.in(2), e.in(3), e.in(5))
}

// quantizedAttention is packedAttention of 8-bit input and weights.
func (e *expansion) quantizedAttention() {
	e.attrs("num_heads", "unidirectional", "mask_filter_value", "scale", "do_rotary", "past_present_share_buffer")
	e.arity(5, 9)
	if e.in(8) != "" || e.wants(1) {
		e.fail("past keys and values are not supported")
		return
	}
	x := e.op("DequantizeLinear", nil, e.in(0), e.in(3), e.in(6))
	w := e.op("DequantizeLinear", onnx.Attrs{"axis": 1}, e.in(1), e.in(4), e.in(7))
	e.split(e.op("MatMul", nil, x, w), e.in(2), e.in(5), "")
}

// split cuts queries, keys and values apart and attends.
func (e *expansion) split(qkv, bias, mask, scores string) {
	if e.attrInt("do_rotary", 0) != 0 {
		e.fail("do_rotary is not supported")
	}
	if bias != "" {
		qkv = e.op("Add", nil, qkv, bias)
	}
	s := e.shape(qkv)
	sizes, err := e.n.Attrs.Ints("qkv_hidden_sizes")
	if e.err != nil || err != nil || len(s) != 3 {
		e.fail("input has shape %v", e.shape(e.in(0)))
		return
	}
	if sizes == nil {
		sizes = []int{s[2] / 3, s[2] / 3, s[2] / 3}
	}
	if len(sizes) != 3 || sizes[0]+sizes[1]+sizes[2] != s[2] {
		e.fail("queries, keys and values of %v make no %d", sizes, s[2])
		return
	}
	parts := e.ops("Split", onnx.Attrs{"axis": 2}, []string{e.name(), e.name(), e.name()}, qkv,
		e.ints(int64(sizes[0]), int64(sizes[1]), int64(sizes[2])))
	e.attend(parts[0], parts[1], parts[2], mask, scores)
}

// multiHeadAttention has queries, keys and values apart, [batch, length, heads·size] each.
func (e *expansion) multiHeadAttention() {
	e.attrs("num_heads", "unidirectional", "mask_filter_value", "scale")
	e.arity(1, 10)
	for i := 6; i < 10; i++ {
		if e.in(i) != "" {
			e.fail("past keys and values are not supported")
			return
		}
	}
	q, k, v := e.in(0), e.in(1), e.in(2)
	if len(e.shape(q)) != 3 || len(e.shape(k)) != 3 || len(e.shape(v)) != 3 || e.wants(1) || e.wants(2) || e.wants(3) {
		e.fail("operands of shapes %v, %v, %v; only three of [batch, length, size] with one output are supported", e.shape(q), e.shape(k), e.shape(v))
		return
	}
	if b := e.in(3); b != "" {
		sizes := []int64{int64(e.shape(q)[2]), int64(e.shape(k)[2]), int64(e.shape(v)[2])}
		parts := e.ops("Split", onnx.Attrs{"axis": 0}, []string{e.name(), e.name(), e.name()}, b, e.ints(sizes...))
		q, k, v = e.op("Add", nil, q, parts[0]), e.op("Add", nil, k, parts[1]), e.op("Add", nil, v, parts[2])
	}
	e.attend(q, k, v, e.in(4), e.in(5))
}

// attend is ONNX's Attention. mask is 0 where a key is to be passed over, [batch, keys] or [batch, queries, keys], or the
// number of keys of each image, [batch]; scores are added.
func (e *expansion) attend(q, k, v, mask, scores string) {
	heads := e.attrInt("num_heads", 0)
	attrs := onnx.Attrs{"q_num_heads": heads, "kv_num_heads": heads}
	if s := e.attrFloat("scale", 0); s != 0 {
		attrs["scale"] = s
	}
	if e.attrInt("unidirectional", 0) == 1 {
		attrs["is_causal"] = 1
	}
	if mask != "" {
		s, keys := e.shape(mask), e.shape(k)
		switch {
		case len(s) == 1 && len(keys) == 3 && s[0] == keys[0]:
			place := make([]int64, keys[1])
			for i := range place {
				place[i] = int64(i)
			}
			n := e.op("Reshape", nil, e.op("Cast", onnx.Attrs{"to": int(tensor.Int64)}, mask), e.ints(-1, 1))
			mask = e.op("Less", nil, e.ints(place...), n)
		case len(s) == 2 || len(s) == 3:
			mask = e.op("Cast", onnx.Attrs{"to": int(tensor.Bool)}, mask)
		default:
			e.fail("mask has shape %v", s)
			return
		}
		mask = e.op("Where", nil, mask, e.float(0), e.float(e.attrFloat("mask_filter_value", -10000)))
		if len(s) == 3 {
			mask = e.op("Unsqueeze", nil, mask, e.ints(1))
		} else {
			mask = e.op("Unsqueeze", nil, mask, e.ints(1, 2))
		}
	}
	switch {
	case mask == "":
		mask = scores
	case scores != "":
		mask = e.op("Add", nil, mask, scores)
	}
	e.last("Attention", attrs, q, k, v, mask)
}

// matMulBits multiplies by weights [N, K] of 2, 4 or 8 bits, with a scale and a zero point for each block of K.
func (e *expansion) matMulBits() {
	e.attrs("K", "N", "bits", "block_size", "accuracy_level", "weight_prepacked")
	e.arity(3, 6)
	k, n, bits, block := e.attrInt("K", 0), e.attrInt("N", 0), e.attrInt("bits", 4), e.attrInt("block_size", 0)
	if e.in(4) != "" || e.attrInt("weight_prepacked", 0) != 0 {
		e.fail("weights in another order are not supported")
	}
	if k < 1 || n < 1 || block < 16 || block > 1<<20 || k > tensor.MaxElements || n > tensor.MaxElements/k || bits != 2 && bits != 4 && bits != 8 {
		e.fail("K %d, N %d, %d bits, blocks of %d", k, n, bits, block)
	}
	if e.err != nil {
		return
	}
	blocks := (k + block - 1) / block
	w := e.codes(1, n, blocks*block, k, bits)
	zero := ""
	switch e.kind(e.in(3)) {
	case tensor.Undefined:
		z, err := tensor.New(tensor.Uint8, n, blocks)
		if err != nil {
			e.fail("%w", err)
			return
		}
		for i := range z.Data {
			z.Data[i] = 1 << (bits - 1)
		}
		zero = e.constant(z)
	case tensor.Uint8:
		per := 8 / bits
		zero = e.codes(3, n, (blocks+per-1)/per*per, blocks, bits)
	default:
		e.fail("zero points are of %v", e.kind(e.in(3)))
	}
	scale := e.op("Reshape", nil, e.in(2), e.ints(int64(n), int64(blocks)))
	w = e.op("DequantizeLinear", onnx.Attrs{"axis": 1, "block_size": block}, w, scale, zero)
	y := e.op("MatMul", nil, e.in(0), e.op("Transpose", onnx.Attrs{"perm": []int{1, 0}}, w))
	if e.in(5) != "" {
		e.last("Add", nil, y, e.in(5))
		return
	}
	e.last("Identity", nil, y)
}

// codes is a constant operand of packed integers, rows of width elements of which keep count, as uint8 [rows, keep].
func (e *expansion) codes(i, rows, width, keep, bits int) string {
	v := e.b.values[e.in(i)]
	if e.err != nil || v == nil || !v.static || v.Type != tensor.Uint8 || product(v.Shape) != rows*(width*bits/8) {
		e.fail("input %d: %d rows of %d elements of %d bits must be a constant of bytes", i, rows, width, bits)
		return ""
	}
	t, err := e.b.g.Constant(v)
	if err == nil {
		err = e.b.g.budget.fold(int64(rows*keep), int64(rows*keep))
	}
	if err != nil {
		e.fail("%w", err)
		return ""
	}
	out, err := tensor.New(tensor.Uint8, rows, keep)
	if err != nil {
		e.fail("%w", err)
		return ""
	}
	per, mask := 8/bits, byte(1<<bits-1)
	for r := range rows {
		from, to := t.Data[r*width/per:], out.Data[r*keep:][:keep]
		for c := range to {
			to[c] = from[c/per] >> (c % per * bits) & mask
		}
	}
	return e.constant(out)
}

// channelsLastPool is a MaxPool of [N, H, W, C].
func (e *expansion) channelsLastPool() {
	e.arity(1, 1)
	x := e.op("Transpose", onnx.Attrs{"perm": []int{0, 3, 1, 2}}, e.in(0))
	e.last("Transpose", onnx.Attrs{"perm": []int{0, 2, 3, 1}}, e.op("MaxPool", e.n.Attrs, x))
}

// batchStatistics is a BatchNormalization that a file left in training mode: by the mean and variance of what it
// normalizes. The running ones are outputs 1 and 2.
func (e *expansion) batchStatistics() {
	e.attrs("epsilon", "momentum", "training_mode")
	e.arity(5, 5)
	x, rank := e.in(0), len(e.shape(e.in(0)))
	if rank < 2 {
		e.fail("input has shape %v", e.shape(x))
		return
	}
	axes := []int{0}
	for i := 2; i < rank; i++ {
		axes = append(axes, i)
	}
	list := make([]int64, len(axes))
	for i, a := range axes {
		list[i] = int64(a)
	}
	mean := e.op("ReduceMean", nil, x, e.ints(list...))
	d := e.op("Sub", nil, x, mean)
	variance := e.op("ReduceMean", onnx.Attrs{"keepdims": 0}, e.op("Mul", nil, d, d), e.ints(list...))
	mean = e.op("Reshape", nil, mean, e.ints(-1))
	m := e.attrFloat("momentum", 0.9)
	for i, batch := range []string{mean, variance} {
		if e.wants(i + 1) {
			e.give(i+1, "Add", nil, e.op("Mul", nil, e.in(3+i), e.float(m)), e.op("Mul", nil, batch, e.float(1-m)))
		}
	}
	attrs := onnx.Attrs{"epsilon": e.attrFloat("epsilon", 1e-5)}
	e.last("BatchNormalization", attrs, x, e.in(1), e.in(2), mean, variance)
}
