package quant_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// calls is y = scale(x, 3) + scale(scale(x)), where scale multiplies by an attribute whose default is 2 and adds a bias
// where one is given; the bodies of the calls share names with each other and with the graph.
func calls() *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 2).Init("t", ot.F32, ot.Float32s(10)).Init("bias", ot.F32, ot.Float32s(100))
	times := ot.New(13).Node("Constant", nil, []string{"k"}, "value_float", ot.Ref("by")).Node("Mul", []string{"v", "k"}, []string{"t"}).
		Node("Max", []string{"t", "v"}, []string{"bigger"}).Node("Identity", []string{"t"}, []string{"w"})
	m.Function("our.org", "Times", []string{"v"}, []string{"w", "v", "bigger"}, []string{"by"}, times)
	scale := ot.New(17).NodeIn("our.org", "Times", []string{"x"}, []string{"t"}, "by", ot.Ref("by")).Node("Sum", []string{"t"}, []string{"y"})
	m.Function("our.org", "Scale", []string{"x", "unused"}, []string{"y"}, []string{"by"}, scale)
	m.NodeIn("our.org", "Scale", []string{"x"}, []string{"a"}, "by", float32(3))
	m.NodeIn("our.org", "Scale", []string{"x", "bias"}, []string{"b"}, "by", float32(2)).NodeIn("our.org", "Scale", []string{"b"}, []string{"c"}, "by", float32(2))
	m.NodeIn("our.org", "Times", []string{"c"}, []string{"", "same", "most"}, "by", float32(0.5))
	return m.Node("Sum", []string{"a", "same", "most", "t"}, []string{"y"}).Output("y", ot.F32)
}

// A model-local function is the nodes of its body, with attributes of the call, outputs that are inputs, and names of its own.
func TestFunctions(t *testing.T) {
	net, err := quant.Parse(calls().Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	copy(net.Inputs()[0].Float32s(), []float32{1, -2})
	net.Run()
	for i, want := range []float32{3 + 4 + 4 + 10, -6 - 8 - 4 + 10} {
		if got := net.Outputs()[0].Float32s()[i]; got != want {
			t.Errorf("y[%d] = %v, want %v", i, got, want)
		}
	}
}

// A branch inside a function reads the function's values, and one of the graph calls functions.
func TestFunctionsAndBranches(t *testing.T) {
	inner := ot.New(17).Node("Mul", []string{"v", "two"}, []string{"t"}).Output("t", ot.F32)
	body := ot.New(17).Node("Constant", nil, []string{"two"}, "value_float", float32(2)).
		Node("If", []string{"c"}, []string{"w"}, "then_branch", inner, "else_branch", inner)
	m := ot.New(17).Input("x", ot.F32, 1).Init("c", boolean, []byte{1}).Init("v", ot.F32, ot.Float32s(50)).Init("two", ot.F32, ot.Float32s(70))
	m.Function("f", "Double", []string{"c", "v"}, []string{"w"}, nil, body)
	outer := ot.New(17).NodeIn("f", "Double", []string{"c", "x"}, []string{"t"}).Output("t", ot.F32)
	m.Node("If", []string{"c"}, []string{"z"}, "then_branch", outer, "else_branch", outer).NodeIn("f", "Double", []string{"c", "z"}, []string{"y"})
	net, err := quant.Parse(m.Output("y", ot.F32).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	net.Inputs()[0].Float32s()[0] = 3
	net.Run()
	if got := net.Outputs()[0].Float32s()[0]; got != 12 {
		t.Errorf("%v, want 12", got)
	}
}

// A QOperator node of a function is written in the function's opset.
func TestFunctionOpset(t *testing.T) {
	body := ot.New(9).Node("Upsample", []string{"v", "k"}, []string{"w"}) // gone since opset 10
	m := ot.New(19).Input("x", ot.F32, 1, 1, 1, 2).Init("k", ot.F32, ot.Float32s(1, 1, 1, 2), 4).Function("f", "Up", []string{"v", "k"}, []string{"w"}, nil, body)
	net, err := quant.Parse(m.NodeIn("f", "Up", []string{"x", "k"}, []string{"y"}).Output("y", ot.F32).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if s := fmt.Sprint(net.Outputs()[0].Shape); s != "[1 1 1 4]" {
		t.Errorf("shape %s", s)
	}
}

// brokenFunctions are models whose functions cannot be what they are.
func brokenFunctions() []hostile {
	relu := func(in string) *ot.Model { return ot.New(17).Node("Relu", []string{in}, []string{"w"}) }
	with := func(body *ot.Model, attrs ...any) *ot.Model {
		m := ot.New(17).Input("x", ot.F32, 1).Function("f", "F", []string{"v"}, []string{"w"}, []string{"a"}, body)
		return m.NodeIn("f", "F", []string{"x"}, []string{"y"}, attrs...).Output("y", ot.F32)
	}
	called := func(op string) *ot.Model { return ot.New(17).NodeIn("f", op, []string{"v"}, []string{"w"}) }
	call := func(in, out []string) *ot.Model {
		return ot.New(17).Input("x", ot.F32, 1).Function("f", "F", []string{"v"}, []string{"w"}, nil, relu("v")).NodeIn("f", "F", in, out).Output("y", ot.F32)
	}
	chain := func(n, twice int, last *ot.Model) *ot.Model { // functions that call the next one
		m := ot.New(17).Input("x", ot.F32, 1)
		for i := range n {
			body := ot.New(17)
			for k := range twice {
				body.NodeIn("f", fmt.Sprintf("F%d", i+1), []string{"v"}, []string{[]string{"w", "u", "t", "s"}[k]})
			}
			m.Function("f", fmt.Sprintf("F%d", i), []string{"v"}, []string{"w"}, nil, body)
		}
		m.Function("f", fmt.Sprintf("F%d", n), []string{"v"}, []string{"w"}, nil, last)
		return m.NodeIn("f", "F0", []string{"x"}, []string{"y"}).Output("y", ot.F32)
	}
	wide := ot.New(17)
	operands := make([]string, 20_000)
	for i := range operands {
		operands[i] = "v"
	}
	wide.Node("Max", operands, []string{"w"})
	long := ot.New(17)
	for i := range 100 {
		long.Node("Relu", []string{"v"}, []string{fmt.Sprint(i) + strings.Repeat("n", 20_000)})
	}
	unknown := ot.New(17).NodeIn("else.where", "Frob", []string{"v"}, []string{"w"})
	return []hostile{
		{"a function that calls itself", with(called("F")), `function "f.F" calls itself`},
		{"functions that call each other", with(called("G")).Function("f", "G", []string{"v"}, []string{"w"}, nil, called("F")), "calls itself"},
		{"a function in its own branch", with(ot.New(17).Node("If", []string{"v"}, []string{"w"}, "then_branch", called("F"), "else_branch", called("F"))), "calls itself"},
		{"a function twice", with(relu("v")).Function("f", "F", []string{"v"}, []string{"w"}, nil, relu("v")), `function "f.F" is given twice`},
		{"functions 100 deep", chain(100, 1, relu("v")), "deeper than 64"},
		{"2^40 calls", chain(40, 2, relu("v")), "more than 65536 nodes"},
		{"4^40 calls of nothing", chain(40, 4, ot.New(17)), "more than 65536 nodes"},
		{"4^20 calls with long lists", chain(10, 4, wide), "operands"},
		{"4^20 calls with long names", chain(10, 4, long), "bytes"},
		{"too many inputs of a call", call([]string{"x", "x"}, []string{"y"}), "2 inputs and 1 outputs"},
		{"too many outputs of a call", call([]string{"x"}, []string{"y", "z"}), "1 inputs and 2 outputs"},
		{"an attribute that the function lacks", with(relu("v"), "b", 1), `attribute "b" is unknown`},
		{"a reference to no attribute", with(ot.New(17).Node("Elu", []string{"v"}, []string{"w"}, "alpha", ot.Ref("c"))), `refers to "c"`},
		{"a reference to another kind", with(ot.New(17).Node("Elu", []string{"v"}, []string{"w"}, "alpha", ot.Ref("a")), "a", "text"), `"alpha" is a string`},
		{"a reference outside a function", ot.New(17).Input("x", ot.F32, 1).Node("Elu", []string{"x"}, []string{"y"}, "alpha", ot.Ref("a")).Output("y", ot.F32), "outside a function"},
		{"a function that reads the graph", with(ot.New(17).Node("Add", []string{"v", "x"}, []string{"w"})), `reads value "F y/x"`},
		{"a function without its output", with(ot.New(17).Node("Relu", []string{"v"}, []string{"other"})), `output "y" is made by no node`},
		{"a cycle inside a function", with(ot.New(17).Node("Add", []string{"v", "b"}, []string{"a"}).Node("Add", []string{"a", "v"}, []string{"b"}).Node("Relu", []string{"a"}, []string{"w"})), "part of a cycle"},
		{"a value twice in a function", with(relu("v").Node("Abs", []string{"v"}, []string{"w"})), `value "y" is given twice`},
		{"a domain that a function lacks", with(unknown), `no opset of domain "else.where"`},
		{"an unknown operator in a function", with(ot.New(17).Node("Frob", []string{"v"}, []string{"w"})), `Frob "F y/Frob w": operator is not supported`},
		{"a function of opset 3", with(ot.New(3).Node("Relu", []string{"v"}, []string{"w"})), "opset 3 is outside"},
		{"a function of opset -1", with(ot.New(-1).Node("Relu", []string{"v"}, []string{"w"})), "opset of domain"},
		{"an overload that is missing", func() *ot.Model {
			m := ot.New(17).Input("x", ot.F32, 1).Function("f", "F", []string{"v"}, []string{"w"}, nil, relu("v"))
			m.Graph = m.Graph.Put(1, ot.Message{}.Put(1, []byte("x")).Put(2, []byte("y")).Put(4, []byte("F")).Put(7, []byte("f")).Put(8, []byte("other")))
			return m.Output("y", ot.F32)
		}(), `calls function "f.F:other"`},
	}
}
