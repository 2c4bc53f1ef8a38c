package onnx

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
)

// subgraph reads a graph attribute: a branch of an If. Its inputs and outputs are names; exporters leave their types out.
func (r *reader) subgraph(w *wire.Graph) (*Graph, error) {
	g := &Graph{}
	inputs, outputs := w.Inputs, w.Outputs
	w.Inputs, w.Outputs = nil, nil
	if err := r.graph(g, w); err != nil {
		return nil, fmt.Errorf("graph %q: %w", w.Name, err)
	}
	for _, v := range inputs {
		g.Inputs = append(g.Inputs, Value{Name: v.Name})
	}
	for _, v := range outputs {
		g.Outputs = append(g.Outputs, Value{Name: v.Name})
	}
	return g, nil
}

// Captures are the names that a node's subgraphs read and do not make: values of the graphs around it.
func (n *Node) Captures() []string {
	var list []string
	for _, a := range n.Attrs {
		if g, ok := a.(*Graph); ok {
			list = g.captures(list)
		}
	}
	return list
}

func (g *Graph) captures(list []string) []string {
	made := map[string]bool{}
	for _, i := range g.Initializers {
		made[i.Name] = true
	}
	for _, v := range g.Inputs {
		made[v.Name] = true
	}
	for i := range g.Nodes {
		for _, o := range g.Nodes[i].Outputs {
			made[o] = true
		}
	}
	read := func(names []string) {
		for _, name := range names {
			if name != "" && !made[name] {
				made[name] = true
				list = append(list, name)
			}
		}
	}
	for i := range g.Nodes {
		read(g.Nodes[i].Inputs)
		read(g.Nodes[i].Captures())
	}
	for _, o := range g.Outputs {
		read([]string{o.Name})
	}
	return list
}
