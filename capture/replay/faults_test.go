package replay

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// TestFaults breaks the second of three pairs in every way: under Stop the error names the file and the fact, and is
// told again; under Skip the pair is counted with its reason, and its Seq is missing.
func TestFaults(t *testing.T) {
	color, depth := encoded(t, "x.png", rgbOf(2)), encoded(t, "x.png", depthOf(2))
	photo := encoded(t, "x.jpg", rgbOf(2))
	flipped := append([]byte(nil), depth...)
	flipped[50] ^= 1
	for _, c := range []struct {
		name, file string
		content    any
		reason     Reason
		says       string
	}{
		{"missing color", "rgb/2.png", "", Missing, `replay: color "rgb/2.png": `},
		{"missing depth", "depth/2.png", "", Missing, `replay: depth "depth/2.png": `},
		{"a folder", "depth/2.png", nil, Missing, `replay: depth "depth/2.png": not a regular file`},
		{"empty", "depth/2.png", []byte{}, Torn, `replay: depth "depth/2.png": truncated: the file is empty`},
		{"one byte", "depth/2.png", depth[:1], Torn, `replay: depth "depth/2.png": truncated`},
		{"torn header", "depth/2.png", depth[:20], Torn, `replay: depth "depth/2.png": truncated`},
		{"torn depth", "depth/2.png", depth[:len(depth)-20], Torn, `replay: depth "depth/2.png": truncated`},
		{"torn color", "rgb/2.png", color[:len(color)-20], Torn, `replay: color "rgb/2.png": truncated`},
		{"torn JPEG", "rgb/2.png", photo[:len(photo)-30], Torn, `replay: color "rgb/2.png": truncated`},
		{"torn JPEG header", "rgb/2.png", photo[:10], Torn, `replay: color "rgb/2.png": truncated`},
		{"a flipped bit", "depth/2.png", flipped, Torn, `replay: depth "depth/2.png": `},
		{"text", "rgb/2.png", "<html>not found</html>", Format, `replay: color "rgb/2.png": neither PNG nor JPEG`},
		{"8-bit depth", "depth/2.png", labelOf(2), Format, `replay: depth "depth/2.png": 8-bit gray PNG, 16-bit gray required`},
		{"RGB depth", "depth/2.png", rgbOf(2), Format, `replay: depth "depth/2.png": 8-bit RGB PNG, 16-bit gray required`},
		{"16-bit RGB depth", "depth/2.png", wide(2), Format, `replay: depth "depth/2.png": 16-bit RGB PNG, 16-bit gray required`},
		{"palette depth", "depth/2.png", paletted(2), Format, `palette PNG, 16-bit gray required`},
		{"JPEG depth", "depth/2.png", photo, Format, `replay: depth "depth/2.png": neither PNG nor JPEG: JPEG, 16-bit gray PNG required`},
		{"another size of color", "rgb/2.png", image.NewRGBA(image.Rect(0, 0, 5, 3)), Size, `replay: color "rgb/2.png": image is 5×3, calibration says 4×3`},
		{"another size of JPEG", "rgb/2.png", encoded(t, "x.jpg", image.NewRGBA(image.Rect(0, 0, 4, 4))), Size, `image is 4×4, calibration says 4×3`},
		{"another size of depth", "depth/2.png", image.NewGray16(image.Rect(0, 0, 4, 2)), Size, `replay: depth "depth/2.png": image is 4×2, calibration says 4×3`},
		{"RGB labels", "labels/2.png", rgbOf(2), Format, `replay: label "labels/2.png": 8-bit RGB PNG, 8-bit gray or palette required`},
		{"16-bit labels", "labels/2.png", depthOf(2), Format, `replay: label "labels/2.png": 16-bit gray PNG`},
		{"another size of labels", "labels/2.png", image.NewGray(image.Rect(0, 0, 1, 3)), Size, `replay: label "labels/2.png": image is 1×3`},
		{"torn labels", "labels/2.png", encoded(t, "x.png", labelOf(2))[:60], Torn, `replay: label "labels/2.png": truncated`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]any{
				"associations.txt": "1 rgb/1.png 1 depth/1.png\n2 rgb/2.png 2 depth/2.png\n3 rgb/3.png 3 depth/3.png\n",
				"rgb/1.png":        rgbOf(1), "rgb/2.png": rgbOf(2), "rgb/3.png": rgbOf(3),
				"depth/1.png": depthOf(1), "depth/2.png": depthOf(2), "depth/3.png": depthOf(3), "labels/1.png": labelOf(1),
			}
			files[c.file] = c.content
			if c.content == "" {
				delete(files, c.file)
			}
			dir := folder(t, files)
			for _, threads := range []int{-1, 2} {
				r := open(t, dir, Options{Threads: threads})
				var p capture.Pair
				if err := r.Next(context.Background(), &p); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := r.Next(context.Background(), &p); err == nil || !strings.Contains(err.Error(), c.says) {
						t.Errorf("threads %d: %v, want %s", threads, err, c.says)
					}
				}
				r.Close()

				r = open(t, dir, Options{Threads: threads, OnError: Skip})
				pairs, err := play(t, r)
				if err != nil || len(pairs) != 2 || pairs[0].Seq != 0 || pairs[1].Seq != 2 {
					t.Fatalf("threads %d: %d pairs, %v", threads, len(pairs), err)
				}
				numbersOf(t, pairs)
				s := r.Stats()
				if s.Delivered != 2 || s.Skipped != 1 || s.Reasons[c.reason] != 1 || len(s.Reasons) != 1 || len(s.Problems) != 1 || !strings.Contains(s.Problems[0], c.says) {
					t.Errorf("threads %d: %+v, want the reason %q", threads, s, c.reason)
				}
			}
		})
	}
}

// TestFirstBroken: the calibration comes from the first pair that can be read, but the first is still told.
func TestFirstBroken(t *testing.T) {
	files := map[string]any{"color/1.png": "x", "depth/1.png": depthOf(1), "color/2.png": rgbOf(2), "depth/2.png": depthOf(2)}
	r := open(t, folder(t, files), Options{})
	if _, err := play(t, r); err == nil || !strings.Contains(err.Error(), `color "color/1.png"`) {
		t.Error(err)
	}
	r = open(t, folder(t, files), Options{OnError: Skip})
	if pairs, err := play(t, r); err != nil || len(pairs) != 1 || pairs[0].Seq != 1 {
		t.Errorf("%d pairs, %v", len(pairs), err)
	}
	files["color/2.png"] = "y"
	if _, err := Open(folder(t, files), Options{}); err == nil || !strings.Contains(err.Error(), `color "color/1.png"`) {
		t.Errorf("nothing can be read: %v", err)
	}
}

// TestLoopOfNothing: a loop over pairs that are all broken ends.
func TestLoopOfNothing(t *testing.T) {
	cal := assume(4, 3, 0.001)
	dir := folder(t, map[string]any{"color/1.png": "x", "depth/1.png": depthOf(1), "color/2.png": "x", "depth/2.png": depthOf(2)})
	r := open(t, dir, Options{OnError: Skip, Loop: true, Calibration: &cal})
	_, err := play(t, r)
	if err == nil || !strings.Contains(err.Error(), "none of 2 pairs") || r.Stats().Skipped != 2 {
		t.Errorf("%v, %+v", err, r.Stats())
	}
}

func TestBadIndexLines(t *testing.T) {
	files := map[string]any{"rgb.txt": "1 rgb/1.png\nnonsense\n2 ../../etc/passwd\n3 rgb/3.png\n", "depth.txt": "1 depth/1.png\n3 depth/3.png",
		"rgb/1.png": rgbOf(1), "rgb/3.png": rgbOf(3), "depth/1.png": depthOf(1), "depth/3.png": depthOf(3)}
	if _, err := Open(folder(t, files), Options{}); err == nil || !strings.Contains(err.Error(), `replay: index "rgb.txt": line 2: `) {
		t.Error(err)
	}
	r := open(t, folder(t, files), Options{OnError: Skip})
	pairs, err := play(t, r)
	if err != nil || len(pairs) != 2 || r.Stats().BadLines != 2 || len(r.Stats().Problems) != 2 {
		t.Errorf("%d pairs, %v, %+v", len(pairs), err, r.Stats())
	}
}

func TestLabelsOption(t *testing.T) {
	files := map[string]any{"color/1.png": rgbOf(1), "depth/1.png": depthOf(1), "label/1.png": labelOf(7), "truth/a/1.png": labelOf(8)}
	dir := folder(t, files)
	for option, want := range map[string]int{"": 7, "-": -1, "label": 7, "truth/a": 8} {
		pairs, err := play(t, open(t, dir, Options{Labels: option}))
		if err != nil || len(pairs) != 1 {
			t.Fatalf("%q: %v", option, err)
		}
		got := -1
		if l := pairs[0].Labels.Pix; len(l) > 0 {
			got = int(l[0])
		}
		if got != want {
			t.Errorf("%q: label %d, want %d", option, got, want)
		}
	}
	for _, option := range []string{"none", "../label", "/tmp", "label/1.png"} {
		if _, err := Open(dir, Options{Labels: option}); err == nil {
			t.Errorf("%q passed", option)
		}
	}
}

func TestBadOptions(t *testing.T) {
	dir, _ := record(t, 1, WriterOptions{}, false)
	for _, o := range []Options{{OnError: "ignore"}, {FPS: -1}, {FPS: 1e300}} {
		if _, err := Open(dir, o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

// TestClosed: Next after Close tells so, whatever was read ahead.
func TestClosed(t *testing.T) {
	dir, _ := record(t, 5, WriterOptions{}, false)
	for _, threads := range []int{-1, 1} {
		r := open(t, dir, Options{Threads: threads})
		var p capture.Pair
		if err := r.Next(context.Background(), &p); err != nil {
			t.Fatal(err)
		}
		r.Close()
		r.Close()
		if err := r.Next(context.Background(), &p); !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	}
}

// TestUnreadable: a file without permission is missing, not a crash.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("permissions do not hold here")
	}
	dir := folder(t, map[string]any{"color/1.png": rgbOf(1), "depth/1.png": depthOf(1), "color/2.png": rgbOf(2), "depth/2.png": depthOf(2)})
	if err := os.Chmod(filepath.Join(dir, "depth/2.png"), 0); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir, Options{OnError: Skip})
	if pairs, err := play(t, r); err != nil || len(pairs) != 1 || r.Stats().Reasons[Missing] != 1 {
		t.Errorf("%d pairs, %v, %+v", len(pairs), err, r.Stats())
	}
}
