// Package onnxgo runs this module's engine as a backend of github.com/owulveryck/onnx-go: a program written for onnx-go
// loads an int8 student, sets inputs, runs and reads outputs through onnx-go's own types.
//
// The one idea: onnx-go sees the graph, never the numbers. It cannot decode int8 initializers, drops metadata and panics
// on some files; so package quant reads, checks and plans the file, and onnx-go is handed a skeleton of it: the same
// nodes, names and edges, without attributes and initializers. The backend then keeps the tensors of inputs and outputs.
//
//	backend, err := onnxgo.Load("student.onnx", quant.Options{})
//	if err != nil { … }
//	defer backend.Close()
//	model := backend.Model() // an *onnx.Model, decoded
//	model.SetInput(0, pixels)
//	if err := backend.Run(); err != nil { … }
//	outputs, err := model.GetOutputTensors()
//
// Shapes and element types are the network's: [quant.Options] binds symbols, and its NHWC and ClassMap change them here
// as they do there.
//
// Limits: do not call the model's UnmarshalBinary, which would decode a second graph into the backend; its error says so.
// Written against onnx-go v0.5.0 and gorgonia.org/tensor v0.9.3. Nothing in this module imports this package, so the
// edge binary does not carry either library.
package onnxgo
