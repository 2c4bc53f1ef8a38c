package quant_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// moreHostileFiles are attacks on what a tensor, a name or a version may be.
func moreHostileFiles() []hostileFile {
	model := func(name string, m *ot.Model, fault string) hostileFile {
		return hostileFile{name: name, files: [][]byte{m.Bytes()}, fault: fault}
	}
	tensor := func(fields ot.Message) *ot.Model {
		m := relu(1)
		m.Graph = m.Graph.Put(5, fields.Put(8, []byte("w")))
		return m
	}
	version := func(ir int64) *ot.Model {
		m := relu(1)
		m.Head = ot.Message{}.Int(1, ir)
		return m
	}
	sparse := func(field int, t ot.Message) *ot.Model {
		m := relu(1)
		m.Graph = m.Graph.Put(field, t)
		return m
	}
	input := func(typ int) *ot.Model {
		return ot.New(17).Input("x", typ, 4).Node("Identity", []string{"x"}, []string{"y"}).Output("y", typ)
	}
	constant := func(attribute ot.Message) *ot.Model {
		m := relu(1)
		m.Graph = m.Graph.Put(1, ot.Message{}.Put(2, []byte("z")).Put(3, []byte("c")).Put(4, []byte("Constant")).Put(5, attribute))
		return m.Output("z", ot.F32)
	}
	named := func(in, out string) *ot.Model {
		return ot.New(17).Input(in, ot.F32, 1).Node("Relu", []string{in}, []string{out}).Output(out, ot.F32)
	}
	list := []hostileFile{
		model("a sparse initializer", sparse(15, ot.Message{}.Put(1, ot.Tensor("w", ot.F32, ot.Float32s(1), 1)).Put(2, ot.Tensor("", ot.I64, ot.Int64s(0), 1)).Int(3, 1<<40)), "sparse initializer is not supported"),
		model("a sparse constant", constant(ot.Message{}.Put(1, []byte("sparse_value")).Put(22, ot.Message{}.Int(3, 1<<40)).Int(20, 11)), `Constant "c"`),
		model("a constant of strings", constant(ot.Message{}.Put(1, []byte("value_strings")).Put(9, []byte("a")).Int(20, 8)), `Constant "c": the constant's kind is not supported`),
		model("a constant without a value", constant(ot.Message{}.Put(1, []byte("value")).Int(20, 4)), "has no tensor"),
		model("a tensor of strings", tensor(ot.Message{}.Int(1, 2).Int(2, 8).Put(6, []byte("a")).Put(6, []byte("b"))), "element type string is not supported"),
		model("a million strings", tensor(append(ot.Message{}.Int(1, 1_000_000).Int(2, 8), bytes.Repeat([]byte{0x32, 0x01, 'a'}, 1_000_000)...)), "element type string is not supported"),
		model("an input of strings", input(8), `input "x": element type string is not supported`),
		model("an input of complex numbers", input(15), `input "x": element type type 15 is not supported`),
		model("an input of element type 200", input(200), "element type type 200"),
		model("an input of element type 2^40", input(1<<40), "element type"),
		model("complex numbers", tensor(ot.Message{}.Int(1, 1).Int(2, 14).Put(9, make([]byte, 8))), "element type type 14 is not supported"),
		model("int4 of twice the bytes", tensor(ot.Message{}.Int(1, 1<<20).Int(2, 22).Put(9, make([]byte, 1<<20))), "1048576 bytes of data, want 524288"),
		model("int2 in eight times the elements", tensor(ot.Message{}.Int(1, 1<<28).Int(2, 26).Put(9, make([]byte, 1<<10))), "1024 bytes of data, want 67108864"),
		model("float8 that overflows", tensor(ot.Message{}.Int(1, 2).Int(2, 17).Put(5, []byte{0x80, 0x08, 0x01})), "1024, outside float8_e4m3fn"),
		model("bfloat16 of one byte", tensor(ot.Message{}.Int(1, 1).Int(2, 16).Put(9, []byte{1})), "1 bytes of data, want 2"),
		model("float16 in a list of floats", tensor(ot.Message{}.Int(1, 1).Int(2, 10).Put(4, ot.Float32s(1))), "cannot hold float16"),
		model("64 MB of raw data for 3 elements", tensor(ot.Message{}.Int(1, 3).Int(2, ot.I64).Put(9, make([]byte, 64<<20))), "67108864 bytes of data, want 24"),
		model("raw data of int64 for float32", tensor(ot.Message{}.Int(1, 4).Int(2, ot.F32).Put(9, make([]byte, 32))), "32 bytes of data, want 16"),
		model("a segment", tensor(ot.Message{}.Int(1, 4).Int(2, ot.F32).Put(3, ot.Message{}.Int(1, 0).Int(2, 1<<40))), "segmented tensor is not supported"),
		model("data in a place of kind 7", tensor(ot.Message{}.Int(1, 4).Int(2, ot.F32).Int(14, 7)), "data location 7"),
		model("data outside and inside", tensor(ot.Message{}.Int(1, 1).Int(2, ot.F32).Int(14, 1).Put(9, ot.Float32s(1))), "external data without a location"),
		model("a dimension of -1 in an initializer", tensor(ot.Message{}.Int(1, -1).Int(2, ot.F32).Put(9, ot.Float32s(1))), "negative"),
		model("16 dimensions and one more", tensor(func() ot.Message {
			m := ot.Message{}.Int(2, ot.F32)
			for range 17 {
				m = m.Int(1, 1)
			}
			return m.Put(9, ot.Float32s(1))
		}()), "17 dimensions"),

		model("IR version 99", version(99), "IR version 99 is outside"),
		model("IR version -1", version(-1), "IR version -1 is outside"),
		model("the greatest IR version", version(math.MaxInt64), "IR version 9223372036854775807 is outside"),
		model("two opsets of a domain", func() *ot.Model {
			m := relu(1)
			m.Head = m.Head.Put(8, ot.Message{}.Put(1, []byte("ai.onnx")).Int(2, 13))
			return m
		}(), `opset of domain "" is given twice`),
		model("an opset that is missing", func() *ot.Model {
			m := ot.New(17)
			m.Head = ot.Message{}.Int(1, 9).Put(7, relu(1).Graph)
			return m
		}(), ""),
		model("the least opset", ot.New(math.MinInt64).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset"),

		model("an input that is an output", ot.New(17).Input("x", ot.F32, 4).Output("x", ot.F32), ""),
		model("an initializer that is an output", ot.New(17).Input("x", ot.F32, 1).Init("w", ot.F32, ot.Float32s(7), 1).Output("w", ot.F32), ""),
		model("an initializer that is an output of another type", ot.New(17).Input("x", ot.F32, 1).Init("w", ot.F32, ot.Float32s(7), 1).Output("w", ot.U8), "the model says uint8"),
		model("no inputs at all", ot.New(17).Init("w", ot.F32, ot.Float32s(7), 1).Node("Relu", []string{"w"}, []string{"y"}).Output("y", ot.F32), ""),
		model("an input twice", ot.New(17).Input("x", ot.F32, 1).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), `input "x" is given twice`),
		model("an initializer twice", relu(1).Init("w", ot.F32, ot.Float32s(1), 1).Init("w", ot.F32, ot.Float32s(1), 1), `initializer "w" is given twice`),
		model("an initializer that a node makes, too", relu(1).Init("z", ot.F32, ot.Float32s(1), 1).Node("Relu", []string{"x"}, []string{"z"}), `value "z" is given twice`),
		model("an output twice in one node", relu(4).Node("Split", []string{"x"}, []string{"z", "z"}), `value "z" is given twice`),
		model("an input without a name", named("", "y"), "an input has no name"),
		model("an output without a name", named("x", ""), "output"),
		model("an input whose name is not UTF-8", named("\xff\xfe", "y"), "UTF-8"),
		model("an output whose name is not UTF-8", named("x", "\xc0\xaf"), "UTF-8"),
		model("a name of control characters", named("\x00\x1b[31m\n", "y\u202e"), ""),
		model("an operator without a name", relu(1).Node("", []string{"x"}, []string{"z"}), "operator is not supported"),
		model("required operands left empty", relu(1).Node("Add", []string{"", ""}, []string{"z"}), `Add "Add z": input 0 is missing`),
		model("optional operands left empty", relu(1, 4).Node("Clip", []string{"x", "", "", ""}, []string{"z"}), "4 inputs, at most 3"),
		model("10,000 empty operands", relu(1, 4).Node("Max", make([]string, 10_000), []string{"z"}), "Max"),
		model("a convolution without weights", relu(1, 4, 8, 8).Node("Conv", []string{"x", "", ""}, []string{"z"}), `Conv "Conv z": input 1 is missing`),
		model("a quantizer without a scale", relu(4).Node("QuantizeLinear", []string{"x", "", "x"}, []string{"z"}), "input 1 is missing"),
		model("a symbol of two sizes", ot.New(17).Input("x", ot.F32, 3, -1).Input("w", ot.F32, -1, 5).Node("Add", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32), ""),
	}
	for _, dims := range [][2]int{{0, 4}, {4, 0}} {
		list = append(list, model(fmt.Sprintf("an input of %v", dims), relu(dims[:]...), "is 0"))
	}
	return append(list, externalBombs()...)
}

// externalBombs are small models that ask for much of what lies beside them.
func externalBombs() []hostileFile {
	weight := func(i int, elements int64, entries ...string) ot.Message {
		t := ot.Message{}.Int(1, elements).Int(2, ot.U8).Put(8, fmt.Appendf(nil, "w%d", i)).Int(14, 1)
		for k := 0; k < len(entries); k += 2 {
			t = t.Put(13, ot.Message{}.Put(1, []byte(entries[k])).Put(2, []byte(entries[k+1])))
		}
		return t
	}
	file := func(size int64) func(string) {
		return func(folder string) {
			f, _ := os.Create(filepath.Join(folder, "w"))
			f.Truncate(size)
			f.Close()
		}
	}
	many := func(n int, make func(i int) ot.Message) []byte {
		m := relu(1)
		for i := range n {
			m.Graph = m.Graph.Put(5, make(i))
		}
		return m.Bytes()
	}
	return []hostileFile{
		{"one file read 16 times", [][]byte{many(16, func(i int) ot.Message { return weight(i, 64<<20-16, "location", "w", "offset", fmt.Sprint(i)) })}, file(64 << 20), "than the 67108864 bytes that their files have"},
		{"one file shared 1,000 times", [][]byte{many(1000, func(i int) ot.Message { return weight(i, 32<<20, "location", "w") })}, file(32 << 20), ""},
		{"100,000 tensors in one file", [][]byte{many(100_000, func(i int) ot.Message { return weight(i, 1, "location", "w", "offset", fmt.Sprint(i)) })}, file(100_000), ""},
		{"100,000 tensors in two files", [][]byte{many(100_000, func(i int) ot.Message {
			return weight(i, 1, "location", []string{"w", "./w"}[i%2], "offset", fmt.Sprint(i))
		})}, file(100_000), ""},
		{"a tensor of 2^28 bytes in a file of 4", [][]byte{many(1, func(i int) ot.Message { return weight(i, 1<<28, "location", "w") })}, file(4), "no 268435456 bytes"},
		{"a checksum and keys that nobody knows", [][]byte{many(1, func(i int) ot.Message {
			return weight(i, 4, "location", "w", "checksum", "0", "basepath", "/etc", "location", "../../etc/passwd")
		})}, file(4), "outside the model's folder"},
		{"an offset that is a word", [][]byte{many(1, func(i int) ot.Message { return weight(i, 4, "location", "w", "offset", "0x10") })}, file(64), `offset "0x10" is not a number`},
		{"a folder's own name", [][]byte{many(1, func(i int) ot.Message { return weight(i, 4, "location", ".") })}, nil, "no 4 bytes"},
		{"a name of a megabyte", [][]byte{many(1, func(i int) ot.Message { return weight(i, 4, "location", strings.Repeat("a/", 1<<19)+"w") })}, nil, "external data"},
	}
}

// An input may not be bound to what is no size, nor a symbol to two sizes.
func TestHostileShapes(t *testing.T) {
	two := ot.New(17).Input("x", ot.F32, -1, 3).Input("w", ot.F32, -1, 3).Node("Add", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32)
	for fault, shapes := range map[string]map[string][]int{
		`input "x": dimension 0 is 0`:       {"x": {0, 3}},
		`input "x": dimension 0 is -1`:      {"x": {-1, 3}},
		`dimension 1 is 3, bound to 4`:      {"x": {2, 4}},
		"bound to 2 dimensions":             {"x": {2}},
		`("N") is bound to 3 here and to 2`: {"x": {2, 3}, "w": {3, 3}},
		"more than":                         {"x": {1 << 40, 3}},
		`there is no input "z"`:             {"z": {1}},
		"bound to 2 dimensions ":            {"x": {}},
	} {
		net, err := quant.Parse(two.Bytes(), quant.Options{Threads: 1, Shapes: shapes})
		if err == nil {
			net.Close()
		}
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(fault)) {
			t.Errorf("%v: %v, want %q", shapes, err, fault)
		}
	}
}

// What is an input or a constant and an output at once is given back.
func TestOutputsThatNobodyMakes(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 2).Init("w", ot.F32, ot.Float32s(7, 8), 2).Output("x", ot.F32).Output("w", ot.F32)
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	copy(net.Inputs()[0].Float32s(), []float32{5, 6})
	net.Run()
	if x, w := net.Outputs()[0].Float32s(), net.Outputs()[1].Float32s(); x[0] != 5 || x[1] != 6 || w[0] != 7 || w[1] != 8 {
		t.Errorf("%v, %v", x, w)
	}
}
