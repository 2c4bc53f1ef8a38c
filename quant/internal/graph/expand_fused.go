package graph

import (
	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// The operators of ONNX Runtime's optimiser, com.microsoft: see ContribOperators.md.

// without is the attributes but some.
func without(a onnx.Attrs, names ...string) onnx.Attrs {
	out := onnx.Attrs{}
	for k, v := range a {
		out[k] = v
	}
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// activate makes the activation that a fused node names, as its last node.
func (e *expansion) activate(x string, params []float32) {
	name, err := e.n.Attrs.String("activation", "")
	if err != nil {
		e.fail("%w", err)
		return
	}
	p := func(i int, absent float32) float32 {
		if i < len(params) {
			return params[i]
		}
		return absent
	}
	switch name {
	case "":
		e.last("Identity", nil, x)
	case "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign":
		e.last(name, nil, x)
	case "LeakyRelu":
		e.last(name, onnx.Attrs{"alpha": p(0, 0.01)}, x)
	case "HardSigmoid":
		e.last(name, onnx.Attrs{"alpha": p(0, 0.2), "beta": p(1, 0.5)}, x)
	case "Clip":
		if len(params) != 2 {
			e.fail("activation_params %v", params)
			return
		}
		e.last(name, nil, x, e.float(params[0]), e.float(params[1]))
	default:
		e.fail("activation %q", name)
	}
}

func (e *expansion) fusedConv() {
	e.arity(2, 4)
	params, err := e.n.Attrs.Floats("activation_params")
	if err != nil {
		e.fail("%w", err)
	}
	y := e.op("Conv", without(e.n.Attrs, "activation", "activation_params"), e.in(0), e.in(1), e.in(2))
	if e.in(3) != "" {
		y = e.op("Add", nil, y, e.in(3))
	}
	e.activate(y, params)
}

func (e *expansion) fusedGemm() {
	e.arity(2, 3)
	params := []float32{e.attrFloat("activation_alpha", 0.01), e.attrFloat("activation_beta", 0.5)}
	attrs := without(e.n.Attrs, "activation", "activation_alpha", "activation_beta", "activation_gamma")
	e.activate(e.op("Gemm", attrs, e.in(0), e.in(1), e.in(2)), params)
}

func (e *expansion) fusedMatMul() {
	e.attrs("alpha", "transA", "transB", "transBatchA", "transBatchB")
	e.arity(2, 2)
	if e.attrInt("transBatchA", 0)+e.attrInt("transBatchB", 0) != 0 {
		e.fail("transposed batches are not supported")
		return
	}
	turn := func(x, attr string) string {
		rank := len(e.shape(x))
		if e.attrInt(attr, 0) == 0 || rank < 2 {
			return x
		}
		perm := make([]int, rank)
		for i := range perm {
			perm[i] = i
		}
		perm[rank-1], perm[rank-2] = rank-2, rank-1
		return e.op("Transpose", onnx.Attrs{"perm": perm}, x)
	}
	a, b := turn(e.in(0), "transA"), turn(e.in(1), "transB")
	alpha := e.attrFloat("alpha", 1)
	if alpha == 1 {
		e.last("MatMul", nil, a, b)
		return
	}
	e.last("Mul", nil, e.op("MatMul", nil, a, b), e.float(alpha))
}

func (e *expansion) biasGelu(approximate string) {
	e.attrs()
	e.arity(1, 2)
	x := e.in(0)
	if e.in(1) != "" {
		x = e.op("Add", nil, x, e.in(1))
	}
	e.last("Gelu", onnx.Attrs{"approximate": approximate}, x)
}

func (e *expansion) skipLayerNorm() {
	e.attrs("epsilon")
	simple := e.n.Op == "SkipSimplifiedLayerNormalization"
	beta, bias := e.in(3), e.in(4)
	if simple {
		beta, bias = "", e.in(3)
	}
	e.arity(3, 5)
	x := e.op("Add", nil, e.in(0), e.in(1))
	if bias != "" {
		x = e.op("Add", nil, x, bias)
	}
	attrs := onnx.Attrs{"epsilon": e.attrFloat("epsilon", 1e-12), "axis": -1}
	if e.wants(3) {
		e.give(3, "Identity", nil, x)
	}
	if simple {
		e.last("RMSNormalization", attrs, x, e.in(2))
		return
	}
	e.last("LayerNormalization", attrs, x, e.in(2), beta)
}

// matMulIntegerToFloat is the integer product times both scales, and a bias.
func (e *expansion) matMulIntegerToFloat() {
	e.attrs()
	e.arity(4, 7)
	e.scaledProduct(e.in(0), e.in(1), e.in(2), e.in(3), e.in(4), e.in(5), e.in(6))
}

// dynamicQuantizeMatMul quantizes the left operand first.
func (e *expansion) dynamicQuantizeMatMul() {
	e.attrs()
	e.arity(3, 5)
	q := e.ops("DynamicQuantizeLinear", nil, []string{e.name(), e.name(), e.name()}, e.in(0))
	e.scaledProduct(q[0], e.in(1), q[1], e.in(2), q[2], e.in(3), e.in(4))
}

func (e *expansion) scaledProduct(a, b, aScale, bScale, aZero, bZero, bias string) {
	y := e.op("MatMulInteger", nil, a, b, aZero, bZero)
	y = e.op("Cast", onnx.Attrs{"to": int(tensor.Float32)}, y)
	scale := e.op("Mul", nil, aScale, bScale)
	if bias == "" {
		e.last("Mul", nil, y, scale)
		return
	}
	e.last("Add", nil, e.op("Mul", nil, y, scale), bias)
}
