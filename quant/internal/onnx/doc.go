// Package onnx reads ONNX files that nobody vouches for into a plain Go graph.
//
// The one idea: a file is scanned before it is decoded. The scanner walks the wire format with a table of the messages
// that we read, counts them against [Limits], drops what we don't read, and cuts every tensor's payload out, leaving
// only its place in the file. What protobuf then decodes is a small skeleton, so memory stays near the size of the file
// and a five-megabyte file cannot ask for gigabytes. Payloads alias the file's bytes wherever their alignment allows.
//
//	m, err := onnx.Load("student.onnx")
//	if err != nil { … }
//	for _, n := range m.Graph.Nodes { fmt.Println(n.Op, n.Inputs, n.Outputs) }
//
// Calls of model-local functions are written out as the nodes that they stand for.
//
// Limits: dense tensors only (no sparse initialisers, sequences, maps or optional values). Each is an error that names what
// was found. External data is read only from regular files inside the model's own folder.
//
// Source: onnx.proto of ONNX 1.23 (IR version 14) for field numbers and meanings.
package onnx
