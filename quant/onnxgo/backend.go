package onnxgo

import (
	"errors"
	"fmt"
	"math"

	gonnx "github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/quant/internal/onnx"
)

// Backend is a planned network with the graph that onnx-go decoded. One goroutine at a time may use it and its model.
type Backend struct {
	*simple.WeightedDirectedGraph // from each value to those that it is computed from; weights are operand numbers

	net    *quant.Network
	model  *gonnx.Model
	made   int64   // nodes made so far: the next one's ID
	places []place // by node ID: onnx-go makes inputs first, then outputs, then the rest
	sealed bool    // the graph is complete
}

var _ backend.ComputationBackend = (*Backend)(nil)

// Load reads and plans a model file. External data is looked for beside it. The errors are those of [quant.Load], and
// what onnx-go says of a graph that it cannot take.
func Load(path string, o quant.Options) (*Backend, error) {
	net, err := quant.Load(path, o)
	if err != nil {
		return nil, err
	}
	m, err := onnx.Load(path)
	return build(net, m, err)
}

// Parse plans a model from memory. It keeps the slice, which must not be changed until Close.
func Parse(file []byte, o quant.Options) (*Backend, error) {
	net, err := quant.Parse(file, o)
	if err != nil {
		return nil, err
	}
	m, err := onnx.Parse(file)
	return build(net, m, err)
}

func build(net *quant.Network, m *onnx.Model, err error) (*Backend, error) {
	b := &Backend{WeightedDirectedGraph: simple.NewWeightedDirectedGraph(math.MaxFloat64, -1), net: net}
	if err == nil {
		err = b.decode(m)
	}
	if err != nil {
		net.Close()
		return nil, fmt.Errorf("onnxgo: %w", err)
	}
	return b, nil
}

// decode gives onnx-go the skeleton and checks that it found what is in it.
func (b *Backend) decode(m *onnx.Model) (err error) {
	for _, t := range b.net.Inputs() {
		p, err := newPlace(t, true)
		if err != nil {
			return fmt.Errorf("input %q: %w", t.Name, err)
		}
		b.places = append(b.places, p)
	}
	for _, t := range b.net.Outputs() {
		p, err := newPlace(t, false)
		if err != nil {
			return fmt.Errorf("output %q: %w", t.Name, err)
		}
		b.places = append(b.places, p)
	}
	// onnx-go and gonum panic on graphs that they do not expect; ours is checked, so this is a second line.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("onnx-go cannot take the graph: %v", fault)
		}
	}()
	b.model = gonnx.NewModel(b)
	if err := b.model.UnmarshalBinary(skeleton(&m.Graph)); err != nil {
		return fmt.Errorf("onnx-go cannot take the graph: %w", err)
	}
	if len(b.model.Input) != len(b.net.Inputs()) || len(b.model.Output) != len(b.net.Outputs()) {
		return fmt.Errorf("onnx-go finds %d inputs and %d outputs, the network has %d and %d", len(b.model.Input),
			len(b.model.Output), len(b.net.Inputs()), len(b.net.Outputs()))
	}
	b.sealed = true
	return nil
}

// Model is onnx-go's model of the network, decoded.
func (b *Backend) Model() *gonnx.Model { return b.model }

// Network is the planned network behind the graph: its metadata, steps and arena.
func (b *Backend) Network() *quant.Network { return b.net }

// Run reads the tensors that inputs were set to and computes the outputs. An input that was never set is what its
// tensor holds, zeros at first. Output tensors are overwritten by the next Run.
func (b *Backend) Run() error {
	for i := range b.net.Inputs() {
		if err := b.places[i].fetch(); err != nil {
			return fmt.Errorf("onnxgo: run: input %d: %w", i, err)
		}
	}
	return b.net.Run()
}

// Close gives up the network's memory, output tensors among it.
func (b *Backend) Close() error { return b.net.Close() }

var errSealed = errors.New("onnxgo: the backend holds a network already: use Load or Parse for another")

// ApplyOperation takes one operator from onnx-go's decoder. What it computes is known already.
func (b *Backend) ApplyOperation(o gonnx.Operation, nodes ...graph.Node) error {
	if b.sealed {
		return errSealed
	}
	for _, n := range nodes {
		v, ok := n.(*Node)
		if !ok {
			return fmt.Errorf("onnxgo: %s: node %d is a %T", o.Name, n.ID(), n)
		}
		v.operator = o.Name
	}
	return nil
}

// NewNode makes a value of the graph, which AddNode puts into it.
func (b *Backend) NewNode() graph.Node {
	n := &Node{id: b.made, stray: b.sealed}
	if !b.sealed && n.id < int64(len(b.places)) {
		n.place = &b.places[n.id]
	}
	b.made++
	return n
}
