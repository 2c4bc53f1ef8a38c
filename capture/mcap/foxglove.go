package mcap

import (
	"math"
	"time"

	"github.com/depthwise/depthwise/capture"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Frames of the two cameras.
const (
	colorFrame = "color_camera"
	depthFrame = "depth_camera"
)

// field is a field of a message that we write; its number is the one in Foxglove's schemas.
type field struct {
	name   string
	number int32
	kind   descriptorpb.FieldDescriptorProto_Type
	of     string // name of a message type
	many   bool
}

const (
	textField    = descriptorpb.FieldDescriptorProto_TYPE_STRING
	bytesField   = descriptorpb.FieldDescriptorProto_TYPE_BYTES
	fixed32Field = descriptorpb.FieldDescriptorProto_TYPE_FIXED32
	doubleField  = descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
	messageField = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
)

var timestamp = field{"timestamp", 1, messageField, ".google.protobuf.Timestamp", false}

// messages are the types that we write. docs.foxglove.dev/docs/sdk/schemas describes each.
var messages = map[string][]field{
	"RawImage": {timestamp, {"width", 2, fixed32Field, "", false}, {"height", 3, fixed32Field, "", false}, {"encoding", 4, textField, "", false},
		{"step", 5, fixed32Field, "", false}, {"data", 6, bytesField, "", false}, {"frame_id", 7, textField, "", false}},
	"CompressedImage": {timestamp, {"data", 2, bytesField, "", false}, {"format", 3, textField, "", false}, {"frame_id", 4, textField, "", false}},
	"CameraCalibration": {timestamp, {"width", 2, fixed32Field, "", false}, {"height", 3, fixed32Field, "", false}, {"distortion_model", 4, textField, "", false},
		{"D", 5, doubleField, "", true}, {"K", 6, doubleField, "", true}, {"R", 7, doubleField, "", true}, {"P", 8, doubleField, "", true}, {"frame_id", 9, textField, "", false}},
	"FrameTransform": {timestamp, {"parent_frame_id", 2, textField, "", false}, {"child_frame_id", 3, textField, "", false},
		{"translation", 4, messageField, ".foxglove.Vector3", false}, {"rotation", 5, messageField, ".foxglove.Quaternion", false}},
	"Vector3":    {{"x", 1, doubleField, "", false}, {"y", 2, doubleField, "", false}, {"z", 3, doubleField, "", false}},
	"Quaternion": {{"x", 1, doubleField, "", false}, {"y", 2, doubleField, "", false}, {"z", 3, doubleField, "", false}, {"w", 4, doubleField, "", false}},
}

// describe makes the schema of a message: a FileDescriptorSet of it and all that it needs.
func describe(name string, needs ...string) (*schema, error) {
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("foxglove/" + name + ".proto"), Package: proto.String("foxglove"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/timestamp.proto"},
	}
	for _, n := range append([]string{name}, needs...) {
		m := &descriptorpb.DescriptorProto{Name: proto.String(n)}
		for _, f := range messages[n] {
			d := &descriptorpb.FieldDescriptorProto{Name: proto.String(f.name), JsonName: proto.String(f.name), Number: proto.Int32(f.number), Type: f.kind.Enum(),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
			if f.many {
				d.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
			}
			if f.of != "" {
				d.TypeName = proto.String(f.of)
			}
			m.Field = append(m.Field, d)
		}
		file.MessageType = append(file.MessageType, m)
	}
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(timestamppb.File_google_protobuf_timestamp_proto), file,
	}}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	return &schema{name: "foxglove." + name, encoding: "protobuf", data: data}, err
}

// Messages are put together field by field; zero values are left out, as proto3 has it.

func putBytes[T string | []byte](b []byte, n protowire.Number, v T) []byte {
	if len(v) == 0 {
		return b
	}
	b = protowire.AppendTag(b, n, protowire.BytesType)
	return append(protowire.AppendVarint(b, uint64(len(v))), v...)
}

func putFixed32(b []byte, n protowire.Number, v int) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, n, protowire.Fixed32Type), uint32(v))
}

func putDouble(b []byte, n protowire.Number, v float64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, n, protowire.Fixed64Type), math.Float64bits(v))
}

func putDoubles(b []byte, n protowire.Number, v ...float64) []byte {
	b = protowire.AppendTag(b, n, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(8*len(v)))
	for _, x := range v {
		b = protowire.AppendFixed64(b, math.Float64bits(x))
	}
	return b
}

// putTime is google.protobuf.Timestamp, whose nanoseconds are never negative.
func putTime(b []byte, t time.Duration) []byte {
	s, ns := int64(t/time.Second), int64(t%time.Second)
	if ns < 0 {
		s, ns = s-1, ns+int64(time.Second)
	}
	var in [24]byte
	m := protowire.AppendVarint(protowire.AppendTag(in[:0], 1, protowire.VarintType), uint64(s))
	m = protowire.AppendVarint(protowire.AppendTag(m, 2, protowire.VarintType), uint64(ns))
	return putBytes(b, 1, m)
}

func putCompressed(b []byte, t time.Duration, png []byte, frame string) []byte {
	b = putTime(b, t)
	return putBytes(putBytes(putBytes(b, 2, png), 3, "png"), 4, frame)
}

// putRaw is a RawImage; the caller appends the pixels to the result, which ends with their length.
func putRaw(b []byte, t time.Duration, w, h int, encoding string, bytes int, frame string) []byte {
	b = putTime(b, t)
	b = putBytes(putFixed32(putFixed32(b, 2, w), 3, h), 4, encoding)
	b = putBytes(putFixed32(b, 5, w*bytes), 7, frame)
	return protowire.AppendVarint(protowire.AppendTag(b, 6, protowire.BytesType), uint64(w*h*bytes))
}

// putCamera is a CameraCalibration. Foxglove knows no inverse Brown-Conrady: such a camera is written without
// distortion, for display; the metadata has it exactly.
func putCamera(b []byte, t time.Duration, in capture.Intrinsics, frame string) []byte {
	b = putTime(b, t)
	b = putFixed32(putFixed32(b, 2, in.Width), 3, in.Height)
	d := in.Coeffs
	if in.Model != capture.BrownConrady {
		d = [5]float64{}
	}
	b = putDoubles(putBytes(b, 4, "plumb_bob"), 5, d[:]...)
	b = putDoubles(b, 6, in.Fx, 0, in.Cx, 0, in.Fy, in.Cy, 0, 0, 1)
	b = putDoubles(b, 7, 1, 0, 0, 0, 1, 0, 0, 0, 1)
	b = putDoubles(b, 8, in.Fx, 0, in.Cx, 0, 0, in.Fy, in.Cy, 0, 0, 0, 1, 0)
	return putBytes(b, 9, frame)
}

// putTransform is the depth camera's pose in the colour camera's frame.
func putTransform(b []byte, t time.Duration, e capture.Extrinsics) []byte {
	b = putBytes(putBytes(putTime(b, t), 2, colorFrame), 3, depthFrame)
	q := quaternion(e.Rotation)
	var v, r []byte
	for i := range 3 {
		v = putDouble(v, protowire.Number(i+1), e.Translation[i])
	}
	for i := range 4 {
		r = putDouble(r, protowire.Number(i+1), q[i])
	}
	return putBytes(putBytes(b, 4, v), 5, r)
}
