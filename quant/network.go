package quant

import (
	"errors"
	"fmt"
	"time"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/plan"
)

// Network is a planned network. One goroutine at a time may use it.
type Network struct {
	plan            *plan.Plan
	inputs, outputs []*Tensor
	metadata        map[string]string
	profile         bool
	times           []stepTime
	runs            int
}

// Load reads and plans a model file. External data is looked for beside it.
func Load(path string, o Options) (*Network, error) {
	m, err := onnx.Load(path)
	return build(m, err, o)
}

// Parse plans a model from memory. It keeps the slice, which must not be changed until Close.
func Parse(model []byte, o Options) (*Network, error) {
	m, err := onnx.Parse(model)
	return build(m, err, o)
}

func build(m *onnx.Model, err error, o Options) (*Network, error) {
	if err != nil {
		return nil, fmt.Errorf("quant: %w", err)
	}
	g, err := graph.New(m, o.Shapes)
	if err != nil {
		return nil, fmt.Errorf("quant: %w", err)
	}
	p, err := plan.New(g, plan.Options{Threads: o.Threads, NHWC: o.NHWC, ClassMap: o.ClassMap, Disable: o.Disable, MaxBytes: o.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("quant: %w", err)
	}
	n := &Network{plan: p, metadata: m.Metadata}
	for _, b := range p.Inputs {
		n.inputs = append(n.inputs, newTensor(b))
	}
	for _, b := range p.Outputs {
		n.outputs = append(n.outputs, newTensor(b))
	}
	return n, nil
}

// Inputs are the tensors that the caller fills, in the model's order.
func (n *Network) Inputs() []*Tensor { return n.inputs }

// Outputs are the tensors that Run fills, in the model's order.
func (n *Network) Outputs() []*Tensor { return n.outputs }

// Metadata is the model's own key-value pairs (metadata_props).
func (n *Network) Metadata() map[string]string { return n.metadata }

// Run computes the outputs from the inputs. It allocates nothing. Its only error is a network that was closed.
func (n *Network) Run() error {
	if n.plan == nil {
		return errors.New("quant: run: the network is closed")
	}
	if !n.profile {
		n.plan.Run()
		return nil
	}
	for i, s := range n.plan.Steps {
		start := time.Now()
		n.plan.Pool.Run(s.Units, s.Align, s.Run)
		n.times[i].add(time.Since(start))
	}
	n.runs++
	return nil
}

// Threads is the number of goroutines that share each step.
func (n *Network) Threads() int {
	if n.plan == nil {
		return 0
	}
	return n.plan.Pool.Threads()
}

// Close ends the workers and gives up the memory. Closing twice does nothing.
func (n *Network) Close() error {
	if n.plan != nil {
		n.plan.Pool.Close()
		n.plan = nil
	}
	return nil
}
