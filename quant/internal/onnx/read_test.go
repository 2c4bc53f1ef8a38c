package onnx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

func TestSample(t *testing.T) {
	m, err := onnx.Parse(ot.Sample().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if m.Opsets[""] != 17 || m.Metadata["depthwise.format"] != "1" || len(m.Graph.Inputs) != 1 || len(m.Graph.Outputs) != 1 {
		t.Errorf("opsets %v, metadata %v, inputs %v, outputs %v", m.Opsets, m.Metadata, m.Graph.Inputs, m.Graph.Outputs)
	}
	in := m.Graph.Inputs[0]
	if in.Name != "image" || in.Type != tensor.Uint8 || len(in.Dims) != 4 || in.Dims[1].Size != 4 {
		t.Errorf("input is %+v", in)
	}
	conv := -1
	for i, n := range m.Graph.Nodes {
		if n.Op == "Conv" && conv < 0 {
			conv = i
		}
	}
	if strides, err := m.Graph.Nodes[conv].Attrs.Ints("strides"); err != nil || len(strides) != 2 || strides[0] != 2 {
		t.Errorf("strides %v, %v", strides, err)
	}
}

// Raw bytes alias the file; typed lists are converted; halves are widened; booleans are 0 or 1.
func TestPayloads(t *testing.T) {
	base := func(typ int, dims ...int) ot.Message {
		return ot.Message{}.Int(2, int64(typ)).Put(8, []byte("t")).Int(1, int64(dims[0]))
	}
	varints := func(v ...uint64) []byte {
		var b []byte
		for _, e := range v {
			for ; e >= 0x80; e >>= 7 {
				b = append(b, byte(e)|0x80)
			}
			b = append(b, byte(e))
		}
		return b
	}
	minus := ^uint64(0)
	for _, c := range []struct {
		name   string
		tensor ot.Message
		want   []byte
		fault  string
	}{
		{"raw", ot.Tensor("t", ot.U8, []byte{1, 2, 3}, 3), []byte{1, 2, 3}, ""},
		{"raw too short", ot.Tensor("t", ot.U8, []byte{1, 2}, 3), nil, "2 bytes of data, want 3"},
		{"raw too long", ot.Tensor("t", ot.F32, make([]byte, 16), 3), nil, "16 bytes of data, want 12"},
		{"floats", base(ot.F32, 2).Put(4, ot.Float32s(1, -2)), ot.Float32s(1, -2), ""},
		{"floats in two parts", base(ot.F32, 2).Put(4, ot.Float32s(1)).Put(4, ot.Float32s(-2)), ot.Float32s(1, -2), ""},
		{"floats as bytes", base(ot.U8, 4).Put(4, ot.Float32s(1)), nil, "cannot hold uint8"},
		{"int32s as s8", base(ot.S8, 3).Put(5, varints(1, minus, minus-127)), []byte{1, 0xff, 0x80}, ""},
		{"int32s beyond s8", base(ot.S8, 1).Put(5, varints(200)), nil, "outside int8"},
		{"int32s beyond u8", base(ot.U8, 1).Put(5, varints(minus)), nil, "outside uint8"},
		{"int64s", base(ot.I64, 2).Put(7, varints(5, minus)), ot.Int64s(5, -1), ""},
		{"too many", base(ot.I64, 1).Put(7, varints(5, 6)), nil, "more than 1 elements"},
		{"too few", base(ot.I64, 3).Put(7, varints(5, 6)), nil, "2 elements, want 3"},
		{"halves", base(10, 4).Put(9, []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c}), ot.Float32s(1, -2, 0x1p-24, float32(inf())), ""},
		{"bfloat16", base(16, 1).Put(9, []byte{0x80, 0x3f}), ot.Float32s(1), ""},
		{"bool", base(9, 3).Put(9, []byte{0, 2, 255}), []byte{0, 1, 1}, ""},
		{"strings", base(8, 1).Put(6, []byte("x")), nil, "string is not supported"},
		{"float8", base(17, 2).Put(9, []byte{0x7e, 0x80}), []byte{0x7e, 0x80}, ""},
		{"float8 as a list", base(20, 2).Put(5, varints(0x7e, 0x80)), []byte{0x7e, 0x80}, ""},
		{"float8 beyond a byte", base(20, 1).Put(5, varints(256)), nil, "outside float8_e5m2fnuz"},
		{"int4", base(22, 3).Put(9, []byte{0x8f, 0x07}), []byte{0xff, 0xf8, 7}, ""},
		{"int4 as a list", base(22, 3).Put(5, varints(0x8f, 0x07)), []byte{0xff, 0xf8, 7}, ""},
		{"int4 too short", base(22, 3).Put(9, []byte{0x8f}), nil, "1 bytes of data, want 2"},
		{"int4 one a byte", base(22, 3).Put(9, []byte{1, 2, 3}), nil, "3 bytes of data, want 2"},
		{"int4 as a list too long", base(22, 3).Put(5, varints(1, 2, 3)), nil, "more than 2 elements"},
		{"uint2", base(25, 5).Put(9, []byte{0xe4, 0xfe}), []byte{0, 1, 2, 3, 2}, ""},
		{"complex", base(14, 1).Put(9, make([]byte, 8)), nil, "type 14 is not supported"},
		{"an element type of the future", base(60, 1).Put(9, []byte{0}), nil, "type 60 is not supported"},
		{"element type -1", ot.Message{}.Int(2, -1).Int(1, 1).Put(9, []byte{0}), nil, "element type -1"},
		{"no data", base(ot.F32, 2), nil, "no data"},
		{"negative dim", ot.Tensor("t", ot.U8, nil, -1), nil, "negative"},
		{"overflow", ot.Tensor("t", ot.U8, nil, 1<<30, 1<<30, 1<<30), nil, "dimension 0 is"},
		{"overflow of the product", ot.Tensor("t", ot.U8, nil, 1<<20, 1<<20), nil, "more than"},
		{"zero times much", ot.Tensor("t", ot.U8, nil, 0, 1<<20), nil, ""},
		{"two payloads", ot.Tensor("t", ot.U8, []byte{1}, 1).Put(9, []byte{2}), nil, "more than one payload"},
		{"two kinds", ot.Message{}.Int(2, ot.F32).Int(1, 2).Put(4, ot.Float32s(1)).Put(9, ot.Float32s(1)), nil, "more than one kind"},
		{"unpacked", base(ot.F32, 1).Float(4, 1), nil, "not packed"},
		{"segment", base(ot.F32, 1).Put(3, nil), nil, "segmented"},
		{"rank", ot.Tensor("t", ot.U8, []byte{1}, make([]int, 40)...), nil, "40 dimensions"},
		{"our own span field", ot.Tensor("t", ot.U8, []byte{9}, 1).Put(1000, ot.Message{}.Int(1, 9).Int(2, 0).Int(3, 1)), []byte{9}, ""},
	} {
		m := ot.New(17)
		m.Graph = m.Graph.Put(5, c.tensor)
		got, err := onnx.Parse(m.Bytes())
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if v := got.Graph.Initializers[0].Tensor; !bytes.Equal(v.Data, c.want) {
			t.Errorf("%s: % x, want % x", c.name, v.Data, c.want)
		}
	}
}

func inf() float64 { return 1 / zero }

var zero float64

func TestRawDataAliasesTheFile(t *testing.T) {
	file := ot.New(17).Init("w", ot.U8, bytes.Repeat([]byte{5}, 1000), 1000).Bytes()
	m, err := onnx.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(file, bytes.Repeat([]byte{5}, 1000))
	file[i] = 77
	if m.Graph.Initializers[0].Tensor.Data[0] != 77 {
		t.Error("the payload was copied")
	}
}

// Every prefix of a file is an error or a smaller model, never a panic.
func TestTruncated(t *testing.T) {
	file := ot.Sample().Bytes()
	for n := range file {
		onnx.Parse(append([]byte(nil), file[:n]...))
	}
	if _, err := onnx.Parse(nil); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("empty file: %v", err)
	}
	if _, err := onnx.Parse([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01")); err == nil {
		t.Error("a PNG was read as a model")
	}
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "model")
	if err := os.MkdirAll(filepath.Join(inside, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(inside, "w.bin"), []byte{1, 2, 3, 4, 5, 6})
	write(filepath.Join(inside, "sub", "w.bin"), []byte{7, 8, 9})
	write(filepath.Join(dir, "secret"), []byte{1, 2, 3, 4, 5, 6})
	for name, target := range map[string]string{"link": "../secret", "sub/up": "../w.bin", "abs": filepath.Join(dir, "secret")} {
		if err := os.Symlink(target, filepath.Join(inside, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	for _, c := range []struct {
		location, offset, length string
		want                     []byte
		fault                    string
	}{
		{"w.bin", "", "", []byte{1, 2, 3}, ""},
		{"w.bin", "2", "3", []byte{3, 4, 5}, ""},
		{"sub/w.bin", "", "", []byte{7, 8, 9}, ""},
		{"sub/up", "", "", []byte{1, 2, 3}, ""},
		{"w.bin", "4", "3", nil, "no 3 bytes at offset 4"},
		{"w.bin", "-1", "", nil, "offset -1"},
		{"w.bin", "9223372036854775807", "", nil, "no 3 bytes"},
		{"w.bin", "", "4", nil, "length 4"},
		{"w.bin", "x", "", nil, "not a number"},
		{"../secret", "", "", nil, "outside the model's folder"},
		{"sub/../../secret", "", "", nil, "outside the model's folder"},
		{filepath.Join(dir, "secret"), "", "", nil, "outside the model's folder"},
		{"link", "", "", nil, "escapes"},
		{"abs", "", "", nil, "escapes"},
		{"sub", "", "", nil, "no 3 bytes"},
		{"none", "", "", nil, "no such file"},
		{"", "", "", nil, "without a location"},
	} {
		tensor := ot.Message{}.Int(1, 3).Int(2, ot.U8).Put(8, []byte("w")).Int(14, 1)
		for k, v := range map[string]string{"location": c.location, "offset": c.offset, "length": c.length} {
			if v != "" {
				tensor = tensor.Put(13, ot.Message{}.Put(1, []byte(k)).Put(2, []byte(v)))
			}
		}
		m := ot.New(17)
		m.Graph = m.Graph.Put(5, tensor)
		path := filepath.Join(inside, "m.onnx")
		write(path, m.Bytes())
		got, err := onnx.Load(path)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%+v: error %v, want %q", c, err, c.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
		} else if v := got.Graph.Initializers[0].Tensor.Data; !bytes.Equal(v, c.want) {
			t.Errorf("%+v: % x", c, v)
		}
		if _, err := onnx.Parse(m.Bytes()); err == nil || !strings.Contains(err.Error(), "not read from a file") {
			t.Errorf("external data of a model in memory: %v", err)
		}
	}
}

// What a file may ask for is bounded before it is given.
func TestBounds(t *testing.T) {
	deep := ot.Message{}
	for range 3_400 {
		deep = ot.Message{}.Put(5, ot.Message{}.Put(6, ot.Message{}.Put(1, deep)))
	}
	many := bytes.Repeat([]byte{0x0a, 0x00}, 2_000_000)
	dims := ot.Message{}.Int(2, ot.U8)
	for range 2000 {
		dims = dims.Int(1, 1)
	}
	groups := ot.Message(bytes.Repeat([]byte{0x0b}, 10_000))
	for _, c := range []struct {
		name  string
		graph ot.Message
		fault string
	}{
		{"a graph 10,000 deep", ot.Message{}.Put(1, deep), ""},
		{"two million nodes", many, "more than 65536 nodes"},
		{"two million initializers", bytes.Repeat([]byte{0x2a, 0x00}, 2_000_000), "more than 600000 messages"},
		{"2,000 dimensions", ot.Message{}.Put(5, dims), "2000 dimensions"},
		{"groups 10,000 deep", groups, "group fields"},
	} {
		m := ot.New(17)
		m.Graph = c.graph
		_, err := onnx.Parse(m.Bytes())
		if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.fault)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ot.Sample().Bytes())
	f.Add(ot.New(13).Input("x", ot.F32, -1, 3).Node("Relu", []string{"x"}, []string{"y"}).Output("y", ot.F32).Bytes())
	for _, kind := range []string{"mobilenetv3-qdq-s8s8", "late-qdq-u8s8"} {
		file, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", kind, "model.onnx"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		onnx.Parse(file)
	})
}
