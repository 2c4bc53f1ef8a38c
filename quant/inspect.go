package quant

import (
	"fmt"
	"io"
	"strings"

	"github.com/depthwise/depthwise/quant/internal/plan"
)

// WriteGraph lists the plan, one step a line: what it computes, the kernel, the shape it makes, its cost, where its
// operands and its result lie, and the model's nodes folded into it.
func (n *Network) WriteGraph(w io.Writer) error {
	if n.plan == nil {
		return nil
	}
	for i, s := range n.plan.Steps {
		shape := ""
		if b := firstOut(s); b != nil {
			shape = fmt.Sprint(b.Shape)
		}
		_, err := fmt.Fprintf(w, "%3d  %-14s %-34s %-20s %8.2f MMAC  %s → %s\n", i, s.Op, s.Kernel, shape, float64(s.MACs)/1e6,
			places(s.In), places(s.Out))
		if err != nil {
			return err
		}
		if len(s.Nodes) > 0 {
			if _, err := fmt.Fprintf(w, "     %s\n", strings.Join(s.Nodes, " ← ")); err != nil {
				return err
			}
		}
	}
	a := n.Arena()
	_, err := fmt.Fprintf(w, "arena %d bytes for %d tensors, lower bound %d, weights %d bytes\n", a.Bytes, a.Buffers, a.LowerBound, a.Weights)
	return err
}

// WriteDot writes the plan in Graphviz's language: a box a step, an edge a tensor.
func (n *Network) WriteDot(w io.Writer) error {
	if n.plan == nil {
		return nil
	}
	p := &printer{w: w}
	p.line("digraph plan {")
	p.line("\tnode [shape=box, fontname=\"monospace\"];")
	maker := map[*plan.Buffer]string{}
	for i, b := range n.plan.Inputs {
		maker[b.Root()] = fmt.Sprintf("in%d", i)
		p.line("\tin%d [shape=ellipse, label=%q];", i, fmt.Sprintf("%s\n%v %v", b.Name, b.Type, b.Shape))
	}
	for i, s := range n.plan.Steps {
		label := fmt.Sprintf("%s\n%s", s.Op, s.Kernel)
		if s.MACs > 0 {
			label += fmt.Sprintf("\n%.2f MMAC", float64(s.MACs)/1e6)
		}
		p.line("\ts%d [label=%q, tooltip=%q];", i, label, strings.Join(s.Nodes, " ← "))
		for _, b := range s.In {
			if b == nil || b.Root().Place == plan.IsConstant {
				continue
			}
			p.line("\t%s -> s%d [label=%q];", maker[b.Root()], i, fmt.Sprintf("%v %s", b.Shape, place(b)))
		}
		for _, b := range s.Out {
			if b != nil {
				maker[b.Root()] = fmt.Sprintf("s%d", i)
			}
		}
	}
	for i, b := range n.plan.Outputs {
		p.line("\tout%d [shape=ellipse, label=%q];", i, fmt.Sprintf("%s\n%v %v", b.Name, b.Type, b.Shape))
		if from := maker[b.Root()]; from != "" {
			p.line("\t%s -> out%d;", from, i)
		}
	}
	p.line("}")
	return p.err
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func firstOut(s *plan.Step) *plan.Buffer {
	for _, b := range s.Out {
		if b != nil {
			return b
		}
	}
	return nil
}

func places(list []*plan.Buffer) string {
	var out []string
	for _, b := range list {
		if b != nil {
			out = append(out, place(b))
		}
	}
	return strings.Join(out, ", ")
}

// place says where a buffer lies: input, output, const, or its offset in the arena; a slice of channels adds its first.
func place(b *plan.Buffer) string {
	r := b.Root()
	at := fmt.Sprintf("arena+%d", r.Offset)
	switch r.Place {
	case plan.IsInput:
		at = "input " + r.Name
	case plan.IsOutput:
		at = "output " + r.Name
	case plan.IsConstant:
		at = "const " + r.Name
	}
	if b.Channel > 0 {
		at += fmt.Sprintf(" from channel %d", b.Channel-1)
	}
	return fmt.Sprintf("%s (%v)", at, b.Form)
}
