package mask

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

// readY4M splits a stream into its header and the planes of each frame.
func readY4M(t *testing.T, b []byte, frameBytes int) (header string, frames [][]byte) {
	t.Helper()
	i := bytes.IndexByte(b, '\n')
	header, b = string(b[:i]), b[i+1:]
	for len(b) > 0 {
		if !bytes.HasPrefix(b, []byte("FRAME\n")) || len(b) < 6+frameBytes {
			t.Fatalf("frame %d: marker or bytes missing", len(frames))
		}
		frames = append(frames, b[6:6+frameBytes])
		b = b[6+frameBytes:]
	}
	return header, frames
}

func TestY4MMono(t *testing.T) {
	a, b := testMask(13, 7, 0), testMask(13, 7, 1)
	header, frames := readY4M(t, encode(t, "y4m", Options{FPS: 29.97}, Image{}, a, b), 13*7)
	if header != "YUV4MPEG2 W13 H7 F30000:1001 Ip A1:1 Cmono XCOLORRANGE=FULL" {
		t.Errorf("header %q", header)
	}
	if len(frames) != 2 || !bytes.Equal(frames[0], a.Classes) || !bytes.Equal(frames[1], b.Classes) {
		t.Error("classes do not come back")
	}
}

// toRGB is BT.601's inverse in float64.
func toRGB(y, cb, cr byte) [3]float64 {
	l, u, v := 255.0/219*(float64(y)-16), float64(cb)-128, float64(cr)-128
	r := l + 255.0/224*1.402*v
	b := l + 255.0/224*1.772*u
	g := (l - 0.299*r - 0.114*b) / 0.587
	return [3]float64{r, g, b}
}

func TestYCbCrComesBack(t *testing.T) {
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				y, u, v := luma(r, g, b), cb(r, g, b), cr(r, g, b)
				back := toRGB(y, u, v)
				for i, want := range []int{r, g, b} {
					if math.Abs(back[i]-float64(want)) > 2.1 { // half a step of three rounded numbers
						t.Fatalf("%d %d %d: %d %d %d comes back as %.1f", r, g, b, y, u, v, back)
					}
				}
				if r == g && g == b && (u != 128 || v != 128) {
					t.Fatalf("grey %d has chroma %d %d", r, u, v)
				}
			}
		}
	}
}

func TestY4MOverlay(t *testing.T) {
	o := Options{Palette: testPalette(t)}
	m, im := testMask(14, 9, 0), testImage(28, 18)
	bl := newBlender(Options{Palette: o.Palette, Alpha: 0.5})
	rgb, w, h := bl.paint(m, im)
	if w != 28 || h != 18 {
		t.Fatalf("picture of %d × %d", w, h)
	}
	header, frames := readY4M(t, encode(t, "y4m-overlay", o, im, m), 3*w*h)
	if !strings.Contains(header, " W28 H18 F30:1 ") || !strings.HasSuffix(header, " C444") {
		t.Errorf("header %q", header)
	}
	n := w * h
	for i := range n {
		back := toRGB(frames[0][i], frames[0][n+i], frames[0][2*n+i])
		for c := range back {
			if math.Abs(back[c]-float64(rgb[3*i+c])) > 2.1 {
				t.Fatalf("pixel %d: %.1f, painted %d", i, back, rgb[3*i:3*i+3])
			}
		}
	}
}

func TestY4M420OfOddSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {5, 3}, {4, 2}} {
		w, h := size[0], size[1]
		m := &Mask{}
		m.Resize(w, h)
		im := Image{w, h, bytes.Repeat([]byte{200, 100, 50}, w*h)}
		cw, ch := (w+1)/2, (h+1)/2
		header, frames := readY4M(t, encode(t, "y4m-overlay-420", Options{Palette: testPalette(t)}, im, m), w*h+2*cw*ch)
		if !strings.HasSuffix(header, " C420jpeg") {
			t.Errorf("header %q", header)
		}
		want := append(bytes.Repeat([]byte{luma(200, 100, 50)}, w*h), bytes.Repeat([]byte{cb(200, 100, 50)}, cw*ch)...)
		want = append(want, bytes.Repeat([]byte{cr(200, 100, 50)}, cw*ch)...)
		if !bytes.Equal(frames[0], want) {
			t.Errorf("%d × %d: %v, want %v", w, h, frames[0], want)
		}
	}
}

func TestY4M420TakesTheMean(t *testing.T) {
	rgb := []byte{255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}
	got := newYCC().append420(nil, rgb, 2, 2)
	if want := []byte{cb(128, 128, 128), cr(128, 128, 128)}; !bytes.Equal(got[4:], want) {
		t.Errorf("chroma %v, want %v", got[4:], want)
	}
}

func TestY4MKeepsItsSize(t *testing.T) {
	var c counting
	e, err := NewEncoder(&c, "y4m", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(testMask(8, 6, 0), Image{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(testMask(8, 7, 1), Image{}); err == nil || !strings.Contains(err.Error(), "frame 1 is 8 × 7") || c.writes != 1 {
		t.Errorf("another size: %v after %d writes", err, c.writes)
	}
}

func TestRatio(t *testing.T) {
	for fps, want := range map[float64]string{30: "30:1", 29.97: "30000:1001", 23.976: "24000:1001", 12.5: "25:2", 7.333: "7333:1000", 0.0001: "1:1000"} {
		n, d := ratio(fps)
		if got := fmt.Sprintf("%d:%d", n, d); got != want {
			t.Errorf("%v: %s, want %s", fps, got, want)
		}
	}
}

// The definition of chroma, as luma has it.
func cb(r, g, b int) byte { return byte((-9714*r-19070*g+28784*b+32768)>>16 + 128) }
func cr(r, g, b int) byte { return byte((28784*r-24103*g-4681*b+32768)>>16 + 128) }

// TestTablesOfColors holds the tables to the definition for every colour.
func TestTablesOfColors(t *testing.T) {
	tables := newYCC()
	for i := range 1 << 24 {
		r, g, b := i>>16, i>>8&255, i&255
		if y, u, v := tables.of(byte(r), byte(g), byte(b)); y != luma(r, g, b) || u != cb(r, g, b) || v != cr(r, g, b) {
			t.Fatalf("%d %d %d: %d %d %d, want %d %d %d", r, g, b, y, u, v, luma(r, g, b), cb(r, g, b), cr(r, g, b))
		}
	}
}
