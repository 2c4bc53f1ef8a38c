package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx"
)

// lower writes QOperator nodes (QLinearConv, QLinearAdd, …) as what they mean: DequantizeLinear of each operand, the
// real operator, QuantizeLinear of its result. Planning then has one pattern to look for, and what it cannot keep in
// the integers runs in float.
func lower(nodes []onnx.Node) ([]onnx.Node, error) {
	any := false
	for i := range nodes {
		any = any || lowered[key(&nodes[i])] != nil
	}
	if !any {
		return nodes, nil
	}
	out := make([]onnx.Node, 0, 2*len(nodes))
	for i := range nodes {
		n := &nodes[i]
		f := lowered[key(n)]
		if f == nil {
			out = append(out, *n)
			continue
		}
		l := &lowering{n: n, out: out}
		f(l)
		if l.err != nil {
			return nil, fmt.Errorf("%s %q: %w", key(n), n.Name, l.err)
		}
		out = l.out
	}
	return out, nil
}

func key(n *onnx.Node) string {
	if n.Domain == "" {
		return n.Op
	}
	return n.Domain + "." + n.Op
}

var lowered = map[string]func(*lowering){
	"QLinearConv": func(l *lowering) {
		l.arity(8, 9)
		x, w := l.dequantize(0, 1, 2, nil), l.dequantize(3, 4, 5, onnx.Attrs{"axis": 0})
		l.quantize(6, 7, l.node("Conv", l.n.Attrs, x, w, l.bias(8, 1, 4)))
	},
	"com.microsoft.QLinearConv": func(l *lowering) {
		l.arity(8, 9)
		last, err := l.n.Attrs.Bool("channels_last", false)
		if err != nil {
			l.fail("%v", err)
		}
		x := l.in(0)
		if last { // of bytes, so that the pairs around the convolution stay beside it
			x = l.node("Transpose", onnx.Attrs{"perm": []int{0, 3, 1, 2}}, x)
		}
		x = l.node("DequantizeLinear", nil, x, l.in(1), l.in(2))
		w := l.dequantize(3, 4, 5, onnx.Attrs{"axis": 0})
		y := l.node("Conv", without(l.n.Attrs, "channels_last"), x, w, l.bias(8, 1, 4))
		if last {
			y = l.node("QuantizeLinear", nil, y, l.in(6), l.in(7))
			l.node("Transpose", onnx.Attrs{"perm": []int{0, 2, 3, 1}}, y)
			l.last()
			return
		}
		l.quantize(6, 7, y)
	},
	"QLinearMatMul": func(l *lowering) {
		l.arity(8, 8)
		a, b := l.dequantize(0, 1, 2, onnx.Attrs{"axis": -2}), l.dequantize(3, 4, 5, onnx.Attrs{"axis": -1})
		l.quantize(6, 7, l.node("MatMul", nil, a, b))
	},
	"com.microsoft.QGemm": func(l *lowering) {
		l.arity(6, 9)
		axis := 1
		if t, _ := l.n.Attrs.Bool("transB", false); t {
			axis = 0
		}
		a, b := l.dequantize(0, 1, 2, nil), l.dequantize(3, 4, 5, onnx.Attrs{"axis": axis})
		f := l.node("Gemm", l.n.Attrs, a, b, l.bias(6, 1, 4))
		if l.in(7) == "" {
			l.rename(f)
			return
		}
		l.quantize(7, 8, f)
	},
	"com.microsoft.QLinearAdd": func(l *lowering) { l.two("Add") },
	"com.microsoft.QLinearMul": func(l *lowering) { l.two("Mul") },
	"com.microsoft.QLinearConcat": func(l *lowering) {
		if len(l.n.Inputs) < 5 || (len(l.n.Inputs)-2)%3 != 0 {
			l.fail("%d inputs", len(l.n.Inputs))
			return
		}
		var parts []string
		for i := 2; i < len(l.n.Inputs); i += 3 {
			parts = append(parts, l.dequantize(i, i+1, i+2, nil))
		}
		l.quantize(0, 1, l.node("Concat", l.n.Attrs, parts...))
	},
	"com.microsoft.QLinearSigmoid":           func(l *lowering) { l.one("Sigmoid") },
	"com.microsoft.QLinearLeakyRelu":         func(l *lowering) { l.one("LeakyRelu") },
	"com.microsoft.QLinearAveragePool":       func(l *lowering) { l.pool("AveragePool") },
	"com.microsoft.QLinearGlobalAveragePool": func(l *lowering) { l.pool("GlobalAveragePool") },
	"com.microsoft.QLinearWhere": func(l *lowering) {
		l.arity(9, 9)
		l.quantize(7, 8, l.node("Where", nil, l.in(0), l.dequantize(1, 2, 3, nil), l.dequantize(4, 5, 6, nil)))
	},
	"com.microsoft.QLinearReduceMean": func(l *lowering) { l.one("ReduceMean") },
	"com.microsoft.QLinearSoftmax": func(l *lowering) {
		l.arity(4, 5)
		version, err := l.n.Attrs.Int("opset", 13)
		if err != nil || version < 7 || version > 28 {
			l.fail("opset is %v", l.n.Attrs["opset"])
		}
		attrs := without(l.n.Attrs, "opset")
		if attrs["axis"] == nil {
			attrs["axis"] = -1
		}
		x := l.node("Softmax", attrs, l.dequantize(0, 1, 2, nil))
		l.out[len(l.out)-1].Version = version // the attribute says whose Softmax it is
		l.quantize(3, 4, x)
	},
}

// lowering writes one node's replacement.
type lowering struct {
	n    *onnx.Node
	out  []onnx.Node
	made int
	err  error
}

func (l *lowering) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

func (l *lowering) arity(least, most int) {
	if n := len(l.n.Inputs); n < least || n > most {
		l.fail("%d inputs, want %d to %d", n, least, most)
	}
	if len(l.n.Outputs) != 1 || l.n.Outputs[0] == "" {
		l.fail("%d outputs, want 1", len(l.n.Outputs))
	}
}

func (l *lowering) in(i int) string {
	if i >= len(l.n.Inputs) {
		return ""
	}
	return l.n.Inputs[i]
}

// node adds a node and returns its output's name.
func (l *lowering) node(op string, attrs onnx.Attrs, in ...string) string {
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	l.made++
	name := fmt.Sprintf("%s %s %d", l.in(0), l.n.Name, l.made)
	if len(l.n.Outputs) > 0 {
		name = fmt.Sprintf("%s part %d", l.n.Outputs[0], l.made)
	}
	version := l.n.Version
	if l.n.Domain != "" { // that domain's, not the written nodes'
		version = 0
	}
	l.out = append(l.out, onnx.Node{Name: l.n.Name, Op: op, Attrs: attrs, Inputs: in, Outputs: []string{name}, Version: version})
	return name
}

// dequantize makes the real value of operands x, scale, zero; what is omitted stays omitted.
func (l *lowering) dequantize(x, scale, zero int, attrs onnx.Attrs) string {
	return l.node("DequantizeLinear", attrs, l.in(x), l.in(scale), l.in(zero))
}

// bias makes the real value of an int32 bias, whose scale is that of the input times that of the weights.
func (l *lowering) bias(i, xScale, wScale int) string {
	if l.in(i) == "" {
		return ""
	}
	scale := l.node("Mul", nil, l.in(xScale), l.in(wScale))
	return l.node("DequantizeLinear", onnx.Attrs{"axis": 0}, l.in(i), scale)
}

// quantize makes the node's output of a real value.
func (l *lowering) quantize(scale, zero int, v string) {
	l.node("QuantizeLinear", nil, v, l.in(scale), l.in(zero))
	l.last()
}

// last gives the node made last the original's output.
func (l *lowering) last() {
	if len(l.n.Outputs) > 0 {
		l.out[len(l.out)-1].Outputs = l.n.Outputs
	}
}

// rename gives v, the output of the node made last, the original's output name.
func (l *lowering) rename(string) { l.last() }

func (l *lowering) one(op string) {
	l.arity(4, 5)
	l.quantize(3, 4, l.node(op, l.n.Attrs, l.dequantize(0, 1, 2, nil)))
}

func (l *lowering) two(op string) {
	l.arity(7, 8)
	l.quantize(6, 7, l.node(op, nil, l.dequantize(0, 1, 2, nil), l.dequantize(3, 4, 5, nil)))
	l.out[len(l.out)-1].Attrs = onnx.Attrs{"of_integers": 1} // ties fall otherwise than between real numbers
}

// pool also takes channels-last maps.
func (l *lowering) pool(op string) {
	l.arity(4, 5)
	attrs := without(l.n.Attrs, "channels_last")
	if op == "AveragePool" && attrs["ceil_mode"] == 1 && attrs["count_include_pad"] == 1 {
		attrs["count_outside"] = 1 // ONNX Runtime's own operator divides by the whole window, even beyond the padding
	}
	nhwc, err := l.n.Attrs.Bool("channels_last", false)
	if err != nil {
		l.fail("%v", err)
	}
	x := l.dequantize(0, 1, 2, nil)
	if nhwc {
		x = l.node("Transpose", onnx.Attrs{"perm": []int{0, 3, 1, 2}}, x)
	}
	x = l.node(op, attrs, x)
	if nhwc {
		x = l.node("Transpose", onnx.Attrs{"perm": []int{0, 2, 3, 1}}, x)
	}
	l.quantize(3, 4, x)
}
