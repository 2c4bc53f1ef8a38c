package graph

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// A sequence is a list of values whose length and places are known at load: PyTorch's older exporter writes one where a
// model splits a tensor into a Python list. It never becomes memory; the operators on it only pick names.

// known is an operand's value as integers, which must not depend on an input of the graph.
func (e *expansion) known(i int, what string) (list []int, scalar bool) {
	v := e.b.values[e.in(i)]
	if v == nil {
		e.fail("input %d is missing", i)
		return nil, false
	}
	if !v.static {
		e.fail("%w", open(&Node{In: []*Value{v}}, &ops.NeedsConst{What: what}))
		return nil, false
	}
	t, err := e.b.g.Constant(v)
	if err != nil {
		e.fail("%w", err)
		return nil, false
	}
	switch t.Type {
	case tensor.Int64:
		for _, x := range tensor.View[int64](t) {
			list = append(list, int(x))
		}
	case tensor.Int32:
		for _, x := range tensor.View[int32](t) {
			list = append(list, int(x))
		}
	default:
		e.fail("%s is of %v", what, t.Type)
	}
	return list, len(t.Shape) == 0
}

// sequence is operand 0 as a list of values.
func (e *expansion) sequence() []string {
	list, ok := e.b.sequences[e.in(0)]
	if !ok {
		e.fail("input 0 (%q) is no sequence", e.in(0))
	}
	return list
}

// put makes output 0 a sequence. Lists share their fronts: nobody changes them in place.
func (e *expansion) put(list []string) {
	if e.b.inSequences += len(list); e.b.inSequences > 1<<20 {
		e.fail("sequences of more than %d values in all", 1<<20)
	}
	if e.err == nil && e.wants(0) {
		e.b.sequences[e.n.Outputs[0]] = list
	}
}

// position is operand i as an index of a list, one past its end if last is 0; absent is what it is when omitted.
func (e *expansion) position(i, length, last, absent int) int {
	if e.in(i) == "" {
		return absent
	}
	list, _ := e.known(i, "position")
	if e.err != nil || len(list) != 1 || list[0] < -length || list[0] > length-last {
		e.fail("position %v in a sequence of %d", list, length)
		return 0
	}
	if list[0] < 0 {
		return list[0] + length
	}
	return list[0]
}

func (e *expansion) sequenceConstruct() {
	e.attrs("dtype")
	for i, name := range e.n.Inputs {
		if e.b.values[name] == nil {
			e.fail("input %d is missing", i)
			return
		}
	}
	e.put(e.n.Inputs)
}

func (e *expansion) sequenceInsert() {
	e.attrs()
	e.arity(2, 3)
	list := e.sequence()
	at := e.position(2, len(list), 0, len(list))
	if e.err == nil && e.b.values[e.in(1)] == nil {
		e.fail("input 1 is no tensor")
	}
	if e.err == nil {
		e.put(append(append(append([]string{}, list[:at]...), e.in(1)), list[at:]...))
	}
}

func (e *expansion) sequenceErase() {
	e.attrs()
	e.arity(1, 2)
	list := e.sequence()
	if len(list) == 0 {
		e.fail("the sequence is empty")
		return
	}
	if at := e.position(1, len(list), 1, len(list)-1); e.err == nil {
		e.put(append(append([]string{}, list[:at]...), list[at+1:]...))
	}
}

func (e *expansion) sequenceAt() {
	e.attrs()
	e.arity(2, 2)
	list := e.sequence()
	if at := e.position(1, len(list), 1, 0); e.err == nil {
		e.last("Identity", nil, list[at])
	}
}

func (e *expansion) sequenceLength() {
	e.attrs()
	e.arity(1, 1)
	n := int64(len(e.sequence()))
	e.last("Identity", nil, e.constant(tensor.From(tensor.Int64, []int64{n})))
}

// splitToSequence is a Split: into single slices, into chunks of one size, or into given sizes.
func (e *expansion) splitToSequence() {
	e.attrs("axis", "keepdims")
	e.arity(1, 2)
	shape, axis := e.shape(e.in(0)), e.attrInt("axis", 0)
	if axis < -len(shape) || axis >= len(shape) {
		e.fail("axis %d is outside rank %d", axis, len(shape))
		return
	}
	axis = (axis + len(shape)) % len(shape)
	size, keep := shape[axis], true
	sizes, chunks := []int{1}, true
	if e.in(1) == "" {
		keep = e.attrInt("keepdims", 1) != 0
	} else if sizes, chunks = e.known(1, "split"); e.err != nil {
		return
	}
	if chunks {
		chunk := sizes[0]
		if chunk < 1 || size/chunk >= 1<<16 {
			e.fail("chunks of %d of %d", chunk, size)
			return
		}
		sizes = nil
		for at := 0; at < size; at += chunk {
			sizes = append(sizes, min(chunk, size-at))
		}
	}
	if len(sizes) == 0 {
		e.put(nil)
		return
	}
	split := make([]int64, len(sizes))
	parts := make([]string, len(sizes))
	for i, s := range sizes {
		split[i], parts[i] = int64(s), e.name()
	}
	e.ops("Split", onnx.Attrs{"axis": axis}, parts, e.in(0), e.ints(split...))
	if !keep {
		for i := range parts {
			parts[i] = e.op("Squeeze", nil, parts[i], e.ints(int64(axis)))
		}
	}
	e.put(parts)
}

func (e *expansion) concatFromSequence() {
	e.attrs("axis", "new_axis")
	e.arity(1, 1)
	if e.n.Attrs["axis"] == nil {
		e.fail("attribute \"axis\" is missing")
		return
	}
	axis, list := e.attrInt("axis", 0), e.sequence()
	if e.attrInt("new_axis", 0) != 0 {
		stacked := make([]string, len(list))
		for i, v := range list {
			stacked[i] = e.op("Unsqueeze", nil, v, e.ints(int64(axis)))
		}
		list = stacked
	}
	e.last("Concat", onnx.Attrs{"axis": axis}, list...)
}

// value is what a node reads by a name; a sequence is an error.
func (b *builder) value(name string) (*Value, error) {
	v := b.values[name]
	if v == nil {
		return nil, fmt.Errorf("value %q is a sequence, not a tensor", name)
	}
	return v, nil
}
