package mask

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gridSizes are of cells and of the mask: twice, more, less, along one side alone, odd.
var gridSizes = [][4]int{{32, 24, 64, 48}, {32, 24, 32, 24}, {20, 15, 64, 48}, {64, 48, 20, 15}, {33, 7, 10, 40}, {5, 50, 60, 9}, {1, 1, 17, 13},
	{70, 3, 1, 1}, {129, 65, 258, 130}, {100, 40, 99, 41}}

// TestSpreadMasksWriteTheSame expects the bytes of every format to be those of the mask scaled beforehand.
func TestSpreadMasksWriteTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for i, s := range gridSizes {
		src := testMask(s[0], s[1], 3)
		for range s[0] * s[1] / 20 {
			src.Classes[rng.IntN(len(src.Classes))] = uint8(rng.IntN(3) * 7)
		}
		in := bytes.Clone(src.Classes)
		var scaled, spread Mask
		src.ScaleTo(&scaled, s[2], s[3])
		src.SpreadTo(&spread, s[2], s[3])
		if spread.Width != s[2] || spread.Height != s[3] || spread.Seq != 3 || spread.Grid != (Grid{s[0], s[1]}) {
			t.Fatalf("%v: facts or size lost: %+v", s, spread.Grid)
		}
		if spread.Count() != scaled.Count() {
			t.Errorf("%v: other numbers of pixels", s)
		}
		for _, m := range []*Mask{&scaled, &spread} {
			m.Holes, m.NoDepth = slices.Repeat([]uint8{1, 0, 0}, s[2]*s[3])[:s[2]*s[3]], 5
		}
		o := Options{Palette: testPalette(t), Terminal: Terminal{Now: tick()}}
		im := testImage(64, 48)
		dirs := [2]string{t.TempDir(), t.TempDir()}
		for _, f := range Formats() {
			if f.Folder {
				for j, m := range []*Mask{&scaled, &spread} {
					e, err := NewFolder(filepath.Join(dirs[j], f.Name), f.Name, o)
					if err == nil {
						err = e.Encode(m, im)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				want, _ := os.ReadFile(filepath.Join(dirs[0], f.Name, "000003.png"))
				if got, err := os.ReadFile(filepath.Join(dirs[1], f.Name, "000003.png")); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v: %s: other bytes; %v", s, f.Name, err)
				}
				continue
			}
			o.Terminal.Now = tick()
			want := encode(t, f.Name, o, im, &scaled, &scaled)
			o.Terminal.Now = tick()
			if got := encode(t, f.Name, o, im, &spread, &spread); !bytes.Equal(got, want) {
				t.Errorf("%v: %s: differs at byte %d of %d", s, f.Name, firstDifference(got, want), len(want))
			}
		}
		// From here to another size in two steps.
		next := gridSizes[(i+1)%len(gridSizes)]
		for _, to := range [][2]int{{next[2], next[3]}, {s[0], s[1]}, {2 * s[0], 2 * s[1]}} {
			var a, b Mask
			scaled.ScaleTo(&a, to[0], to[1])
			spread.ScaleTo(&b, to[0], to[1])
			if !bytes.Equal(a.Classes, b.Classes) || b.Grid != (Grid{}) {
				t.Errorf("%v to %v: scaling a spread mask differs", s, to)
			}
			if spread.SpreadTo(&b, to[0], to[1]); !bytes.Equal(a.Classes, b.Classes) || b.Grid != (Grid{}) {
				t.Errorf("%v to %v: spreading a spread mask differs", s, to)
			}
		}
		if !bytes.Equal(src.Classes, in) {
			t.Fatalf("%v: the classes it was made from changed", s)
		}
	}
}

// A mask that stood for another one's classes leaves them alone when it is used anew.
func TestSpreadMaskIsUsedAgain(t *testing.T) {
	src, other := testMask(8, 6, 0), testMask(8, 6, 5)
	in := bytes.Clone(src.Classes)
	for name, use := range map[string]func(m *Mask){
		"scale":  func(m *Mask) { other.ScaleTo(m, 8, 6) },
		"shrink": func(m *Mask) { other.ScaleTo(m, 3, 3) },
		"resize": func(m *Mask) { m.Resize(8, 6); clear(m.Classes) },
		"spread": func(m *Mask) { other.SpreadTo(m, 4, 4); other.ScaleTo(m, 8, 6) },
	} {
		var m Mask
		src.SpreadTo(&m, 16, 12)
		if use(&m); !bytes.Equal(src.Classes, in) {
			t.Errorf("%s: the classes of the mask before changed", name)
		}
		if m.Grid != (Grid{}) || len(m.Classes) != m.Width*m.Height {
			t.Errorf("%s: %d classes of %d × %d pixels, grid %v", name, len(m.Classes), m.Width, m.Height, m.Grid)
		}
	}
}

func TestGridIsChecked(t *testing.T) {
	for fault, m := range map[string]*Mask{
		"in a grid of 3 × 2": {Width: 4, Height: 4, Classes: make([]uint8, 16), Grid: Grid{3, 2}},
		"in a grid of 0 × 2": {Width: 4, Height: 4, Grid: Grid{0, 2}},
		"holes":              {Width: 4, Height: 4, Classes: make([]uint8, 4), Holes: make([]uint8, 4), Grid: Grid{2, 2}},
	} {
		for _, format := range []string{"ndjson", "raw", "y4m", "preview"} {
			e, err := NewEncoder(io.Discard, format, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Encode(m, Image{}); err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %v, want %q", format, err, fault)
			}
		}
	}
	e, err := NewEncoder(io.Discard, "ndjson", Options{})
	if err != nil {
		t.Fatal(err)
	}
	huge := &Mask{Width: 1 << 20, Height: 1 << 11, Classes: make([]uint8, 4), Grid: Grid{2, 2}}
	if err := e.Encode(huge, Image{}); err == nil || !strings.Contains(err.Error(), "1048576 × 2048 pixels") {
		t.Errorf("%d pixels: %v", math.MaxInt32+1, err)
	}
}

// TestRunLengthsOfGrids holds the codes of a grid to those of its pixels.
func TestRunLengthsOfGrids(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	var cells, pixels runLengths // for all: state of a frame must not reach the next
	for range 300 {
		checkGrid(t, &cells, &pixels, noise(rng, 1+rng.IntN(150), 1+rng.IntN(50)), 1+rng.IntN(150), 1+rng.IntN(60))
	}
}

// noise is a mask of few classes in pieces.
func noise(rng *rand.Rand, w, h int) *Mask {
	m := &Mask{}
	m.Resize(w, h)
	ids, hold, c := 1+rng.IntN(5), 1+rng.IntN(60), uint8(0)
	for i := range m.Classes {
		if i >= w && rng.IntN(4) > 0 {
			c = m.Classes[i-w]
		}
		if rng.IntN(hold) == 0 {
			c = uint8(rng.IntN(ids) * 51)
		}
		m.Classes[i] = c
	}
	return m
}

func checkGrid(t *testing.T, cells, pixels *runLengths, m *Mask, w, h int) {
	t.Helper()
	var scaled Mask
	m.ScaleTo(&scaled, w, h)
	cells.encode(m.Classes, m.Width, m.Height, w, h)
	checkRuns(t, pixels, scaled.Classes, w, h)
	if !slices.Equal(cells.seen, pixels.seen) {
		t.Fatalf("%d × %d to %d × %d: classes %v, want %v", m.Width, m.Height, w, h, cells.seen, pixels.seen)
	}
	counts := scaled.Count()
	for _, id := range cells.seen {
		if a, b := &cells.class[id], &pixels.class[id]; !bytes.Equal(a.code, b.code) || a.pixels != counts[id] || b.pixels != counts[id] {
			t.Fatalf("%d × %d to %d × %d, class %d: %d pixels %q, want %d %q", m.Width, m.Height, w, h, id, a.pixels, a.code, counts[id], b.code)
		}
	}
}

func FuzzGrid(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x01\x02\x00"), uint8(3), uint8(5), uint8(4))
	f.Add(bytes.Repeat([]byte{1, 2, 2}, 200), uint8(100), uint8(200), uint8(11))
	f.Fuzz(func(t *testing.T, data []byte, gw, w, h uint8) {
		if gw == 0 || w == 0 || h == 0 || len(data) < int(gw) || len(data) > 1<<14 {
			return
		}
		m := &Mask{Width: int(gw), Height: len(data) / int(gw)}
		m.Classes = data[:m.Width*m.Height]
		checkGrid(t, new(runLengths), new(runLengths), m, int(w), int(h))
	})
}
