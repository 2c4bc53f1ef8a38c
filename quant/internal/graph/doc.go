// Package graph turns an ONNX file's graph into nodes in execution order whose operators are checked, whose shapes are
// known, and whose constants are folded.
//
// The one idea: everything that depends on no input is a constant, computed on demand and once ([Graph.Constant]), by
// the same code that would run it. Shape arithmetic is asked for while shapes are inferred; a dequantized weight is
// asked for only where nobody takes the integers, so planning sees the pattern weight → DequantizeLinear → Conv.
//
//	g, err := graph.New(model, map[string][]int{"image": {1, 4, 240, 320}})
//	for _, n := range g.Nodes { fmt.Println(n.Op, n.In[0].Shape) }
//
// Limits: static shapes. A symbolic batch is 1 unless shapes say otherwise; any other symbol must be bound.
package graph
