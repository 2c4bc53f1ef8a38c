package runtime

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/synth"
	"github.com/depthwise/depthwise/mask"
)

func openTiny(t testing.TB, kind string, o StudentOptions) *Student {
	t.Helper()
	s, err := OpenStudent(filepath.Join("testdata", "students", "tiny-"+kind+".onnx"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// scene is a registered pair of the golden formulas, with its calibration.
func scene() (*capture.Pair, capture.Calibration) {
	c := goldenCase{ColorSize: [2]int{96, 72}, Size: [2]int{64, 48}}.filled(5)
	in := capture.Intrinsics{Width: 96, Height: 72, Fx: 90, Fy: 90, Cx: 47.5, Cy: 35.5}
	return goldenPair(c), capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: 0.001}
}

// classes runs a student on the scene.
func classes(t *testing.T, s *Student) []uint8 {
	t.Helper()
	pair, cal := scene()
	if err := s.Prepare(cal); err != nil {
		t.Fatal(err)
	}
	if err := s.Preprocess(pair); err != nil {
		t.Fatal(err)
	}
	out, err := s.Infer()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(out)
}

// oracleTiny is the tiny student's function in plain arithmetic: exact logits at half size, bilinear on their grid of
// 1/16, the first greatest channel. Its quantization is exact but for the rounding of logits, so it is only asked where
// the winner is clear.
func oracleTiny(p *Preprocess, pair *capture.Pair) (want []uint8, clear []bool) {
	px := make([]byte, 4*64*48)
	if err := p.Fused(px, &pair.Color, &pair.Depth); err != nil {
		panic(err)
	}
	logits := make([][3]float64, 32*24)
	for i := range logits {
		x, y := i%32, i/32
		sum := [4]float64{}
		for k := range 4 {
			at := 4 * ((2*y+k/2)*64 + 2*x + k%2)
			for c := range 4 {
				sum[c] += float64(px[at+c])
			}
		}
		r, g, b, d := sum[0], sum[1], sum[2], sum[3]
		for c, v := range [3]float64{900, -20*r + 24*g - 8*d, 4*r - 4*b + 30*d - 12000} {
			logits[i][c] = max(-128, min(127, v/255))
		}
	}
	for y := range 48 {
		for x := range 64 {
			var v [3]float64
			fy, fx := max(0, (float64(y)+0.5)/2-0.5), max(0, (float64(x)+0.5)/2-0.5)
			y0, x0 := int(fy), int(fx)
			for k, w := range []float64{(1 - fy + float64(y0)) * (1 - fx + float64(x0)), (1 - fy + float64(y0)) * (fx - float64(x0)),
				(fy - float64(y0)) * (1 - fx + float64(x0)), (fy - float64(y0)) * (fx - float64(x0))} {
				for c := range 3 {
					v[c] += w * logits[min(y0+k/2, 23)*32+min(x0+k%2, 31)][c]
				}
			}
			best := 0
			for c := range v {
				if v[c] > v[best] {
					best = c
				}
			}
			ok := true
			for c := range v {
				ok = ok && (c == best || v[best]-v[c] > 1.01)
			}
			want, clear = append(want, uint8(best)), append(clear, ok)
		}
	}
	return want, clear
}

func TestStudentComputesItsNetwork(t *testing.T) {
	s := openTiny(t, "early", StudentOptions{})
	got := classes(t, s)
	pair, _ := scene()
	want, clear := oracleTiny(s.pre, pair)
	asked, seen := 0, [3]int{}
	for i, w := range want {
		if !clear[i] {
			continue
		}
		asked++
		seen[w]++
		if got[i] != w {
			t.Fatalf("pixel (%d, %d) is class %d, want %d", i%64, i/64, got[i], w)
		}
	}
	if asked < len(want)/2 || seen[0] == 0 || seen[1] == 0 || seen[2] == 0 {
		t.Errorf("%d of %d pixels are clear, classes %v: the scene asks too little", asked, len(want), seen)
	}
}

func TestTwoInputsEqualOne(t *testing.T) {
	early := classes(t, openTiny(t, "early", StudentOptions{}))
	if two := classes(t, openTiny(t, "two", StudentOptions{})); !bytes.Equal(early, two) {
		t.Error("the student of two inputs differs from the early-fused one of the same weights")
	}
	for _, o := range []StudentOptions{{Threads: 1}, {Threads: 4}, {Disable: []string{"simd"}}} {
		if got := classes(t, openTiny(t, "early", o)); !bytes.Equal(early, got) {
			t.Errorf("%+v: other classes", o)
		}
	}
}

func TestStudentModes(t *testing.T) {
	for kind, want := range map[string]mask.Mode{"early": mask.Paired, "two": mask.Paired, "rgb": mask.ColorOnly, "depth": mask.DepthOnly} {
		s := openTiny(t, kind, StudentOptions{})
		c := s.Policy().Choose(nil, Health{})
		if c.Mode != want || c.Model != s || (c.Reason == "") != (want == mask.Paired) {
			t.Errorf("%s: %+v", kind, c)
		}
		if s.Name() != "tiny-"+kind || !strings.Contains(s.String(), "64×48") {
			t.Errorf("%s: %v", kind, s)
		}
	}
}

// TestStudentIgnoresWhatItDoesNotTake changes the modality that a student has no input for.
func TestStudentIgnoresWhatItDoesNotTake(t *testing.T) {
	pair, cal := scene()
	for kind, spoil := range map[string]func(*capture.Pair){
		"rgb":   func(p *capture.Pair) { p.Depth.Resize(0, 0) },
		"depth": func(p *capture.Pair) { p.Color.Resize(0, 0) },
	} {
		s := openTiny(t, kind, StudentOptions{})
		want := classes(t, s)
		p := *pair
		spoil(&p)
		if err := s.Prepare(cal); err != nil {
			t.Fatal(err)
		}
		if err := s.Preprocess(&p); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if got, err := s.Infer(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other classes, %v", kind, err)
		}
	}
}

func TestStudentRefuses(t *testing.T) {
	change := func(key, value string) []byte {
		m := tinyMetadata("x")
		if m[key] = value; value == "" {
			delete(m, key)
		}
		return signed(tinyStudent("early", m))
	}
	torn := signed(tinyStudent("early", tinyMetadata("x")))
	i := bytes.Index(torn, []byte("w.zero"))
	torn[i-40] ^= 1 // a weight
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"changed weight": {torn, "was changed"},
		"other size":     {change("input", "32x24"), "32×24"},
		"no depth":       {change("depth", ""), "depth encoding"},
		"bad depth":      {change("depth", "{}"), "depth"},
		"format":         {change("format", "9"), "format 9"},
		"not ONNX":       {[]byte("not a model at all"), "quant"},
		"empty":          {nil, "quant"},
	} {
		s, err := NewStudent(test.file, StudentOptions{})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), `"`, ""), strings.ReplaceAll(test.want, "format 9", "format")) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	bare := tinyStudent("early", nil)
	if _, err := NewStudent(bare, StudentOptions{}); err == nil || !strings.Contains(err.Error(), "depth encoding") {
		t.Errorf("without metadata: error %v", err)
	}
	s, err := NewStudent(bare, StudentOptions{MetadataOptions: MetadataOptions{Depth: &DepthEncoding{"inverse", 0.4, 8}, Classes: []string{"a", "b", "c"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := classes(t, s); !bytes.Equal(got, classes(t, openTiny(t, "early", StudentOptions{}))) || s.Name() != "model" {
		t.Error("flags do not replace metadata")
	}
	if _, err := OpenStudent("no/such.onnx", StudentOptions{}); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("error %v", err)
	}
	fresh := openTiny(t, "early", StudentOptions{})
	pair, _ := scene()
	if fresh.Preprocess(pair) == nil {
		t.Error("Preprocess before Prepare went well")
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

// TestMetadataReachesTheStudent reads back what the exporter wrote.
func TestMetadataReachesTheStudent(t *testing.T) {
	s := openTiny(t, "early", StudentOptions{})
	m := s.Metadata()
	if m.Depth != (DepthEncoding{"inverse", 0.4, 8}) || m.Palette.Name(1) != "table" || m.Width != 64 || len(m.SHA256) != 64 {
		t.Errorf("%+v", m)
	}
	want := maps.Clone(tinyMetadata("tiny-early"))
	for key, value := range s.Network().Metadata() {
		if key = strings.TrimPrefix(key, "depthwise."); key != "sha256" && want[key] != value {
			t.Errorf("%s = %s, want %s", key, value, want[key])
		}
	}
}

// TestWholePathAllocatesNothing drives synthetic pairs through registration, a student and an encoder.
func TestWholePathAllocatesNothing(t *testing.T) {
	camera, err := synth.Open("seed=3,width=96,height=72,threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	var stored capture.Pair
	if err := camera.Next(t.Context(), &stored); err != nil {
		t.Fatal(err)
	}
	s := openTiny(t, "early", StudentOptions{Threads: 2})
	enc, err := mask.NewEncoder(io.Discard, "ndjson", mask.Options{Palette: s.Metadata().Palette})
	if err != nil {
		t.Fatal(err)
	}
	ask, done := make(chan struct{}), make(chan struct{})
	src := &fakeSource{cal: camera.Calibration()}
	src.step = func(_ context.Context, n int, dst *capture.Pair) error {
		if _, ok := <-ask; !ok {
			return io.EOF
		}
		dst.Seq = uint64(n)
		dst.Color.Resize(96, 72)
		dst.Depth.Resize(96, 72)
		copy(dst.Color.Pix, stored.Color.Pix)
		copy(dst.Depth.Pix, stored.Depth.Pix)
		return nil
	}
	p := pipe(src, s, func(m *mask.Mask, _ *capture.Pair) error {
		if err := enc.Encode(m, mask.Image{}); err != nil {
			return err
		}
		done <- struct{}{}
		return nil
	})
	ended := make(chan error)
	go func() {
		_, err := p.Run(context.Background())
		ended <- err
	}()
	frame := func() {
		ask <- struct{}{}
		<-done
	}
	for range 10 {
		frame()
	}
	if n := testing.AllocsPerRun(50, frame); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
	close(ask)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
