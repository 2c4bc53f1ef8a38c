// Package ops knows what each ONNX operator means: which attributes and inputs it takes in which opset, what its outputs'
// types and shapes are, and how to compute it on plain row-major tensors.
//
// The one idea: [Build] checks a node once, against known shapes, and returns an [Impl] whose Run needs no further
// check, no allocation and no state. The same Impl folds constants at load, runs the float parts of a network, fills
// activation tables, and is the reference that integer kernels are held against.
//
//	impl, err := ops.Build(&ops.Node{Op: "Relu", Version: 17, In: []*ops.Value{{Type: tensor.Float32, Shape: []int{1, 8}}}, Outs: 1})
//	if err != nil { … }
//	impl.Run(in, out, 0, impl.Units)
//
// Float arithmetic is the same on every CPU: products are rounded before they are added (an explicit conversion keeps
// the compiler from fusing them), and exp, log, tanh and erf are our own, in float64.
//
// Limits: static shapes (an operator whose output shape depends on run-time data is refused), no control flow, no
// sequences, no training forms.
//
// Source: Operators.md of ONNX 1.23, and ContribOperators.md of ONNX Runtime for com.microsoft.
package ops
