package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Value is what is known of an operand before the network runs.
type Value struct {
	Type  tensor.DType
	Shape []int
	Const *tensor.T // its value, when it depends on no input
}

// Node is one operator with its operands.
type Node struct {
	Op, Domain string
	Version    int // of the opset of Domain
	Attrs      onnx.Attrs
	In         []*Value // nil = omitted
	Outs       int      // outputs asked for
}

// Impl is a checked operator.
type Impl struct {
	Out   []Value // types and shapes; Const is nil
	Units int     // independent parts that Run splits into; 0 when there is nothing to do
	// Run computes units [lo, hi). in has nil for omitted operands; out has nil for outputs that nobody reads.
	Run  func(in, out []*tensor.T, lo, hi int)
	MACs int64
	// Work is operations that neither MACs nor the sizes of operands and results count, such as the pixels of a pool's
	// windows.
	Work int64
	// Held is the memory that the Impl keeps for its tables, in bytes.
	Held int64
	// View: output 0 holds the bytes of input 0 unchanged, so that both may share memory.
	View bool
}

// ErrUnknown is wrapped by Build's error for an operator that the package lacks.
var ErrUnknown = errors.New("operator is not supported")

// NeedsConst is the error of an operand whose value decides a shape or a kernel and is not known at load.
type NeedsConst struct {
	Input int    // which operand
	What  string // what it is: shape, pads, …
}

func (e *NeedsConst) Error() string { return e.What + " depends on run-time data" }

// Oldest and Newest bound the default domain's opsets that Build knows.
const (
	Oldest = 7
	Newest = 28
)

type builder func(*build) *Impl

// Known reports whether there is an operator of that name.
func Known(domain, op string) bool {
	return lookup(domain, op) != nil
}

// Build checks a node and prepares it.
func Build(n *Node) (*Impl, error) {
	f := lookup(n.Domain, n.Op)
	if f == nil {
		return nil, ErrUnknown
	}
	if n.Domain == "" && (n.Version < Oldest && n.Op != "Not" || n.Version > Newest) { // Not is as it was in opset 1
		return nil, fmt.Errorf("opset %d is outside %d…%d", n.Version, Oldest, Newest)
	}
	b := &build{Node: n, used: map[string]bool{}}
	impl := f(b)
	if b.err != nil {
		return nil, b.err
	}
	for name := range n.Attrs {
		if !b.used[name] {
			return nil, fmt.Errorf("attribute %q is unknown", name)
		}
	}
	impl.Held = b.held
	if n.Outs > len(impl.Out) {
		return nil, fmt.Errorf("%d outputs asked for, it has %d", n.Outs, len(impl.Out))
	}
	empty := true
	for i := range impl.Out {
		size, err := tensor.Volume(impl.Out[i].Shape)
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", i, err)
		}
		empty = empty && size == 0
	}
	if empty { // nothing to do, which no operator need think of
		impl.Units = 0
	}
	return impl, nil
}

// build carries a node through its builder. The first error sticks; afterwards getters return harmless values, and
// builders return early where they would index with them.
type build struct {
	*Node
	used map[string]bool
	held int64 // bytes of tables
	err  error
}

// maxTable bounds the entries of a node's tables: they are made before anybody knows whether its output fits anywhere.
const maxTable = 1 << 22

// tables accounts for tables with an entry for each index of each axis. It is false, and the builder's error, when they
// are too many.
func (b *build) tables(axes ...int) bool {
	n := 0
	for _, d := range axes {
		if n += d; d > maxTable || n > maxTable {
			b.fail("axes %v need tables of more than %d entries", axes, maxTable)
			return false
		}
	}
	b.held += 8 * int64(n)
	return b.err == nil
}

// fail records an error and returns nil, so that a builder can end with it.
func (b *build) fail(format string, args ...any) *Impl {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
	return nil
}

func (b *build) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// arity checks the number of operands and that the required ones are there.
func (b *build) arity(required, most int) bool {
	if len(b.In) > most {
		b.fail("%d inputs, at most %d", len(b.In), most)
		return false
	}
	for i := range required {
		if b.in(i) == nil {
			b.fail("input %d is missing", i)
			return false
		}
	}
	return b.err == nil
}

// in is operand i, nil when omitted.
func (b *build) in(i int) *Value {
	if i >= len(b.In) {
		return nil
	}
	return b.In[i]
}

func (b *build) attrInt(name string, absent int) int {
	b.used[name] = true
	v, err := b.Attrs.Int(name, absent)
	b.note(err)
	return v
}

func (b *build) attrBool(name string, absent bool) bool {
	b.used[name] = true
	v, err := b.Attrs.Bool(name, absent)
	b.note(err)
	return v
}

func (b *build) attrFloat(name string, absent float32) float32 {
	b.used[name] = true
	v, err := b.Attrs.Float(name, absent)
	b.note(err)
	return v
}

// attrString is a string attribute that must be one of allowed; the first is the default.
func (b *build) attrString(name string, allowed ...string) string {
	b.used[name] = true
	v, err := b.Attrs.String(name, allowed[0])
	b.note(err)
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	b.fail("attribute %q is %q, want one of %q", name, v, allowed)
	return allowed[0]
}

func (b *build) attrInts(name string) []int {
	b.used[name] = true
	v, err := b.Attrs.Ints(name)
	b.note(err)
	return v
}

func (b *build) attrFloats(name string) []float32 {
	b.used[name] = true
	v, err := b.Attrs.Floats(name)
	b.note(err)
	return v
}

// ignore marks attributes that change nothing here.
func (b *build) ignore(names ...string) {
	for _, n := range names {
		b.used[n] = true
	}
}

// axis turns a possibly negative axis into an index below rank.
func (b *build) axis(a, rank int) int {
	if a < -rank || a >= rank {
		b.fail("axis %d is outside rank %d", a, rank)
		return 0
	}
	if a < 0 {
		a += rank
	}
	return a
}

// axes turns a list of axes into a set, refusing duplicates.
func (b *build) axes(list []int, rank int) []bool {
	set := make([]bool, rank)
	for _, a := range list {
		a = b.axis(a, rank)
		if b.err != nil {
			return set
		}
		if set[a] {
			b.fail("axis %d is given twice", a)
			return set
		}
		set[a] = true
	}
	return set
}

// ints is operand i as a list of integers known at load: shapes, axes, pads.
func (b *build) ints(i int, what string) []int {
	v := b.in(i)
	if v == nil {
		return nil
	}
	if !b.known(i, what) {
		return nil
	}
	if len(v.Shape) > 1 {
		b.fail("%s has rank %d", what, len(v.Shape))
		return nil
	}
	switch v.Type {
	case tensor.Int64:
		s := tensor.View[int64](v.Const)
		out := make([]int, len(s))
		for j, e := range s {
			out[j] = int(e)
		}
		return out
	case tensor.Int32:
		s := tensor.View[int32](v.Const)
		out := make([]int, len(s))
		for j, e := range s {
			out[j] = int(e)
		}
		return out
	}
	b.fail("%s is of %v", what, v.Type)
	return nil
}

// floats is operand i as a list of float32 known at load.
func (b *build) floats(i int, what string) []float32 {
	v := b.in(i)
	if v == nil {
		return nil
	}
	if !b.known(i, what) {
		return nil
	}
	if v.Type != tensor.Float32 {
		b.fail("%s is of %v", what, v.Type)
		return nil
	}
	return tensor.View[float32](v.Const)
}

// known checks that operand i has a value at load.
func (b *build) known(i int, what string) bool {
	if b.In[i].Const == nil {
		b.note(&NeedsConst{Input: i, What: what})
		return false
	}
	return true
}

// want checks an operand's type against a list.
func (b *build) want(i int, types ...tensor.DType) bool {
	v := b.in(i)
	if v == nil || b.err != nil {
		return b.err == nil
	}
	for _, t := range types {
		if v.Type == t {
			return true
		}
	}
	b.fail("input %d is of %v, want %v", i, v.Type, types)
	return false
}

// rank checks an operand's rank.
func (b *build) rank(i, rank int) bool {
	if v := b.in(i); v != nil && len(v.Shape) != rank {
		b.fail("input %d has shape %v, want rank %d", i, v.Shape, rank)
		return false
	}
	return b.err == nil
}

// volume is a shape's number of elements; too many is the builder's error.
func (b *build) volume(shape []int) int {
	n, err := tensor.Volume(shape)
	b.note(err)
	return n
}

// operations is a product of counts, saturated.
func operations(counts ...int) int64 {
	p := int64(1)
	for _, c := range counts {
		if c > 0 && p > math.MaxInt64/int64(c)/2 {
			return math.MaxInt64 / 2
		}
		p *= int64(c)
	}
	return p
}

// since picks how an operator takes a list: as an input from an opset on, as an attribute before it.
func (b *build) listSince(version int, attr string, input int) (list []int, given bool) {
	if b.Version >= version {
		if b.in(input) == nil {
			return nil, false
		}
		return b.ints(input, attr), true
	}
	_, given = b.Attrs[attr]
	return b.attrInts(attr), given
}

// one is an Impl with one output.
func one(t tensor.DType, shape []int, units int, run func(in, out []*tensor.T, lo, hi int)) *Impl {
	return &Impl{Out: []Value{{Type: t, Shape: shape}}, Units: units, Run: run}
}

// chunk is the number of elements of an element-wise operator's unit.
const chunk = 8192

func chunks(n int) int { return (n + chunk - 1) / chunk }

// span is the elements of units [lo, hi) of n.
func span(lo, hi, n int) (int, int) { return lo * chunk, min(hi*chunk, n) }

func product(s []int) int {
	p := 1
	for _, v := range s {
		p *= v
	}
	return p
}

func clone(s []int) []int { return append([]int(nil), s...) }
