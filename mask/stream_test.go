package mask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// readPNM reads one PGM or PAM image as the Netpbm manual describes them, and returns the rest of the stream.
func readPNM(t *testing.T, b []byte) (w, h int, px []byte, comment string, rest []byte) {
	t.Helper()
	line := func() string {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			t.Fatal("header ends without a newline")
		}
		s := string(b[:i])
		b = b[i+1:]
		return s
	}
	switch magic := line(); magic {
	case "P5":
		if _, err := fmt.Sscanf(line(), "%d %d", &w, &h); err != nil {
			t.Fatal(err)
		}
		if s := line(); s != "255" {
			t.Fatalf("maxval %q", s)
		}
	case "P7":
		fields := map[string]string{}
		for s := line(); s != "ENDHDR"; s = line() {
			if strings.HasPrefix(s, "#") {
				comment += s
				continue
			}
			k, v, _ := strings.Cut(s, " ")
			fields[k] = v
		}
		if fields["DEPTH"] != "1" || fields["MAXVAL"] != "255" || fields["TUPLTYPE"] != "GRAYSCALE" {
			t.Fatalf("header %v", fields)
		}
		fmt.Sscan(fields["WIDTH"], &w)
		fmt.Sscan(fields["HEIGHT"], &h)
	default:
		t.Fatalf("magic %q", magic)
	}
	return w, h, b[:w*h], comment, b[w*h:]
}

func TestNetpbmStreams(t *testing.T) {
	for _, format := range []string{"pgm", "pam"} {
		masks := []*Mask{testMask(37, 23, 0), testMask(37, 23, 1), testMask(8, 5, 3)}
		masks[1].Model, masks[1].Reason = "evil\nENDHDR\n", "depth \"lost\""
		b := encode(t, format, Options{}, Image{}, masks...)
		for i, m := range masks {
			w, h, px, comment, rest := readPNM(t, b)
			if w != m.Width || h != m.Height || !bytes.Equal(px, m.Classes) {
				t.Fatalf("%s: image %d does not come back", format, i)
			}
			if format == "pam" && !strings.HasPrefix(comment, fmt.Sprintf("# depthwise seq=%d time=", m.Seq)) {
				t.Errorf("comment %q", comment)
			}
			b = rest
		}
		if len(b) != 0 {
			t.Errorf("%s: %d bytes after the last image", format, len(b))
		}
	}
}

func TestPAMComment(t *testing.T) {
	m := testMask(2, 2, 7)
	m.Reason = "depth \"lost\"\n"
	_, _, _, got, _ := readPNM(t, encode(t, "pam", Options{}, Image{}, m))
	want := `# depthwise seq=7 time=1.733333331 skew_ms=-2.346 mode="paired" model="tabletop" reason="depth \"lost\"\n"`
	if got != want {
		t.Errorf("comment\n%s, want\n%s", got, want)
	}
}

func TestAppendFixed(t *testing.T) {
	for _, c := range []struct {
		v              int64
		places, digits int
		want           string
	}{
		{0, 9, 9, "0.000000000"}, {1, 9, 9, "0.000000001"}, {-1, 9, 9, "-0.000000001"},
		{1234567890, 9, 9, "1.234567890"}, {2345678, 6, 3, "2.346"}, {2345499, 6, 3, "2.345"}, {2345500, 6, 3, "2.346"},
		{-2345500, 6, 3, "-2.346"}, {999999, 6, 3, "1.000"}, {-1 << 63, 9, 9, "-9223372036.854775808"}, {42, 0, 0, "42"},
	} {
		if got := string(appendFixed(nil, c.v, c.places, c.digits)); got != c.want {
			t.Errorf("%d·10^-%d: %s, want %s", c.v, c.places, got, c.want)
		}
	}
}

func TestRaw(t *testing.T) {
	a, b := testMask(9, 4, 0), testMask(9, 4, 1)
	got := encode(t, "raw", Options{}, Image{}, a, b)
	if !bytes.Equal(got, append(bytes.Clone(a.Classes), b.Classes...)) {
		t.Error("raw is not the class ids")
	}
}

func TestGoldens(t *testing.T) {
	o := Options{Palette: testPalette(t), FPS: 15}
	o.Terminal.Columns, o.Terminal.Rows, o.Terminal.Now = 20, 9, tick()
	for _, f := range Formats() {
		if f.Folder {
			continue
		}
		o.Terminal.Now = tick()
		golden(t, "stream."+f.Name, encode(t, f.Name, o, testImage(26, 18), testMask(26, 18, 0), testMask(26, 18, 1)))
	}
}

// half is a writer that takes half of what it is given; broken is a pipe that nobody reads.
type half struct{}

func (half) Write(p []byte) (int, error) { return len(p) / 2, nil }

type broken struct{}

func (broken) Write(p []byte) (int, error) { return 0, syscall.EPIPE }

func TestWritersThatFail(t *testing.T) {
	m, im := testMask(8, 6, 5), testImage(8, 6)
	for _, f := range Formats() {
		if f.Folder {
			continue
		}
		for _, c := range []struct {
			w    io.Writer
			want error
		}{{half{}, io.ErrShortWrite}, {broken{}, syscall.EPIPE}} {
			e, err := NewEncoder(c.w, f.Name, Options{Palette: testPalette(t)})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Encode(m, im); !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), "frame 5") {
				t.Errorf("%s: error %v, want %v of frame 5", f.Name, err, c.want)
			}
		}
	}
}

// counting counts Writes: a frame is one.
type counting struct{ writes, bytes int }

func (c *counting) Write(p []byte) (int, error) {
	c.writes++
	c.bytes += len(p)
	return len(p), nil
}

func TestOneWriteAndNoAllocationPerFrame(t *testing.T) {
	m, im := testMask(64, 48, 5), testImage(64, 48)
	m.Reason = "because"
	for _, f := range Formats() {
		if f.Folder {
			continue
		}
		var c counting
		e, err := NewEncoder(&c, f.Name, Options{Palette: testPalette(t)})
		if err != nil {
			t.Fatal(err)
		}
		frame := func() {
			if err := e.Encode(m, im); err != nil {
				t.Fatal(err)
			}
		}
		frame()
		if c.writes != 1 {
			t.Errorf("%s: %d writes for a frame", f.Name, c.writes)
		}
		if f.Name == "preview" { // formats a few words per frame
			continue
		}
		if n := testing.AllocsPerRun(20, frame); n != 0 {
			t.Errorf("%s: %v allocations a frame", f.Name, n)
		}
	}
}

func TestMisshapenFrames(t *testing.T) {
	m := testMask(8, 6, 5)
	m.Classes = m.Classes[1:]
	im := testImage(8, 6)
	im.Pix = im.Pix[1:]
	for _, f := range Formats() {
		e, err := open(t, f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Encode(m, Image{}); err == nil || !strings.Contains(err.Error(), "47 classes for 8 × 6 pixels") {
			t.Errorf("%s: short mask: %v", f.Name, err)
		}
		if err := e.Encode(&Mask{}, Image{}); err == nil {
			t.Errorf("%s: an empty mask is no error", f.Name)
		}
		if !f.Color {
			continue
		}
		for _, im := range []Image{im, {Height: 3}, {Width: -1, Height: -1, Pix: []byte{1, 2, 3}}} {
			if err := e.Encode(testMask(8, 6, 5), im); err == nil || !strings.Contains(err.Error(), "colour image") {
				t.Errorf("%s: misshapen image %d × %d: %v", f.Name, im.Width, im.Height, err)
			}
		}
	}
}

func open(t *testing.T, f Format, o Options) (Encoder, error) {
	if f.Folder {
		return NewFolder(t.TempDir(), f.Name, o)
	}
	return NewEncoder(io.Discard, f.Name, o)
}

func TestFormatsAndOptionsAreChecked(t *testing.T) {
	for _, f := range Formats() {
		var err error
		if f.Folder {
			_, err = NewEncoder(io.Discard, f.Name, Options{})
		} else {
			_, err = NewFolder(t.TempDir(), f.Name, Options{})
		}
		if err == nil {
			t.Errorf("%s: taken for the other kind", f.Name)
		}
	}
	if _, err := NewEncoder(io.Discard, "gif", Options{}); err == nil || !strings.Contains(err.Error(), `"gif": unknown`) {
		t.Errorf("gif: %v", err)
	}
	for _, o := range []Options{{FPS: -1}, {FPS: 1e9}, {Alpha: -0.1}, {Alpha: 1.1}} {
		if _, err := NewEncoder(io.Discard, "y4m", o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m, im := testMask(640, 480, 0), testImage(640, 480)
	for _, f := range Formats() {
		if f.Folder {
			continue
		}
		b.Run(f.Name, func(b *testing.B) {
			e, err := NewEncoder(io.Discard, f.Name, Options{Palette: testPalette(b)})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(m.Classes)))
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Encode(m, im); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestNDJSONClock expects whose clock the time is of between time and skew, and no key where that is not known.
func TestNDJSONClock(t *testing.T) {
	for clock, want := range map[string]string{"device": `000,"clock":"device","skew_ms":`, "host": `000,"clock":"host","skew_ms":`, "": `000,"skew_ms":`} {
		var out bytes.Buffer
		e, err := NewEncoder(&out, "ndjson", Options{Palette: testPalette(t)})
		if err != nil {
			t.Fatal(err)
		}
		m := testMask(8, 6, 1)
		m.Time, m.Clock = time.Second, clock
		if err := e.Encode(m, Image{}); err != nil {
			t.Fatal(err)
		}
		if line := out.String(); !strings.Contains(line, want) || !json.Valid([]byte(line)) {
			t.Errorf("clock %q gives %s", clock, line)
		}
	}
}

// TestNDJSONCodes expects a frame's codes beside the model, and no key where there are none.
func TestNDJSONCodes(t *testing.T) {
	var out bytes.Buffer
	e, err := NewEncoder(&out, "ndjson", Options{Palette: testPalette(t)})
	if err != nil {
		t.Fatal(err)
	}
	m := testMask(8, 6, 1)
	for _, codes := range [][]Code{{{"color", 0xfedcba9876543210}, {"depth", 1}}, {{"depth", 1 << 63}}, nil} {
		m.Codes = codes
		if err := e.Encode(m, Image{}); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{`,"codes":{"color":"fedcba9876543210","depth":"0000000000000001"},"width"`, `,"codes":{"depth":"8000000000000000"},"width"`, `"tabletop","width"`} {
		if !strings.Contains(lines[i], want) || !json.Valid([]byte(lines[i])) {
			t.Errorf("line %d has no %s: %s", i, want, lines[i])
		}
	}
}
