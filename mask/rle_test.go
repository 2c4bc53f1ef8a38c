package mask

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// decodeRLE reads the COCO code back the way maskApi.c's rleFrString and rleDecode do: 1 inside, column by column.
func decodeRLE(code string, w, h int) ([]uint8, error) {
	var counts []int
	for i := 0; i < len(code); {
		x, shift := 0, 0
		for {
			if i == len(code) {
				return nil, fmt.Errorf("code ends inside a number")
			}
			c := int(code[i]) - 48
			i++
			x |= c & 0x1f << shift
			shift += 5
			if c&0x20 == 0 {
				if c&0x10 != 0 {
					x |= -1 << shift
				}
				break
			}
		}
		if len(counts) > 2 {
			x += counts[len(counts)-2]
		}
		counts = append(counts, x)
	}
	inside, at := uint8(0), 0
	px := make([]uint8, w*h)
	for _, n := range counts {
		for range n {
			if at == len(px) {
				return nil, fmt.Errorf("more pixels than %d", len(px))
			}
			px[at%h*w+at/h] = inside
			at++
		}
		inside ^= 1
	}
	if at != len(px) {
		return nil, fmt.Errorf("%d pixels, want %d", at, len(px))
	}
	return px, nil
}

// checkRuns encodes classes and compares every class with what its code decodes to.
func checkRuns(t *testing.T, r *runLengths, classes []uint8, w, h int) {
	t.Helper()
	r.encode(classes, w, h, w, h)
	union := make([]uint8, w*h)
	for _, id := range r.seen {
		px, err := decodeRLE(string(r.class[id].code), w, h)
		if err != nil {
			t.Fatalf("%d × %d, class %d: %v", w, h, id, err)
		}
		for i, in := range px {
			if (in == 1) != (classes[i] == id) {
				t.Fatalf("%d × %d, class %d: pixel %d is %d, class there %d", w, h, id, i, in, classes[i])
			}
			union[i] += in
		}
	}
	for i, n := range union {
		if n != 1 {
			t.Fatalf("pixel %d is in %d classes", i, n)
		}
	}
}

func TestRunLengthsComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var r runLengths // one for all: state of a frame must not reach the next
	for range 400 {
		w, h := 1+rng.IntN(50), 1+rng.IntN(50)
		classes := make([]uint8, w*h)
		ids, hold := 1+rng.IntN(5), 1+rng.IntN(200)
		c := uint8(rng.IntN(ids) * 51)
		for i := range classes {
			if rng.IntN(hold) == 0 {
				c = uint8(rng.IntN(ids) * 51)
			}
			classes[i] = c
		}
		checkRuns(t, &r, classes, w, h)
	}
}

// TestRunLengthsKnown holds against codes worked out by hand after maskApi.c.
func TestRunLengthsKnown(t *testing.T) {
	for _, c := range []struct {
		name    string
		classes []uint8
		w, h    int
		want    map[uint8]string
	}{
		{"all of one class", []uint8{3, 3, 3, 3}, 2, 2, map[uint8]string{3: "04"}},              // counts 0 4
		{"columns first", []uint8{0, 1, 0, 1, 0, 1}, 2, 3, map[uint8]string{0: "033", 1: "33"}}, // 0 3 3; 3 3
		// Outside 0, then five runs of 1: from the fourth count on, the difference to the one two before.
		{"differences", []uint8{7, 9, 7, 9, 7}, 5, 1, map[uint8]string{7: "011000", 9: "11100"}},
		{"long", bytes.Repeat([]uint8{2}, 1000), 10, 100, map[uint8]string{2: "0Xo0"}}, // 1000 = 31·32 + 8
	} {
		var r runLengths
		r.encode(c.classes, c.w, c.h, c.w, c.h)
		for id, want := range c.want {
			if got := string(r.class[id].code); got != want {
				t.Errorf("%s: class %d is %q, want %q", c.name, id, got, want)
			}
		}
	}
}

func FuzzRunLengths(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 2, 255}, uint8(2))
	f.Add(bytes.Repeat([]byte{1}, 300), uint8(17))
	f.Add([]byte{5}, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		w := max(1, int(width))
		h := len(data) / w
		if h == 0 {
			return
		}
		var r runLengths
		checkRuns(t, &r, data[:w*h], w, h)
		checkRuns(t, &r, data[:w*h], w, h)
	})
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "table", `a"b\c`, "\x00\x1f\x7f", "日本\xff", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(s)); back != want {
			t.Errorf("%q comes back as %q", s, back)
		}
	})
}

func TestNDJSON(t *testing.T) {
	m := testMask(26, 18, 3)
	m.Reason = "a \"b\"\n"
	m.Confidence = 0.87654
	m.Holes = make([]uint8, 26*18)
	for i := range m.Holes {
		if i%7 == 3 || i > 400 {
			m.Holes[i] = 1
			m.NoDepth++
		}
	}
	b := encode(t, "ndjson", Options{Palette: testPalette(t)}, Image{}, m, testMask(26, 18, 4))
	lines := bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	var got struct {
		Seq        uint64
		Time       json.Number
		Skew       json.Number `json:"skew_ms"`
		Mode       string
		Reason     string
		Model      string
		Width      int
		Height     int
		NoDepth    int `json:"no_depth"`
		Confidence json.Number
		Holes      struct {
			Size   [2]int
			Counts string
		}
		MS      struct{ Infer, Frame json.Number }
		Classes map[string]int
		Masks   map[string]struct {
			Size   [2]int
			Counts string
		}
	}
	dec := json.NewDecoder(bytes.NewReader(lines[0]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Seq != 3 || got.Time != "1.599999999" || got.Skew != "-2.346" || got.Mode != "paired" || got.Reason != m.Reason ||
		got.Model != "tabletop" || got.Width != 26 || got.Height != 18 || got.MS.Infer != "12.346" || got.MS.Frame != "15.600" {
		t.Errorf("facts %+v", got)
	}
	holes, err := decodeRLE(got.Holes.Counts, 26, 18)
	if err != nil || got.Holes.Size != [2]int{18, 26} || !bytes.Equal(holes, m.Holes) || got.NoDepth != m.NoDepth || got.Confidence != "0.877" {
		t.Errorf("%v, %d pixels without depth, confidence %s", err, got.NoDepth, got.Confidence)
	}
	counts := m.Count()
	ids := map[string]uint8{"background": 0, "table": 1, "object": 2, "void": 255}
	if len(got.Classes) != len(ids) || len(got.Masks) != len(ids) {
		t.Errorf("classes %v", got.Classes)
	}
	for name, id := range ids {
		if got.Classes[name] != counts[id] {
			t.Errorf("%s: %d pixels, want %d", name, got.Classes[name], counts[id])
		}
		px, err := decodeRLE(got.Masks[name].Counts, 26, 18)
		if err != nil || got.Masks[name].Size != [2]int{18, 26} {
			t.Fatalf("%s: %v, size %v", name, err, got.Masks[name].Size)
		}
		for i, in := range px {
			if (in == 1) != (m.Classes[i] == id) {
				t.Fatalf("%s: pixel %d", name, i)
			}
		}
	}
}

// TestNDJSONEscapesTheCode: a count of 44 = 12 + 32 is written "\1", and a backslash is JSON's own.
func TestNDJSONEscapesTheCode(t *testing.T) {
	m := &Mask{Width: 4, Height: 11, Classes: make([]uint8, 44)}
	var got struct {
		Masks map[string]struct{ Counts string }
	}
	if err := json.Unmarshal(encode(t, "ndjson", Options{Palette: testPalette(t)}, Image{}, m), &got); err != nil {
		t.Fatal(err)
	}
	if code := got.Masks["background"].Counts; code != `0\1` {
		t.Errorf("code %q", code)
	}
}

// TestNDJSONHoles: a mask without holes has the code of none, in any order of masks with and without; one of colour alone
// says nothing about depth.
func TestNDJSONHoles(t *testing.T) {
	var list []*Mask
	for i := range 6 {
		m := testMask(9, 7, uint64(i))
		m.Holes = make([]uint8, 63)
		if i%2 == 1 {
			m.Holes[i], m.NoDepth = 1, 1
		}
		list = append(list, m)
	}
	list[4].Mode, list[4].Holes = ColorOnly, nil
	lines := bytes.SplitAfter(encode(t, "ndjson", Options{Palette: testPalette(t)}, Image{}, list...), []byte("\n"))
	for i, m := range list {
		var got struct {
			NoDepth *int `json:"no_depth"`
			Holes   *struct{ Counts string }
		}
		if err := json.Unmarshal(lines[i], &got); err != nil {
			t.Fatal(err)
		}
		if i == 4 {
			if got.NoDepth != nil || got.Holes != nil {
				t.Errorf("colour alone: %s", lines[i])
			}
			continue
		}
		px, err := decodeRLE(got.Holes.Counts, 9, 7)
		if err != nil || !bytes.Equal(px, m.Holes) || *got.NoDepth != m.NoDepth {
			t.Errorf("mask %d: %v, %s", i, err, lines[i])
		}
	}
}
