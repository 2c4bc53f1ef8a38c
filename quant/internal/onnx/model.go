package onnx

import "github.com/depthwise/depthwise/quant/internal/tensor"

// Model is an ONNX file as plain Go values.
type Model struct {
	IR       int64
	Producer string
	Opsets   map[string]int // version by domain; the default domain is ""
	Metadata map[string]string
	Graph    Graph
}

// Graph is a list of nodes over named values, in the file's order.
type Graph struct {
	Name         string
	Nodes        []Node
	Initializers []Initializer
	Inputs       []Value // without those that an initializer gives a value
	Outputs      []Value
}

// Initializer is a named constant. Its bytes may alias the file's: read only.
type Initializer struct {
	Name   string
	Tensor *tensor.T
}

// Value is a graph's input or output.
type Value struct {
	Name string
	Type tensor.DType
	Dims []Dim // nil when HasShape is false
	// HasShape is false when the file gives no shape at all, which a scalar's empty shape is not.
	HasShape bool
}

// Dim is a fixed size, or a symbol to be bound when the network is planned (Size -1; the symbol may be empty).
type Dim struct {
	Size   int
	Symbol string
}

// Node is one operator. An omitted optional input or output has the empty name.
type Node struct {
	Name   string
	Op     string
	Domain string // "" for the default domain ai.onnx
	// Overload picks among functions of one name; it is empty in a graph that was read.
	Overload string
	Inputs   []string
	Outputs  []string
	Attrs    Attrs

	// Version is the opset that a function or a rewriting wrote the node in; 0 is the model's.
	Version int
}
