package replay

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	stdpng "image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// folder writes files by name: an image.Image in the format of its extension, a string or bytes as they are, nil as a
// folder.
func folder(t testing.TB, files map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if content == nil {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		var data []byte
		switch c := content.(type) {
		case string:
			data = []byte(c)
		case []byte:
			data = c
		case image.Image:
			data = encoded(t, name, c)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func encoded(t testing.TB, name string, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	var err error
	if strings.EqualFold(filepath.Ext(name), ".png") {
		err = stdpng.Encode(&buf, img)
	} else {
		err = jpeg.Encode(&buf, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// rgbOf and depthOf are 4×3 images that tell their number.
func rgbOf(n int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 4, 3))
	for i := range img.Pix {
		if img.Pix[i] = byte(n); i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func depthOf(n int) image.Image {
	img := image.NewGray16(image.Rect(0, 0, 4, 3))
	for i := range 12 {
		img.SetGray16(i%4, i/4, color.Gray16{Y: uint16(1000*n + i)})
	}
	return img
}

func labelOf(n int) image.Image {
	img := image.NewGray(image.Rect(0, 0, 4, 3))
	for i := range img.Pix {
		img.Pix[i] = byte(n)
	}
	return img
}

// numbersOf are the numbers that the images of all pairs tell; colour and depth must agree.
func numbersOf(t *testing.T, pairs []*capture.Pair) (out []int) {
	t.Helper()
	for _, p := range pairs {
		c, d := int(p.Color.Pix[0]), int(p.Depth.Pix[0])/1000
		if c != d {
			t.Errorf("color %d with depth %d", c, d)
		}
		out = append(out, c)
	}
	return out
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLayouts(t *testing.T) {
	cal := assume(4, 3, plainScale)
	for _, c := range []struct {
		name  string
		files map[string]any
		want  []int
		scale float64
		check func(t *testing.T, s Stats, pairs []*capture.Pair)
	}{
		{"plain folders in the order of numbers", map[string]any{
			"color/0.png": rgbOf(0), "color/1.png": rgbOf(1), "color/2.png": rgbOf(2), "color/10.png": rgbOf(10),
			"depth/000.png": depthOf(0), "depth/001.png": depthOf(1), "depth/002.png": depthOf(2), "depth/010.png": depthOf(10),
		}, []int{0, 1, 2, 10}, plainScale, nil},
		{"rgb, mixed and upper-case extensions, other files", map[string]any{
			"RGB/f-1.PNG": rgbOf(1), "RGB/f-2.jpeg": rgbOf(2), "RGB/f-3.JPG": rgbOf(3), "RGB/Thumbs.db": "x", "RGB/.hidden.png": "x",
			"Depth/f-1.png": depthOf(1), "Depth/f-2.PNG": depthOf(2), "Depth/f-3.png": depthOf(3), "Depth/notes.txt": "x", "LICENSE": "x",
		}, []int{1, 2, 3}, plainScale, func(t *testing.T, s Stats, _ []*capture.Pair) {
			if s.OtherFiles != 2 {
				t.Errorf("%d other files", s.OtherFiles)
			}
		}},
		{"an extension that lies", map[string]any{
			"color/1.jpg": encoded(t, "x.png", rgbOf(1)), "depth/1.png": depthOf(1),
		}, []int{1}, plainScale, nil},
		{"images without a partner", map[string]any{
			"color/1.png": rgbOf(1), "color/2.png": rgbOf(2), "color/4.png": rgbOf(4),
			"depth/2.png": depthOf(2), "depth/3.png": depthOf(3), "depth/4.png": depthOf(4), "depth/5.png": depthOf(5),
		}, []int{2, 4}, plainScale, func(t *testing.T, s Stats, _ []*capture.Pair) {
			if s.ColorAlone != 1 || s.DepthAlone != 2 || len(s.Problems) != 1 {
				t.Errorf("%+v", s)
			}
		}},
		{"names that are times", map[string]any{
			"rgb/1305031102.175304.png": rgbOf(1), "rgb/1305031102.211214.png": rgbOf(2), "rgb/1305031102.243211.png": rgbOf(3),
			"depth/1305031102.160407.png": depthOf(1), "depth/1305031102.226738.png": depthOf(2), "depth/1305031102.9.png": depthOf(9),
		}, []int{1, 2}, plainScale, func(t *testing.T, s Stats, p []*capture.Pair) {
			if p[0].ColorTime != 1305031102_175304000 || p[0].Skew() != -14897*time.Microsecond {
				t.Errorf("times %d and %d", p[0].ColorTime, p[0].DepthTime)
			}
		}},
		{"labels of three classes before others", map[string]any{
			"color/1.png": rgbOf(1), "color/2.png": rgbOf(2), "depth/1.png": depthOf(1), "depth/2.png": depthOf(2),
			"label3/2.png": labelOf(2), "label/1.png": labelOf(99), "label/2.png": labelOf(99),
		}, []int{1, 2}, plainScale, func(t *testing.T, s Stats, p []*capture.Pair) {
			if s.Labelled != 1 || len(p[0].Labels.Pix) != 0 || p[1].Labels.Pix[0] != 2 || p[1].Labels.Width != 4 {
				t.Errorf("labelled %d, %v", s.Labelled, p[1].Labels)
			}
		}},
		{"TUM by time", map[string]any{
			"rgb.txt":   "# color images\n1.000 rgb/a.png\n1.033 rgb/b.png\n1.066 rgb/c.png\n",
			"depth.txt": "# depth maps\n1.040 depth/2.png\n1.005 depth/1.png\n9.0 depth/9.png\n",
			"rgb/a.png": rgbOf(1), "rgb/b.png": rgbOf(2), "rgb/c.png": rgbOf(3), "depth/1.png": depthOf(1), "depth/2.png": depthOf(2), "depth/9.png": depthOf(9),
		}, []int{1, 2}, tumScale, func(t *testing.T, s Stats, p []*capture.Pair) {
			if p[1].ColorTime != 1033*time.Millisecond || p[1].Skew() != 7*time.Millisecond || s.ColorAlone != 1 || s.DepthAlone != 1 {
				t.Errorf("%v %v %+v", p[1].ColorTime, p[1].Skew(), s)
			}
		}},
		{"TUM with associations, depth first", map[string]any{
			"associate.txt": "1.005 depth/1.png 1.0 rgb/a.png\n1.040 depth/2.png 1.033 rgb/b.png\n",
			"rgb/a.png":     rgbOf(1), "rgb/b.png": rgbOf(2), "depth/1.png": depthOf(1), "depth/2.png": depthOf(2),
		}, []int{1, 2}, tumScale, func(t *testing.T, s Stats, p []*capture.Pair) {
			if p[0].ColorTime != time.Second || p[0].DepthTime != 1005*time.Millisecond {
				t.Errorf("times %v and %v", p[0].ColorTime, p[0].DepthTime)
			}
		}},
		{"associations whose names tell nothing", map[string]any{
			"assoc.txt": "1 a/1.png 1 b/1.png\n",
			"b/1.png":   rgbOf(1), "a/1.png": depthOf(1),
		}, []int{1}, tumScale, nil},
		{"an empty association file beside good indexes", map[string]any{
			"associations.txt": "", "rgb.txt": "1 rgb/1.png", "depth.txt": "1 depth/1.png",
			"rgb/1.png": rgbOf(1), "depth/1.png": depthOf(1),
		}, []int{1}, tumScale, nil},
		{"two frames of one time", map[string]any{
			"rgb.txt": "1 rgb/1.png\n1 rgb/2.png\n2 rgb/2.png", "depth.txt": "1 depth/1.png\n2 depth/2.png",
			"rgb/1.png": rgbOf(1), "rgb/2.png": rgbOf(2), "depth/1.png": depthOf(1), "depth/2.png": depthOf(2),
		}, []int{1, 2}, tumScale, func(t *testing.T, s Stats, _ []*capture.Pair) {
			if s.Duplicates != 1 {
				t.Errorf("%d duplicates", s.Duplicates)
			}
		}},
		{"16-bit colour, palette, gray and alpha", map[string]any{
			"color/1.png": wide(1), "color/2.png": paletted(2), "color/3.png": labelOf(3), "color/4.png": veiled(4),
			"depth/1.png": depthOf(1), "depth/2.png": depthOf(2), "depth/3.png": depthOf(3), "depth/4.png": depthOf(4),
		}, []int{1, 2, 3, 4}, plainScale, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			if err := Detect(dir); err != nil {
				t.Error(err)
			}
			r := open(t, dir, Options{})
			want := cal
			want.DepthScale = c.scale
			if r.Calibration() != want || len(r.Assumed()) == 0 {
				t.Errorf("calibration %+v, assumed %q", r.Calibration(), r.Assumed())
			}
			pairs, err := play(t, r)
			if err != nil {
				t.Fatal(err)
			}
			if got := numbersOf(t, pairs); !equalInts(got, c.want) {
				t.Fatalf("pairs %v, want %v", got, c.want)
			}
			for i, p := range pairs {
				if p.Seq != uint64(i) {
					t.Errorf("pair %d has Seq %d", i, p.Seq)
				}
			}
			if c.check != nil {
				c.check(t, r.Stats(), pairs)
			}
		})
	}
}

func wide(n int) image.Image {
	img := image.NewNRGBA64(image.Rect(0, 0, 4, 3))
	for i := range 12 {
		img.SetNRGBA64(i%4, i/4, color.NRGBA64{R: uint16(n)<<8 | 255, G: 7, B: 9, A: 65535})
	}
	return img
}

func paletted(n int) image.Image {
	return image.NewPaletted(image.Rect(0, 0, 4, 3), color.Palette{color.RGBA{byte(n), 0, 0, 255}})
}

func veiled(n int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 4, 3))
	for i := range 12 {
		img.SetNRGBA(i%4, i/4, color.NRGBA{R: byte(n), G: 1, B: 2, A: byte(i)})
	}
	return img
}

func TestAssumedLens(t *testing.T) {
	c := assume(640, 480, plainScale)
	half := math.Atan(float64(c.Color.Width) / 2 / c.Color.Fx)
	if math.Abs(half-math.Pi/6) > 1e-12 || c.Color.Fx != c.Color.Fy || c.Color.Cx != 319.5 || c.Color.Cy != 239.5 || !c.Registered() {
		t.Errorf("%+v", c)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// TestNoRecording: the message says what was looked for and what is there.
func TestNoRecording(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]any
		says  []string
	}{
		"empty":       {nil, []string{"looked for color/ (or rgb/) and depth/", "rgb.txt and depth.txt", "the folder is empty"}},
		"other files": {map[string]any{"a.bag": "x", "b.mp4": "x"}, []string{"found a.bag, b.mp4"}},
		"many":        {map[string]any{"1": "", "2": "", "3": "", "4": "", "5": "", "6": "", "7": "", "8": ""}, []string{"and 2 more"}},
		"half":        {map[string]any{"color/1.png": rgbOf(1)}, []string{"found color"}},
	} {
		dir := folder(t, c.files)
		err := Detect(dir)
		_, open := Open(dir, Options{})
		for _, says := range c.says {
			if err == nil || open == nil || open.Error() != err.Error() || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v; Open: %v", name, err, open)
			}
		}
	}
	for name, files := range map[string]map[string]any{
		"empty folders":  {"color": nil, "depth": nil},
		"no image":       {"color/1.bmp": "x", "depth/1.tif": "x"},
		"no pair":        {"color/a.png": rgbOf(1), "depth/b.png": depthOf(1)},
		"empty indexes":  {"rgb.txt": "", "depth.txt": "#\n"},
		"broken indexes": {"rgb.txt": "hello", "depth.txt": "#\n"},
	} {
		if r, err := Open(folder(t, files), Options{}); err == nil {
			t.Errorf("%s: opened %d pairs", name, r.Len())
		} else if !strings.HasPrefix(err.Error(), "replay: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Detect(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(os.Args[0], Options{}); err == nil {
		t.Error("opened a file")
	}
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	real := folder(t, map[string]any{"c/1.png": rgbOf(1), "d/1.png": depthOf(1), "x.png": depthOf(2)})
	dir := folder(t, map[string]any{"depth": nil})
	for link, target := range map[string]string{"color": filepath.Join(real, "c"), "depth/1.png": filepath.Join(real, "d", "1.png"), "depth/2.png": "gone.png"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	pairs, err := play(t, open(t, dir, Options{}))
	if got := numbersOf(t, pairs); err != nil || !equalInts(got, []int{1}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCalibrationFile(t *testing.T) {
	files := map[string]any{"color/1.png": rgbOf(1), "depth/1.png": depthOf(1)}
	cal := assume(4, 3, 0.0005)
	cal.DepthToColor.Translation[0] = 0.05
	var js bytes.Buffer
	if err := cal.Write(&js); err != nil {
		t.Fatal(err)
	}
	files[CalibrationFile] = js.Bytes()
	dir := folder(t, files)
	if r := open(t, dir, Options{}); r.Calibration() != cal || len(r.Assumed()) != 1 {
		t.Errorf("%+v, assumed %q", r.Calibration(), r.Assumed())
	}
	other := assume(4, 3, 0.1)
	if r := open(t, dir, Options{Calibration: &other}); r.Calibration() != other {
		t.Errorf("%+v", r.Calibration())
	}
	for _, bad := range []string{"", "{", "[]", "{}", `{"depth_scale": 0.001}`, strings.Replace(js.String(), "0.0005", "0", 1), strings.Replace(js.String(), "0.0005", "1e999", 1)} {
		files[CalibrationFile] = []byte(bad)
		if _, err := Open(folder(t, files), Options{}); err == nil || !strings.Contains(err.Error(), `replay: calibration "calibration.json"`) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	other.Depth.Width = -1
	if _, err := Open(dir, Options{Calibration: &other}); err == nil {
		t.Error("a calibration of a negative size passed")
	}
}

func TestIntrinsicsFile(t *testing.T) {
	files := map[string]any{"color/1.png": rgbOf(1), "depth/1.png": depthOf(1)}
	for matrix, fits := range map[string]bool{
		"5.85e+00 0 2.0\n0 5.5 1.5\n0 0 1\n": true,
		"585 0 320\n0 585 240\n0 0 1\n":      false, // of larger images
		"5 0 2\n0 5 1\n":                     false,
		"5 0.1 2\n0 5 1\n0 0 1":              false,
		"-5 0 2\n0 5 1\n0 0 1":               false,
		"nan 0 2\n0 5 1\n0 0 1":              false,
		"a b c":                              false,
	} {
		files[intrinsicsFile] = matrix
		r := open(t, folder(t, files), Options{})
		want := assume(4, 3, plainScale)
		if fits {
			want.Color.Fx, want.Color.Fy, want.Color.Cx, want.Color.Cy = 5.85, 5.5, 2, 1.5
			want.Depth = want.Color
		}
		if r.Calibration() != want || strings.Contains(strings.Join(r.Assumed(), " "), intrinsicsFile) != fits {
			t.Errorf("%q: %+v, assumed %q", matrix, r.Calibration(), r.Assumed())
		}
	}
}

// TestDifferentSizes: without a calibration depth must have the size of colour; with one each has its own.
func TestDifferentSizes(t *testing.T) {
	files := map[string]any{"color/1.png": rgbOf(1), "depth/1.png": image.NewGray16(image.Rect(0, 0, 8, 6))}
	if _, err := Open(folder(t, files), Options{}); err == nil || !strings.Contains(err.Error(), `color "color/1.png" is 4×3 and depth "depth/1.png" is 8×6`) {
		t.Error(err)
	}
	cal := assume(4, 3, 0.001)
	cal.Depth = assume(8, 6, 1).Depth
	r := open(t, folder(t, files), Options{Calibration: &cal})
	var p capture.Pair
	if err := r.Next(context.Background(), &p); err != nil || p.Depth.Width != 8 || p.Color.Width != 4 {
		t.Errorf("%v, %v", p, err)
	}
}
