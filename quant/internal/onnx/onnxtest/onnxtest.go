// Package onnxtest writes ONNX files for tests, well-formed and otherwise, straight in the wire format.
//
//	m := onnxtest.New(17)
//	m.Input("x", 1, 1, 4).Init("w", 1, onnxtest.Float32s(1, 2, 3, 4), 4)
//	m.Node("Add", []string{"x", "w"}, []string{"y"}).Output("y", 1)
//	file := m.Bytes()
package onnxtest

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message is a protobuf message under construction.
type Message []byte

// Int appends a varint field.
func (m Message) Int(field int, v int64) Message {
	b := protowire.AppendTag(m, protowire.Number(field), protowire.VarintType)
	return protowire.AppendVarint(b, uint64(v))
}

// Float appends a 32-bit field.
func (m Message) Float(field int, v float32) Message {
	b := protowire.AppendTag(m, protowire.Number(field), protowire.Fixed32Type)
	return protowire.AppendFixed32(b, math.Float32bits(v))
}

// Put appends a length-delimited field: a string, bytes, or a message.
func (m Message) Put(field int, v []byte) Message {
	b := protowire.AppendTag(m, protowire.Number(field), protowire.BytesType)
	return protowire.AppendBytes(b, v)
}

// Model is an ONNX model under construction.
type Model struct {
	Graph  Message
	Head   Message // fields of ModelProto other than the graph
	opsets Message
}

// New begins a model that imports the default domain at a version and com.microsoft at 1.
func New(opset int) *Model {
	return &Model{
		Head:   Message{}.Int(1, 9),
		opsets: Message{}.Put(8, Message{}.Put(1, nil).Int(2, int64(opset))).Put(8, Message{}.Put(1, []byte("com.microsoft")).Int(2, 1)),
	}
}

// Bytes is the file.
func (m *Model) Bytes() []byte {
	b := append(Message{}, m.Head...)
	b = append(b, m.opsets...)
	return b.Put(7, m.Graph)
}

// Value is a ValueInfoProto; a negative dimension is symbolic ("N").
func Value(name string, typ int, dims ...int) Message {
	var shape Message
	for _, d := range dims {
		if d < 0 {
			shape = shape.Put(1, Message{}.Put(2, []byte("N")))
		} else {
			shape = shape.Put(1, Message{}.Int(1, int64(d)))
		}
	}
	return Message{}.Put(1, []byte(name)).Put(2, Message{}.Put(1, Message{}.Int(1, int64(typ)).Put(2, shape)))
}

// Input adds a graph input.
func (m *Model) Input(name string, typ int, dims ...int) *Model {
	m.Graph = m.Graph.Put(11, Value(name, typ, dims...))
	return m
}

// Output adds a graph output without a shape.
func (m *Model) Output(name string, typ int) *Model {
	v := Message{}.Put(1, []byte(name)).Put(2, Message{}.Put(1, Message{}.Int(1, int64(typ))))
	m.Graph = m.Graph.Put(12, v)
	return m
}

// Tensor is a TensorProto with raw data.
func Tensor(name string, typ int, raw []byte, dims ...int) Message {
	var t Message
	for _, d := range dims {
		t = t.Int(1, int64(d))
	}
	return t.Int(2, int64(typ)).Put(8, []byte(name)).Put(9, raw)
}

// Init adds an initializer with raw data.
func (m *Model) Init(name string, typ int, raw []byte, dims ...int) *Model {
	m.Graph = m.Graph.Put(5, Tensor(name, typ, raw, dims...))
	return m
}

// Meta adds a metadata entry.
func (m *Model) Meta(key, value string) *Model {
	m.Head = m.Head.Put(14, Message{}.Put(1, []byte(key)).Put(2, []byte(value)))
	return m
}

// Function adds a model-local function whose body is the nodes of a model; it imports the default domain and com.microsoft
// as that does. Attributes are those without defaults.
func (m *Model) Function(domain, name string, in, out, attrs []string, body *Model) *Model {
	f := Message{}.Put(1, []byte(name)).Put(10, []byte(domain))
	for field, list := range map[int][]string{4: in, 5: out, 6: attrs} {
		for _, s := range list {
			f = f.Put(field, []byte(s))
		}
	}
	for g := []byte(body.Graph); len(g) > 0; {
		number, _, n := protowire.ConsumeTag(g)
		v, k := protowire.ConsumeBytes(g[n:])
		if number == 1 {
			f = f.Put(7, v)
		}
		g = g[n+k:]
	}
	for o := []byte(body.opsets); len(o) > 0; {
		_, _, n := protowire.ConsumeTag(o)
		v, k := protowire.ConsumeBytes(o[n:])
		f = f.Put(9, v)
		o = o[n+k:]
	}
	m.Head = m.Head.Put(25, f)
	return m
}

// Ref is an attribute of a function's node that takes the value of the call's attribute of that name.
type Ref string

// Attr makes an AttributeProto of an int, float32, string, []int, Message (a TensorProto), *Model (its graph) or Ref.
func Attr(name string, v any) Message {
	a := Message{}.Put(1, []byte(name))
	switch v := v.(type) {
	case int:
		return a.Int(3, int64(v)).Int(20, 2)
	case float32:
		return a.Float(2, v).Int(20, 1)
	case string:
		return a.Put(4, []byte(v)).Int(20, 3)
	case []int:
		for _, e := range v {
			a = a.Int(8, int64(e))
		}
		return a.Int(20, 7)
	case Message:
		return a.Put(5, v).Int(20, 4)
	case *Model:
		return a.Put(6, v.Graph).Int(20, 5)
	case Ref:
		return a.Put(21, []byte(v))
	}
	panic("onnxtest: attribute kind")
}

// Node adds a node of the default domain. attrs are names and values in turn.
func (m *Model) Node(op string, in, out []string, attrs ...any) *Model {
	return m.NodeIn("", op, in, out, attrs...)
}

// NodeIn adds a node of any domain. Its name is the operator's and its first output's.
func (m *Model) NodeIn(domain, op string, in, out []string, attrs ...any) *Model {
	var n Message
	for _, s := range in {
		n = n.Put(1, []byte(s))
	}
	for _, s := range out {
		n = n.Put(2, []byte(s))
	}
	name := op
	if len(out) > 0 {
		name += " " + out[0]
	}
	n = n.Put(3, []byte(name)).Put(4, []byte(op)).Put(7, []byte(domain))
	for i := 0; i < len(attrs); i += 2 {
		n = n.Put(5, Attr(attrs[i].(string), attrs[i+1]))
	}
	m.Graph = m.Graph.Put(1, n)
	return m
}

// Float32s is raw float32 data.
func Float32s(v ...float32) []byte {
	var b []byte
	for _, e := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(e))
	}
	return b
}

// Int64s is raw int64 data.
func Int64s(v ...int64) []byte {
	var b []byte
	for _, e := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(e))
	}
	return b
}

// Int32s is raw int32 data.
func Int32s(v ...int32) []byte {
	var b []byte
	for _, e := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(e))
	}
	return b
}
