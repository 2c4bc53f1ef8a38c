// Package quant runs int8 networks: it reads ONNX files, plans them once and then computes without allocating.
//
// The one idea: loading compiles. The graph is checked, its shapes are inferred, constants folded, QuantizeLinear and
// DequantizeLinear pairs turned into integer operators, weights packed, every tensor given its place in one arena. Run
// is then a walk over a flat list of steps, whose rows a pool of workers shares; the result is the same bit for bit for
// any number of workers and on every CPU.
//
//	net, err := quant.Load("student.onnx", quant.Options{Threads: 2})
//	if err != nil { … }
//	defer net.Close()
//	copy(net.Inputs()[0].Uint8s(), pixels)
//	if err := net.Run(); err != nil { … }
//	classes := net.Outputs()[0].Uint8s()
//
// Model files are untrusted: sizes are bounded before memory is taken, and what cannot run is an error that names node,
// operator and reason.
//
// Limits: static shapes (symbols are bound at load), no control flow but an If whose condition follows from shapes,
// little-endian machines. The arithmetic is derived in docs/quantization.md, the operators are in docs/operators.md.
package quant
