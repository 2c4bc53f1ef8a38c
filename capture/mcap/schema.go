package mcap

import (
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// kind is what a channel's messages are.
type kind int

const (
	other kind = iota
	rawImage
	compressedImage
	calibration
	transform
)

// kinds maps schema names: Foxglove's, ROS 1's and ROS 2's.
var kinds = map[string]kind{
	"foxglove.RawImage":               rawImage,
	"foxglove.CompressedImage":        compressedImage,
	"foxglove.CameraCalibration":      calibration,
	"foxglove.FrameTransform":         transform,
	"sensor_msgs/Image":               rawImage,
	"sensor_msgs/CompressedImage":     compressedImage,
	"sensor_msgs/CameraInfo":          calibration,
	"sensor_msgs/msg/Image":           rawImage,
	"sensor_msgs/msg/CompressedImage": compressedImage,
	"sensor_msgs/msg/CameraInfo":      calibration,
}

// identify finds out a channel's kind. Messages in an encoding that is not read here are of no kind.
func (ch *channel) identify() {
	k := kinds[ch.schema.name]
	switch ch.encoding {
	case "protobuf":
		if strings.HasPrefix(ch.schema.name, "foxglove.") {
			ch.kind = k
			ch.fields = fieldsOf(ch.schema)
		}
	case "ros1", "cdr":
		if strings.HasPrefix(ch.schema.name, "sensor_msgs/") {
			ch.kind = k
		}
	}
}

// fields are the numbers of a protobuf message's fields, as the file's own schema has them.
type fields struct {
	timestamp, frame, width, height, encoding, step, data     protowire.Number
	format, model, d, k, parent, child, translation, rotation protowire.Number
}

// fieldsOf reads the schema, a FileDescriptorSet. Fields that it lacks keep number 0, which no field has.
func fieldsOf(s *schema) *fields {
	var set descriptorpb.FileDescriptorSet
	f := new(fields)
	if proto.Unmarshal(s.data, &set) != nil {
		return f
	}
	names := map[string]*protowire.Number{
		"timestamp": &f.timestamp, "frame_id": &f.frame, "width": &f.width, "height": &f.height, "encoding": &f.encoding,
		"step": &f.step, "data": &f.data, "format": &f.format, "distortion_model": &f.model, "D": &f.d, "K": &f.k,
		"parent_frame_id": &f.parent, "child_frame_id": &f.child, "translation": &f.translation, "rotation": &f.rotation,
	}
	for _, file := range set.File {
		for _, m := range file.MessageType {
			if file.GetPackage()+"."+m.GetName() != s.name {
				continue
			}
			for _, field := range m.Field {
				if n := names[field.GetName()]; n != nil {
					*n = protowire.Number(field.GetNumber())
				}
			}
		}
	}
	return f
}

// stamp is the time in a message's header; ok is false where there is none or it is zero.
func (ch *channel) stamp(data []byte) (t time.Duration, ok bool) {
	switch ch.encoding {
	case "protobuf":
		eachField(data, func(n protowire.Number, v value) {
			if n == ch.fields.timestamp {
				t, ok = protoTime(v.bytes), true
			}
		})
	case "ros1":
		in := cursor{data: data}
		in.u32()
		t, ok = seconds(int64(in.u32()), int64(in.u32())), in.err == nil
	case "cdr":
		in := cdr(data)
		t, ok = seconds(int64(int32(in.u32())), int64(in.u32())), in.err == nil
	}
	return t, ok && t != 0
}

// maxSeconds is what fits a Duration, either sign.
const maxSeconds = 9_223_372_035

// seconds makes a Duration; what does not fit one is taken for no time.
func seconds(s, ns int64) time.Duration {
	if s > maxSeconds || s < -maxSeconds {
		return 0
	}
	return time.Duration(s*1_000_000_000 + ns%1_000_000_000)
}

// cdr begins to read a CDR message: four bytes say the byte order; alignment counts from behind them.
func cdr(data []byte) cursor {
	if len(data) < 4 {
		return cursor{err: errShort}
	}
	return cursor{data: data[4:], align: true, big: data[1]&1 == 0}
}

// value is a protobuf field: one of the two, by wire type.
type value struct {
	number uint64
	bytes  []byte
}

// eachField calls f for the fields of a protobuf message. It ends at the first that is broken or cut, and tells.
func eachField(data []byte, f func(protowire.Number, value)) bool {
	for len(data) > 0 {
		n, wire, tag := protowire.ConsumeTag(data)
		if tag < 0 {
			return false
		}
		data = data[tag:]
		var v value
		var size int
		switch wire {
		case protowire.VarintType:
			v.number, size = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var x uint32
			x, size = protowire.ConsumeFixed32(data)
			v.number = uint64(x)
		case protowire.Fixed64Type:
			v.number, size = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			v.bytes, size = protowire.ConsumeBytes(data)
		default:
			return false
		}
		if size < 0 {
			return false
		}
		f(n, v)
		data = data[size:]
	}
	return true
}

// protoTime reads google.protobuf.Timestamp: seconds 1, nanos 2.
func protoTime(data []byte) time.Duration {
	var s, ns int64
	eachField(data, func(n protowire.Number, v value) {
		switch n {
		case 1:
			s = int64(v.number)
		case 2:
			ns = int64(int32(v.number))
		}
	})
	return seconds(s, ns)
}
