package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A tiny untrained student, written here field by field, so that tests of the runtime and of the command line need no
// trained one: class 1 where green beats red, class 2 where depth is near, class 0 elsewhere. testdata/students holds
// the files; -update writes them.

// pb is a protobuf message under construction. Field numbers below are those of onnx.proto.
type pb []byte

func (m pb) int(field int, v int64) pb {
	return pb(binary.AppendUvarint(binary.AppendUvarint(m, uint64(field)<<3), uint64(v)))
}

func (m pb) bytes(field int, b []byte) pb {
	m = binary.AppendUvarint(m, uint64(field)<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(b))), b...)
}

func (m pb) text(field int, s ...string) pb {
	for _, v := range s {
		m = m.bytes(field, []byte(v))
	}
	return m
}

const (
	onnxFloat, onnxUint8, onnxInt8, onnxInt32, onnxInt64 = 1, 2, 3, 6, 7
)

// tinyTensor is an initializer.
func tinyTensor(name string, kind int64, dims []int64, raw []byte) pb {
	var m pb
	for _, d := range dims {
		m = m.int(1, d)
	}
	return m.int(2, kind).text(8, name).bytes(9, raw)
}

func floats(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func int32s(v ...int32) []byte {
	var b []byte
	for _, i := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	return b
}

func tinyNode(op, in, out string, attributes ...pb) pb {
	m := pb(nil).text(1, strings.Split(in, " ")...).text(2, out).text(3, out).text(4, op)
	for _, a := range attributes {
		m = m.bytes(5, a)
	}
	return m
}

func attrInt(name string, v int64) pb { return pb(nil).text(1, name).int(3, v).int(20, 2) }
func attrText(name, v string) pb      { return pb(nil).text(1, name).text(4, v).int(20, 3) }
func attrInts(name string, v ...int64) pb {
	m := pb(nil).text(1, name)
	for _, i := range v {
		m = m.int(8, i)
	}
	return m.int(20, 7)
}

func tinyValue(name string, kind int64, dims ...int64) pb {
	var shape pb
	for _, d := range dims {
		shape = shape.bytes(1, pb(nil).int(1, d))
	}
	return pb(nil).text(1, name).bytes(2, pb(nil).bytes(1, pb(nil).int(1, kind).bytes(2, shape)))
}

// tinyStudent writes a student of 64×48 pixels with logits at half that: "early" has one input of 4 channels, "two" has
// rgb and depth, "rgb" and "depth" have one of them; "codes" is "two" with a code of each: where the brightest of an 8×8
// grid's cells is red rather than green, and where the nearest is near.
func tinyStudent(kind string, metadata map[string]string) []byte {
	var nodes, inits, inputs []pb
	channels := map[string]int64{"early": 4, "two": 4, "codes": 4, "rgb": 3, "depth": 1}[kind]
	input := func(name string, c int64) string {
		inputs = append(inputs, tinyValue(name, onnxUint8, 1, c, 48, 64))
		nodes = append(nodes, tinyNode("DequantizeLinear", name+" in.scale in.zero", name+".real"))
		return name + ".real"
	}
	x := ""
	switch kind {
	case "early":
		x = input("pixels", 4)
	case "two", "codes":
		nodes = append(nodes, tinyNode("Concat", input("rgb", 3)+" "+input("depth", 1), "fused", attrInt("axis", 1)))
		x = "fused"
	default:
		x = input(kind, channels)
	}
	rows := map[string][3][]int8{ // weights of R, G, B, D for the classes
		"early": {{0, 0, 0, 0}, {-20, 24, 0, -8}, {4, 0, -4, 30}}, "two": {{0, 0, 0, 0}, {-20, 24, 0, -8}, {4, 0, -4, 30}},
		"codes": {{0, 0, 0, 0}, {-20, 24, 0, -8}, {4, 0, -4, 30}},
		"rgb":   {{0, 0, 0}, {-20, 24, 0}, {4, 0, -4}}, "depth": {{0}, {-8}, {30}},
	}[kind]
	var w []byte
	for _, row := range rows { // [3, channels, 2, 2]
		for _, v := range row {
			w = append(w, bytes.Repeat([]byte{byte(v)}, 4)...)
		}
	}
	inits = append(inits,
		tinyTensor("in.scale", onnxFloat, nil, floats(1./255)), tinyTensor("in.zero", onnxUint8, nil, []byte{0}),
		tinyTensor("w", onnxInt8, []int64{3, channels, 2, 2}, w), tinyTensor("w.scale", onnxFloat, []int64{3}, floats(0.02, 0.02, 0.02)),
		tinyTensor("w.zero", onnxInt8, []int64{3}, make([]byte, 3)),
		tinyTensor("b", onnxInt32, []int64{3}, int32s(900, 0, -12000)), tinyTensor("b.scale", onnxFloat, []int64{3}, floats(0.02/255, 0.02/255, 0.02/255)),
		tinyTensor("b.zero", onnxInt32, []int64{3}, make([]byte, 12)),
		tinyTensor("out.scale", onnxFloat, nil, floats(0.02)), tinyTensor("out.zero", onnxUint8, nil, []byte{128}),
		tinyTensor("scales", onnxFloat, []int64{4}, floats(1, 1, 2, 2)),
	)
	nodes = append(nodes,
		tinyNode("DequantizeLinear", "w w.scale w.zero", "w.real", attrInt("axis", 0)),
		tinyNode("DequantizeLinear", "b b.scale b.zero", "b.real", attrInt("axis", 0)),
		tinyNode("Conv", x+" w.real b.real", "conv", attrInts("kernel_shape", 2, 2), attrInts("strides", 2, 2)),
		tinyNode("QuantizeLinear", "conv out.scale out.zero", "logits"),
		tinyNode("DequantizeLinear", "logits out.scale out.zero", "logits.real"),
		tinyNode("Resize", "logits.real  scales", "upsampled", attrText("mode", "linear"), attrText("coordinate_transformation_mode", "half_pixel")),
		tinyNode("ArgMax", "upsampled", "indices", attrInt("axis", 1), attrInt("keepdims", 0)),
		tinyNode("Cast", "indices", "classes", attrInt("to", onnxUint8)),
	)
	outputs := []pb{tinyValue("classes", onnxUint8, 1, 48, 64)}
	for i, name := range []string{"rgb", "depth"} {
		if kind != "codes" {
			break
		}
		weights, code := [][]byte{{20, 256 - 20, 0}, {20}}[i], []string{"code_color", "code_depth"}[i]
		inits = append(inits, tinyTensor(code+".w", onnxInt8, []int64{1, int64(len(weights)), 1, 1}, weights),
			tinyTensor(code+".b", onnxFloat, []int64{1}, floats([]float32{0, -0.1}[i])),
			tinyTensor(code+".scale", onnxFloat, nil, floats(0.02)), tinyTensor(code+".zero", onnxInt8, nil, []byte{0}))
		nodes = append(nodes,
			tinyNode("MaxPool", name+".real", code+".cells", attrInts("kernel_shape", 6, 8), attrInts("strides", 6, 8)),
			tinyNode("DequantizeLinear", code+".w "+code+".scale "+code+".zero", code+".w.real"),
			tinyNode("Conv", code+".cells "+code+".w.real "+code+".b", code, attrInts("kernel_shape", 1, 1)))
		outputs = append(outputs, tinyValue(code, onnxFloat, 1, 1, 8, 8))
	}
	graph := pb(nil)
	for _, n := range nodes {
		graph = graph.bytes(1, n)
	}
	graph = graph.text(2, "tiny")
	for _, t := range inits {
		graph = graph.bytes(5, t)
	}
	for _, v := range inputs {
		graph = graph.bytes(11, v)
	}
	for _, v := range outputs {
		graph = graph.bytes(12, v)
	}
	model := pb(nil).int(1, 8).text(2, "depthwise tests").bytes(7, graph).bytes(8, pb(nil).text(1, "").int(2, 17))
	for _, key := range []string{"format", "name", "classes", "palette", "void", "input", "color_order", "depth", "modalities", "codes", "sha256"} {
		if v, ok := metadata[key]; ok {
			model = model.bytes(14, pb(nil).text(1, "depthwise."+key).text(2, v))
		}
	}
	return model
}

// tinyMetadata is what a student of ours says.
func tinyMetadata(name string) map[string]string {
	m := map[string]string{"format": "1", "name": name, "classes": `["background","table","object"]`,
		"palette": `["#202020","#4c9a6a","#e2572b"]`, "void": "255", "input": "64x48", "color_order": "rgb",
		"depth": `{"kind":"inverse","near":0.4,"far":8}`, "sha256": strings.Repeat("0", 64)}
	if name == "tiny-codes" {
		m["codes"] = `{"color":"code_color","depth":"code_depth"}`
	}
	return m
}

// signed fills the hash in, as an exporter does.
func signed(model []byte) []byte {
	zero := []byte(strings.Repeat("0", 64))
	h := sha256.Sum256(model)
	return bytes.Replace(model, zero, []byte(hex.EncodeToString(h[:])), 1)
}

// TestTinyStudents keeps testdata/students, which other packages' tests read too, equal to what this file writes.
func TestTinyStudents(t *testing.T) {
	for _, kind := range []string{"early", "two", "rgb", "depth", "codes"} {
		path := filepath.Join("testdata", "students", "tiny-"+kind+".onnx")
		model := signed(tinyStudent(kind, tinyMetadata("tiny-"+kind)))
		if *update {
			if err := os.WriteFile(path, model, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file, model) {
			t.Errorf("%s differs: run with -update", path)
		}
	}
}
