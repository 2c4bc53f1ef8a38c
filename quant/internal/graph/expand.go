package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// expansion writes one node as several simpler ones, which are checked as they are made: unlike lowering it sees types
// and shapes. Operators that ONNX or ONNX Runtime define as functions of others are expanded.
type expansion struct {
	b    *builder
	n    *onnx.Node
	made int
	err  error
}

// expansionVersion is the opset that expansions are written in, whatever the model's.
const expansionVersion = 18

// expander is what writes a node as others, nil for an operator that stays.
func expander(n *onnx.Node) func(*expansion) {
	switch key(n) {
	case "Attention":
		return (*expansion).attention
	case "RotaryEmbedding":
		return (*expansion).rotary
	case "SwiGLU":
		return func(e *expansion) {
			e.attrs("alpha")
			e.arity(2, 2)
			e.last("Mul", nil, e.op("Mul", nil, e.in(0), e.op("Sigmoid", nil, e.op("Mul", nil, e.in(0), e.float(e.attrFloat("alpha", 1))))), e.in(1))
		}
	case "com.microsoft.FusedConv":
		return (*expansion).fusedConv
	case "com.microsoft.FusedGemm":
		return (*expansion).fusedGemm
	case "BatchNormalization":
		if n.Attrs["training_mode"] == 1 {
			return (*expansion).batchStatistics
		}
	case "SequenceConstruct":
		return (*expansion).sequenceConstruct
	case "SequenceEmpty":
		return (*expansion).sequenceConstruct
	case "SequenceInsert":
		return (*expansion).sequenceInsert
	case "SequenceErase":
		return (*expansion).sequenceErase
	case "SequenceAt":
		return (*expansion).sequenceAt
	case "SequenceLength":
		return (*expansion).sequenceLength
	case "SplitToSequence":
		return (*expansion).splitToSequence
	case "ConcatFromSequence":
		return (*expansion).concatFromSequence
	case "com.microsoft.Attention":
		return (*expansion).packedAttention
	case "com.microsoft.QAttention":
		return (*expansion).quantizedAttention
	case "com.microsoft.MultiHeadAttention":
		return (*expansion).multiHeadAttention
	case "com.microsoft.MatMulNBits":
		return (*expansion).matMulBits
	case "com.microsoft.NhwcMaxPool":
		return (*expansion).channelsLastPool
	case "com.microsoft.Pad", "com.microsoft.Range", "com.microsoft.Trilu", "com.microsoft.GridSample", "com.microsoft.GatherND":
		return func(e *expansion) { e.last(n.Op, n.Attrs, n.Inputs...) }
	case "com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul":
		return (*expansion).fusedMatMul
	case "com.microsoft.FastGelu":
		return func(e *expansion) { e.biasGelu("tanh") }
	case "com.microsoft.BiasGelu":
		return func(e *expansion) { e.biasGelu("none") }
	case "com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization":
		return (*expansion).skipLayerNorm
	case "com.microsoft.MatMulIntegerToFloat":
		return (*expansion).matMulIntegerToFloat
	case "com.microsoft.DynamicQuantizeMatMul":
		return (*expansion).dynamicQuantizeMatMul
	}
	return nil
}

// expand replaces a node; ok is false for one that stays.
func (b *builder) expand(n *onnx.Node) (ok bool, err error) {
	f := expander(n)
	if f == nil {
		f = b.volume(n)
	}
	if f == nil {
		return false, nil
	}
	e := &expansion{b: b, n: n}
	f(e)
	if e.err == nil {
		for _, o := range n.Outputs {
			if _, list := b.sequences[o]; o != "" && b.values[o] == nil && !list {
				e.fail("output %q is not supported", o)
			}
		}
	}
	if e.err != nil {
		return true, fmt.Errorf("%s %q: %w", key(n), n.Name, e.err)
	}
	return true, nil
}

func firstOf(list []string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func (e *expansion) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// arity checks the number of operands and that the required ones are there.
func (e *expansion) arity(required, most int) {
	if len(e.n.Inputs) > most {
		e.fail("%d inputs, at most %d", len(e.n.Inputs), most)
	}
	for i := range required {
		if e.in(i) == "" {
			e.fail("input %d is missing", i)
		}
	}
}

// attrs refuses attributes that are not listed.
func (e *expansion) attrs(known ...string) {
	for name := range e.n.Attrs {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			e.fail("attribute %q is unknown", name)
		}
	}
}

// in is operand i's name, "" when omitted.
func (e *expansion) in(i int) string {
	if i >= len(e.n.Inputs) {
		return ""
	}
	return e.n.Inputs[i]
}

// wants reports whether output i is asked for.
func (e *expansion) wants(i int) bool { return i < len(e.n.Outputs) && e.n.Outputs[i] != "" }

// shape and kind are what is known of a value by name.
func (e *expansion) shape(name string) []int {
	if v := e.b.values[name]; v != nil {
		return v.Shape
	}
	return nil
}

func (e *expansion) kind(name string) tensor.DType {
	if v := e.b.values[name]; v != nil {
		return v.Type
	}
	return tensor.Undefined
}

func (e *expansion) attrInt(name string, absent int) int {
	v, err := e.n.Attrs.Int(name, absent)
	if err != nil {
		e.fail("%w", err)
	}
	return v
}

func (e *expansion) attrFloat(name string, absent float32) float32 {
	v, err := e.n.Attrs.Float(name, absent)
	if err != nil {
		e.fail("%w", err)
	}
	return v
}

// name is a fresh value's: an expansion inside an expansion may make the same output.
func (e *expansion) name() string {
	for {
		e.made++
		if name := fmt.Sprintf("%s part %d", firstOf(e.n.Outputs), e.made); e.b.values[name] == nil {
			return name
		}
	}
}

// op makes a node of one output.
func (e *expansion) op(op string, attrs onnx.Attrs, in ...string) string {
	return e.ops(op, attrs, []string{e.name()}, in...)[0]
}

// ops makes a node with outputs of the given names.
func (e *expansion) ops(op string, attrs onnx.Attrs, out []string, in ...string) []string {
	if e.err != nil {
		return out
	}
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	version := expansionVersion
	if op == "Gelu" || op == "RMSNormalization" {
		version = 23
	}
	n := &onnx.Node{Name: e.n.Name, Op: op, Attrs: attrs, Inputs: in, Outputs: out, Version: version}
	e.err = e.b.node(n)
	return out
}

// last makes a node whose output is the original's output 0.
func (e *expansion) last(op string, attrs onnx.Attrs, in ...string) { e.give(0, op, attrs, in...) }

// give makes a node whose output is the original's output i.
func (e *expansion) give(i int, op string, attrs onnx.Attrs, in ...string) {
	if e.wants(i) {
		e.ops(op, attrs, []string{e.n.Outputs[i]}, in...)
	}
}

// constant makes a value known at load.
func (e *expansion) constant(t *tensor.T) string {
	name := e.name()
	v := NewConstant(name, t)
	e.b.values[name] = v
	return name
}

func (e *expansion) ints(v ...int64) string {
	return e.constant(tensor.From(tensor.Int64, v, len(v)))
}

func (e *expansion) float(v float32) string {
	return e.constant(tensor.From(tensor.Float32, []float32{v}))
}
