package onnxgo

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/depthwise/depthwise/quant/internal/onnx"
)

// Fields of onnx.proto3 that a skeleton has.
const (
	modelGraph  = 7
	graphNode   = 1
	graphInput  = 11
	graphOutput = 12
	valueName   = 1
	nodeInput   = 1
	nodeOutput  = 2
	nodeName    = 3
	nodeOp      = 4
)

// skeleton is the graph as an ONNX file that onnx-go can decode: nodes, names and edges. Element types, attributes and
// initializers are left out, and an operand or result that is omitted, whose name is empty, gets a name of its own:
// onnx-go would take all of them for one value.
func skeleton(g *onnx.Graph) []byte {
	var out []byte
	for _, v := range g.Inputs {
		out = put(out, graphInput, put(nil, valueName, []byte(v.Name)))
	}
	for _, v := range g.Outputs {
		out = put(out, graphOutput, put(nil, valueName, []byte(v.Name)))
	}
	for i, n := range g.Nodes {
		// onnx-go names the operand that it invents for a node without any after the node.
		node := put(nil, nodeName, fmt.Appendf(nil, "\x00node %d", i))
		node = put(node, nodeOp, []byte(n.Op))
		for k, name := range n.Inputs {
			node = put(node, nodeInput, value(name, i, k, "operand"))
		}
		for k, name := range n.Outputs {
			node = put(node, nodeOutput, value(name, i, k, "result"))
		}
		out = put(out, graphNode, node)
	}
	return put(nil, modelGraph, out)
}

func value(name string, node, k int, what string) []byte {
	if name == "" {
		return fmt.Appendf(nil, "\x00node %d %s %d", node, what, k)
	}
	return []byte(name)
}

func put(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
