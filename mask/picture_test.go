package mask

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPaint(t *testing.T) {
	p := testPalette(t)
	b := newBlender(Options{Palette: p, Alpha: 0.25})
	m := &Mask{Width: 4, Height: 2, Classes: []uint8{0, 1, 1, 255, 0, 1, 2, 2}}
	im := Image{4, 2, bytes.Repeat([]byte{100, 100, 100}, 8)}
	rgb, _, _ := b.paint(m, im)
	quarter := [3]byte{mix(100, 46, 64), mix(100, 134, 64), mix(100, 222, 64)} // 100 + (46−100)/4 and so on
	want := [8][3]byte{
		{100, 100, 100},                 // background: as the camera saw it
		{46, 134, 222},                  // outline: background on its left
		quarter,                         // table inside
		{100, 100, 100},                 // void
		{100, 100, 100}, {46, 134, 222}, // second row
		{255, 159, 67}, {255, 159, 67}, // object: outline by its left, by its upper neighbour
	}
	for i, k := range want {
		if [3]byte(rgb[3*i:3*i+3]) != k {
			t.Errorf("pixel %d is %v, want %v", i, rgb[3*i:3*i+3], k)
		}
	}
	if quarter[0] < 86 || quarter[0] > 87 || quarter[2] < 130 || quarter[2] > 131 {
		t.Errorf("a quarter of the way is %v", quarter)
	}
	rgb, w, h := b.paint(m, Image{})
	if w != 4 || h != 2 || [3]byte(rgb[9:12]) != [3]byte{224, 224, 192} || [3]byte(rgb[3:6]) != [3]byte{46, 134, 222} {
		t.Errorf("without an image: %d × %d %v", w, h, rgb)
	}
}

func TestPNGFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "masks")
	e, err := NewFolder(dir, "png", Options{Palette: testPalette(t)})
	if err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(3) {
		if err := e.Encode(testMask(31, 17, seq*500000), Image{}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 || files[1].Name() != "1000000.png" && files[1].Name() != "500000.png" {
		t.Fatalf("files %v, %v", files, err)
	}
	m := testMask(31, 17, 500000)
	pic, ok := readPNG(t, filepath.Join(dir, "500000.png")).(*image.Paletted)
	if !ok || pic.Rect.Dx() != 31 || pic.Rect.Dy() != 17 {
		t.Fatal("not a paletted image of the mask's size")
	}
	for y := range 17 {
		for x := range 31 {
			if pic.ColorIndexAt(x, y) != m.Classes[y*31+x] {
				t.Fatalf("pixel (%d, %d)", x, y)
			}
		}
	}
	if r, g, b, _ := pic.Palette[1].RGBA(); r>>8 != 46 || g>>8 != 134 || b>>8 != 222 {
		t.Errorf("colour of table %d %d %d", r>>8, g>>8, b>>8)
	}
}

func TestOverlayFolder(t *testing.T) {
	dir := t.TempDir()
	o := Options{Palette: testPalette(t)}
	e, err := NewFolder(dir, "overlay", o)
	if err != nil {
		t.Fatal(err)
	}
	m, im := testMask(16, 12, 4), testImage(32, 24)
	if err := e.Encode(m, im); err != nil {
		t.Fatal(err)
	}
	bl := newBlender(Options{Palette: o.Palette, Alpha: 0.5})
	rgb, w, _ := bl.paint(m, im)
	pic := readPNG(t, filepath.Join(dir, "000004.png"))
	for y := range 24 {
		for x := range 32 {
			r, g, b, _ := pic.At(x, y).RGBA()
			if i := 3 * (y*w + x); [3]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)} != [3]byte(rgb[i:i+3]) {
				t.Fatalf("pixel (%d, %d)", x, y)
			}
		}
	}
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pic, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return pic
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	e, err := NewFolder(filepath.Join(dir, "masks"), "png", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "masks")); err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(testMask(4, 4, 0), Image{}); err == nil {
		t.Error("a folder that is gone is no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "masks"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFolder(filepath.Join(dir, "masks"), "png", Options{}); err == nil {
		t.Error("a file where the folder should be is no error")
	}
}

// tick is a clock that advances by 40 ms a look.
func tick() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(40 * time.Millisecond)
		return now
	}
}

func TestPreviewFitsItsTerminal(t *testing.T) {
	for _, level := range []ColorLevel{TrueColor, Color256, ASCII} {
		for _, size := range [][2]int{{80, 24}, {10, 40}, {200, 5}, {3, 3}, {1, 1}, {40, 2}} {
			for _, frame := range [][2]int{{64, 48}, {7, 60}, {60, 7}} {
				term := Terminal{Columns: size[0], Rows: size[1], Level: level, Now: tick()}
				m := testMask(frame[0], frame[1], 1)
				b := encode(t, "preview", Options{Palette: testPalette(t), Terminal: term}, testImage(2*frame[0], 2*frame[1]), m)
				screen, _, ok := strings.Cut(visible(string(b)), "\x00")
				if !ok {
					t.Fatal("no end of frame")
				}
				lines := strings.Split(screen, "\r\n")
				if len(lines) > max(size[1], 3) {
					t.Errorf("level %d, %v, frame %v: %d lines", level, size, frame, len(lines))
				}
				for _, l := range lines {
					if n := len([]rune(l)); n > size[0] {
						t.Errorf("level %d, %v, frame %v: a line of %d: %q", level, size, frame, n, l)
					}
				}
			}
		}
	}
}

// visible removes escape sequences, and marks the end of a frame with a 0.
func visible(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != 0x1b {
			out.WriteByte(s[i])
			continue
		}
		if strings.HasPrefix(s[i:], endUpdate) {
			out.WriteByte(0)
		}
		for i += 2; s[i] < '@' || s[i] > '~'; i++ {
		}
	}
	return out.String()
}

func TestPreviewSaysWhatItShows(t *testing.T) {
	m := testMask(64, 48, 9)
	m.Model, m.Reason = "table\x1b[31mtop", "depth lost"
	size := [2]int{80, 24}
	term := Terminal{Size: func() (int, int) { return size[0], size[1] }, Level: ASCII, Now: tick()}
	var b bytes.Buffer
	e, err := NewEncoder(&b, "preview", Options{Palette: testPalette(t), Terminal: term})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.Reset()
		if err := e.Encode(m, Image{}); err != nil {
			t.Fatal(err)
		}
	}
	got := visible(b.String())
	for _, want := range []string{"T table ", "O object ", "9  table?[31mtop paired  15.6 ms  25.0 fps  depth lost", "TTTT", "OOOO"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not on the screen:\n%s", want, got)
		}
	}
	if strings.Contains(b.String(), clearScreen) {
		t.Error("the second frame clears the screen")
	}
	size = [2]int{60, 20}
	b.Reset()
	if err := e.Encode(m, Image{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), clearScreen) {
		t.Error("another size does not clear the screen")
	}
	b.Reset()
	if err := e.Close(); err != nil || !strings.Contains(b.String(), showCursor) {
		t.Errorf("close: %v, %q", err, b.String())
	}
}

func TestTerminalLevel(t *testing.T) {
	for _, c := range []struct {
		env  string
		want ColorLevel
	}{
		{"TERM=xterm-256color COLORTERM=truecolor", TrueColor},
		{"TERM=xterm-256color COLORTERM=24bit LANG=de_DE.UTF-8", TrueColor},
		{"TERM=xterm-direct", TrueColor},
		{"TERM=xterm-256color", Color256},
		{"TERM=linux LANG=C.utf8", Color256},
		{"TERM=dumb COLORTERM=truecolor", ASCII},
		{"COLORTERM=truecolor", ASCII},
		{"TERM=xterm COLORTERM=truecolor NO_COLOR=1", ASCII},
		{"TERM=xterm COLORTERM=truecolor LANG=de_DE.ISO-8859-1", ASCII},
		{"TERM=xterm COLORTERM=truecolor LANG=de_DE.ISO-8859-1 LC_ALL=C.UTF-8", TrueColor},
	} {
		get := func(name string) string {
			for _, kv := range strings.Fields(c.env) {
				if k, v, _ := strings.Cut(kv, "="); k == name {
					return v
				}
			}
			return ""
		}
		if got := TerminalLevel(get); got != c.want {
			t.Errorf("%s: %d, want %d", c.env, got, c.want)
		}
	}
}

func TestCube256IsTheNearest(t *testing.T) {
	levels := []int{0, 95, 135, 175, 215, 255}
	for v := range 256 {
		got := (cube256(RGB{uint8(v), 0, 0}) - 16) / 36
		best := 0
		for i, l := range levels {
			if abs(l-v) < abs(levels[best]-v) {
				best = i
			}
		}
		if abs(levels[got]-v) != abs(levels[best]-v) {
			t.Errorf("%d goes to %d, nearest is %d", v, levels[got], levels[best])
		}
	}
}

func abs(v int) int { return max(v, -v) }
