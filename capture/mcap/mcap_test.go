package mcap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"pgregory.net/rapid"
)

func rig() capture.Calibration {
	return capture.Calibration{
		Color:        capture.Intrinsics{Width: 13, Height: 7, Fx: 11.5, Fy: 11.25, Cx: 6, Cy: 3, Model: capture.BrownConrady, Coeffs: [5]float64{0.1, -0.2, 1e-3, 0, 1.0 / 3}},
		Depth:        capture.Intrinsics{Width: 9, Height: 5, Fx: 9, Fy: 9, Cx: 4, Cy: 2, Model: capture.NoDistortion},
		DepthToColor: capture.Extrinsics{Rotation: [9]float64{0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1}, Translation: [3]float64{0.015, 0, -1e-4}},
		DepthScale:   0.00025,
	}
}

// noise is pair number i of a made-up recording.
func noise(i int, cal capture.Calibration, labels bool) *capture.Pair {
	r := rand.New(rand.NewPCG(uint64(i), 98))
	p := &capture.Pair{Seq: uint64(2 * i), ColorTime: time.Duration(i)*33_333_333 + 1, DepthTime: time.Duration(i) * 33_333_334}
	p.Clock = []capture.Domain{capture.DeviceClock, capture.UnknownClock, capture.HostClock, capture.GlobalClock}[i/3%4]
	p.Color.Resize(cal.Color.Width, cal.Color.Height)
	for j := range p.Color.Pix {
		p.Color.Pix[j] = byte(r.Uint32())
	}
	p.Depth.Resize(cal.Depth.Width, cal.Depth.Height)
	for j := range p.Depth.Pix {
		p.Depth.Pix[j] = uint16(r.Uint32())
	}
	if labels {
		p.Labels.Resize(cal.Color.Width, cal.Color.Height)
		for j := range p.Labels.Pix {
			p.Labels.Pix[j] = byte(r.Uint32())
		}
	}
	return p
}

func recordFile(t testing.TB, n int, o WriterOptions, labels bool) (name string, pairs []*capture.Pair) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "r.mcap")
	w, err := Create(name, rig(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		p := noise(i, rig(), labels)
		pairs = append(pairs, p)
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name, pairs
}

func open(t testing.TB, name string, o Options) *Recording {
	t.Helper()
	r, err := Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func openBytes(data []byte, o Options) (*Recording, error) {
	return newRecording("in memory", inMemory{bytes.NewReader(data)}, int64(len(data)), o)
}

func play(r *Recording) (pairs []*capture.Pair, err error) {
	defer r.Close()
	for {
		p := new(capture.Pair)
		if err := r.Next(context.Background(), p); err == io.EOF {
			return pairs, nil
		} else if err != nil {
			return pairs, err
		}
		pairs = append(pairs, p)
	}
}

func same(a, b *capture.Pair) bool {
	x, y := *a, *b
	if len(x.Labels.Pix) == 0 && len(y.Labels.Pix) == 0 {
		x.Labels, y.Labels = capture.Labels{}, capture.Labels{}
	}
	return reflect.DeepEqual(x, y)
}

func replays(t *testing.T, r *Recording, want []*capture.Pair) {
	t.Helper()
	got, err := play(r)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d pairs, want %d; %v", len(got), len(want), err)
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("pair %d differs", i)
		}
	}
}

func TestConform(t *testing.T) {
	name, _ := recordFile(t, 9, WriterOptions{ChunkSize: 1000}, true)
	for mode, o := range map[string]Options{"once": {}, "looped": {Loop: true}, "by time": {ColorTopic: colorTopic}} {
		t.Run(mode, func(t *testing.T) {
			want := capturetest.Options{Pairs: 9, Allocs: 20}
			if o.Loop {
				want.Pairs = 0
			}
			capturetest.Conform(t, func(t testing.TB) capture.Source { return open(t, name, o) }, want)
		})
	}
}

func TestRoundTrip(t *testing.T) {
	root := t.TempDir()
	var count atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		cal := rig()
		cal.DepthScale = rapid.Float64Range(1e-5, 1).Draw(t, "scale")
		if rapid.Bool().Draw(t, "registered") {
			cal.Depth, cal.DepthToColor = cal.Color, capture.Identity
		}
		if rapid.Bool().Draw(t, "inverse") {
			cal.Color.Model = capture.InverseBrownConrady
		}
		name := filepath.Join(root, fmt.Sprint(count.Add(1)))
		w, err := Create(name, cal, WriterOptions{ChunkSize: rapid.IntRange(0, 3000).Draw(t, "chunk"), Sync: rapid.SampledFrom([]time.Duration{-1, 0, 1}).Draw(t, "sync")})
		if err != nil {
			t.Fatal(err)
		}
		var want []*capture.Pair
		seq := uint64(0)
		for i := range rapid.IntRange(0, 6).Draw(t, "pairs") {
			p := noise(i, cal, rapid.Bool().Draw(t, "labelled"))
			seq += rapid.Uint64Range(1, 1<<28).Draw(t, "gap")
			p.Seq = seq - 1
			const far = maxSeconds * int64(time.Second)
			p.ColorTime = time.Duration(rapid.Int64Range(-far, far).Draw(t, "color time"))
			p.DepthTime = time.Duration(rapid.Int64Range(-far, far).Draw(t, "depth time"))
			if p.ColorTime == 0 || p.DepthTime == 0 {
				continue
			}
			want = append(want, p)
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Open(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := play(r)
		if err != nil || len(got) != len(want) || r.Calibration() != cal || len(r.Assumed()) != 0 || r.Stats().Torn {
			t.Fatalf("%d pairs, want %d; %v; %+v", len(got), len(want), err, r.Calibration())
		}
		for i := range got {
			if !same(got[i], want[i]) {
				t.Fatalf("pair %d differs", i)
			}
		}
	})
}

// TestTorn cuts a file at every byte: the pairs of its whole chunks replay.
func TestTorn(t *testing.T) {
	name, want := recordFile(t, 4, WriterOptions{ChunkSize: 1}, true)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for n := range data {
		r, err := openBytes(data[:n], Options{})
		if err != nil {
			if last > 0 {
				t.Fatalf("cut at %d of %d: %v", n, len(data), err)
			}
			continue
		}
		got, err := play(r)
		if err != nil || len(got) < last || len(got) > last+1 {
			t.Fatalf("cut at %d: %d pairs after %d; %v", n, len(got), last, err)
		}
		for i := range got {
			if !same(got[i], want[i]) {
				t.Fatalf("cut at %d: pair %d differs", n, i)
			}
		}
		if last = len(got); !r.Stats().Torn && last < 4 {
			t.Fatalf("cut at %d: not told", n)
		}
	}
	if last != 4 {
		t.Errorf("%d pairs", last)
	}
}

// TestFlips turns bits of a file: an error or the same pairs, never others. Only what no checksum covers, the container's
// own numbers, may lose pairs.
func TestFlips(t *testing.T) {
	name, want := recordFile(t, 2, WriterOptions{ChunkSize: 1}, false)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 8*len(data); i += 29 {
		flipped := bytes.Clone(data)
		flipped[i/8] ^= 1 << (i % 8)
		for _, skip := range []bool{false, true} {
			r, err := openBytes(flipped, Options{Skip: skip})
			if err != nil {
				continue
			}
			got, _ := play(r)
			for _, p := range got {
				p.Clock = want[0].Clock // no checksum covers metadata
				if !same(p, want[0]) && !same(p, want[1]) && r.Calibration() == rig() {
					t.Fatalf("bit %d: another pair", i)
				}
			}
		}
	}
}

func TestCreateAndWriteRefuse(t *testing.T) {
	name, _ := recordFile(t, 1, WriterOptions{}, false)
	if _, err := Create(name, rig(), WriterOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	bad := rig()
	bad.DepthScale = 0
	if _, err := Create(name+"2", bad, WriterOptions{}); err == nil {
		t.Error("no depth scale passed")
	}
	w, err := Create(name+"3", rig(), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(noise(1, rig(), false)); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(p *capture.Pair){
		"the same sequence number": func(p *capture.Pair) { p.Seq = 2 },
		"a long sequence number":   func(p *capture.Pair) { p.Seq = 1 << 32 },
		"a far time":               func(p *capture.Pair) { p.DepthTime = math.MaxInt64 },
		"another size of color":    func(p *capture.Pair) { p.Color.Resize(5, 5) },
		"another size of depth":    func(p *capture.Pair) { p.Depth.Resize(5, 5) },
		"another size of labels":   func(p *capture.Pair) { p.Labels.Resize(5, 5) },
		"color without pixels":     func(p *capture.Pair) { p.Color.Pix = nil },
	} {
		p := noise(5, rig(), false)
		if spoil(p); w.Write(p) == nil {
			t.Errorf("%s passed", what)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Write(noise(9, rig(), false)); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	if runtime.GOOS == "linux" {
		if w, err = Create("/dev/full", rig(), WriterOptions{}); err == nil {
			w.Close()
			t.Error("created over a device")
		}
	}
}

// TestDiskFails: the error is told by every later call, and what was written replays.
func TestDiskFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.mcap")
	w, err := Create(name, rig(), WriterOptions{ChunkSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	var want []*capture.Pair
	for i := range 3 {
		want = append(want, noise(i, rig(), false))
		if err := w.Write(want[i]); err != nil {
			t.Fatal(err)
		}
	}
	w.file.Close()
	for i := range 2 {
		if err := w.Write(noise(3+i, rig(), false)); err == nil || !strings.HasPrefix(err.Error(), "mcap: write ") {
			t.Error(err)
		}
	}
	if w.Close() == nil {
		t.Error("Close told nothing")
	}
	r := open(t, name, Options{})
	if replays(t, r, want); !r.Stats().Torn {
		t.Error("not torn")
	}
}

func TestNotMCAP(t *testing.T) {
	dir := t.TempDir()
	for what, content := range map[string]string{"empty": "", "text": "this is no recording at all", "only magic": magic} {
		name := filepath.Join(dir, what)
		os.WriteFile(name, []byte(content), 0o666)
		if _, err := Open(name, Options{}); err == nil || !strings.HasPrefix(err.Error(), "mcap: open ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, name := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := Open(name, Options{}); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestQuaternion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q [4]float64
		for i := range q {
			q[i] = rapid.Float64Range(-1, 1).Draw(t, "q")
		}
		r := rotation(q)
		again := rotation(quaternion(r))
		for i := range r {
			if math.Abs(r[i]-again[i]) > 1e-9 {
				t.Fatalf("%v, then %v", r, again)
			}
		}
	})
}

// TestHugeChunk: a small file that promises much allocates little.
func TestHugeChunk(t *testing.T) {
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0x1f, 0, 0, 0, 0, 1, 0, 0} // zstd: a frame of 496 MiB, empty
	body := chunkBody(0, 0, nil, frame)
	le.PutUint64(body[16:], 0x1f000000)
	file := record(record([]byte(magic), opHeader, headerBody()), opChunk, body)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := openBytes(file, Options{}); err == nil || !strings.Contains(err.Error(), "bytes of records in") {
		t.Error(err)
	}
	le.PutUint64(file[len(file)-len(body)+16:], 100) // the frame still says so
	if _, err := openBytes(file, Options{}); err == nil {
		t.Error("passed")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d bytes", n)
	}
}
