package onnxgo

import (
	"fmt"

	gonnx "github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"
)

// Node is one value of the graph: an input, an output, a constant or a result between.
type Node struct {
	id       int64
	name     string
	operator string // the one that makes it, "" for inputs and constants
	place    *place // nil for values that are neither input nor output
	stray    bool   // made after the network was complete
}

var (
	_ gonnx.Namer       = (*Node)(nil)
	_ gonnx.DataCarrier = (*Node)(nil)
)

// ID is the node's number: inputs are counted from 0, outputs follow.
func (n *Node) ID() int64 { return n.id }

// SetName is called by onnx-go's decoder.
func (n *Node) SetName(name string) { n.name = name }

// GetName is the value's name in the model.
func (n *Node) GetName() string { return n.name }

// Operator is the ONNX operator that makes the value, "" for inputs and constants.
func (n *Node) Operator() string { return n.operator }

// SetTensor sets an input. The tensor must have the input's element type and shape and be row-major; it is kept, and
// read by each Run. Other values cannot be set.
func (n *Node) SetTensor(t tensor.Tensor) error {
	if n.stray {
		return errSealed
	}
	if n.place == nil || !n.place.input {
		return fmt.Errorf("onnxgo: value %q is no input", n.name)
	}
	if err := n.place.set(t); err != nil {
		return fmt.Errorf("onnxgo: input %q: %w", n.name, err)
	}
	return nil
}

// GetTensor is the tensor of an input or an output, nil for other values. An output's memory is the network's.
func (n *Node) GetTensor() tensor.Tensor {
	if n.place == nil {
		return nil
	}
	if n.place.from != nil {
		return n.place.from
	}
	return n.place.own
}
