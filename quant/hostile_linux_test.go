package quant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// hostileFile is a file of the list of attacks that a loader must survive.
type hostileFile struct {
	name  string
	files [][]byte            // one, or many of a kind
	put   func(folder string) // makes what lies beside the file, nil = nothing
	fault string              // words of the error; "" = it may be refused or run
}

// hostileFiles are the attacks beyond one plain fault in a model (brokenModels), by kind.
func hostileFiles() []hostileFile {
	one := func(name string, file []byte, fault string) hostileFile {
		return hostileFile{name: name, files: [][]byte{file}, fault: fault}
	}
	model := func(name string, m *ot.Model, fault string) hostileFile { return one(name, m.Bytes(), fault) }
	raw := func(name string, graph ot.Message, fault string) hostileFile {
		m := ot.New(17)
		m.Graph = graph
		return model(name, m, fault)
	}
	sample := ot.Sample().Bytes()
	var prefixes [][]byte
	for n := range sample {
		prefixes = append(prefixes, sample[:n])
	}
	list := []hostileFile{
		{"truncated at every byte", prefixes, nil, ""},
		{"every byte set to 0 and 255", flips(sample), nil, ""},
		one("an empty file", nil, "the file is empty"),
		one("a PNG", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"), "not a readable ONNX model"),
		one("zeros", make([]byte, 1<<20), "not a readable ONNX model"),
		one("text", []byte("import torch\n"), "not a readable ONNX model"),
		one("a length that overflows", []byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, "not a readable ONNX model"),

		raw("a negative dimension", ot.Message{}.Put(11, declared("x", ot.F32, -5)).Put(12, ot.Value("x", ot.F32)), "dimension -5"),
		raw("the least dimension", ot.Message{}.Put(11, declared("x", ot.F32, math.MinInt64)).Put(12, ot.Value("x", ot.F32)), "dimension -9223372036854775808"),
		raw("the greatest dimension", ot.Message{}.Put(11, declared("x", ot.F32, math.MaxInt64)).Put(12, ot.Value("x", ot.F32)), "dimension 9223372036854775807"),
		raw("dimensions whose product wraps to 0", ot.Message{}.Put(11, declared("x", ot.U8, 1<<16, 1<<16, 1<<16, 1<<16)).Put(12, ot.Value("x", ot.U8)), "more than"),
		raw("10,000 dimensions", ot.Message{}.Put(11, declared("x", ot.U8, make([]int64, 10_000)...)), "10000 dimensions"),
		model("weights with a dimension of 0", ot.New(17).Input("x", ot.F32, 1, 4, 8, 8).Init("w", ot.F32, nil, 0, 4, 3, 3).
			Node("Conv", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32), "Conv"),
		model("a kernel of 0 rows", ot.New(17).Input("x", ot.F32, 1, 4, 8, 8).Init("w", ot.F32, nil, 2, 4, 0, 3).
			Node("Conv", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32), "Conv"),
		model("an empty operand", relu(4).Init("e", ot.F32, nil, 0).Node("Add", []string{"x", "e"}, []string{"z"}).Output("z", ot.F32), "Add"),

		model("an initializer that is short", relu(1).Init("w", ot.F32, make([]byte, 15), 4), "15 bytes of data, want 16"),
		model("an initializer that is long", relu(1).Init("w", ot.F32, make([]byte, 17), 4), "17 bytes of data, want 16"),
		model("an initializer without data", relu(1).Init("w", ot.F32, nil, 1<<27), "0 bytes of data"),
		raw("an initializer of 2^62 elements", ot.Message{}.Put(5, ot.Message{}.Int(1, 1<<31).Int(1, 1<<31).Int(2, ot.F32).Put(8, []byte("w"))), "dimension 0 is"),
		raw("a list that is short", ot.Message{}.Put(5, ot.Message{}.Int(1, 1<<20).Int(2, ot.S8).Put(8, []byte("w")).Put(5, make([]byte, 1000))), "1000 elements, want 1048576"),
		raw("a list that is long", ot.Message{}.Put(5, ot.Message{}.Int(1, 3).Int(2, ot.S8).Put(8, []byte("w")).Put(5, make([]byte, 1<<20))), "more than 3 elements"),

		raw("a graph 10,000 deep", deepGraph(10_000), "nested deeper"),
		raw("types 10,000 deep", ot.Message{}.Put(11, ot.Message{}.Put(1, []byte("x")).Put(2, deepType(10_000))), "not a dense tensor"),
		raw("groups 10,000 deep", ot.Message(bytes.Repeat([]byte{0x0b}, 10_000)), "group fields"),
		model("an If bomb", ifBomb(12), "nested deeper"),
		model("an If whose branches are 10,000 deep", relu(1).Node("If", []string{"x"}, []string{"z"}).Meta("k", "v"), "control flow"),
		model("a Scan", relu(1).Node("Scan", []string{"x"}, []string{"z"}), "control flow"),

		raw("a million nodes in 5 MB", bytes.Repeat([]byte{0x0a, 0x03, 0x22, 0x01, 'R'}, 1_000_000), "more than 65536 nodes"),
		raw("two million empty nodes", bytes.Repeat([]byte{0x0a, 0x00}, 2_000_000), "more than 65536 nodes"),
		raw("two million initializers", bytes.Repeat([]byte{0x2a, 0x00}, 2_000_000), "more than 600000 messages"),
		raw("two million inputs", bytes.Repeat([]byte{0x5a, 0x00}, 2_000_000), "more than 600000 messages"),
		raw("100,000 outputs", bytes.Repeat(ot.Message{}.Put(12, ot.Value("x", ot.F32)), 100_000), "made by no node"),
		raw("a node with 500,000 attributes", ot.Message{}.Put(1, attributes(500_000)), "no outputs"),
		raw("a node with two million operands", ot.Message{}.Put(1, append(ot.Message{}.Put(4, []byte("Max")), bytes.Repeat([]byte{0x0a, 0x01, 'x'}, 2_000_000)...)), "reads value \"x\""),
		raw("a node with six million operands", ot.Message{}.Put(1, append(ot.Message{}.Put(4, []byte("Max")), bytes.Repeat([]byte{0x0a, 0x01, 'x'}, 6_000_000)...)), "list elements"),
		model("a permutation of a million axes", relu(2, 3).Node("Transpose", []string{"x"}, []string{"z"}, "perm", make([]int, 1_000_000)), " bytes)"),
		model("axes a million times", relu(2, 3).Init("axes", ot.I64, make([]byte, 8<<20), 1<<20).Node("ReduceSum", []string{"x", "axes"}, []string{"z"}), "ReduceSum"),
		model("100,000 lists", func() *ot.Model {
			m := relu(2, 3)
			var attrs []any
			for i := range 1000 {
				attrs = append(attrs, fmt.Sprintf("a%d", i), make([]int, 1000))
			}
			return m.Node("Relu", []string{"x"}, []string{"z"}, attrs...)
		}(), "is unknown"),
		model("a name of 40 MB", relu(1).Node("Relu", []string{"x"}, []string{strings.Repeat("n", 40<<20)}), ""),
		model("half a million metadata entries", func() *ot.Model {
			m := relu(1)
			for i := range 500_000 {
				m.Head = m.Head.Put(14, ot.Message{}.Put(1, fmt.Appendf(nil, "%d", i)))
			}
			return m
		}(), ""),

		model("60,000 readers of one value", fan(60_000), ""),
		model("30,000 readers of one dequantized value", quantizedFan(30_000), ""),
		model("a concatenation of 50,000", wide(50_000, "Concat", "axis", 0), ""),
		model("a split into 50,000", split(50_000), ""),
		model("a chain of 20,000 quantized operators", quantizedChain(20_000), ""),
		model("50,000 constants in a chain", constantChain(50_000), ""),

		model("an expansion of expansions", func() *ot.Model {
			m := relu(1).Init("one", ot.F32, ot.Float32s(1), 1).Init("s", ot.I64, ot.Int64s(1<<13), 1).Init("t", ot.I64, ot.Int64s(1<<10, 1), 2)
			return m.Node("Expand", []string{"one", "s"}, []string{"a"}).Node("Tile", []string{"a", "s"}, []string{"b"}).
				Node("Reshape", []string{"b", "m"}, []string{"c"}).Init("m", ot.I64, ot.Int64s(1, 1<<26), 2).
				Node("Expand", []string{"c", "t"}, []string{"d"}).Node("Add", []string{"x", "d"}, []string{"z"}).Output("z", ot.F32)
		}(), "more than"),
		model("100 constants of 16 MB", func() *ot.Model {
			m := relu(1).Init("n", ot.I64, ot.Int64s(1<<22), 1)
			last := "x"
			for i := range 100 {
				m.Node("ConstantOfShape", []string{"n"}, []string{fmt.Sprintf("c%d", i)}).
					Node("ReduceSum", []string{fmt.Sprintf("c%d", i)}, []string{fmt.Sprintf("r%d", i)}).
					Node("Add", []string{last, fmt.Sprintf("r%d", i)}, []string{fmt.Sprintf("y%d", i)})
				last = fmt.Sprintf("y%d", i)
			}
			return m.Output(last, ot.F32)
		}(), "constants take too many"),
		model("a range that is padded", relu(1).Init("a", ot.I64, ot.Int64s(0)).Init("b", ot.I64, ot.Int64s(1<<22)).Init("d", ot.I64, ot.Int64s(1)).
			Init("p", ot.I64, ot.Int64s(1<<26, 1<<26), 2).Node("Range", []string{"a", "b", "d"}, []string{"r"}).
			Node("Pad", []string{"r", "p"}, []string{"q"}).Node("Cast", []string{"q"}, []string{"f"}, "to", ot.F32).
			Node("Add", []string{"x", "f"}, []string{"z"}).Output("z", ot.F32), "Pad"),
	}
	// Work of each kind that folds at load: small files that ask for a great deal of it.
	big := func(dims ...int64) *ot.Model {
		return relu(1).Init("n", ot.I64, ot.Int64s(dims...), len(dims)).Node("ConstantOfShape", []string{"n"}, []string{"big"}, "value", ot.Tensor("", ot.F32, ot.Float32s(0.5), 1))
	}
	fold := func(m *ot.Model, op string, in []string, attrs ...any) *ot.Model {
		m.Node(op, in, []string{"c"}, attrs...).Node("ReduceSum", []string{"c"}, []string{"r"}, "keepdims", 0)
		return m.Node("Add", []string{"x", "r"}, []string{"z"}).Output("z", ot.F32)
	}
	list = append(list,
		model("folding a pool with a huge window", fold(big(1, 1, 1<<11, 1<<11), "AveragePool", []string{"big"}, "kernel_shape", []int{1 << 10, 1 << 10}), "constants take too many"),
		model("folding a maximum of huge windows", fold(big(1, 1, 1<<11, 1<<11), "MaxPool", []string{"big"}, "kernel_shape", []int{1 << 10, 1 << 10}), "constants take too many"),
		model("folding a product of matrices", fold(big(1<<11, 1<<11), "MatMul", []string{"big", "big"}), "constants take too many"),
		model("folding a long einsum", fold(big(1<<9, 1<<9), "Einsum", []string{"big", "big"}, "equation", "ij,kl->ijkl"), "more than"),
		model("folding an einsum of many sums", fold(big(64, 64, 64), "Einsum", []string{"big", "big"}, "equation", "abc,def->a"), "more than"),
		model("folding a convolution", fold(big(64, 64, 1<<6, 1<<6), "Conv", []string{"big", "big"}, "pads", []int{32, 32, 32, 32}), "constants take too many"),
		model("folding a cubic resize", fold(big(1, 1, 1<<9, 1<<9).Init("k", ot.F32, ot.Float32s(1, 1, 10, 10), 4), "Resize", []string{"big", "", "k"}, "mode", "cubic"), ""),
		model("folding a local response", fold(big(1, 1<<12, 64, 64), "LRN", []string{"big"}, "size", 1<<12-1), "constants take too many"),
		model("folding a sort", fold(big(1<<22).Init("top", ot.I64, ot.Int64s(1<<22), 1), "TopK", []string{"big", "top"}), ""),
		model("folding a grid of samples", fold(big(1, 1, 1<<10, 1<<10, 2), "Erf", []string{"big"}), ""),
		model("folding functions 40 times", func() *ot.Model {
			m := big(1 << 22)
			last := "big"
			for i := range 40 {
				m.Node("Pow", []string{last, last}, []string{fmt.Sprintf("p%d", i)})
				last = fmt.Sprintf("p%d", i)
			}
			return m.Node("Add", []string{"x", last}, []string{"z"}).Output("z", ot.F32)
		}(), "constants take too many"),
	)
	// Indices and scales that only running finds out.
	index := func(op string, attrs ...any) *ot.Model {
		return ot.New(17).Input("x", ot.F32, 3, 3).Input("i", ot.I64, 2, 3).Node(op, []string{"x", "i"}, []string{"y"}, attrs...).Output("y", ot.F32)
	}
	list = append(list,
		model("run-time indices of Gather", index("Gather"), ""),
		model("run-time indices of GatherElements", index("GatherElements"), ""),
		model("run-time indices of GatherND", ot.New(17).Input("x", ot.F32, 3, 3).Input("i", ot.I64, 2, 2).Node("GatherND", []string{"x", "i"}, []string{"y"}).Output("y", ot.F32), ""),
		model("run-time indices of ScatterND", ot.New(17).Input("x", ot.F32, 3, 3).Input("i", ot.I64, 2, 2).Input("u", ot.F32, 2).
			Node("ScatterND", []string{"x", "i", "u"}, []string{"y"}).Output("y", ot.F32), ""),
		model("run-time scales", ot.New(17).Input("x", ot.F32, 8).Input("s", ot.F32).Input("z", ot.U8).
			Node("QuantizeLinear", []string{"x", "s", "z"}, []string{"q"}).Node("DequantizeLinear", []string{"q", "s", "z"}, []string{"y"}).Output("y", ot.F32), ""),
		model("Gather of -10", relu(4).Init("i", ot.I64, ot.Int64s(-10), 1).Node("Gather", []string{"x", "i"}, []string{"z"}), "outside"),
		model("an einsum of unknown letters", relu(4).Node("Einsum", []string{"x"}, []string{"z"}, "equation", "i->j"), "Einsum"),
		model("an einsum of a megabyte", relu(4).Node("Einsum", []string{"x"}, []string{"z"}, "equation", strings.Repeat("i,", 1<<19)), "Einsum"),
		model("an einsum of other ranks", relu(4).Node("Einsum", []string{"x"}, []string{"z"}, "equation", "ij->i"), "Einsum"),
	)
	scale := func(op string, s ...float32) *ot.Model {
		typ := ot.F32
		if op == "DequantizeLinear" {
			typ = ot.U8
		}
		m := ot.New(17).Input("x", typ, 4).Init("s", ot.F32, ot.Float32s(s...)).Init("z", ot.U8, []byte{3})
		m.Node(op, []string{"x", "s", "z"}, []string{"y"}, "axis", 0)
		return m.Output("y", map[string]int{"QuantizeLinear": ot.U8, "DequantizeLinear": ot.F32}[op])
	}
	for _, s := range []float32{0, -1, 1e-40, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, op := range []string{"QuantizeLinear", "DequantizeLinear"} {
			list = append(list, model(fmt.Sprintf("%s by %v", op, s), scale(op, s), fmt.Sprintf("scale[0] is %v", s)))
		}
	}
	zero := func(typ int, raw []byte, dims ...int) *ot.Model {
		return ot.New(17).Input("x", ot.U8, 4).Init("s", ot.F32, ot.Float32s(1)).Init("z", typ, raw, dims...).
			Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"y"}, "axis", 0).Output("y", ot.F32)
	}
	wideScale := func(scales, zeros int) *ot.Model {
		return ot.New(17).Input("x", ot.U8, 4).Init("s", ot.F32, bytes.Repeat(ot.Float32s(1), scales), scales).Init("z", ot.U8, make([]byte, zeros), zeros).
			Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"y"}, "axis", 0).Output("y", ot.F32)
	}
	list = append(list,
		model("a zero point of another type", zero(ot.I32, ot.Int32s(300)), "zero point"),
		model("a signed zero point of unsigned bytes", zero(ot.S8, []byte{0x80}), "zero point"),
		raw("a zero point of 256", ot.Message{}.Put(5, ot.Message{}.Int(2, ot.U8).Put(8, []byte("z")).Put(5, []byte{0x80, 0x02})), "256, outside uint8"),
		model("5 scales for 4 channels", wideScale(5, 5), "5"),
		model("3 zero points for 4 scales", wideScale(4, 3), "zero point"),
		model("scales along axis 9", ot.New(17).Input("x", ot.U8, 4).Init("s", ot.F32, ot.Float32s(1, 1, 1, 1), 4).
			Node("DequantizeLinear", []string{"x", "s"}, []string{"y"}, "axis", 9).Output("y", ot.F32), "axis 9"),
		model("blocks that don't divide", ot.New(21).Input("x", ot.U8, 4, 6).Init("s", ot.F32, bytes.Repeat(ot.Float32s(1), 12), 4, 3).
			Node("DequantizeLinear", []string{"x", "s"}, []string{"y"}, "axis", 1, "block_size", 0x7fffffff).Output("y", ot.F32), "DequantizeLinear"),

		model("attributes of other kinds", relu(1, 4, 8, 8).Init("w", ot.F32, make([]byte, 4*4*9*4), 4, 4, 3, 3).
			Node("Conv", []string{"x", "w"}, []string{"z"}, "strides", "2"), `"strides" is a string`),
		model("a tensor for a number", relu(2, 3).Node("Softmax", []string{"x"}, []string{"z"}, "axis", ot.Tensor("", ot.I64, ot.Int64s(1), 1)), `"axis" is a tensor`),
		model("a list for a number", relu(2, 3).Node("Softmax", []string{"x"}, []string{"z"}, "axis", []int{1, 2}), `"axis" is a int list`),
		raw("an attribute without a kind", kindless(0), ""),
		raw("an attribute of kind 99", kindless(99), "kind"),
		raw("a tensor attribute without a tensor", kindless(4), "tensor"),
		raw("an attribute that refers to another", ot.Message{}.Put(1, ot.Message{}.Put(4, []byte("Relu")).Put(5, ot.Message{}.Put(1, []byte("a")).Put(21, []byte("b")))), "refers to"),
		model("an operator that is not UTF-8", relu(1).Node("\xff\xfe", []string{"x"}, []string{"z"}), "UTF-8"),
		model("metadata that is not UTF-8", relu(1).Meta("a", "\xff"), "UTF-8"),
		model("an attribute that is not UTF-8", relu(1, 1, 8, 8).Node("MaxPool", []string{"x"}, []string{"z"}, "kernel_shape", []int{2, 2}, "auto_pad", "\xff"), "auto_pad"),
		model("a domain that is not UTF-8", relu(1).NodeIn("\xc3\x28", "Relu", []string{"x"}, []string{"z"}), "UTF-8"),

		model("a pool's kernel larger than its input", relu(1, 1, 4, 4).Node("AveragePool", []string{"x"}, []string{"z"}, "kernel_shape", []int{9, 9}), "AveragePool"),
		model("a pool's stride of 0", relu(1, 1, 4, 4).Node("AveragePool", []string{"x"}, []string{"z"}, "kernel_shape", []int{2, 2}, "strides", []int{0, 0}), "strides"),
		model("a pool's padding beyond its kernel", relu(1, 1, 4, 4).Node("MaxPool", []string{"x"}, []string{"z"}, "kernel_shape", []int{2, 2}, "pads", []int{5, 5, 5, 5}), "MaxPool"),
		model("transposed strides of 0", transposed("strides", []int{0, 1}), "strides"),
		model("transposed dilations of 0", transposed("dilations", []int{0, 1}), "dilations"),
		model("transposed groups that don't divide", transposed("group", 3), "ConvTranspose"),
		model("transposed negative groups", transposed("group", -1), "group"),
		model("transposed output padding", transposed("output_padding", []int{1 << 40, 0}), "output_padding"),
		model("a transposed output of 10^12", transposed("strides", []int{1 << 20, 1 << 20}), "ConvTranspose"),
		model("convolution in 0 groups", func() *ot.Model {
			return relu(1, 4, 8, 8).Init("w", ot.F32, make([]byte, 4*4*9*4), 4, 4, 3, 3).Node("Conv", []string{"x", "w"}, []string{"z"}, "group", 0)
		}(), "group"),
		model("a depth of blocks that don't divide", relu(1, 6, 4, 4).Node("DepthToSpace", []string{"x"}, []string{"z"}, "blocksize", 1<<20), "DepthToSpace"),
		model("a block size of 0", relu(1, 4, 4, 4).Node("SpaceToDepth", []string{"x"}, []string{"z"}, "blocksize", 0), "SpaceToDepth"),
		model("opset 0", ot.New(0).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset"),
		model("opset -1", ot.New(-1).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset"),
		model("opset 2^40", ot.New(1<<40).Input("x", ot.F32, 1).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32), "opset"),
	)
	for _, b := range brokenModels() {
		list = append(list, model(b.name, b.model, b.fault))
	}
	return append(append(list, externalFiles()...), moreHostileFiles()...)
}

// flips are the files with one byte of the first 4,000 changed.
func flips(file []byte) (list [][]byte) {
	for i := range min(len(file), 4000) {
		for _, v := range []byte{0, 255} {
			b := bytes.Clone(file)
			b[i] = v
			list = append(list, b)
		}
	}
	return list
}

// externalFiles are models whose weights lie beside them, or do not.
func externalFiles() []hostileFile {
	weights := func(location, offset, length string) []byte {
		t := ot.Message{}.Int(1, 4).Int(2, ot.F32).Put(8, []byte("w")).Int(14, 1)
		for _, kv := range [][2]string{{"location", location}, {"offset", offset}, {"length", length}} {
			if kv[1] != "" {
				t = t.Put(13, ot.Message{}.Put(1, []byte(kv[0])).Put(2, []byte(kv[1])))
			}
		}
		m := ot.New(17).Input("x", ot.F32, 4).Node("Add", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32)
		m.Graph = m.Graph.Put(5, t)
		return m.Bytes()
	}
	file := func(name string, size int) func(string) {
		return func(folder string) { os.WriteFile(filepath.Join(folder, name), make([]byte, size), 0o644) }
	}
	link := func(target string) func(string) {
		return func(folder string) { os.Symlink(target, filepath.Join(folder, "w")) }
	}
	var list []hostileFile
	for _, c := range []struct {
		name                     string
		location, offset, length string
		put                      func(string)
		fault                    string
	}{
		{"weights outside by ..", "../w", "", "", nil, "outside the model's folder"},
		{"weights outside by an absolute path", "/etc/passwd", "", "", nil, "outside the model's folder"},
		{"weights outside by a folder and ..", "a/../../w", "", "", nil, "outside the model's folder"},
		{"weights outside by a link", "w", "", "", link("/etc/passwd"), "escapes"},
		{"weights outside by a linked folder", "w/passwd", "", "", link("/etc"), "escapes"},
		{"a link to itself", "w", "", "", link("w"), "external data"},
		{"weights in a device", "w", "", "", link("/dev/zero"), "escapes"},
		{"weights in a pipe", "w", "", "", func(folder string) { syscall.Mkfifo(filepath.Join(folder, "w"), 0o600) }, "no 16 bytes"},
		{"weights in a folder", "w", "", "", func(folder string) { os.Mkdir(filepath.Join(folder, "w"), 0o755) }, "no 16 bytes"},
		{"weights that are truncated", "w", "", "", file("w", 15), "no 16 bytes"},
		{"weights behind the end", "w", "9223372036854775800", "", file("w", 16), "no 16 bytes"},
		{"weights at a negative offset", "w", "-16", "", file("w", 32), "offset -16"},
		{"weights of a negative length", "w", "", "-1", file("w", 32), "length -1"},
		{"weights of another length", "w", "", "64", file("w", 64), "length 64"},
		{"weights that are missing", "w", "", "", nil, "no such file"},
		{"weights without a name", "", "", "", nil, "without a location"},
		{"weights with a NUL in their name", "w\x00", "", "", file("w", 16), "external data"},
	} {
		list = append(list, hostileFile{c.name, [][]byte{weights(c.location, c.offset, c.length)}, c.put, c.fault})
	}
	return list
}

// declared is a graph input whose dimensions are written as they are.
func declared(name string, typ int, dims ...int64) ot.Message {
	var shape ot.Message
	for _, d := range dims {
		shape = shape.Put(1, ot.Message{}.Int(1, d))
	}
	return ot.Message{}.Put(1, []byte(name)).Put(2, ot.Message{}.Put(1, ot.Message{}.Int(1, int64(typ)).Put(2, shape)))
}

// deepGraph is nodes in graphs in attributes of nodes. It is written from the inside, so in quadratic time; 16 bits a
// length keep that small.
func deepGraph(depth int) ot.Message {
	inner := ot.Message{}
	for range depth / 3 {
		inner = ot.Message{}.Put(1, ot.Message{}.Put(5, ot.Message{}.Put(6, inner)))
	}
	return inner
}

func deepType(depth int) ot.Message {
	inner := ot.Message{}
	for range depth {
		inner = ot.Message{}.Put(4, ot.Message{}.Put(1, inner))
	}
	return inner
}

// ifBomb is If nodes of two branches, each with an If of two branches, …
func ifBomb(depth int) *ot.Model {
	branch := ot.Message{}
	for range depth {
		branch = ot.Message{}.Put(1, ot.Message{}.Put(1, []byte("x")).Put(2, []byte("z")).Put(4, []byte("If")).
			Put(5, ot.Message{}.Put(1, []byte("then_branch")).Put(6, branch).Int(20, 5)).
			Put(5, ot.Message{}.Put(1, []byte("else_branch")).Put(6, branch).Int(20, 5)))
	}
	m := relu(1)
	m.Graph = append(m.Graph, branch...)
	return m
}

func attributes(n int) ot.Message {
	b := ot.Message{}.Put(4, []byte("Relu"))
	for i := range n {
		b = b.Put(5, ot.Message{}.Put(1, fmt.Appendf(nil, "%d", i)).Int(20, 2))
	}
	return b
}

// kindless is an operator with an attribute of a kind, and no value of it.
func kindless(kind int) ot.Message {
	a := ot.Message{}.Put(1, []byte("axis"))
	if kind != 0 {
		a = a.Int(20, int64(kind))
	}
	g := ot.Message{}.Put(11, ot.Value("x", ot.F32, 2, 3)).Put(12, ot.Value("y", ot.F32))
	return g.Put(1, ot.Message{}.Put(1, []byte("x")).Put(2, []byte("y")).Put(4, []byte("Softmax")).Put(5, a))
}

func transposed(attr string, v any) *ot.Model {
	return ot.New(17).Input("x", ot.F32, 1, 4, 8, 8).Init("w", ot.F32, make([]byte, 4*2*9*4), 4, 2, 3, 3).
		Node("ConvTranspose", []string{"x", "w"}, []string{"y"}, attr, v).Output("y", ot.F32)
}

// fan is n operators that read one value, summed in a chain.
func fan(n int) *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 1)
	for i := range n - 1 {
		m.Node("Relu", []string{"x"}, []string{fmt.Sprintf("v%d", i)})
	}
	return m.Output("v0", ot.F32).Output(fmt.Sprintf("v%d", n-2), ot.F32)
}

func quantizedFan(n int) *ot.Model {
	m := ot.New(17).Input("x", ot.U8, 1, 4, 2, 2).Init("s", ot.F32, ot.Float32s(0.1)).Init("z", ot.U8, []byte{0})
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"d"})
	for i := range n {
		m.Node("Relu", []string{"d"}, []string{fmt.Sprintf("r%d", i)}).
			Node("QuantizeLinear", []string{fmt.Sprintf("r%d", i), "s", "z"}, []string{fmt.Sprintf("q%d", i)})
	}
	return m.Output("q0", ot.U8).Output(fmt.Sprintf("q%d", n-1), ot.U8)
}

func wide(n int, op string, attrs ...any) *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 1)
	in := make([]string, n)
	for i := range in {
		in[i] = "x"
	}
	return m.Node(op, in, []string{"y"}, attrs...).Output("y", ot.F32)
}

func split(n int) *ot.Model {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("y%d", i)
	}
	return ot.New(13).Input("x", ot.F32, n).Node("Split", []string{"x"}, out).Output("y0", ot.F32)
}

func quantizedChain(n int) *ot.Model {
	m := ot.New(17).Input("x", ot.U8, 1, 4, 2, 2).Init("s", ot.F32, ot.Float32s(0.1)).Init("z", ot.U8, []byte{0})
	last := "x"
	for i := range n {
		a, b, c := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("c%d", i)
		m.Node("DequantizeLinear", []string{last, "s", "z"}, []string{a}).Node("Sigmoid", []string{a}, []string{b}).
			Node("QuantizeLinear", []string{b, "s", "z"}, []string{c})
		last = c
	}
	return m.Output(last, ot.U8)
}

func constantChain(n int) *ot.Model {
	m := ot.New(17).Input("x", ot.I64, 1).Init("a", ot.I64, ot.Int64s(1), 1)
	last := "a"
	for i := range n {
		m.Node("Add", []string{last, "a"}, []string{fmt.Sprintf("v%d", i)})
		last = fmt.Sprintf("v%d", i)
	}
	return m.Node("Add", []string{"x", last}, []string{"y"}).Output("y", ot.I64)
}

// hostileResult is what a process of its own says about loading one hostile file.
type hostileResult struct {
	Errors []string `json:"errors"` // "" = it was loaded and run
	Peak   int64    `json:"peak"`   // bytes of resident memory, this process's own included
	CPU    float64  `json:"cpu"`    // seconds of processor time
}

const hostileFolder = "DEPTHWISE_HOSTILE_FOLDER"

// TestMain lets the test binary be the process that loads one hostile file.
func TestMain(m *testing.M) {
	folder := os.Getenv(hostileFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	var r hostileResult
	for i := 0; ; i++ {
		path := filepath.Join(folder, fmt.Sprintf("%d.onnx", i))
		if _, err := os.Stat(path); err != nil {
			break
		}
		r.Errors = append(r.Errors, loadFile(path))
	}
	r.Peak, r.CPU = usage()
	json.NewEncoder(os.Stdout).Encode(r)
	os.Exit(0)
}

// loadFile loads and, where that is not much work, runs a file; it returns the error's words.
func loadFile(path string) string {
	net, err := quant.Load(path, quant.Options{Threads: 1})
	if err != nil {
		return err.Error()
	}
	defer net.Close()
	if net.MACs() > 50_000_000 {
		return ""
	}
	size := 0
	for _, in := range net.Inputs() {
		size += len(in.Bytes())
	}
	if size > 1<<20 {
		return ""
	}
	for _, in := range net.Inputs() {
		for i := range in.Bytes() {
			in.Bytes()[i] = byte(i*31 + 200)
		}
	}
	if err := net.Run(); err != nil {
		return err.Error()
	}
	return ""
}

// usage is the process's peak of resident memory and its processor time.
func usage() (peak int64, cpu float64) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	for _, t := range []syscall.Timeval{r.Utime, r.Stime} {
		cpu += float64(t.Sec) + float64(t.Usec)/1e6
	}
	return peak * 1024, cpu
}

// Each hostile file is met by a process of its own: no panic, less than 5 s of processor time, less than 256 MB of
// memory, and an error that says what is wrong.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("measures processes")
	}
	if err := exec.Command(os.Args[0], "-test.run=^$").Run(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator runs this test, and the kernel cannot start its binary by itself")
	}
	good, total := 0, 0
	var mostCPU float64
	var mostPeak int64
	for _, c := range hostileFiles() {
		total++
		if t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			for i, f := range c.files {
				if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.onnx", i)), f, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if c.put != nil {
				c.put(folder)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a busy machine
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), hostileFolder+"="+folder)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, &stderr)
			}
			var r hostileResult
			if err := json.Unmarshal(out, &r); err != nil || len(r.Errors) != len(c.files) {
				t.Fatalf("%v: %.200q", err, out)
			}
			for _, e := range r.Errors {
				if e == "" && c.fault != "" {
					t.Error("it was accepted")
				}
				if e != "" && (!strings.HasPrefix(e, "quant: ") || !strings.Contains(e, c.fault)) {
					t.Errorf("error %.300q, want %q", e, c.fault)
				}
			}
			t.Logf("%.2f s, %d MB: %.120s", r.CPU, r.Peak>>20, r.Errors[len(r.Errors)-1])
			mostCPU, mostPeak = max(mostCPU, r.CPU), max(mostPeak, r.Peak)
			if r.CPU > 5 {
				t.Errorf("it took %.1f s", r.CPU)
			}
			if r.Peak > 256<<20 {
				t.Errorf("it took %d MB", r.Peak>>20)
			}
		}) {
			good++
		}
	}
	fmt.Printf("hostile: %d of %d, at most %.1f s of processor time and %d MB\n", good, total, mostCPU, mostPeak>>20)
}

// Loading a model of N bytes takes at most 2 N + 30 MB of resident memory, the file and the weights packed, whether the
// weights lie in the file or beside it.
func TestMemoryOfLoading(t *testing.T) {
	if testing.Short() {
		t.Skip("measures processes")
	}
	if err := exec.Command(os.Args[0], "-test.run=^$").Run(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator runs this test, and the kernel cannot start its binary by itself")
	}
	for _, beside := range []bool{false, true} {
		folder := t.TempDir()
		size := largeModel(t, folder, beside)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), hostileFolder+"="+folder)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var r hostileResult
		if err := json.Unmarshal(out, &r); err != nil || len(r.Errors) != 1 || r.Errors[0] != "" {
			t.Fatalf("%v: %.200q", err, out)
		}
		t.Logf("weights beside the file %v: %d MB for %d MB", beside, r.Peak>>20, size>>20)
		if most := 2*int64(size) + 30<<20; r.Peak > most {
			t.Errorf("weights beside the file %v: a model of %d MB took %d MB to load, at most %d", beside, size>>20, r.Peak>>20, most>>20)
		}
	}
}

// largeModel writes 54 MB of convolutions, and returns how many bytes that are.
func largeModel(t *testing.T, folder string, beside bool) int {
	t.Helper()
	const c, layers = 1024, 6
	m := ot.New(17).Input("x0", ot.U8, 1, c, 4, 4).Init("s", ot.F32, ot.Float32s(0.02)).Init("z", ot.U8, []byte{128})
	m.Init("ws", ot.F32, ot.Float32s(0.0002)).Init("wz", ot.S8, []byte{0})
	weights := bytes.Repeat([]byte{1, 255, 3}, c*c*3)
	var data []byte
	for i := range layers {
		w := fmt.Sprintf("w%d", i)
		if beside {
			e := ot.Message{}.Int(1, c).Int(1, c).Int(1, 3).Int(1, 3).Int(2, ot.S8).Put(8, []byte(w)).Int(14, 1)
			for _, kv := range [][2]string{{"location", "weights"}, {"offset", fmt.Sprint(len(data))}} {
				e = e.Put(13, ot.Message{}.Put(1, []byte(kv[0])).Put(2, []byte(kv[1])))
			}
			m.Graph = m.Graph.Put(5, e)
			data = append(data, weights...)
		} else {
			m.Init(w, ot.S8, weights, c, c, 3, 3)
		}
		m.Node("QLinearConv", []string{fmt.Sprintf("x%d", i), "s", "z", w, "ws", "wz", "s", "z"}, []string{fmt.Sprintf("x%d", i+1)}, "pads", []int{1, 1, 1, 1})
	}
	file := m.Output(fmt.Sprintf("x%d", layers), ot.U8).Bytes()
	for name, b := range map[string][]byte{"0.onnx": file, "weights": data} {
		if len(b) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return len(file) + len(data)
}
