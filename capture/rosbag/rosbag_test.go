package rosbag

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/fnv"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

func geometry() capture.Calibration {
	c := capturetest.SmallCalibration()
	c.Color.Model, c.Color.Coeffs = capture.InverseBrownConrady, [5]float64{-0.05, 0.01, 0.001, -0.001, 0.002}
	c.Depth.Model = capture.NoDistortion
	return c
}

func paint(c capture.Calibration, i int, p *capture.Pair) { capturetest.Paint(c, uint64(i), false, p) }

func mustOpen(t testing.TB, data []byte, o Options) *Recording {
	t.Helper()
	r, err := openBytes(data, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// all reads pairs until an error.
func all(r *Recording) (pairs []*capture.Pair, err error) {
	for {
		p := new(capture.Pair)
		if err := r.Next(context.Background(), p); err != nil {
			return pairs, err
		}
		pairs = append(pairs, p)
	}
}

func TestReadsWhatWasWritten(t *testing.T) {
	c := geometry()
	for _, compression := range []string{"none", "lz4", "bz2"} {
		t.Run(compression, func(t *testing.T) {
			data := recorded{frames: 10, skew: 4 * time.Millisecond}.write(newBag(t, compression), c, painted(c))
			r := mustOpen(t, data, Options{})
			if got := r.Calibration(); got != c {
				t.Errorf("calibration is\n%+v, want\n%+v", got, c)
			}
			pairs, err := all(r)
			if r.Clock() != "Global Time" || len(pairs) > 0 && pairs[0].Clock != capture.GlobalClock {
				t.Errorf("clock is %q, of pairs %q", r.Clock(), pairs[0].Clock)
			}
			if err != io.EOF || len(pairs) != 10 || r.Torn() != nil {
				t.Fatalf("%d pairs, %v, torn %v; want 10, EOF, nil", len(pairs), err, r.Torn())
			}
			for i, p := range pairs {
				var want capture.Pair
				paint(c, i, &want)
				at := time.Second + time.Duration(i)*33*time.Millisecond
				if p.Seq != uint64(i) || p.ColorTime != at || p.Skew() != 4*time.Millisecond {
					t.Errorf("pair %d has Seq %d, time %v, skew %v", i, p.Seq, p.ColorTime, p.Skew())
				}
				if !bytes.Equal(p.Color.Pix, want.Color.Pix) || !slices.Equal(p.Depth.Pix, want.Depth.Pix) {
					t.Errorf("pair %d: the images differ from what was written", i)
				}
			}
			s := r.Stats()
			if s.Delivered != 10 || s.Paired.Pairs != 10 || s.Paired.Color.In != 10 || s.Paired.Depth.In != 10 || s.Skipped != 0 || len(s.Problems) != 0 {
				t.Errorf("stats are %+v", s)
			}
		})
	}
}

func TestConform(t *testing.T) {
	c := geometry()
	path := filepath.Join(t.TempDir(), "test.bag")
	data := recorded{frames: 14}.write(newBag(t, "lz4"), c, painted(c))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	capturetest.Conform(t, func(t testing.TB) capture.Source {
		r, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}, capturetest.Options{Pairs: 14, Allocs: 16})
}

// However much of a bag is left, what is whole in it reads, in order, and the end is an end.
func TestTornBagReadsUpToTheTear(t *testing.T) {
	c := geometry()
	for _, test := range []struct {
		compression string
		unfinished  bool // a recorder that lost power leaves the last chunk, here the only one, without its sizes
		frames      int  // several blocks of lz4, which give their content when they are whole
	}{{"none", false, 8}, {"lz4", false, 8}, {"none", true, 8}, {"lz4", true, 60}} {
		b := newBag(t, test.compression)
		b.open = test.unfinished
		data := recorded{frames: test.frames, perChunk: map[bool]int{false: 3, true: 99}[test.unfinished]}.write(b, c, painted(c))
		last, opened, step := 0, 0, len(data)/300
		for cut := 0; cut < len(data); cut += step {
			r, err := openBytes(data[:cut], Options{})
			if err != nil {
				if opened > 0 {
					t.Fatalf("%v: %d bytes open, %d do not: %v", test, cut-step, cut, err)
				}
				continue
			}
			opened++
			pairs, err := all(r)
			if err != io.EOF {
				t.Fatalf("%v: cut at %d: %v, want EOF", test, cut, err)
			}
			if len(pairs) < last {
				t.Fatalf("%v: %d bytes give %d pairs, fewer gave %d", test, cut, len(pairs), last)
			}
			last = len(pairs)
			for i, p := range pairs {
				var want capture.Pair
				paint(c, i, &want)
				if p.Seq != uint64(i) || !bytes.Equal(p.Color.Pix, want.Color.Pix) || !slices.Equal(p.Depth.Pix, want.Depth.Pix) {
					t.Fatalf("%v: cut at %d: pair %d is not what was written", test, cut, i)
				}
			}
			counts := r.Stats().Paired
			if counts.Color.In < counts.Pairs || counts.Depth.In-counts.Pairs > 2 {
				t.Fatalf("%v: cut at %d: %+v", test, cut, counts)
			}
		}
		if opened == 0 || last < test.frames*3/4 {
			t.Errorf("%v: %d cuts open, at most %d pairs", test, opened, last)
		}
	}
}

func TestTornSaysWhere(t *testing.T) {
	c := geometry()
	data := recorded{frames: 8}.write(newBag(t, "lz4"), c, painted(c))
	r := mustOpen(t, data[:len(data)*2/3], Options{})
	if _, err := all(r); err != io.EOF {
		t.Fatal(err)
	}
	if err := r.Torn(); err == nil || !strings.Contains(err.Error(), "torn after ") || !slices.Equal(r.Stats().Problems, []string{err.Error()}) {
		t.Errorf("torn is %v, stats are %+v", err, r.Stats())
	}
}

func TestEncodings(t *testing.T) {
	c := geometry()
	n := c.Color.Width * c.Color.Height
	in := make([]byte, 4*n)
	for i := range in {
		in[i] = byte(i*7 + i/256*13)
	}
	at := func(size, pixel, channel int) byte { return in[size*pixel+channel] }
	grey := func(p int) [3]byte { return [3]byte{at(1, p, 0), at(1, p, 0), at(1, p, 0)} }
	// BT.601 in floating point: luma 16…235, chroma 16…240 (ITU-R BT.601-7, 2.5.3).
	bt601 := func(y, u, v byte) [3]byte {
		l, cb, cr := (float64(y)-16)/219, (float64(u)-128)/224, (float64(v)-128)/224
		one := func(x float64) byte { return byte(math.Round(255 * max(0, min(1, x)))) }
		return [3]byte{one(l + 1.402*cr), one(l - 0.344136*cb - 0.714136*cr), one(l + 1.772*cb)}
	}
	for encoding, test := range map[string]struct {
		size int
		want func(p int) [3]byte
	}{
		"rgb8":        {3, func(p int) [3]byte { return [3]byte{at(3, p, 0), at(3, p, 1), at(3, p, 2)} }},
		"BGR8":        {3, func(p int) [3]byte { return [3]byte{at(3, p, 2), at(3, p, 1), at(3, p, 0)} }},
		"rgba8":       {4, func(p int) [3]byte { return [3]byte{at(4, p, 0), at(4, p, 1), at(4, p, 2)} }},
		"bgra8":       {4, func(p int) [3]byte { return [3]byte{at(4, p, 2), at(4, p, 1), at(4, p, 0)} }},
		"mono8":       {1, grey},
		"8UC1":        {1, grey},
		"Y8":          {1, grey},
		"yuyv":        {2, func(p int) [3]byte { return bt601(at(2, p, 0), at(4, p/2, 1), at(4, p/2, 3)) }},
		"YUYV":        {2, func(p int) [3]byte { return bt601(at(2, p, 0), at(4, p/2, 1), at(4, p/2, 3)) }},
		"yuv422_yuy2": {2, func(p int) [3]byte { return bt601(at(2, p, 0), at(4, p/2, 1), at(4, p/2, 3)) }},
		"yuv422":      {2, func(p int) [3]byte { return bt601(at(2, p, 1), at(4, p/2, 0), at(4, p/2, 2)) }},
		"UYVY":        {2, func(p int) [3]byte { return bt601(at(2, p, 1), at(4, p/2, 0), at(4, p/2, 2)) }},
	} {
		t.Run(encoding, func(t *testing.T) {
			data := recorded{color: encoding, frames: 1}.write(newBag(t, "none"), c, func(i int) (color, depth []byte) {
				_, depth = painted(c)(i)
				return in[:test.size*n], depth
			})
			pairs, err := all(mustOpen(t, data, Options{}))
			if err != io.EOF || len(pairs) != 1 {
				t.Fatalf("%d pairs, %v", len(pairs), err)
			}
			tolerance := 0
			if test.size == 2 {
				tolerance = 1 // integers against floating point
			}
			for p := range n {
				want := test.want(p)
				for k := range 3 {
					if got := pairs[0].Color.Pix[3*p+k]; max(int(got)-int(want[k]), int(want[k])-int(got)) > tolerance {
						t.Fatalf("pixel %d is %v, want %v", p, pairs[0].Color.Pix[3*p:][:3], want)
					}
				}
			}
		})
	}
	for _, encoding := range []string{"mono16", "16UC1", "Z16"} {
		data := recorded{depth: encoding, frames: 2}.write(newBag(t, "lz4"), c, painted(c))
		if pairs, err := all(mustOpen(t, data, Options{})); err != io.EOF || len(pairs) != 2 {
			t.Errorf("depth as %s: %d pairs, %v", encoding, len(pairs), err)
		}
	}
}

func TestPaddedRowsAndBigEndianDepth(t *testing.T) {
	c := geometry()
	var want capture.Pair
	paint(c, 0, &want)
	b := newBag(t, "none")
	recorded{frames: 1}.write(b, c, func(int) (color, depth []byte) {
		for y := range c.Color.Height {
			color = append(color, want.Color.Pix[3*c.Color.Width*y:][:3*c.Color.Width]...)
			color = append(color, 0xee, 0xee, 0xee, 0xee, 0xee)
		}
		return color, make([]byte, 2*c.Depth.Width*c.Depth.Height)
	})
	var depth []byte
	for i, z := range want.Depth.Pix {
		depth = binary.BigEndian.AppendUint16(depth, z)
		if i%c.Depth.Width == c.Depth.Width-1 {
			depth = append(depth, 0xff, 0xff)
		}
	}
	at := time.Second + 33*time.Millisecond
	b.message(depthBase+"/image/data", at, imageData(at, c.Depth.Width, c.Depth.Height, "mono16", 1, 2*c.Depth.Width+2, depth))
	b.message(colorBase+"/image/data", at, imageData(at, c.Color.Width, c.Color.Height, "rgb8", 0, 3*c.Color.Width, want.Color.Pix))
	b.flush()
	pairs, err := all(mustOpen(t, b.out.Bytes(), Options{}))
	if err != io.EOF || len(pairs) != 2 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	if !bytes.Equal(pairs[0].Color.Pix, want.Color.Pix) {
		t.Error("padded colour rows are read wrongly")
	}
	if !slices.Equal(pairs[1].Depth.Pix, want.Depth.Pix) {
		t.Error("padded big-endian depth rows are read wrongly")
	}
}

// A frame that cannot be read is an error that names it, once; the others come.
func TestBrokenFrames(t *testing.T) {
	c := geometry()
	short := func(cut int) func(i int) (color, depth []byte) {
		return func(i int) (color, depth []byte) {
			color, depth = painted(c)(i)
			if i == 2 {
				depth = depth[:len(depth)-cut]
			}
			return color, depth
		}
	}
	data := recorded{frames: 6}.write(newBag(t, "lz4"), c, short(2))
	r := mustOpen(t, data, Options{})
	var seen []uint64
	var failures []string
	for {
		var p capture.Pair
		err := r.Next(context.Background(), &p)
		if err == io.EOF {
			break
		}
		if err != nil {
			failures = append(failures, err.Error())
			continue
		}
		seen = append(seen, uint64((p.ColorTime-time.Second)/(33*time.Millisecond)))
	}
	if !slices.Equal(seen, []uint64{0, 1, 3, 4, 5}) || len(failures) != 1 {
		t.Fatalf("frames %v, errors %v", seen, failures)
	}
	for _, want := range []string{`rosbag: read "test.bag"`, `topic "` + depthBase, "1.066s", "too few for 24x16"} {
		if !strings.Contains(failures[0], want) {
			t.Errorf("the error %q lacks %q", failures[0], want)
		}
	}
	if s := r.Stats(); s.Skipped != 1 || s.Paired.Color.Unpaired.Total() != 1 || !slices.Equal(s.Problems, failures) {
		t.Errorf("stats are %+v", s)
	}
	r = mustOpen(t, data, Options{Skip: true})
	if pairs, err := all(r); err != io.EOF || len(pairs) != 5 || r.Stats().Skipped != 1 || len(r.Stats().Problems) != 1 {
		t.Errorf("with Skip: %d pairs, %v, %+v", len(pairs), err, r.Stats())
	}
}

func TestLoop(t *testing.T) {
	c := geometry()
	data := recorded{frames: 4, skew: -5 * time.Millisecond}.write(newBag(t, "lz4"), c, painted(c))
	r := mustOpen(t, data, Options{Loop: true})
	var last capture.Pair
	for i := range 14 {
		var p, want capture.Pair
		if err := r.Next(context.Background(), &p); err != nil {
			t.Fatal(err)
		}
		paint(c, i%4, &want)
		if p.Seq != uint64(i) || !bytes.Equal(p.Color.Pix, want.Color.Pix) || !slices.Equal(p.Depth.Pix, want.Depth.Pix) {
			t.Fatalf("pair %d has Seq %d and other images than the bag's pair %d", i, p.Seq, i%4)
		}
		if step := p.ColorTime - last.ColorTime; i > 0 && (step < 30*time.Millisecond || step > 40*time.Millisecond) || p.Skew() != -5*time.Millisecond {
			t.Fatalf("pair %d comes %v after the one before, with a skew of %v", i, step, p.Skew())
		}
		last.ColorTime = p.ColorTime
	}
	empty := mustOpen(t, data, Options{Loop: true, Window: 1})
	if _, err := all(empty); err != io.EOF {
		t.Errorf("a loop without a pair: %v, want EOF", err)
	}
}

func TestRefusedBags(t *testing.T) {
	c := geometry()
	good := recorded{frames: 2}.write(newBag(t, "none"), c, painted(c))
	change := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in the bag", old)
		}
		return bytes.ReplaceAll(good, []byte(old), []byte(new))
	}
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, `begins with ""`},
		"another version":   {change("V2.0", "V1.2"), `begins with "#ROSBAG V1.2`},
		"no streams":        {newBag(t, "none").out.Bytes(), "no "},
		"no colour":         {change("Color_0", "Infra_0"), "no colour stream"},
		"no camera_info":    {change("/info/camera_info", "/info/camera_infx"), "no camera_info"},
		"no tf":             {change("/tf/0", "/tx/0"), "no tf"},
		"other groups":      {change(colorBase+"/tf/0", colorBase+"/tf/1"), "no tf"},
		"lens":              {change("Inverse Brown Conrady", "Inverse Green Conrady"), `"Inverse Green Conrady" is not known`},
		"zero focal length": {change(floats(30, 0, 15.5), floats(0, 0, 15.5)), `"color.fx": is 0`},
		"zero quaternion":   {change(floats(0.015, 0, 0, 0, 0, 0, 1), floats(0.015, 0, 0, 0, 0, 0, 0)), `"depth_to_color.rotation[0]": is NaN`},
		"no units":          {change(u32(math.Float32bits(0.001)), u32(math.Float32bits(-1))), `"depth_scale": is -1`},
		"huge header":       {append([]byte(magic), 0xff, 0xff, 0xff, 0x7f, 1), "above the limit"},
		"compression":       {change("compression=none", "compression=zstd"), `compressed as "zstd"`},
		"a chunk in itself": {change("op=\x02", "op=\x05"), "out of place"},
		"a kind unknown":    {change("op=\x02", "op=\x63"), "out of place"},
		"no kind":           {change("op=\x02", "ox=\x02"), "without its kind"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openBytes(test.data, Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), `rosbag: open "test.bag": `) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// Damage inside a chunk is not a tear: it is told, and stays.
func TestDamageStays(t *testing.T) {
	c := geometry()
	data := recorded{frames: 9}.write(newBag(t, "lz4"), c, painted(c))
	at := bytes.LastIndex(data, []byte{0x04, 0x22, 0x4d, 0x18}) // the last chunk's lz4 frame
	clear(data[at+8 : at+1000])
	r := mustOpen(t, data, Options{})
	pairs, err := all(r)
	if err == io.EOF || len(pairs) < 5 {
		t.Fatalf("%d pairs, then %v", len(pairs), err)
	}
	if again := r.Next(context.Background(), new(capture.Pair)); again == nil || again.Error() != err.Error() {
		t.Errorf("asked again: %v, want %v", again, err)
	}
	r = mustOpen(t, data, Options{Skip: true})
	if got, err := all(r); err != io.EOF || len(got) != len(pairs) || len(r.Stats().Problems) != 1 {
		t.Errorf("with Skip: %d pairs, %v, %+v; want %d, EOF", len(got), err, r.Stats(), len(pairs))
	}
}

// A chunk that unpacks to more than it says is read to what it says.
func TestChunkBomb(t *testing.T) {
	c := geometry()
	b := newBag(t, "lz4")
	recorded{frames: 2, perChunk: 9}.write(b, c, painted(c))
	b.message("/bomb", 0, string(make([]byte, 64<<20)))
	packed := b.pack()
	b.record(&b.out, packed, "op", "\x05", "compression", "lz4", "size", u32(1000))
	data := b.out.Bytes()
	r := mustOpen(t, data, Options{})
	if pairs, err := all(r); len(pairs) != 2 || err == io.EOF || r.m.read > 1<<20 {
		t.Errorf("%d pairs, %v after %d bytes", len(pairs), err, r.m.read)
	}
}

func TestOptions(t *testing.T) {
	c := geometry()
	t.Run("clocks that differ", func(t *testing.T) {
		data := recorded{frames: 5, skew: time.Hour, clocks: [2]string{"System Time", "Hardware Clock"}}.write(newBag(t, "none"), c, painted(c))
		r := mustOpen(t, data, Options{})
		pairs, err := all(r)
		if err != io.EOF || len(pairs) != 5 || r.Clock() != "recorder" || pairs[2].Skew() != -time.Millisecond {
			t.Errorf("%d pairs by %q, %v", len(pairs), r.Clock(), err)
		}
	})
	t.Run("window", func(t *testing.T) {
		data := recorded{frames: 5, skew: 10 * time.Millisecond}.write(newBag(t, "none"), c, painted(c))
		for window, want := range map[time.Duration]int{0: 5, 10 * time.Millisecond: 5, 10*time.Millisecond - 1: 0} {
			if pairs, err := all(mustOpen(t, data, Options{Window: window})); err != io.EOF || len(pairs) != want {
				t.Errorf("window %v: %d pairs, %v; want %d", window, len(pairs), err, want)
			}
		}
	})
	t.Run("other topics", func(t *testing.T) {
		b := newBag(t, "none")
		color, depth := painted(c)(0)
		b.message("/cam/rgb/camera_info", 0, cameraInfoData(c.Color, "plumb_bob", 0, 0, 0, 0, 0))
		b.message("/cam/depth/camera_info", 0, cameraInfoData(c.Depth, "plumb_bob"))
		b.message("/cam/rgb/image_raw", 0, imageData(0, c.Color.Width, c.Color.Height, "rgb8", 0, 3*c.Color.Width, color))
		b.message("/cam/depth/image_raw", 0, imageData(0, c.Depth.Width, c.Depth.Height, "16UC1", 0, 0, depth))
		b.flush()
		r := mustOpen(t, b.out.Bytes(), Options{ColorTopic: "/cam/rgb/image_raw", DepthTopic: "/cam/depth/image_raw"})
		if got := r.Calibration(); got.DepthToColor != capture.Identity || got.DepthScale != 0.001 || got.Color.Fx != c.Color.Fx {
			t.Errorf("calibration is %+v", got)
		}
		if pairs, err := all(r); err != io.EOF || len(pairs) != 1 {
			t.Errorf("%d pairs, %v", len(pairs), err)
		}
		_, err := openBytes(b.out.Bytes(), Options{})
		if err == nil || !strings.Contains(err.Error(), "/cam/rgb/image_raw") {
			t.Errorf("error is %v: it should name topics to choose from", err)
		}
	})
	t.Run("calibration", func(t *testing.T) {
		other := c
		other.DepthScale = 0.0005
		data := recorded{frames: 2}.write(newBag(t, "none"), c, painted(c))
		if r := mustOpen(t, data, Options{Calibration: &other}); r.Calibration() != other {
			t.Errorf("calibration is %+v", r.Calibration())
		}
		other.DepthScale = 0
		if _, err := openBytes(data, Options{Calibration: &other}); err == nil {
			t.Error("a calibration that does not validate: no error")
		}
	})
}

func TestBetween(t *testing.T) {
	h := math.Sqrt(0.5)
	turn := transform{translation: [3]float64{1, 2, 3}, rotation: [4]float64{0, 0, h, h}} // 90° about z: x → y
	none := transform{rotation: [4]float64{0, 0, 0, 2}}                                   // of any length
	for name, test := range map[string]struct {
		from, to    transform
		point, want [3]float64
	}{
		"into the turned":       {none, turn, [3]float64{1, 0, 5}, [3]float64{1, 3, 8}},
		"out of the turned":     {turn, none, [3]float64{1, 3, 8}, [3]float64{1, 0, 5}},
		"from one to itself":    {turn, turn, [3]float64{4, 5, 6}, [3]float64{4, 5, 6}},
		"from none to the same": {none, none, [3]float64{4, 5, 6}, [3]float64{4, 5, 6}},
	} {
		e := between(test.from, test.to)
		for i := range 3 {
			got := e.Translation[i]
			for j := range 3 {
				got += e.Rotation[3*i+j] * test.point[j]
			}
			if math.Abs(got-test.want[i]) > 1e-12 {
				t.Errorf("%s: coordinate %d is %v, want %v", name, i, got, test.want[i])
			}
		}
	}
}

// A quaternion against the turn that it stands for: by an angle about an axis (Rodrigues' formula).
func TestMatrix(t *testing.T) {
	for _, axis := range [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {2.0 / 3, -1.0 / 3, 2.0 / 3}} {
		for _, angle := range []float64{0, 0.3, -2, math.Pi} {
			s, c := math.Sincos(angle)
			hs, hc := math.Sincos(angle / 2)
			got := matrix([4]float64{3 * hs * axis[0], 3 * hs * axis[1], 3 * hs * axis[2], 3 * hc})
			cross := [9]float64{0, -axis[2], axis[1], axis[2], 0, -axis[0], -axis[1], axis[0], 0}
			for i := range 9 {
				want := s*cross[i] + (1-c)*axis[i/3]*axis[i%3]
				if i%4 == 0 {
					want += c
				}
				if math.Abs(got[i]-want) > 1e-12 {
					t.Errorf("%v about %v: element %d is %v, want %v", angle, axis, i, got[i], want)
				}
			}
		}
	}
}

func TestD435Recording(t *testing.T) {
	path := filepath.Join(dataDir(t), "recordings", "realsense-d435.bag")
	r, err := Open(path, Options{})
	if err != nil {
		if os.IsNotExist(err) || strings.Contains(err.Error(), "no such file") {
			t.Skip("the recording is not there: ", path)
		}
		t.Fatal(err)
	}
	defer r.Close()
	c := r.Calibration()
	if c.Color.Width != 640 || c.Depth.Height != 480 || c.DepthScale != 0.001 || math.Abs(c.Color.Fx-613.2) > 0.1 ||
		math.Abs(c.Depth.Fx-390.43) > 0.1 || math.Abs(c.DepthToColor.Translation[0]-0.0143) > 0.0001 {
		t.Errorf("calibration is %+v", c)
	}
	// As the vendor's library tells it, to six digits.
	for i, want := range []float64{0.999863, -0.01031, 0.0129259, 0.0103087, 0.999947, 0.00017303, -0.012927, -3.97579e-05, 0.999916} {
		if math.Abs(c.DepthToColor.Rotation[i]-want) > 1e-6 {
			t.Errorf("rotation[%d] is %v, want %v", i, c.DepthToColor.Rotation[i], want)
		}
	}
	pairs, err := all(r)
	if err != io.EOF || len(pairs) != 1 || r.Torn() != nil {
		t.Fatalf("%d pairs, %v, torn %v; want 1, EOF", len(pairs), err, r.Torn())
	}
	p := pairs[0]
	// The stamps as the camera gave them; the recording has one colour image and two depth images 167 ms apart.
	if p.Skew() < 100*time.Millisecond || p.Skew() > 103*time.Millisecond || r.Clock() != "Hardware Clock" {
		t.Errorf("skew is %v by the %q", p.Skew(), r.Clock())
	}
	valid, h := 0, fnv.New64a()
	for _, z := range p.Depth.Pix {
		if z > 0 {
			valid++
		}
		h.Write([]byte{byte(z), byte(z >> 8)})
	}
	h.Write(p.Color.Pix)
	t.Logf("%d of %d depth readings, hash %#x, colour at %v", valid, len(p.Depth.Pix), h.Sum64(), p.ColorTime)
	if h.Sum64() != 0x5d6debf1e1d1c00e {
		t.Errorf("the images' hash is %#x", h.Sum64())
	}
	reg, err := capture.NewRegistrar(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	var depth capture.Depth
	if err := reg.Register(&depth, &p.Depth); err != nil {
		t.Fatal(err)
	}
}

// dataDir is the folder of optional real recordings.
func dataDir(t *testing.T) string {
	if dir := os.Getenv("DEPTHWISE_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func FuzzOpen(f *testing.F) {
	c := geometry()
	c.Color.Width, c.Color.Height, c.Depth.Width, c.Depth.Height = 4, 2, 3, 2
	for _, compression := range []string{"none", "lz4", "bz2"} {
		if _, err := exec.LookPath("bzip2"); compression == "bz2" && err != nil {
			continue
		}
		data := recorded{frames: 3, perChunk: 2}.write(newBag(f, compression), c, painted(c))
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	for encoding, size := range map[string]int{"bgr8": 3, "rgba8": 4, "yuyv": 2, "mono8": 1} {
		f.Add(recorded{color: encoding, depth: "16UC1", frames: 2}.write(newBag(f, "none"), c, func(i int) (color, depth []byte) {
			_, depth = painted(c)(i)
			return make([]byte, size*c.Color.Width*c.Color.Height), depth
		}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := openBytes(data, Options{})
		if err != nil {
			return
		}
		defer r.Close()
		c := r.Calibration()
		if err := c.Validate(); err != nil {
			t.Fatalf("open accepts what does not validate: %v", err)
		}
		if c.Color.Width*c.Color.Height > 1<<20 || c.Depth.Width*c.Depth.Height > 1<<20 {
			return
		}
		var p capture.Pair
		for range 1000 {
			err := r.Next(context.Background(), &p)
			if err == io.EOF || err != nil && r.fault != nil {
				return
			}
			if err == nil && (len(p.Color.Pix) != 3*c.Color.Width*c.Color.Height || len(p.Depth.Pix) != c.Depth.Width*c.Depth.Height) {
				t.Fatal("a pair of the wrong size")
			}
		}
	})
}
