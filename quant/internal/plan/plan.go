package plan

import (
	"fmt"

	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Options say how to plan.
type Options struct {
	Threads  int        // of a pool made for the plan
	Pool     *pool.Pool // in place of that; nil = make one
	NHWC     bool       // bind 4-D inputs channels-last
	ClassMap bool       // make output 0 a uint8 class map at the input's size
	Disable  []string   // kernel variants and CPU features not to use
	MaxBytes int        // most bytes of arena, inputs and outputs together; 0 = 1 GiB
	Margin   bool       // also say how sure the class map is
	Unbound  bool       // Bind is called later, before the first Run
}

// Plan is a network ready to run.
type Plan struct {
	Inputs, Outputs []*Buffer
	Steps           []*Step
	Arena           Arena
	Pool            *pool.Pool
	Weights         int64   // bytes of packed weights and tables
	Margin          *Buffer // with Options.Margin, [H, W]
	Scratch         int     // bytes that each worker needs beside the arena
	owned           []*Buffer
}

// planner holds what is known while planning.
type planner struct {
	g     *graph.Graph
	o     Options
	set   *kernel.Set
	units map[*graph.Node]*unit // the unit that ends in a node
	forms map[*graph.Value]*[3]*Buffer
	steps []*Step
	plan  *Plan
	bytes int64
	// garbage is the bytes of weights copied since the last collection.
	garbage int
}

// unit is a group of nodes that is computed together. Its sink is the last of them.
type unit struct {
	sink  *graph.Node
	nodes []*graph.Node
	reads []*graph.Value // values that must exist before it runs
	emit  func(*planner) error
	// requant is how the result is stored where a table may be fused into that, else nil.
	requant *requant
}

// New plans a graph.
func New(g *graph.Graph, o Options) (*Plan, error) {
	set, err := kernel.Choose(o.Disable)
	if err != nil {
		return nil, err
	}
	p := &planner{g: g, o: o, set: set, units: map[*graph.Node]*unit{}, forms: map[*graph.Value]*[3]*Buffer{}, plan: &Plan{}}
	if o.ClassMap {
		if err := p.appendClassMap(); err != nil {
			return nil, err
		}
	}
	if err := p.sinkDequantize(); err != nil {
		return nil, err
	}
	for _, v := range g.Inputs {
		p.input(v)
	}
	for _, n := range g.Nodes {
		if n.Out[0] != nil && n.Out[0].Static() {
			continue
		}
		u, err := p.match(n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.Label(), err)
		}
		p.units[n] = u
	}
	if err := p.emitNeeded(); err != nil {
		return nil, err
	}
	return p.finish()
}

// emitNeeded marks the units that outputs depend on and emits them in the graph's order.
func (p *planner) emitNeeded() error {
	needed := map[*graph.Node]bool{}
	var stack []*graph.Node
	need := func(v *graph.Value) {
		if n := v.From; n != nil && !v.Static() && !needed[n] {
			needed[n] = true
			stack = append(stack, n)
		}
	}
	for _, v := range p.g.Outputs {
		need(v)
	}
	for len(stack) > 0 {
		u := p.units[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		if u == nil {
			continue
		}
		for _, v := range u.reads {
			need(v)
		}
	}
	for _, n := range p.g.Nodes {
		if !needed[n] {
			continue
		}
		if p.units[n] == nil {
			return fmt.Errorf("%s: planned away, but still read", n.Label())
		}
		if err := p.units[n].emit(p); err != nil {
			return fmt.Errorf("%s: %w", n.Label(), err)
		}
	}
	for _, v := range p.g.Outputs {
		if err := p.output(v); err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
	}
	return nil
}

// finish lays out memory and makes every step's function.
func (p *planner) finish() (*Plan, error) {
	limit := int64(p.o.MaxBytes)
	if limit == 0 {
		limit = 1 << 30
	}
	p.reuse()
	owned := lifetimes(p.steps)
	plan := p.plan
	plan.Steps = p.steps
	plan.Arena = place(owned, len(p.steps))
	plan.Arena.LowerBound = held(p.steps)
	total := int64(plan.Arena.Bytes)
	for _, b := range append(append([]*Buffer(nil), plan.Inputs...), plan.Outputs...) {
		total += int64(b.Size)
	}
	if total > limit {
		return nil, fmt.Errorf("activations take %d bytes, more than %d", total, limit)
	}
	for _, b := range append(append([]*Buffer(nil), plan.Inputs...), plan.Outputs...) {
		if r := b.Root(); r.Data == nil {
			r.attach(tensor.Aligned(r.Size))
		}
	}
	for _, b := range plan.Outputs {
		share(b)
	}
	if p.o.Margin {
		if plan.Margin == nil {
			return nil, fmt.Errorf("margin: the network has no class map that is made from quantized logits")
		}
		plan.Margin.attach(tensor.Aligned(plan.Margin.Size))
	}
	if plan.Pool = p.o.Pool; plan.Pool == nil {
		plan.Pool = pool.New(p.o.Threads)
	}
	for _, s := range p.steps {
		plan.Scratch = max(plan.Scratch, s.scratch)
		for _, b := range append(append([]*Buffer(nil), s.In...), s.Out...) {
			if b != nil {
				s.Bytes += int64(b.Size)
			}
		}
	}
	plan.Weights = p.bytes
	plan.owned = owned
	if !p.o.Unbound {
		plan.Bind(tensor.Aligned(plan.Arena.Bytes), plan.NewScratch(plan.Scratch))
	}
	return plan, nil
}

// NewScratch makes bytes of scratch for each worker.
func (p *Plan) NewScratch(bytes int) [][]byte {
	scratch := make([][]byte, p.Pool.Threads())
	for i := range scratch {
		scratch[i] = tensor.Aligned(bytes)
	}
	return scratch
}

// Bind gives the plan its arena, of Arena.Bytes at least, and its scratch, Scratch bytes for each worker, and makes
// every step's function. It is called once. Both hold nothing from one Run to the next, so plans that never run at the
// same time may have the same.
func (p *Plan) Bind(memory []byte, scratch [][]byte) {
	for _, b := range p.owned {
		b.attach(memory[b.Offset : b.Offset+b.Size : b.Offset+b.Size])
	}
	for _, s := range p.Steps {
		for _, b := range append(append([]*Buffer(nil), s.In...), s.Out...) {
			if b != nil {
				share(b)
			}
		}
	}
	for _, s := range p.Steps {
		s.Run = s.bind(scratch)
	}
	p.owned = nil
}

// share attaches a buffer that has no memory of its own to its root's.
func share(b *Buffer) {
	if b.Data == nil && b.Of != nil {
		share(b.Of)
		switch {
		case b.Channel > 0:
			b.attach(b.Of.Data)
		case b.Form == Inner && b.Of.Form == Inner && b.Size == b.Of.Size: // which may be a slice of channels itself
			b.Data, b.maps = b.Of.Data, b.Of.maps
		default:
			b.attach(b.Of.Data[:b.Size])
		}
	}
}

// reuse lets a step write over an operand that nobody reads afterwards, where the step allows it and sizes agree.
func (p *planner) reuse() {
	last := map[*Buffer]int{}
	for i, s := range p.steps {
		for _, b := range s.In {
			if b != nil {
				last[b.Root()] = i
			}
		}
	}
	for i, s := range p.steps {
		if s.inPlace == 0 || s.Out[0] == nil {
			continue
		}
		in, out := s.In[s.inPlace-1].Root(), s.Out[0]
		if !s.In[s.inPlace-1].whole() || out.Of != nil || out.Place != InArena || in.Place != InArena || in.Size != out.Size || last[in] != i {
			continue
		}
		out.Of = in
		last[in] = max(last[in], last[out])
	}
}

// Run executes the steps. It allocates nothing.
func (p *Plan) Run() {
	turn := p.Pool.Turn()
	defer turn.End()
	for _, s := range p.Steps {
		turn.Run(s.Units, s.Align, s.Run)
	}
}
