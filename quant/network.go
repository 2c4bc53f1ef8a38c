package quant

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/plan"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Network is a planned network. One goroutine at a time may use it.
type Network struct {
	plan            *plan.Plan
	inputs, outputs []*Tensor
	metadata        map[string]string
	profile         bool
	times           []stepTime
	runs            int
	memory          *Memory // nil: its own, or has been given
	shared          bool    // the pool is the caller's
}

// Load reads and plans a model file. External data is looked for beside it.
func Load(path string, o Options) (*Network, error) {
	m, err := onnx.Load(path)
	return build(m, err, o)
}

// Parse plans a model from memory. It keeps the slice, which must not be changed until Close.
func Parse(model []byte, o Options) (*Network, error) {
	m, err := onnx.ParseIn(model, o.Folder)
	return build(m, err, o)
}

func build(m *onnx.Model, err error, o Options) (*Network, error) {
	if err != nil {
		return nil, refused(err)
	}
	g, err := newGraph(m, o)
	if err != nil {
		return nil, refused(err)
	}
	p, err := plan.New(g, plan.Options{Threads: o.Threads, Pool: o.Pool, NHWC: o.NHWC, ClassMap: o.ClassMap, Disable: o.Disable, MaxBytes: o.MaxBytes,
		Margin: o.Margin, Unbound: o.Memory != nil})
	if err != nil {
		return nil, refused(err)
	}
	n := &Network{plan: p, metadata: m.Metadata, memory: o.Memory, shared: o.Pool != nil}
	if o.Memory != nil {
		o.Memory.add(p)
	}
	for _, b := range p.Inputs {
		n.inputs = append(n.inputs, newTensor(b))
	}
	for _, b := range p.Outputs {
		n.outputs = append(n.outputs, newTensor(b))
	}
	return n, nil
}

// longest bounds the text of an error: names and lists in a file may have millions of bytes.
const longest = 2000

// refused says why a model cannot be loaded.
func refused(err error) error {
	if text := err.Error(); len(text) > longest {
		err = &cut{err, fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:longest], ""), len(text))}
	}
	return fmt.Errorf("quant: %w", err)
}

// cut is an error with a shortened text.
type cut struct {
	error
	text string
}

func (c *cut) Error() string { return c.text }
func (c *cut) Unwrap() error { return c.error }

// newGraph checks the graph. Inputs whose values are given become constants when an operator asks for them, and not
// before: a network with fewer inputs than its file would be a surprise.
func newGraph(m *onnx.Model, o Options) (*graph.Graph, error) {
	fixed := map[string]*tensor.T{}
	for {
		shapes := maps.Clone(o.Shapes)
		for name := range fixed {
			delete(shapes, name)
		}
		g, err := graph.New(m, graph.Options{Shapes: shapes, Fixed: fixed, Inputs: o.Inputs, Outputs: o.Outputs})
		var open *graph.OpenError
		if !errors.As(err, &open) {
			return g, err
		}
		more := false
		for _, name := range open.Inputs {
			v, given := o.Values[name]
			if !given || fixed[name] != nil {
				return nil, err
			}
			if n, e := tensor.Volume(v.Shape); e != nil || n*v.Type.Size() != len(v.Data) {
				return nil, fmt.Errorf("input %q: %d bytes are not %v %v", name, len(v.Data), v.Type, v.Shape)
			}
			fixed[name] = &tensor.T{Type: v.Type, Shape: v.Shape, Data: tensor.Align(v.Data, v.Type.Size())}
			more = true
		}
		if !more {
			return nil, err
		}
	}
}

// Inputs are the tensors that the caller fills, in the model's order.
func (n *Network) Inputs() []*Tensor { return n.inputs }

// Outputs are the tensors that Run fills, in the model's order.
func (n *Network) Outputs() []*Tensor { return n.outputs }

// MarginUnit is how many steps of [Network.Margin] make a logit of 1.
const MarginUnit = plan.MarginUnit

// Margin says, under [Options].Margin, how sure the class map of the last Run is: for each of its pixels by how much the
// greatest logit leads the second, in steps of 1/[MarginUnit], rounded down, at most 255. Between these two classes alone
// the softmax is 1/(1 + exp(−lead)): 16 steps are 62 %, 32 are 73 %, 64 are 88 %, 255 are 99.97 %. It is nil without the
// option. The logits are interpolated in integers, where the class map has float32: the two may differ on which class is
// the greatest where the margin is 0.
func (n *Network) Margin() []uint8 {
	if n.plan == nil || n.plan.Margin == nil {
		return nil
	}
	return n.plan.Margin.Data
}

// Metadata is the model's own key-value pairs (metadata_props).
func (n *Network) Metadata() map[string]string { return n.metadata }

// Run computes the outputs from the inputs, by the caller's goroutine alone if another is using the pool. It allocates
// nothing. Its only error is a network that was closed.
func (n *Network) Run() error {
	if n.plan == nil {
		return errors.New("quant: run: the network is closed")
	}
	if n.memory != nil {
		n.memory.bind(n.plan)
		n.memory = nil
	}
	if !n.profile {
		n.plan.Run()
		return nil
	}
	turn := n.plan.Pool.Turn()
	defer turn.End()
	for i, s := range n.plan.Steps {
		start := time.Now()
		turn.Run(s.Units, s.Align, s.Run)
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

// Pool is the goroutines that share each step: [Options].Pool, or the network's own, which Close ends; nil of a closed
// network.
func (n *Network) Pool() *pool.Pool {
	if n.plan == nil {
		return nil
	}
	return n.plan.Pool
}

// Close ends the workers that are the network's own and gives up the memory. Closing twice does nothing.
func (n *Network) Close() error {
	if n.plan != nil {
		if !n.shared {
			n.plan.Pool.Close()
		}
		n.plan = nil
	}
	return nil
}
