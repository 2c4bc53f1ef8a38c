package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// structure is what matching asks of a graph.
type structure struct {
	nodes     []onnx.Node
	from      map[string]*onnx.Node   // by output
	readers   map[string][]*onnx.Node // by input
	constants map[string]*tensor.T
	inputs    []string
	depends   map[string]bool // values that depend on an input
}

func read(m *onnx.Model) *structure {
	s := &structure{nodes: m.Graph.Nodes, from: map[string]*onnx.Node{}, readers: map[string][]*onnx.Node{},
		constants: map[string]*tensor.T{}, depends: map[string]bool{}}
	for _, i := range m.Graph.Initializers {
		s.constants[i.Name] = i.Tensor
	}
	var reached []string
	for _, v := range m.Graph.Inputs {
		s.inputs = append(s.inputs, v.Name)
		s.depends[v.Name] = true
		reached = append(reached, v.Name)
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.Op == "Constant" {
			if t, err := n.Attrs.Tensor("value"); err == nil && t != nil {
				s.constants[n.Outputs[0]] = t
			}
		}
		for _, v := range n.Outputs {
			s.from[v] = n
		}
		for _, v := range n.Inputs {
			s.readers[v] = append(s.readers[v], n)
		}
	}
	for len(reached) > 0 {
		v := reached[len(reached)-1]
		reached = reached[:len(reached)-1]
		for _, n := range s.readers[v] {
			for _, o := range n.Outputs {
				if o != "" && !s.depends[o] {
					s.depends[o] = true
					reached = append(reached, o)
				}
			}
		}
	}
	return s
}

// site is a place where the quantised graph stores an activation as integers.
type site struct {
	value string // the integers
	scale float64
	zero  float64
	floor bool     // the zero point is the least integer: nothing stored is below 0
	names []string // of the float tensor that it may stand for, the likeliest first
}

// scaleAt is where an operator with integer output has that output's scale among its operands; the zero point follows.
var scaleAt = map[string]int{"QLinearConv": 6, "QLinearMatMul": 6, "QLinearAdd": 6, "QLinearMul": 6, "QLinearSigmoid": 3,
	"QLinearLeakyRelu": 3, "QLinearSoftmax": 3, "QLinearAveragePool": 3, "QLinearGlobalAveragePool": 3, "QLinearConcat": 0,
	"QGemm": 7}

// suffixes are what ONNX Runtime's quantizer puts behind the name of a float tensor.
var suffixes = []string{"_QuantizeLinear_Output", "_DequantizeLinear_Output", "_QuantizeLinear_Input", "_quantized"}

// sites lists the quantised activations in the file's order.
func (s *structure) sites() []site {
	var list []site
	at := map[string]int{}
	add := func(value, scale, zero string) int {
		if i, ok := at[value]; ok {
			return i
		}
		x, ok := site{value: value}, false
		if x.scale, ok = s.number(scale); !ok || !s.depends[value] || slices.Contains(s.inputs, value) {
			return -1
		}
		if x.zero, ok = s.number(zero); !ok && zero != "" {
			return -1
		}
		x.floor = x.zero == 0
		if t := s.constants[zero]; t != nil && t.Type == tensor.Int8 {
			x.floor = x.zero == -128
		}
		at[value] = len(list)
		list = append(list, x)
		return len(list) - 1
	}
	arg := func(n *onnx.Node, i int) string {
		if i >= len(n.Inputs) {
			return ""
		}
		return n.Inputs[i]
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		k := -1
		var tensor string // a float tensor beside the integers
		if at, ok := scaleAt[n.Op]; ok {
			k = add(n.Outputs[0], arg(n, at), arg(n, at+1))
		} else if n.Op == "QuantizeLinear" {
			k, tensor = add(n.Outputs[0], arg(n, 1), arg(n, 2)), arg(n, 0)
		} else if n.Op == "DequantizeLinear" {
			k, tensor = add(arg(n, 0), arg(n, 1), arg(n, 2)), n.Outputs[0]
		}
		if k < 0 {
			continue
		}
		for _, name := range []string{list[k].value, tensor} {
			if name == "" {
				continue
			}
			for _, suffix := range suffixes {
				if cut, ok := strings.CutSuffix(name, suffix); ok {
					list[k].names = append(list[k].names, cut)
				}
			}
			if name != list[k].value {
				list[k].names = append(list[k].names, name)
			}
		}
	}
	return list
}

// number is a constant of one element.
func (s *structure) number(name string) (float64, bool) {
	t := s.constants[name]
	if t == nil || t.Len() != 1 {
		return 0, false
	}
	switch t.Type {
	case tensor.Float32:
		return float64(tensor.View[float32](t)[0]), true
	case tensor.Uint8:
		return float64(t.Data[0]), true
	case tensor.Int8:
		return float64(int8(t.Data[0])), true
	case tensor.Uint16:
		return float64(tensor.View[uint16](t)[0]), true
	case tensor.Int16:
		return float64(tensor.View[int16](t)[0]), true
	case tensor.Int32:
		return float64(tensor.View[int32](t)[0]), true
	}
	return 0, false
}

// How a layer's two tensors were found to belong together.
const (
	ByName     = "name"
	ByPosition = "position"
)

// match finds the float tensor of each site: by name, and where that fails behind the same of several convolutions or
// products with weights of one shape, and then behind the only operator of its kind on operands that are matched. No float
// tensor is taken twice.
func match(float, int8 *structure) (sites []site, layers []Layer) {
	sites = int8.sites()
	found, taken := make([]Layer, len(sites)), map[string]bool{}
	take := func(i int, name, how string) {
		if n := float.from[name]; n != nil && float.depends[name] && found[i].Name == "" && !taken[name] {
			taken[name] = true
			found[i] = Layer{Name: name, Op: n.Op, Node: n.Name, Quantised: sites[i].value, Match: how}
		}
	}
	find := func(i int, name, how string) {
		if sites[i].floor && !int8.activated(sites[i].value) {
			take(i, float.activation(name), how)
		}
		take(i, name, how)
	}
	for i := range sites {
		for _, name := range sites[i].names {
			find(i, name, ByName)
		}
	}
	at := map[string]int{}
	for i := range sites {
		at[sites[i].value] = i
	}
	ours, theirs := float.weighted(), int8.weighted()
	for key, list := range theirs {
		if len(ours[key]) != len(list) {
			continue
		}
		for k, n := range list {
			if value, ops := int8.stored(n.Outputs[0], at); value != "" {
				find(at[value], float.follow(ours[key][k].Outputs[0], ops), ByPosition)
			}
		}
	}
	for i := range sites { // in the file's order: one match makes the next
		op, operands := int8.operands(sites[i].value)
		for k, v := range operands {
			operands[k] = ""
			if j, ok := at[v]; ok {
				operands[k] = found[j].Name
			}
		}
		find(i, float.result(op, operands), ByPosition)
	}
	return sites, found
}

// operands are the stored values that a stored value is computed from, and by what operator; none where others play a part.
func (s *structure) operands(value string) (op string, operands []string) {
	n := s.from[value]
	if n == nil {
		return "", nil
	}
	if n.Op != "QuantizeLinear" {
		op, ok := strings.CutPrefix(n.Op, "QLinear")
		for _, in := range n.Inputs {
			if s.depends[in] {
				operands = append(operands, in)
			}
		}
		if !ok {
			return "", nil
		}
		return op, operands
	}
	if n = s.from[n.Inputs[0]]; n != nil && (n.Op == "Relu" || n.Op == "Clip") {
		n = s.from[n.Inputs[0]]
	}
	if n == nil {
		return "", nil
	}
	for _, in := range n.Inputs {
		if !s.depends[in] {
			continue
		}
		d := s.from[in]
		if d == nil || d.Op != "DequantizeLinear" {
			return "", nil
		}
		operands = append(operands, d.Inputs[0])
	}
	return n.Op, operands
}

// result is what the only operator of a kind that reads these values, and no others that depend on an input, makes of them.
func (s *structure) result(op string, operands []string) string {
	if len(operands) == 0 || slices.Contains(operands, "") {
		return ""
	}
	found := ""
	for _, n := range s.readers[operands[0]] {
		var own []string
		for _, in := range n.Inputs {
			if s.depends[in] {
				own = append(own, in)
			}
		}
		if n.Op != op || !slices.Equal(own, operands) || found == n.Outputs[0] {
			continue
		}
		if found != "" {
			return ""
		}
		found = n.Outputs[0]
	}
	return found
}

// weighted lists the nodes with constant weights, in the file's order, by kind and by the weights' dimensions in rising
// order: a transposed matrix is the same one.
func (s *structure) weighted() map[string][]*onnx.Node {
	list := map[string][]*onnx.Node{}
	for i := range s.nodes {
		n := &s.nodes[i]
		kind, w := "", 1
		switch n.Op {
		case "Conv", "ConvTranspose":
			kind = n.Op
		case "QLinearConv":
			kind, w = "Conv", 3
		case "Gemm", "MatMul":
			kind = "product"
		case "QGemm", "QLinearMatMul":
			kind, w = "product", 3
		}
		if kind == "" || len(n.Inputs) <= w || s.depends[n.Inputs[w]] {
			continue
		}
		if t := s.weights(n.Inputs[w]); t != nil {
			dims := slices.Sorted(slices.Values(t.Shape))
			key := fmt.Sprint(kind, dims)
			list[key] = append(list[key], n)
		}
	}
	return list
}

// weights is the constant that a weight comes from, through what only stores it otherwise.
func (s *structure) weights(name string) *tensor.T {
	for range 8 {
		if t := s.constants[name]; t != nil {
			return t
		}
		n := s.from[name]
		if n == nil {
			return nil
		}
		switch n.Op {
		case "DequantizeLinear", "QuantizeLinear", "Transpose", "Identity", "Cast":
			name = n.Inputs[0]
		default:
			return nil
		}
	}
	return nil
}

// elementwise are the operators that may stand between a convolution and the place where its result is stored.
var elementwise = []string{"Relu", "Clip", "LeakyRelu", "HardSwish", "HardSigmoid", "Sigmoid", "Elu", "Add", "BatchNormalization"}

// next is the only reader of a value where that works on single elements.
func (s *structure) next(value string) *onnx.Node {
	if r := s.readers[value]; len(r) == 1 && slices.Contains(elementwise, r[0].Op) {
		for _, in := range r[0].Inputs {
			if in != value && s.depends[in] {
				return nil
			}
		}
		return r[0]
	}
	return nil
}

// stored is the site behind a node's result, and the operators on the way there.
func (s *structure) stored(value string, at map[string]int) (site string, ops []string) {
	for range len(elementwise) {
		if _, ok := at[value]; ok {
			return value, ops
		}
		for _, n := range s.readers[value] {
			if _, ok := at[n.Outputs[0]]; ok && n.Op == "QuantizeLinear" {
				return n.Outputs[0], ops
			}
		}
		n := s.next(value)
		if n == nil {
			return "", nil
		}
		ops, value = append(ops, n.Op), n.Outputs[0]
	}
	return "", nil
}

// activated tells whether a Relu or Clip still works on a stored value after it is dequantised.
func (s *structure) activated(value string) bool {
	for _, d := range s.readers[value] {
		if d.Op != "DequantizeLinear" {
			continue
		}
		for _, n := range s.readers[d.Outputs[0]] {
			if n.Op == "Relu" || n.Op == "Clip" {
				return true
			}
		}
	}
	return false
}

// activation is the result of the Relu or Clip that alone reads a value, "" where there is none. Quantizers leave it out
// where the range of the integers does the same.
func (s *structure) activation(value string) string {
	if n := s.next(value); n != nil && (n.Op == "Relu" || n.Op == "Clip") {
		return n.Outputs[0]
	}
	return ""
}

// follow goes from a value through the same operators. Batch normalisation that the quantised graph has in its weights is
// passed.
func (s *structure) follow(value string, ops []string) string {
	for {
		n := s.next(value)
		switch {
		case n != nil && len(ops) > 0 && n.Op == ops[0]:
			ops, value = ops[1:], n.Outputs[0]
		case n != nil && n.Op == "BatchNormalization":
			value = n.Outputs[0]
		case len(ops) > 0:
			return ""
		default:
			return value
		}
	}
}
