package onnx

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Load reads a model file. External data is looked for in the file's folder.
func Load(path string) (*Model, error) {
	info, err := os.Stat(path) // before it is opened: opening a pipe waits for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), maxFile)
	}
	file := tensor.Aligned(int(info.Size()))
	if _, err := io.ReadFull(f, file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parse(file, filepath.Dir(path))
}

// Parse reads a model from memory, which it keeps: the caller must not change it. External data is an error.
func Parse(file []byte) (*Model, error) {
	return parse(file, "")
}

// ParseIn is Parse with external data looked for in a folder.
func ParseIn(file []byte, dir string) (*Model, error) {
	return parse(file, dir)
}

func parse(file []byte, dir string) (*Model, error) {
	if len(file) == 0 {
		return nil, errors.New("the file is empty")
	}
	skeleton, err := scan(file)
	if err != nil {
		return nil, fmt.Errorf("not a readable ONNX model: %w", err)
	}
	var w wire.Model
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 2 * maxDepth}).Unmarshal(skeleton, &w); err != nil {
		return nil, fmt.Errorf("not a readable ONNX model: %w", err)
	}
	if w.Graph == nil {
		return nil, errors.New("not an ONNX model: no graph")
	}
	r := &reader{file: file, external: external{dir: dir}}
	defer r.external.close()
	return r.model(&w)
}

// newestIR is the format's version that the fields read here are of.
const newestIR = 14

// reader turns wire messages into plain values.
type reader struct {
	file       []byte
	external   external
	inFunction bool // attributes may refer to the caller's
}

func (r *reader) model(w *wire.Model) (*Model, error) {
	if w.IrVersion < 0 || w.IrVersion > newestIR {
		return nil, fmt.Errorf("IR version %d is outside 0…%d", w.IrVersion, newestIR)
	}
	m := &Model{IR: w.IrVersion, Producer: w.Producer, Metadata: map[string]string{}}
	var err error
	if m.Opsets, err = opsets(w.Opsets); err != nil {
		return nil, err
	}
	for _, e := range w.Metadata {
		if _, twice := m.Metadata[e.Key]; twice {
			return nil, fmt.Errorf("metadata %q is given twice", e.Key)
		}
		m.Metadata[e.Key] = e.Value
	}
	if err := r.graph(&m.Graph, w.Graph); err != nil {
		return nil, err
	}
	return m, r.inline(&m.Graph, w.Functions)
}

// opsets are the versions that a model or function imports, by domain.
func opsets(list []*wire.Opset) (map[string]int, error) {
	versions := map[string]int{}
	for _, o := range list {
		d := domain(o.Domain)
		if _, twice := versions[d]; twice {
			return nil, fmt.Errorf("opset of domain %q is given twice", d)
		}
		if o.Version < 1 || o.Version > math.MaxInt16 {
			return nil, fmt.Errorf("opset of domain %q is %d", d, o.Version)
		}
		versions[d] = int(o.Version)
	}
	return versions, nil
}

// domain folds the default domain's two spellings.
func domain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

func (r *reader) graph(g *Graph, w *wire.Graph) error {
	g.Name = w.Name
	given := map[string]bool{}
	for _, t := range w.Initializers {
		if given[t.Name] {
			return fmt.Errorf("initializer %q is given twice", t.Name)
		}
		given[t.Name] = true
		v, err := r.tensor(t)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", t.Name, err)
		}
		g.Initializers = append(g.Initializers, Initializer{t.Name, v})
		t.Spans, t.Dims = nil, nil
	}
	for _, v := range w.Inputs {
		if given[v.Name] { // before IR version 4 every initializer was also an input
			continue
		}
		in, err := value(v)
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		g.Inputs = append(g.Inputs, in)
	}
	for _, v := range w.Outputs {
		out, err := value(v)
		if err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
		g.Outputs = append(g.Outputs, out)
	}
	g.Nodes = make([]Node, 0, len(w.Nodes))
	for i, n := range w.Nodes {
		node, err := r.node(n)
		if err != nil {
			return fmt.Errorf("node %d (%s %q): %w", i, n.Op, n.Name, err)
		}
		g.Nodes = append(g.Nodes, node)
		w.Nodes[i] = nil
	}
	return nil
}

func value(w *wire.ValueInfo) (Value, error) {
	v := Value{Name: w.Name}
	t := w.GetType().GetTensor()
	if t == nil {
		return v, errors.New("is not a dense tensor")
	}
	if t.ElemType < 1 || t.ElemType > 255 {
		return v, fmt.Errorf("element type %d", t.ElemType)
	}
	v.Type = tensor.DType(t.ElemType)
	if t.Shape == nil {
		return v, nil
	}
	v.HasShape = true
	if len(t.Shape.Dims) > maxRank {
		return v, fmt.Errorf("%d dimensions, more than %d", len(t.Shape.Dims), maxRank)
	}
	for _, d := range t.Shape.Dims {
		dim := Dim{Size: -1}
		switch k := d.Kind.(type) {
		case *wire.Dim_Size:
			if k.Size < 0 || k.Size > tensor.MaxElements {
				return v, fmt.Errorf("dimension %d", k.Size)
			}
			dim.Size = int(k.Size)
		case *wire.Dim_Symbol:
			dim.Symbol = k.Symbol
		}
		v.Dims = append(v.Dims, dim)
	}
	return v, nil
}

func (r *reader) node(w *wire.Node) (Node, error) {
	n := Node{Name: w.Name, Op: w.Op, Domain: domain(w.Domain), Overload: w.Overload, Inputs: w.Inputs, Outputs: w.Outputs}
	if len(w.Attributes) > 0 {
		n.Attrs = make(Attrs, len(w.Attributes))
	}
	for _, a := range w.Attributes {
		if _, twice := n.Attrs[a.Name]; twice {
			return n, fmt.Errorf("attribute %q is given twice", a.Name)
		}
		v, err := r.attr(a)
		if err != nil {
			return n, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		n.Attrs[a.Name] = v
	}
	return n, nil
}

// Attribute kinds: AttributeProto.AttributeType.
const (
	attrFloat   = 1
	attrInt     = 2
	attrString  = 3
	attrTensor  = 4
	attrGraph   = 5
	attrFloats  = 6
	attrInts    = 7
	attrStrings = 8
)

func (r *reader) attr(a *wire.Attribute) (Attr, error) {
	if a.RefName != "" {
		if r.inFunction {
			return refAttr(a.RefName), nil
		}
		return nil, fmt.Errorf("refers to %q outside a function", a.RefName)
	}
	switch a.Type {
	case attrFloat:
		return a.F, nil
	case attrInt:
		return int(a.I), nil
	case attrString:
		return string(a.S), nil
	case attrTensor:
		if a.T == nil {
			return nil, errors.New("has no tensor")
		}
		return r.tensor(a.T)
	case attrFloats:
		return a.Floats, nil
	case attrInts:
		ints := make([]int, len(a.Ints))
		for i, v := range a.Ints {
			ints[i] = int(v)
		}
		return ints, nil
	case attrStrings:
		s := make([]string, len(a.Strings))
		for i, v := range a.Strings {
			s[i] = string(v)
		}
		return s, nil
	case attrGraph:
		if a.G == nil {
			return nil, errors.New("has no graph")
		}
		return r.subgraph(a.G)
	}
	return refusedAttr(fmt.Sprintf("value of kind %d", a.Type)), nil
}
