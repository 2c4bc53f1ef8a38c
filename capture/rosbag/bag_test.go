package rosbag

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os/exec"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/pierrec/lz4/v4"
)

// A bag writes what the tests read.
type bag struct {
	t           testing.TB
	compression string
	out         bytes.Buffer
	chunk       bytes.Buffer
	conns       map[string]uint32
	open        bool // leave the last chunk as a recorder leaves it that loses power: its sizes not filled in
}

func newBag(t testing.TB, compression string) *bag {
	b := &bag{t: t, compression: compression, conns: map[string]uint32{}}
	b.out.WriteString(magic)
	b.record(&b.out, make([]byte, 4027), "op", "\x03", "index_pos", u64(0), "conn_count", u32(0), "chunk_count", u32(0))
	return b
}

func u32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }
func u64(v uint64) string { return string(binary.LittleEndian.AppendUint64(nil, v)) }
func str(s string) string { return u32(uint32(len(s))) + s }

func floats(v ...float64) (s string) {
	for _, f := range v {
		s += u64(math.Float64bits(f))
	}
	return s
}

// record writes a record; fields are names and values in turn.
func (b *bag) record(w *bytes.Buffer, data []byte, fields ...string) {
	var head string
	for i := 0; i < len(fields); i += 2 {
		head += str(fields[i] + "=" + fields[i+1])
	}
	w.WriteString(str(head))
	w.WriteString(str(string(data)))
}

// message adds a message to the chunk, and its connection before the first.
func (b *bag) message(topic string, at time.Duration, data string) {
	conn, ok := b.conns[topic]
	if !ok {
		conn = uint32(len(b.conns))
		b.conns[topic] = conn
		b.record(&b.chunk, []byte(str("type=test/Any")), "op", "\x07", "conn", u32(conn), "topic", topic)
	}
	when := u32(uint32(at/time.Second)) + u32(uint32(at%time.Second))
	b.record(&b.chunk, []byte(data), "op", "\x02", "conn", u32(conn), "time", when)
}

// flush writes the chunk, and an index record behind it that nobody reads.
func (b *bag) flush() {
	size, packed := b.chunk.Len(), b.pack()
	if b.open {
		b.record(&b.out, nil, "op", "\x05", "compression", b.compression, "size", u32(0))
		b.out.Write(packed)
	} else {
		b.record(&b.out, packed, "op", "\x05", "compression", b.compression, "size", u32(uint32(size)))
		b.record(&b.out, make([]byte, 24), "op", "\x04", "ver", u32(1), "conn", u32(0), "count", u32(2))
	}
	b.chunk.Reset()
}

func (b *bag) pack() []byte {
	switch b.compression {
	case "lz4":
		var packed bytes.Buffer
		w := lz4.NewWriter(&packed)
		if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
			b.t.Fatal(err)
		}
		if _, err := w.Write(b.chunk.Bytes()); err != nil {
			b.t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.t.Fatal(err)
		}
		return packed.Bytes()
	case "bz2":
		cmd := exec.Command("bzip2", "-c")
		cmd.Stdin = bytes.NewReader(b.chunk.Bytes())
		packed, err := cmd.Output()
		if err != nil {
			b.t.Skipf("bzip2, which packs what this test reads, does not run: %v", err)
		}
		return packed
	}
	return bytes.Clone(b.chunk.Bytes())
}

// A recorded is a RealSense recording: its streams' formats, and frames of capturetest.Paint's kind.
type recorded struct {
	color, depth string // encodings
	frames       int
	perChunk     int
	interval     time.Duration
	skew         time.Duration
	clocks       [2]string
	rate         uint32
}

const (
	colorBase = "/device_0/sensor_1/Color_0"
	depthBase = "/device_0/sensor_0/Depth_0"
)

func (r recorded) defaults() recorded {
	if r.color == "" {
		r.color = "rgb8"
	}
	if r.depth == "" {
		r.depth = "mono16"
	}
	if r.perChunk == 0 {
		r.perChunk = 3
	}
	if r.interval == 0 {
		r.interval = 33 * time.Millisecond
	}
	if r.clocks == [2]string{} {
		r.clocks = [2]string{"Global Time", "Global Time"}
	}
	if r.rate == 0 {
		r.rate = 30
	}
	return r
}

func cameraInfoData(in capture.Intrinsics, model string, coeffs ...float64) string {
	k := floats(in.Fx, 0, in.Cx, 0, in.Fy, in.Cy, 0, 0, 1)
	d := u32(uint32(len(coeffs))) + floats(coeffs...)
	return u32(0) + u32(0) + u32(0) + str("") + u32(uint32(in.Height)) + u32(uint32(in.Width)) + str(model) + d + k +
		floats(make([]float64, 9+12)...) + u32(0) + u32(0) + u32(0) + u32(0) + u32(0) + u32(0) + "\x00"
}

func imageData(at time.Duration, w, h int, encoding string, bigEndian byte, step int, pix []byte) string {
	return u32(7) + u32(uint32(at/time.Second)) + u32(uint32(at%time.Second)) + str("0") + u32(uint32(h)) + u32(uint32(w)) +
		str(encoding) + string(bigEndian) + u32(uint32(step)) + str(string(pix))
}

// write records frames; the images come as bytes in the encoding.
func (r recorded) write(b *bag, c capture.Calibration, frame func(i int) (color, depth []byte)) []byte {
	r = r.defaults()
	const begin = time.Nanosecond
	b.message("/file_version", begin, u32(3))
	b.message(depthBase+"/info", begin, u32(r.rate)+str(r.depth)+"\x00")
	b.message(depthBase+"/info/camera_info", begin, cameraInfoData(c.Depth, "Brown Conrady", c.Depth.Coeffs[:]...))
	b.message(colorBase+"/info", begin, u32(r.rate)+str(r.color)+"\x00")
	b.message(colorBase+"/info/camera_info", begin, cameraInfoData(c.Color, "Inverse Brown Conrady", c.Color.Coeffs[:]...))
	b.message("/device_0/sensor_0/option/Exposure/value", begin, u32(math.Float32bits(8500)))
	b.message("/device_0/sensor_0"+unitsSuffix, begin, u32(math.Float32bits(float32(c.DepthScale))))
	for i := range r.frames {
		at := time.Second + time.Duration(i)*r.interval
		color, depth := frame(i)
		b.message(depthBase+"/image/data", at, imageData(at+r.skew, c.Depth.Width, c.Depth.Height, r.depth, 0, 2*c.Depth.Width, depth))
		b.message(depthBase+"/image/metadata", at, str("timestamp_domain")+str(r.clocks[1]))
		b.message(colorBase+"/image/data", at+time.Millisecond, imageData(at, c.Color.Width, c.Color.Height, r.color, 0,
			len(color)/c.Color.Height, color))
		b.message(colorBase+"/image/metadata", at, str("timestamp_domain")+str(r.clocks[0]))
		if i == 0 {
			b.message(depthBase+"/tf/0", begin, floats(0, 0, 0, 0, 0, 0, 1))
			t := c.DepthToColor.Translation
			b.message(colorBase+"/tf/0", begin, floats(t[0], t[1], t[2], 0, 0, 0, 1))
		}
		if i%r.perChunk == r.perChunk-1 {
			b.flush()
		}
	}
	b.flush()
	return b.out.Bytes()
}

// rgb and little are the encodings rgb8 and mono16.
func painted(c capture.Calibration) func(i int) (color, depth []byte) {
	return func(i int) (color, depth []byte) {
		var p capture.Pair
		paint(c, i, &p)
		for _, z := range p.Depth.Pix {
			depth = binary.LittleEndian.AppendUint16(depth, z)
		}
		return bytes.Clone(p.Color.Pix), depth
	}
}

// A memory is a bag that needs no file.
type memory struct {
	*bytes.Reader
	closed bool
}

func (m *memory) Close() error { m.closed = true; return nil }

func openBytes(data []byte, o Options) (*Recording, error) {
	return open("test.bag", &memory{Reader: bytes.NewReader(data)}, o)
}

var _ io.ReadSeekCloser = (*memory)(nil)
