package quant_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// relu is x → Relu → y around extra nodes that a case adds.
func relu(dims ...int) *ot.Model {
	return ot.New(17).Input("x", ot.F32, dims...).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32)
}

// conv is a quantized convolution of x [1, 4, 8, 8] with the given weight scale, its zero point, weights' shape and
// attributes.
func conv(scale []float32, zero []byte, group int, attrs ...any) *ot.Model {
	m := ot.New(17).Input("x", ot.U8, 1, 4, 8, 8).Init("s", ot.F32, ot.Float32s(0.1)).Init("z", ot.U8, []byte{3})
	m.Init("w", ot.S8, make([]byte, 8*4*9/group), 8, 4/group, 3, 3)
	m.Init("ws", ot.F32, ot.Float32s(scale...), len(scale)).Init("wz", ot.S8, zero, len(zero))
	return m.Node("QLinearConv", []string{"x", "s", "z", "w", "ws", "wz", "s", "z"}, []string{"y"}, append([]any{"group", group}, attrs...)...).Output("y", ot.U8)
}

func eight(v float32) []float32 { return []float32{v, v, v, v, v, v, v, v} }

func with(i int, v float32) []float32 {
	s := eight(0.01)
	s[i] = v
	return s
}

func dequantize(scale float32) *ot.Model {
	return ot.New(17).Input("x", ot.U8, 4).Init("s", ot.F32, ot.Float32s(scale)).Node("DequantizeLinear", []string{"x", "s"}, []string{"y"}).Output("y", ot.F32)
}

// hostile is a model that must be refused, with the words of its error.
type hostile struct {
	name  string
	model *ot.Model
	fault string
}

// brokenModels are models with one fault each.
func brokenModels() []hostile {
	zeros := make([]byte, 8)
	nan := float32(math.NaN())
	return append(slices.Concat(brokenFunctions(), brokenSequences(), brokenVolumes()), []hostile{
		{"unknown operator", relu(1).Node("Frobnicate", []string{"x"}, []string{"z"}), `Frobnicate "Frobnicate z": operator is not supported`},
		{"unknown domain", relu(1).NodeIn("evil.org", "Relu", []string{"x"}, []string{"z"}), `evil.org.Relu`},
		{"no opset", func() *ot.Model { m := relu(1); *m = *ot.New(17); return m }(), "no outputs"},
		{"opset 6", ot.New(6).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset 6 is outside"},
		{"opset 30000", ot.New(30000).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset 30000 is outside"},
		{"If", relu(1).Node("If", []string{"x"}, []string{"z"}), "control flow"},
		{"Loop", relu(1).Node("Loop", []string{"x"}, []string{"z"}), "control flow"},
		{"missing input", relu(1).Node("Add", []string{"x", "ghost"}, []string{"z"}), `reads value "ghost"`},
		{"too few inputs", relu(1).Node("Add", []string{"x"}, []string{"z"}), "input 1 is missing"},
		{"too many inputs", relu(1).Node("Relu", []string{"x", "x"}, []string{"z"}), "2 inputs, at most 1"},
		{"too many outputs", relu(1).Node("Relu", []string{"x"}, []string{"z", "zz"}), "2 outputs asked for"},
		{"no outputs of a node", relu(1).Node("Relu", []string{"x"}, nil), "no outputs"},
		{"missing output", relu(1).Output("ghost", ot.F32), `output "ghost" is made by no node`},
		{"output twice", relu(1).Output("y", ot.F32), "given twice"},
		{"output of another type", relu(1).Node("Relu", []string{"x"}, []string{"z"}).Output("z", ot.U8), "the model says uint8"},
		{"duplicate names", relu(1).Node("Relu", []string{"x"}, []string{"y"}), `value "y" is given twice`},
		{"output named as input", relu(1).Node("Relu", []string{"x"}, []string{"x"}), "given twice"},
		{"cycle", relu(1).Node("Relu", []string{"b"}, []string{"a"}).Node("Relu", []string{"a"}, []string{"b"}), "cycle"},
		{"self loop", relu(1).Node("Relu", []string{"a"}, []string{"a"}), "cycle"},
		{"attribute of another kind", relu(1).Node("LeakyRelu", []string{"x"}, []string{"z"}, "alpha", 3), `"alpha" is a int, want a float`},
		{"attribute nan", relu(1).Node("LeakyRelu", []string{"x"}, []string{"z"}, "alpha", nan), `"alpha" is NaN`},
		{"unknown attribute", relu(1).Node("Relu", []string{"x"}, []string{"z"}, "beta", 3), `attribute "beta" is unknown`},
		{"zero dim", relu(0), "dimension 0 is 0"},
		{"negative dim", relu(-5, -5), "symbolic"},
		{"dims that overflow", relu(1<<20, 1<<20, 1<<20, 1<<20), "more than"},
		{"10^12 outputs", relu(1000).Init("shape", ot.I64, ot.Int64s(1000, 1000, 1000, 1000), 4).Node("Expand", []string{"x", "shape"}, []string{"z"}), "more than"},
		{"10^12 constants", relu(1).Init("shape", ot.I64, ot.Int64s(1000000, 1000000), 2).Node("ConstantOfShape", []string{"shape"}, []string{"z"}), "more than"},
		{"tile bomb", relu(1000).Init("times", ot.I64, ot.Int64s(1<<60), 1).Node("Tile", []string{"x", "times"}, []string{"z"}), "repeats"},
		{"pad bomb", relu(1000).Init("pads", ot.I64, ot.Int64s(1<<40, 1<<40), 2).Node("Pad", []string{"x", "pads"}, []string{"z"}), "pads"},
		{"resize bomb", relu(1, 1, 8, 8).Init("k", ot.F32, ot.Float32s(1, 1, 1e9, 1e9), 4).Node("Resize", []string{"x", "", "k"}, []string{"z"}), "scale[2]"},
		{"range bomb", relu(1).Init("a", ot.I64, ot.Int64s(0)).Init("b", ot.I64, ot.Int64s(1<<62)).Init("c", ot.I64, ot.Int64s(1)).Node("Range", []string{"a", "b", "c"}, []string{"z"}), "elements"},
		{"range without end", relu(1).Init("a", ot.I64, ot.Int64s(0)).Init("c", ot.I64, ot.Int64s(0)).Node("Range", []string{"a", "a", "c"}, []string{"z"}), "delta is 0"},
		{"reshape to another size", relu(6).Init("s", ot.I64, ot.Int64s(4, 2), 2).Node("Reshape", []string{"x", "s"}, []string{"z"}), "cannot reshape"},
		{"reshape with two free axes", relu(6).Init("s", ot.I64, ot.Int64s(-1, -1), 2).Node("Reshape", []string{"x", "s"}, []string{"z"}), "two free axes"},
		{"reshape negative", relu(6).Init("s", ot.I64, ot.Int64s(-6), 1).Node("Reshape", []string{"x", "s"}, []string{"z"}), "shape [-6]"},
		{"reshape overflow", relu(6).Init("s", ot.I64, ot.Int64s(1<<31, 1<<31, 1<<31), 3).Node("Reshape", []string{"x", "s"}, []string{"z"}), "shape"},
		{"axis outside", relu(2, 3).Node("Softmax", []string{"x"}, []string{"z"}, "axis", 9), "axis 9 is outside rank 2"},
		{"broadcast", relu(2, 3).Init("b", ot.F32, ot.Float32s(1, 2), 2).Node("Add", []string{"x", "b"}, []string{"z"}), "do not broadcast"},
		{"types differ", relu(2).Init("b", ot.I64, ot.Int64s(1, 2), 2).Node("Add", []string{"x", "b"}, []string{"z"}), "float32 and int64"},
		{"run-time shape", ot.New(17).Input("x", ot.F32, 4).Input("s", ot.I64, 1).Node("Reshape", []string{"x", "s"}, []string{"y"}).Output("y", ot.F32), "depends on run-time data"},
		{"gather outside", relu(4).Init("i", ot.I64, ot.Int64s(9), 1).Node("Gather", []string{"x", "i"}, []string{"z"}), "outside axis 0"},
		{"slice step 0", relu(4).Init("a", ot.I64, ot.Int64s(0), 1).Node("Slice", []string{"x", "a", "a", "a", "a"}, []string{"z"}), "step of axis 0 is 0"},
		{"split sizes", relu(4).Init("a", ot.I64, ot.Int64s(1, 9), 2).Node("Split", []string{"x", "a"}, []string{"z", "zz"}), "split [1 9]"},
		{"transpose twice one axis", relu(2, 3).Node("Transpose", []string{"x"}, []string{"z"}, "perm", []int{0, 0}), "not a permutation"},
		{"matrix product", relu(2, 3).Node("MatMul", []string{"x", "x"}, []string{"z"}), "cannot multiply"},

		{"scale 0", conv(with(5, 0), zeros, 1), `scale[5] is 0`},
		{"scale NaN", conv(with(1, nan), zeros, 1), "scale[1] is NaN"},
		{"scale infinite", conv(with(2, float32(math.Inf(1))), zeros, 1), "scale[2] is +Inf"},
		{"scale negative", conv(with(3, -1), zeros, 1), "scale[3] is -1"},
		{"scale denormal", conv(with(4, 1e-40), zeros, 1), "scale[4] is 1e-40"},
		{"input scale 0", dequantize(0), "scale[0] is 0"},
		{"input scale NaN", dequantize(nan), "scale[0] is NaN"},
		{"scales of another length", conv(eight(0.01)[:5], zeros[:5], 1), "5 scales for 8"},
		{"zero points of another length", conv(eight(0.01), zeros[:3], 1), "zero point"},
		{"pads of another length", conv(eight(0.01), zeros, 1, "kernel_shape", []int{3, 3}, "auto_pad", "SAME_UPPER", "pads", []int{1}), "pads"},
		{"groups 3", func() *ot.Model {
			m := ot.New(17).Input("x", ot.F32, 1, 4, 8, 8).Init("w", ot.F32, make([]byte, 4*8*1*9), 8, 1, 3, 3)
			return m.Node("Conv", []string{"x", "w"}, []string{"y"}, "group", 3).Output("y", ot.F32)
		}(), "3 groups do not divide 4"},
		{"groups 0", conv(eight(0.01), zeros, 1, "strides", []int{1, 1, 1}), "strides has 3 entries"},
		{"stride 0", conv(eight(0.01), zeros, 1, "strides", []int{0, 1}), "strides is [0 1]"},
		{"dilation 0", conv(eight(0.01), zeros, 1, "dilations", []int{1, 0}), "dilations is [1 0]"},
		{"negative pads", conv(eight(0.01), zeros, 1, "pads", []int{0, 0, 0, -2}), "pads is"},
		{"huge pads", conv(eight(0.01), zeros, 1, "pads", []int{1 << 40, 0, 0, 0}), "pads is"},
		{"huge dilation", conv(eight(0.01), zeros, 1, "dilations", []int{1 << 40, 1}), "dilations is"},
		{"kernel larger than input", conv(eight(0.01), zeros, 1, "dilations", []int{7, 7}), "beyond the padded input"},
		{"kernel_shape of another size", conv(eight(0.01), zeros, 1, "kernel_shape", []int{5, 5}), "kernel_shape [5 5]"},
		{"pool without a window", relu(1, 1, 4, 4).Node("MaxPool", []string{"x"}, []string{"z"}), `"kernel_shape" is missing`},
		{"pool of 0", relu(1, 1, 4, 4).Node("MaxPool", []string{"x"}, []string{"z"}, "kernel_shape", []int{0, 2}), "kernel_shape"},
		{"arena of 10 GB", relu(1, 64, 1024, 1024).Node("Sigmoid", []string{"y"}, []string{"y1"}).Node("Add", []string{"y1", "y1"}, []string{"y2"}).
			Node("Concat", []string{"y2", "y2", "y2"}, []string{"z"}, "axis", 1).Node("Tanh", []string{"z"}, []string{"zz"}).Output("zz", ot.F32), "bytes, more than"},
		{"constant bomb", func() *ot.Model {
			m := relu(1).Init("one", ot.F32, ot.Float32s(make([]float32, 1<<14)...), 1<<14).Init("n", ot.I64, ot.Int64s(8192, 16384), 2)
			return m.Node("Expand", []string{"one", "n"}, []string{"big"}).Node("Add", []string{"x", "big"}, []string{"z"}).Output("z", ot.F32)
		}(), "constants take too many"},
		{"a chain of 60,000 nodes to nowhere", chain(60_000, "Relu"), "no outputs"},
		{"names that are not UTF-8", relu(1).Node("Relu", []string{"x"}, []string{"\xff\xfe"}), "UTF-8"},
		{"metadata twice", relu(1).Meta("a", "1").Meta("a", "2"), `metadata "a" is given twice`},
	}...)
}

// chain is x → op → op → … without an output.
func chain(n int, op string) *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 1)
	for i, from := 0, "x"; i < n; i++ {
		to := fmt.Sprintf("v%d", i)
		m.Node(op, []string{from}, []string{to})
		from = to
	}
	return m
}

// Each broken model is refused with an error that says what is wrong. TestHostileFiles measures what that takes.
func TestBrokenModels(t *testing.T) {
	for _, c := range brokenModels() {
		t.Run(c.name, func(t *testing.T) {
			net, err := quant.Parse(c.model.Bytes(), quant.Options{Threads: 1})
			if err == nil {
				net.Close()
				t.Fatal("it was accepted")
			}
			if !strings.HasPrefix(err.Error(), "quant: ") || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("error %q, want %q", err, c.fault)
			}
		})
	}
}

// A long chain is planned without deep recursion.
func TestLongChain(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 8)
	from := "x"
	for i := range 20_000 {
		to := "v" + string(rune(0x4e00+i))
		m.Node("Neg", []string{from}, []string{to})
		from = to
	}
	net, err := quant.Parse(m.Output(from, ot.F32).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	net.Inputs()[0].Float32s()[3] = 5
	net.Run()
	if v := net.Outputs()[0].Float32s()[3]; v != 5 {
		t.Errorf("%v, want 5", v)
	}
}

// Every prefix of a model is refused or planned, and every planned one runs.
func TestTruncatedModels(t *testing.T) {
	file := ot.Sample().Bytes()
	for n := range file {
		loadAndRun(append([]byte(nil), file[:n]...))
	}
}

// loadAndRun plans a file within small bounds and runs it once.
func loadAndRun(file []byte) {
	net, err := quant.Parse(file, quant.Options{Threads: 1, MaxBytes: 8 << 20})
	if err != nil {
		return
	}
	defer net.Close()
	if net.MACs() > 50_000_000 {
		return
	}
	for _, in := range net.Inputs() {
		for i := range in.Bytes() {
			in.Bytes()[i] = byte(i * 31)
		}
	}
	net.Run()
}

func FuzzLoadAndRun(f *testing.F) {
	f.Add(ot.Sample().Bytes())
	f.Add(conv(eight(0.01), make([]byte, 8), 1).Bytes())
	f.Add(calls().Bytes())
	f.Add(relu(2, 3).Node("Softmax", []string{"x"}, []string{"z"}).Output("z", ot.F32).Bytes())
	f.Add(ot.New(17).Input("x", ot.F32, 1, 4, 4, 4).Init("w", ot.F32, make([]byte, 4*4*4*4), 4, 4, 2, 2).
		Node("ConvTranspose", []string{"x", "w"}, []string{"y"}, "strides", []int{2, 2}).
		Node("AveragePool", []string{"y"}, []string{"p"}, "kernel_shape", []int{3, 3}, "ceil_mode", 1).
		Node("Transpose", []string{"p"}, []string{"t"}, "perm", []int{0, 2, 3, 1}).Output("t", ot.F32).Bytes())
	for _, b := range brokenModels() {
		if file := b.model.Bytes(); len(file) < 10_000 {
			f.Add(file)
		}
	}
	real, err := filepath.Glob("testdata/golden/*/model.onnx")
	if err != nil || len(real) == 0 {
		f.Fatalf("%d real networks, %v", len(real), err)
	}
	for _, path := range real {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) { loadAndRun(file) })
}
