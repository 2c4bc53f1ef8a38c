package mcap

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	stdpng "image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	reference "github.com/foxglove/mcap/go/mcap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// TestReferenceReads opens a file of ours with Foxglove's library, by the index in its summary and without, and
// decodes the messages by the schemas in the file.
func TestReferenceReads(t *testing.T) {
	name, want := recordFile(t, 5, WriterOptions{ChunkSize: 2000}, true)
	for _, indexed := range []bool{true, false} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := reference.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		if indexed {
			info, err := r.Info()
			if err != nil {
				t.Fatal(err)
			}
			s := info.Statistics
			if s.MessageCount != 5*3+3 || s.ChannelCount != channels || s.SchemaCount != 4 || int(s.ChunkCount) != len(info.ChunkIndexes) ||
				s.ChannelMessageCounts[depthChannel] != 5 || s.MessageStartTime != 0 || s.MessageEndTime != uint64(4*33_333_334) {
				t.Errorf("statistics %+v, %d chunks", s, len(info.ChunkIndexes))
			}
			m, err := r.GetMetadata(info.MetadataIndexes[0].Offset)
			if err != nil || m.Name != ours || m.Metadata[calibrationKey] == "" {
				t.Errorf("metadata %+v, %v", m, err)
			}
		}
		order := reference.FileOrder
		if indexed {
			order = reference.LogTimeOrder
		}
		it, err := r.Messages(reference.UsingIndex(indexed), reference.InOrder(order))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for {
			s, ch, m, err := it.NextInto(nil)
			if err != nil {
				break
			}
			msg := decode(t, s, m.Data)
			i := counts[ch.Topic]
			counts[ch.Topic]++
			get := func(field string) protoreflect.Value {
				return msg.Get(msg.Descriptor().Fields().ByName(protoreflect.Name(field)))
			}
			switch ch.Topic {
			case colorTopic:
				img, err := stdpng.Decode(bytes.NewReader(get("data").Bytes()))
				if err != nil || get("format").String() != "png" || get("frame_id").String() != colorFrame || m.Sequence != uint32(want[i].Seq) {
					t.Fatalf("color %d: %v", i, err)
				}
				c := img.At(12, 6).(color.RGBA)
				if p := want[i].Color.Pix[3*(13*7-1):]; c.R != p[0] || c.G != p[1] || c.B != p[2] {
					t.Errorf("color %d: %v, want %v", i, c, p)
				}
				stamp := get("timestamp").Message()
				if ns := stamp.Get(stamp.Descriptor().Fields().ByName("nanos")).Int(); time.Duration(ns) != want[i].ColorTime || m.LogTime != uint64(want[i].ColorTime) {
					t.Errorf("color %d at %d, %d", i, ns, m.LogTime)
				}
			case depthTopic:
				data := get("data").Bytes()
				if get("encoding").String() != "16UC1" || get("width").Uint() != 9 || get("height").Uint() != 5 || get("step").Uint() != 18 || len(data) != 90 ||
					binary.LittleEndian.Uint16(data[88:]) != want[i].Depth.Pix[44] {
					t.Errorf("depth %d", i)
				}
			case labelTopic:
				if get("encoding").String() != "mono8" || !bytes.Equal(get("data").Bytes(), want[i].Labels.Pix) {
					t.Errorf("labels %d", i)
				}
			case "/camera/color/calibration":
				k, d := get("K").List(), get("D").List()
				if k.Len() != 9 || k.Get(0).Float() != 11.5 || k.Get(5).Float() != 3 || d.Len() != 5 || d.Get(1).Float() != -0.2 || get("distortion_model").String() != "plumb_bob" {
					t.Errorf("calibration %v", msg)
				}
			case "/tf":
				q := get("rotation").Message()
				z := q.Get(q.Descriptor().Fields().ByName("z")).Float()
				w := q.Get(q.Descriptor().Fields().ByName("w")).Float()
				if math.Abs(2*z*w-0.6) > 1e-12 || get("parent_frame_id").String() != colorFrame {
					t.Errorf("transform %v", msg)
				}
			}
		}
		for topic, n := range map[string]int{colorTopic: 5, depthTopic: 5, labelTopic: 5, "/tf": 1, "/camera/depth/calibration": 1} {
			if counts[topic] != n {
				t.Errorf("indexed %v: %d messages on %s, want %d", indexed, counts[topic], topic, n)
			}
		}
	}
}

func decode(t *testing.T, s *reference.Schema, data []byte) *dynamicpb.Message {
	t.Helper()
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(s.Data, &set); err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		t.Fatal(err)
	}
	d, err := files.FindDescriptorByName(protoreflect.FullName(s.Name))
	if err != nil {
		t.Fatal(err)
	}
	m := dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
	if err := proto.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// ros puts ROS messages together; CDR aligns and ends texts with a zero byte.
type ros struct {
	b   []byte
	cdr bool
}

func newROS(cdr bool, frame string, t time.Duration) *ros {
	r := &ros{cdr: cdr}
	if !cdr {
		r.u32(7) // sequence number
	}
	return r.u32(uint32(t / time.Second)).u32(uint32(t % time.Second)).text(frame)
}

func (r *ros) pad(n int) {
	for r.cdr && len(r.b)%n != 0 {
		r.b = append(r.b, 0)
	}
}
func (r *ros) u8(v byte) *ros    { r.b = append(r.b, v); return r }
func (r *ros) u32(v uint32) *ros { r.pad(4); r.b = le.AppendUint32(r.b, v); return r }
func (r *ros) f64(v ...float64) *ros {
	for _, x := range v {
		r.pad(8)
		r.b = le.AppendUint64(r.b, math.Float64bits(x))
	}
	return r
}
func (r *ros) text(s string) *ros {
	if r.cdr {
		s += "\x00"
	}
	return r.bytes([]byte(s))
}
func (r *ros) bytes(b []byte) *ros { r.u32(uint32(len(b))); r.b = append(r.b, b...); return r }
func (r *ros) done() []byte {
	if r.cdr {
		return append([]byte{0, 1, 0, 0}, r.b...)
	}
	return r.b
}

func (r *ros) image(w, h, step int, encoding string, data []byte) []byte {
	return r.u32(uint32(h)).u32(uint32(w)).text(encoding).u8(0).u32(uint32(step)).bytes(data).done()
}

func (r *ros) info(w, h int, f float64) []byte {
	r.u32(uint32(h)).u32(uint32(w)).text("plumb_bob").u32(5)
	return r.f64(0.1, 0, 0, 0, 0).f64(f, 0, 1.5, 0, f, 1, 0, 0, 1).f64(1, 0, 0, 0, 1, 0, 0, 0, 1).f64(f, 0, 1.5, 0, 0, f, 1, 0, 0, 0, 1, 0).done()
}

// TestReadsROS reads ROS 1 and ROS 2 recordings that Foxglove's library wrote, in each of its compressions.
func TestReadsROS(t *testing.T) {
	const w, h, n = 4, 3, 6
	for _, ros2 := range []bool{false, true} {
		for name, o := range map[string]reference.WriterOptions{
			"zstd": {Chunked: true, ChunkSize: 300, Compression: reference.CompressionZSTD, IncludeCRC: true},
			"lz4":  {Chunked: true, ChunkSize: 300, Compression: reference.CompressionLZ4},
			"none": {Chunked: true, ChunkSize: 300, IncludeCRC: true},
			"flat": {},
		} {
			var buf bytes.Buffer
			out, err := reference.NewWriter(&buf, &o)
			if err != nil {
				t.Fatal(err)
			}
			out.WriteHeader(&reference.Header{Profile: "ros"})
			encoding, prefix := "ros1", "sensor_msgs/"
			if ros2 {
				encoding, prefix = "cdr", "sensor_msgs/msg/"
			}
			for i, s := range []string{"Image", "CompressedImage", "CameraInfo", "Imu"} {
				out.WriteSchema(&reference.Schema{ID: uint16(i + 1), Name: prefix + s, Encoding: encoding + "msg", Data: []byte("# text")})
			}
			for i, c := range []struct {
				topic  string
				schema uint16
			}{{"/imu", 4}, {"/cam/color/image_raw", 1}, {"/cam/aligned_depth/image_raw", 1}, {"/cam/color/camera_info", 3}, {"/cam/aligned_depth/camera_info", 3}} {
				out.WriteChannel(&reference.Channel{ID: uint16(i + 1), SchemaID: c.schema, Topic: c.topic, MessageEncoding: encoding})
			}
			add := func(ch uint16, at time.Duration, data []byte) {
				if err := out.WriteMessage(&reference.Message{ChannelID: ch, LogTime: uint64(at) + 5e6, Data: data}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range n {
				at := 1000*time.Second + time.Duration(i)*33*time.Millisecond
				bgr, depth := bytes.Repeat([]byte{3, 2, byte(i)}, w*h), make([]byte, (2*w+4)*h)
				for y := range h {
					for x := range w {
						le.PutUint16(depth[(2*w+4)*y+2*x:], uint16(1000*i+w*y+x))
					}
				}
				add(1, at, []byte("inertia"))
				add(4, at, newROS(ros2, "color", at).info(w, h, 5))
				add(5, at, newROS(ros2, "color", at).info(w, h, 5))
				add(2, at, newROS(ros2, "color", at).image(w, h, 3*w, "bgr8", bgr))
				if i != 2 { // a lost frame
					add(3, at+4*time.Millisecond, newROS(ros2, "color", at+4*time.Millisecond).image(w, h, 2*w+4, "16UC1", depth))
				}
			}
			if err := out.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "ros.mcap")
			if err := os.WriteFile(file, buf.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			r, err := Open(file, Options{})
			if err != nil {
				t.Fatalf("%s %s: %v", encoding, name, err)
			}
			cal := r.Calibration()
			in := capture.Intrinsics{Width: w, Height: h, Fx: 5, Fy: 5, Cx: 1.5, Cy: 1, Model: capture.BrownConrady, Coeffs: [5]float64{0.1}}
			if cal.Color != in || !cal.Registered() || cal.DepthScale != 0.001 {
				t.Errorf("%s %s: %+v", encoding, name, cal)
			}
			pairs, err := play(r)
			if err != nil || len(pairs) != n-1 || r.Stats().ColorAlone != 1 || r.Stats().DepthAlone != 0 {
				t.Fatalf("%s %s: %d pairs, %v, %+v", encoding, name, len(pairs), err, r.Stats())
			}
			for k, p := range pairs {
				i := k // 0, 1, 3, 4, 5
				if k >= 2 {
					i = k + 1
				}
				if p.Seq != uint64(k) || p.ColorTime != 1000*time.Second+time.Duration(i)*33*time.Millisecond || p.Skew() != 4*time.Millisecond ||
					p.Color.Pix[0] != byte(i) || p.Color.Pix[2] != 3 || p.Depth.Pix[w*h-1] != uint16(1000*i+w*h-1) {
					t.Errorf("%s %s: pair %d: %v %v %v", encoding, name, k, p.ColorTime, p.Skew(), p.Depth.Pix)
				}
			}
		}
	}
}

// TestEncodings reads each raw encoding, and what is none.
func TestEncodings(t *testing.T) {
	for encoding, c := range map[string]struct {
		data []byte
		rgb  string
		says string
	}{
		"rgb8": {[]byte{1, 2, 3, 4, 5, 6}, "\x01\x02\x03\x04\x05\x06", ""}, "bgr8": {[]byte{1, 2, 3, 4, 5, 6}, "\x03\x02\x01\x06\x05\x04", ""},
		"yuyv": {[]byte{16, 128, 235, 128}, "\x00\x00\x00\xff\xff\xff", ""}, "uyvy": {[]byte{128, 16, 128, 235}, "\x00\x00\x00\xff\xff\xff", ""},
		"yuv422": {[]byte{128, 16, 128, 235}, "\x00\x00\x00\xff\xff\xff", ""}, "yuv422_yuy2": {[]byte{16, 128, 235, 128}, "\x00\x00\x00\xff\xff\xff", ""},
		"rgba8": {[]byte{1, 2, 3, 9, 4, 5, 6, 9}, "\x01\x02\x03\x04\x05\x06", ""}, "8UC4": {[]byte{1, 2, 3, 9, 4, 5, 6, 9}, "\x03\x02\x01\x06\x05\x04", ""},
		"mono8": {[]byte{1, 2}, "\x01\x01\x01\x02\x02\x02", ""}, "16UC1": {make([]byte, 4), "", "is no colour"},
		"bayer_rggb8": {make([]byte, 4), "", "is not read"},
	} {
		p := picture{width: 2, height: 1, encoding: encoding, data: c.data}
		dst := make([]byte, 6)
		err := p.color(dst, 2, 1, rawImage, nil)
		if c.says == "" && (err != nil || string(dst) != c.rgb) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, %v", encoding, dst, err)
		}
		p.data = p.data[:len(p.data)-1]
		if p.color(dst, 2, 1, rawImage, nil) == nil {
			t.Errorf("%s: passed with a byte less", encoding)
		}
	}
	odd := picture{width: 3, height: 1, encoding: "yuyv", data: make([]byte, 6)}
	if err := odd.color(make([]byte, 9), 3, 1, rawImage, nil); err == nil || !strings.Contains(err.Error(), "odd") {
		t.Errorf("yuyv of an odd width: %v", err)
	}
	metres := make([]byte, 24)
	for i, z := range []float32{1.5, 0.0005, -1, float32(math.NaN()), float32(math.Inf(1)), 0.0016} {
		le.PutUint32(metres[4*i:], math.Float32bits(z))
	}
	p := picture{width: 6, height: 1, encoding: "32FC1", data: metres}
	dst := make([]uint16, 6)
	if err := p.depth(dst, 6, 1, rawImage, 0.001, nil); err != nil || dst[0] != 1500 || dst[2] != 0 || dst[3] != 0 || dst[4] != 65535 || dst[5] != 2 || dst[1] > 1 {
		t.Errorf("%v, %v", dst, err)
	}
	p = picture{width: 2, height: 1, encoding: "mono16", big: true, data: []byte{1, 2, 3, 4}}
	if err := p.depth(dst[:2], 2, 1, rawImage, 0.001, nil); err != nil || dst[0] != 0x102 || dst[1] != 0x304 {
		t.Errorf("%v, %v", dst, err)
	}
	p = picture{width: 2, height: 1, encoding: "rgb8", data: make([]byte, 6)}
	if p.depth(dst[:2], 2, 1, rawImage, 0.001, nil) == nil || p.labels(make([]byte, 2), 2, 1, rawImage, nil) == nil {
		t.Error("rgb8 passed for depth or labels")
	}
	img := image.NewGray16(image.Rect(0, 0, 2, 1))
	img.SetGray16(1, 0, color.Gray16{Y: 777})
	var buf bytes.Buffer
	stdpng.Encode(&buf, img)
	p = picture{encoding: "16UC1; compressedDepth png", data: append(make([]byte, 12), buf.Bytes()...)}
	var d = new(Recording).png
	if w, h, err := p.size(compressedImage); err != nil || w != 2 || h != 1 || p.depth(dst[:2], w, h, compressedImage, 0.001, &d) != nil || dst[1] != 777 {
		t.Errorf("%v, %v", dst, err)
	}
}

// TestAlignment: CDR pads before each number; texts of every length move what follows.
func TestAlignment(t *testing.T) {
	for _, encoding := range []string{"ros1", "cdr"} {
		for n := range 10 {
			frame := strings.Repeat("f", n)
			ch := &channel{encoding: encoding, kind: calibration}
			c, err := ch.camera(newROS(encoding == "cdr", frame, 1e9).info(4, 3, 5))
			if err != nil || c.frame != frame || c.in.Fx != 5 || c.in.Cy != 1 || c.in.Coeffs[0] != 0.1 {
				t.Errorf("%s, frame of %d letters: %+v, %v", encoding, n, c, err)
			}
			ch.kind = rawImage
			p, err := ch.picture(newROS(encoding == "cdr", frame, 1e9).image(2, 1, 2, "mono8", []byte{7, 8}))
			if err != nil || p.width != 2 || p.step != 2 || string(p.data) != "\x07\x08" || p.encoding != "mono8" {
				t.Errorf("%s, frame of %d letters: %+v, %v", encoding, n, p, err)
			}
		}
	}
}
