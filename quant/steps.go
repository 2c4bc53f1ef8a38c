package quant

import "time"

// Step is one call of a kernel, in execution order.
type Step struct {
	Name   string        `json:"name"`   // the value that it makes
	Op     string        `json:"op"`     // what it does: conv, add, table, resize argmax, … or an ONNX operator
	Kernel string        `json:"kernel"` // the kernel that does it; "plain" is package ops, in float
	Kind   string        `json:"kind"`   // of a convolution: pointwise, depthwise or dense; "" = none
	Nodes  []string      `json:"nodes"`  // the model's nodes folded into it, last first
	Reads  []int         `json:"reads"`  // the steps whose results it reads; what comes from an input of the network is not among them
	Shape  []int         `json:"shape"`  // of its first output, in ONNX's order
	MACs   int64         `json:"macs"`   // multiply-accumulates
	Dots   int64         `json:"dots"`   // of a depthwise convolution: with those that its kernel makes with padding
	Bytes  int64         `json:"bytes"`  // read and written, weights included
	Time   time.Duration `json:"ns"`     // mean per Run while profiling, 0 before
	Least  time.Duration `json:"min_ns"` // fastest while profiling
}

// stepTime sums one step's times.
type stepTime struct {
	total, least time.Duration
}

func (t *stepTime) add(d time.Duration) {
	t.total += d
	if t.least == 0 || d < t.least {
		t.least = d
	}
}

// Profile starts or ends the timing of steps. Starting forgets earlier times.
func (n *Network) Profile(on bool) {
	n.profile = on
	if on && n.plan != nil {
		n.times, n.runs = make([]stepTime, len(n.plan.Steps)), 0
	}
}

// Steps lists what Run does, with times if it was profiled. It is nil on a closed network.
func (n *Network) Steps() []Step {
	if n.plan == nil {
		return nil
	}
	list, from := make([]Step, len(n.plan.Steps)), reads(n.plan.Steps)
	for i, s := range n.plan.Steps {
		list[i] = Step{Name: s.Name, Op: s.Op, Kernel: s.Kernel, Kind: s.Kind, Nodes: s.Nodes, Reads: from[i], MACs: s.MACs, Dots: s.Dots, Bytes: s.Bytes}
		for _, b := range s.Out {
			if b != nil {
				list[i].Shape = b.Shape
				break
			}
		}
		if n.runs > 0 && i < len(n.times) {
			list[i].Time, list[i].Least = n.times[i].total/time.Duration(n.runs), n.times[i].least
		}
	}
	return list
}

// MACs is the multiply-accumulates of one Run.
func (n *Network) MACs() int64 {
	total := int64(0)
	if n.plan != nil {
		for _, s := range n.plan.Steps {
			total += s.MACs
		}
	}
	return total
}

// Arena says how activations are laid out in memory.
type Arena struct {
	Bytes      int   `json:"bytes"`       // the arena's size
	LowerBound int   `json:"lower_bound"` // the largest sum of tensors that are held at one step: no arena can be smaller
	Buffers    int   `json:"buffers"`     // tensors laid out in it
	Weights    int64 `json:"weights"`     // bytes of weights and tables, outside the arena
}

// Arena describes the network's memory.
func (n *Network) Arena() Arena {
	if n.plan == nil {
		return Arena{}
	}
	a := n.plan.Arena
	return Arena{Bytes: a.Bytes, LowerBound: a.LowerBound, Buffers: a.Buffers, Weights: n.plan.Weights}
}
