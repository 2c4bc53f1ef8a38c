package mcap

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"testing"

	"github.com/depthwise/depthwise/capture"
	reference "github.com/foxglove/mcap/go/mcap"
)

// unchunked is a small file whose messages no checksum and no compression keeps from the fuzzer: Foxglove's protobuf,
// ROS 1 and ROS 2 in one.
func unchunked(t testing.TB) []byte {
	var buf bytes.Buffer
	w, err := reference.NewWriter(&buf, &reference.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.WriteHeader(&reference.Header{})
	raw, _ := describe("RawImage")
	cam, _ := describe("CameraCalibration")
	tf, _ := describe("FrameTransform", "Vector3", "Quaternion")
	id := uint16(0)
	add := func(name, encoding, topic string, schema, data []byte) {
		id++
		w.WriteSchema(&reference.Schema{ID: id, Name: name, Encoding: "x", Data: schema})
		w.WriteChannel(&reference.Channel{ID: id, SchemaID: id, Topic: topic, MessageEncoding: encoding})
		w.WriteMessage(&reference.Message{ChannelID: id, LogTime: 1e9, Data: data})
	}
	add(cam.name, "protobuf", "/c/info", cam.data, putCamera(nil, 1e9, rig().Color, colorFrame))
	add(tf.name, "protobuf", "/tf", tf.data, putTransform(nil, 1e9, rig().DepthToColor))
	add("sensor_msgs/CameraInfo", "ros1", "/d/info", nil, newROS(false, depthFrame, 1e9).info(4, 3, 5))
	add("sensor_msgs/msg/Image", "cdr", "/d/depth", nil, newROS(true, depthFrame, 1e9).image(4, 3, 8, "16UC1", make([]byte, 24)))
	add(raw.name, "protobuf", "/c/color", raw.data, append(putRaw(nil, 1e9, 4, 3, "rgb8", 3, colorFrame), make([]byte, 36)...))
	add("sensor_msgs/Image", "ros1", "/labels", nil, newROS(false, colorFrame, 1e9).image(4, 3, 4, "mono8", make([]byte, 12)))
	w.Close()
	return buf.Bytes()
}

// mend puts the right checksum into every chunk that is not compressed.
func mend(data []byte) []byte {
	out := bytes.Clone(data)
	for at := len(magic); at+recordHead <= len(out); {
		n := binary.LittleEndian.Uint64(out[at+1:])
		if n > uint64(len(out)-at-recordHead) {
			break
		}
		if body := out[at+recordHead:][:n]; out[at] == opChunk && n >= 40 && binary.LittleEndian.Uint32(body[28:]) == 0 {
			binary.LittleEndian.PutUint32(body[24:], crc32.ChecksumIEEE(body[40:]))
		}
		at += recordHead + int(n)
	}
	return out
}

// FuzzOpen opens files of anything: an error or pairs that hold what the contract says, never a panic.
func FuzzOpen(f *testing.F) {
	name, _ := recordFile(f, 2, WriterOptions{ChunkSize: 1}, true)
	data, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, false)
	f.Add(unchunked(f), true)
	f.Fuzz(func(t *testing.T, data []byte, skip bool) {
		r, err := openBytes(mend(data), Options{Skip: skip})
		if err != nil {
			return
		}
		defer r.Close()
		cal := r.Calibration()
		if err := cal.Validate(); err != nil {
			t.Fatal(err)
		}
		if cal.Color.Width*cal.Color.Height > 1<<20 || cal.Depth.Width*cal.Depth.Height > 1<<20 {
			return // right, but slow to fuzz
		}
		var p capture.Pair
		for range r.Len() + 1 {
			if r.Next(context.Background(), &p) != nil {
				break
			}
			if p.Color.Width != cal.Color.Width || p.Color.Height != cal.Color.Height || len(p.Color.Pix) != 3*p.Color.Width*p.Color.Height ||
				p.Depth.Width != cal.Depth.Width || p.Depth.Height != cal.Depth.Height || len(p.Depth.Pix) != p.Depth.Width*p.Depth.Height {
				t.Fatalf("pair of color %d×%d, depth %d×%d", p.Color.Width, p.Color.Height, p.Depth.Width, p.Depth.Height)
			}
		}
	})
}

// TestUnchunked: the fuzzer's second seed is a recording.
func TestUnchunked(t *testing.T) {
	cal := rig()
	cal.Color.Width, cal.Color.Height = 4, 3
	r, err := openBytes(unchunked(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if pairs, err := play(r); err != nil || len(pairs) != 1 || len(pairs[0].Labels.Pix) != 12 {
		t.Errorf("%d pairs, %v", len(pairs), err)
	}
	if e := r.Calibration().DepthToColor; e.Translation != rig().DepthToColor.Translation {
		t.Errorf("%+v", e)
	}
}
