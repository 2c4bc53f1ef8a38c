package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
)

// function is a model-local function: a list of nodes over its own names.
type function struct {
	inputs, outputs []string
	attrs           map[string]Attr // by name; nil for one without a default
	nodes           []Node
	opsets          map[string]int
}

// inliner writes calls of model-local functions as the nodes that they stand for, so that nobody after it needs to know
// of functions. What functions may grow to is bounded as the rest of a file is.
type inliner struct {
	r     *reader
	list  map[string]*wire.Function
	read  map[string]*function // read when they are first called
	stack []string             // the calls that are being written

	taken                  map[string]bool // names in the graph
	calls, operands, bytes int             // written so far
}

// functionKey is what a node calls a function by.
func functionKey(domain, name, overload string) string {
	key := domain + "." + name
	if domain == "" {
		key = name
	}
	if overload != "" {
		key += ":" + overload
	}
	return key
}

// inline replaces the calls in a graph.
func (r *reader) inline(g *Graph, list []*wire.Function) error {
	if len(list) == 0 {
		return nil
	}
	in := &inliner{r: r, list: map[string]*wire.Function{}, read: map[string]*function{}, taken: map[string]bool{}}
	for _, f := range list {
		key := functionKey(domain(f.Domain), f.Name, f.Overload)
		if in.list[key] != nil {
			return fmt.Errorf("function %q is given twice", key)
		}
		in.list[key] = f
	}
	in.take(g)
	nodes, err := in.expand(nil, g.Nodes)
	g.Nodes = nodes
	return err
}

// take notes the names of a graph and the graphs inside it.
func (in *inliner) take(g *Graph) {
	for _, i := range g.Initializers {
		in.taken[i.Name] = true
	}
	for _, v := range g.Inputs {
		in.taken[v.Name] = true
	}
	for i := range g.Nodes {
		for _, o := range g.Nodes[i].Outputs {
			in.taken[o] = true
		}
		for _, a := range g.Nodes[i].Attrs {
			if sub, ok := a.(*Graph); ok {
				in.take(sub)
			}
		}
	}
}

// expand appends nodes to out, with calls written out.
func (in *inliner) expand(out, nodes []Node) ([]Node, error) {
	for i := range nodes {
		n := &nodes[i]
		for _, a := range n.Attrs {
			if sub, ok := a.(*Graph); ok {
				var err error
				if sub.Nodes, err = in.expand(nil, sub.Nodes); err != nil {
					return nil, err
				}
			}
		}
		key := functionKey(n.Domain, n.Op, n.Overload)
		if in.list[key] == nil {
			if n.Overload != "" {
				return nil, fmt.Errorf("%s %q calls function %q, which the model lacks", n.Op, n.Name, key)
			}
			if err := in.count(n); err != nil {
				return nil, err
			}
			out = append(out, *n)
			continue
		}
		var err error
		if out, err = in.call(out, n, key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// count bounds what functions make of a graph.
func (in *inliner) count(n *Node) error {
	in.calls++
	in.operands += len(n.Inputs) + len(n.Outputs) + len(n.Attrs)
	switch {
	case in.calls > maxNodes:
		return fmt.Errorf("functions make more than %d nodes", maxNodes)
	case in.operands > maxScalars:
		return fmt.Errorf("functions make more than %d operands", maxScalars)
	case in.bytes > maxSkeleton:
		return fmt.Errorf("functions make names of more than %d bytes", maxSkeleton)
	}
	return nil
}

// call appends the nodes that one call stands for.
func (in *inliner) call(out []Node, n *Node, key string) ([]Node, error) {
	if slices.Contains(in.stack, key) {
		return nil, fmt.Errorf("function %q calls itself", key)
	}
	if len(in.stack) >= maxCalls {
		return nil, fmt.Errorf("functions call each other deeper than %d", maxCalls)
	}
	if err := in.count(n); err != nil { // a function may be empty
		return nil, err
	}
	f, err := in.load(key)
	if err != nil {
		return nil, fmt.Errorf("function %q: %w", key, err)
	}
	if len(n.Inputs) > len(f.inputs) || len(n.Outputs) > len(f.outputs) {
		return nil, fmt.Errorf("%s %q: %d inputs and %d outputs, but the function has %d and %d", key, n.Name, len(n.Inputs), len(n.Outputs),
			len(f.inputs), len(f.outputs))
	}
	for name := range n.Attrs {
		if _, known := f.attrs[name]; !known {
			return nil, fmt.Errorf("%s %q: attribute %q is unknown", key, n.Name, name)
		}
	}
	c := &call{in: in, n: n, f: f, names: map[string]string{"": ""}}
	for i, name := range f.inputs {
		if _, twice := c.names[name]; twice {
			return nil, fmt.Errorf("function %q: input %q is given twice", key, name)
		}
		c.names[name] = ""
		if i < len(n.Inputs) {
			c.names[name] = n.Inputs[i]
		}
	}
	var same []Node // outputs that are inputs, or other outputs
	for i, o := range n.Outputs {
		name := f.outputs[i]
		if from, known := c.names[name]; known && o != "" {
			same = append(same, Node{Name: n.Name, Op: "Identity", Inputs: []string{from}, Outputs: []string{o}, Version: identityVersion})
		} else if o != "" {
			c.names[name] = o
		}
	}
	in.stack = append(in.stack, key)
	for i := range f.nodes {
		node, err := c.node(&f.nodes[i])
		if err != nil {
			return nil, fmt.Errorf("function %q: %w", key, err)
		}
		if out, err = in.expand(out, []Node{node}); err != nil {
			return nil, err
		}
	}
	in.stack = in.stack[:len(in.stack)-1]
	return append(out, same...), nil
}

// identityVersion is the opset of the nodes that stand for outputs which are inputs.
const identityVersion = 14

// load is a function, read on its first call.
func (in *inliner) load(key string) (*function, error) {
	if f := in.read[key]; f != nil {
		return f, nil
	}
	w := in.list[key]
	f := &function{inputs: w.Inputs, outputs: w.Outputs, attrs: map[string]Attr{}}
	var err error
	if f.opsets, err = opsets(w.Opsets); err != nil {
		return nil, err
	}
	for _, name := range w.Attributes {
		f.attrs[name] = nil
	}
	for _, a := range w.Defaults {
		if f.attrs[a.Name], err = in.r.attr(a); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	in.r.inFunction = true
	defer func() { in.r.inFunction = false }()
	for i, n := range w.Nodes {
		node, err := in.r.node(n)
		if err != nil {
			return nil, fmt.Errorf("node %d (%s %q): %w", i, n.Op, n.Name, err)
		}
		f.nodes = append(f.nodes, node)
	}
	in.read[key] = f
	return f, nil
}

// call is one call of a function while it is written out.
type call struct {
	in    *inliner
	n     *Node
	f     *function
	names map[string]string // in the graph, by name in the function
}

// name is a value's name in the graph.
func (c *call) name(inner string) string {
	if name, known := c.names[inner]; known {
		return name
	}
	name := c.label() + "/" + inner
	for c.in.taken[name] {
		name += "'"
	}
	c.in.taken[name] = true
	c.in.bytes += len(name)
	c.names[inner] = name
	return name
}

func (c *call) label() string {
	if c.n.Name != "" {
		return c.n.Name
	}
	for _, o := range c.n.Outputs {
		if o != "" {
			return o
		}
	}
	return c.n.Op
}

func (c *call) renamed(inner []string) []string {
	list := make([]string, len(inner))
	for i, s := range inner {
		list[i] = c.name(s)
	}
	return list
}

// node is a node of the function's body in the graph's names.
func (c *call) node(n *Node) (Node, error) {
	out := *n
	out.Name = c.label() + "/" + n.Name
	c.in.bytes += len(out.Name)
	if len(n.Inputs)+len(n.Outputs) > maxScalars-c.in.operands {
		return out, c.in.count(&Node{Inputs: make([]string, maxScalars)})
	}
	out.Inputs, out.Outputs = c.renamed(n.Inputs), c.renamed(n.Outputs)
	out.Attrs = maps.Clone(n.Attrs)
	for name, a := range n.Attrs {
		switch a := a.(type) {
		case refAttr:
			v, given := c.n.Attrs[string(a)]
			if !given {
				var known bool
				if v, known = c.f.attrs[string(a)]; !known {
					return out, fmt.Errorf("%s %q: attribute %q refers to %q, which the function lacks", n.Op, n.Name, name, string(a))
				}
			}
			if delete(out.Attrs, name); v != nil {
				out.Attrs[name] = v
			}
		case *Graph:
			g, err := c.graph(a)
			if err != nil {
				return out, err
			}
			out.Attrs[name] = g
		}
	}
	version, known := c.f.opsets[n.Domain]
	if !known && c.in.list[functionKey(n.Domain, n.Op, n.Overload)] == nil {
		return out, fmt.Errorf("%s %q: the function imports no opset of domain %q", n.Op, n.Name, n.Domain)
	}
	out.Version = version
	return out, nil
}

// graph is a graph attribute of the function's body in the graph's names.
func (c *call) graph(g *Graph) (*Graph, error) {
	out := &Graph{Name: g.Name, Initializers: slices.Clone(g.Initializers), Inputs: slices.Clone(g.Inputs), Outputs: slices.Clone(g.Outputs)}
	if err := c.in.count(&Node{Inputs: make([]string, min(len(g.Initializers)+len(g.Inputs)+len(g.Outputs), maxScalars))}); err != nil {
		return nil, err
	}
	for i := range out.Initializers {
		out.Initializers[i].Name = c.name(g.Initializers[i].Name)
	}
	for i := range out.Inputs {
		out.Inputs[i].Name = c.name(g.Inputs[i].Name)
	}
	for i := range out.Outputs {
		out.Outputs[i].Name = c.name(g.Outputs[i].Name)
	}
	for i := range g.Nodes {
		n, err := c.node(&g.Nodes[i])
		if err != nil {
			return nil, err
		}
		out.Nodes = append(out.Nodes, n)
	}
	return out, nil
}
