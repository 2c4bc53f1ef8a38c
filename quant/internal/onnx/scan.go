package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// kind is what the scanner does with one field.
type kind uint8

const (
	drop     kind = iota // not read: left out of the skeleton
	scalar               // copied
	text                 // copied, bounded
	message              // walked
	subgraph             // walked as a graph: the schema names itself
	payload              // cut out: its place in the file is left behind as a Span
	refused              // named in an error
)

// schema says what to do with each field of one message type.
type schema struct {
	name   string
	fields map[protowire.Number]field
}

type field struct {
	kind kind
	sub  *schema // for message
	what string  // for refused
}

// The messages that we read, and of each the fields: the same set as wire.proto.
var (
	entrySchema  = &schema{"entry", map[protowire.Number]field{1: {kind: text}, 2: {kind: text}}}
	opsetSchema  = &schema{"opset", map[protowire.Number]field{1: {kind: text}, 2: {kind: scalar}}}
	tensorSchema = &schema{"tensor", map[protowire.Number]field{
		1: {kind: scalar}, 2: {kind: scalar}, 8: {kind: text}, 13: {kind: message, sub: entrySchema}, 14: {kind: scalar},
		3: {kind: refused, what: "segmented tensor"}, 6: {kind: drop},
		4: {kind: payload}, 5: {kind: payload}, 7: {kind: payload}, 9: {kind: payload}, 10: {kind: payload}, 11: {kind: payload},
	}}
	dimSchema        = &schema{"dimension", map[protowire.Number]field{1: {kind: scalar}, 2: {kind: text}}}
	shapeSchema      = &schema{"shape", map[protowire.Number]field{1: {kind: message, sub: dimSchema}}}
	tensorTypeSchema = &schema{"tensor type", map[protowire.Number]field{1: {kind: scalar}, 2: {kind: message, sub: shapeSchema}}}
	typeSchema       = &schema{"type", map[protowire.Number]field{1: {kind: message, sub: tensorTypeSchema}}}
	valueSchema      = &schema{"value", map[protowire.Number]field{1: {kind: text}, 2: {kind: message, sub: typeSchema}}}
	attributeSchema  = &schema{"attribute", map[protowire.Number]field{
		1: {kind: text}, 2: {kind: scalar}, 3: {kind: scalar}, 4: {kind: text}, 5: {kind: message, sub: tensorSchema},
		6: {kind: subgraph}, 7: {kind: scalar}, 8: {kind: scalar}, 9: {kind: text}, 20: {kind: scalar}, 21: {kind: text},
	}}
	nodeSchema = &schema{"node", map[protowire.Number]field{
		1: {kind: text}, 2: {kind: text}, 3: {kind: text}, 4: {kind: text}, 5: {kind: message, sub: attributeSchema}, 7: {kind: text}, 8: {kind: text},
	}}
	graphSchema = &schema{"graph", map[protowire.Number]field{
		1: {kind: message, sub: nodeSchema}, 2: {kind: text}, 5: {kind: message, sub: tensorSchema},
		11: {kind: message, sub: valueSchema}, 12: {kind: message, sub: valueSchema},
		15: {kind: refused, what: "sparse initializer"},
	}}
	functionSchema = &schema{"function", map[protowire.Number]field{
		1: {kind: text}, 4: {kind: text}, 5: {kind: text}, 6: {kind: text}, 7: {kind: message, sub: nodeSchema},
		9: {kind: message, sub: opsetSchema}, 10: {kind: text}, 11: {kind: message, sub: attributeSchema}, 13: {kind: text},
	}}
	modelSchema = &schema{"model", map[protowire.Number]field{
		1: {kind: scalar}, 2: {kind: text}, 3: {kind: text}, 7: {kind: message, sub: graphSchema},
		8: {kind: message, sub: opsetSchema}, 14: {kind: message, sub: entrySchema}, 25: {kind: message, sub: functionSchema},
	}}
)

// spanField is wire.proto's Tensor.spans.
const spanField = 1000

// scanner walks one file and writes its skeleton.
type scanner struct {
	file     []byte
	messages int
	nodes    int
	scalars  int
	skeleton int
}

// scan returns the skeleton of a model file.
func scan(file []byte) ([]byte, error) {
	s := &scanner{file: file}
	return s.walk(nil, modelSchema, 0, len(file), 0)
}

// walk scans file[begin:end] as a message of type m and appends its skeleton to out.
func (s *scanner) walk(out []byte, m *schema, begin, end, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("messages nested deeper than %d", maxDepth)
	}
	s.messages++
	if m == nodeSchema {
		s.nodes++
	}
	switch {
	case s.nodes > maxNodes:
		return nil, fmt.Errorf("more than %d nodes", maxNodes)
	case s.messages > maxMessages:
		return nil, fmt.Errorf("more than %d messages", maxMessages)
	}
	before := len(out)
	for at := begin; at < end; {
		number, typ, n := protowire.ConsumeTag(s.file[at:end])
		if n < 0 {
			return nil, fmt.Errorf("%s at byte %d: %w", m.name, at, protowire.ParseError(n))
		}
		start := at
		at += n
		if typ == protowire.StartGroupType || typ == protowire.EndGroupType {
			return nil, fmt.Errorf("%s at byte %d: group fields are not part of ONNX", m.name, start)
		}
		size := protowire.ConsumeFieldValue(number, typ, s.file[at:end])
		if size < 0 {
			return nil, fmt.Errorf("%s at byte %d: %w", m.name, start, protowire.ParseError(size))
		}
		value := at
		at += size
		f := m.fields[number]
		if f.kind == drop {
			continue
		}
		if f.kind == refused {
			return nil, fmt.Errorf("%s is not supported", f.what)
		}
		var err error
		if out, err = s.field(out, f, number, typ, start, value, at, depth); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if s.skeleton += len(out) - before; s.skeleton > maxSkeleton {
		return nil, fmt.Errorf("graph structure larger than %d bytes", maxSkeleton)
	}
	return out, nil
}

// field appends one field's skeleton to out: the field begins at start, its value at value, and it ends at end.
func (s *scanner) field(out []byte, f field, number protowire.Number, typ protowire.Type, start, value, end, depth int) ([]byte, error) {
	switch f.kind {
	case scalar:
		s.scalars++
		if typ == protowire.BytesType {
			s.scalars += end - value // packed: at most one element a byte
		}
	case text:
		s.scalars++
		if typ != protowire.BytesType {
			return nil, fmt.Errorf("field %d has wire type %d, want a string", number, typ)
		}
	case payload:
		if typ != protowire.BytesType {
			return nil, fmt.Errorf("payload field %d is not packed", number)
		}
		s.messages++
		b, _ := protowire.ConsumeBytes(s.file[value:end])
		out = appendSpan(out, number, end-len(b), end)
		return out, nil
	case message, subgraph:
		if typ != protowire.BytesType {
			return nil, fmt.Errorf("field %d has wire type %d, want a message", number, typ)
		}
		b, _ := protowire.ConsumeBytes(s.file[value:end])
		m := f.sub
		if f.kind == subgraph {
			m = graphSchema
		}
		out = protowire.AppendTag(out, number, protowire.BytesType)
		begin := len(out)
		out, err := s.walk(out, m, end-len(b), end, depth+1)
		if err != nil {
			return nil, err
		}
		// The length, known now, goes before the message.
		size := len(out) - begin
		out = protowire.AppendVarint(out, uint64(size))
		length := len(out) - begin - size
		copy(out[begin+length:], out[begin:begin+size])
		protowire.AppendVarint(out[:begin], uint64(size))
		return out, nil
	}
	if s.scalars > maxScalars {
		return nil, fmt.Errorf("more than %d list elements", maxScalars)
	}
	return append(out, s.file[start:end]...), nil
}

// appendSpan appends a wire.Span of file[begin:end], the payload that field number held.
func appendSpan(out []byte, number protowire.Number, begin, end int) []byte {
	var span []byte
	for i, v := range [...]int{int(number), begin, end} {
		span = protowire.AppendTag(span, protowire.Number(i+1), protowire.VarintType)
		span = protowire.AppendVarint(span, uint64(v))
	}
	out = protowire.AppendTag(out, spanField, protowire.BytesType)
	return protowire.AppendBytes(out, span)
}
