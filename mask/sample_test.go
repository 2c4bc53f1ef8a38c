package mask

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func testPalette(t testing.TB) Palette {
	t.Helper()
	p, err := NewPalette([]string{"background", "table", "object"}, []string{"#000000", "#2e86de", "#ff9f43"}, 255)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testMask draws a table with two objects and a band of void; every frame is different.
func testMask(w, h int, seq uint64) *Mask {
	m := &Mask{
		Seq: seq, Time: 1500*time.Millisecond + time.Duration(seq)*33333333, Skew: -2345678 * time.Nanosecond,
		Mode: Paired, Model: "tabletop", Infer: 12345678, Frame: 15600000,
	}
	m.Resize(w, h)
	for y := range h {
		for x := range w {
			c := uint8(0)
			if y > h/3 {
				c = 1
			}
			if dx, dy := x-w/3-int(seq), y-h/2; dx*dx+dy*dy < h*h/25 {
				c = 2
			}
			if x > 3*w/4 && y > h/2 && y < 3*h/4 {
				c = 2
			}
			if x < 2 && y > 2*h/3 {
				c = 255
			}
			m.Classes[y*w+x] = c
		}
	}
	return m
}

func testImage(w, h int) Image {
	im := Image{Width: w, Height: h, Pix: make([]byte, 3*w*h)}
	for y := range h {
		for x := range w {
			i := 3 * (y*w + x)
			im.Pix[i], im.Pix[i+1], im.Pix[i+2] = byte(255*x/w), byte(255*y/h), byte(x*y)
		}
	}
	return im
}

// golden compares got with testdata/name, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes differ from the golden %d at byte %d; go test -update rewrites it", name, len(got), len(want), firstDifference(got, want))
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// encode writes the masks in one format and returns the stream.
func encode(t testing.TB, format string, o Options, im Image, masks ...*Mask) []byte {
	t.Helper()
	var b bytes.Buffer
	e, err := NewEncoder(&b, format, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range masks {
		if err := e.Encode(m, im); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
