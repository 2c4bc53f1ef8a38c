package main

import (
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// evalJSON runs edge eval --json.
func evalJSON(t *testing.T, args ...string) []evalResult {
	t.Helper()
	var page struct{ Results []evalResult }
	if err := json.Unmarshal([]byte(good(t, append([]string{"eval", "--json"}, args...)...)), &page); err != nil {
		t.Fatal(err)
	}
	return page.Results
}

// gray reads an 8-bit image.
func gray(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	switch img := img.(type) {
	case *image.Gray:
		return img.Pix
	case *image.Paletted:
		return img.Pix
	}
	t.Fatalf("%s is %T", path, img)
	return nil
}

// TestEvalCountsPixels holds edge eval to a count of the labels and masks that lie on the disk.
func TestEvalCountsPixels(t *testing.T) {
	masks := t.TempDir()
	good(t, "run", golden, "-m", student("early"), "-o", masks, "-f", "png", "-q")
	var both, union [3]float64
	var right, all float64
	for i := range 4 {
		name := "00000" + string(rune('0'+i)) + ".png"
		labels, classes := gray(t, filepath.Join(golden, "label3", "00"+name)), gray(t, filepath.Join(masks, name))
		for k, l := range labels {
			if l == 255 {
				continue
			}
			all++
			union[l]++
			if c := classes[k]; c == l {
				both[l]++
				right++
			} else {
				union[c]++
			}
		}
	}
	r := evalJSON(t, golden, "-m", student("early"))[0]
	var mean float64
	for i, name := range r.Classes {
		want := 100 * both[i] / union[i]
		mean += want / 3
		if got := r.Total.IoU[name]; got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("IoU of %s is %v, want %v", name, *got, want)
		}
	}
	if math.Abs(r.Total.MIoU-mean) > 1e-9 || math.Abs(r.Total.Accuracy-100*right/all) > 1e-9 || r.Total.Frames != 4 {
		t.Errorf("mIoU %v, accuracy %v of %d frames, want %v and %v", r.Total.MIoU, r.Total.Accuracy, r.Total.Frames, mean, 100*right/all)
	}
	if r.Sources[0].MIoU != r.Total.MIoU || r.Sources[0].Source != golden {
		t.Errorf("the only source %+v differs from the total %+v", r.Sources[0], r.Total)
	}
}

func TestEvalSourcesAndModels(t *testing.T) {
	results := evalJSON(t, golden, source, "-m", student("early"), "-m", student("depth"))
	if len(results) != 2 || results[0].Model != "tiny-early" || results[1].Model != "tiny-depth" {
		t.Fatalf("%d results", len(results))
	}
	for _, r := range results {
		if len(r.Sources) != 2 || r.Sources[0].Frames != 4 || r.Sources[1].Frames != 5 || r.Total.Frames != 9 {
			t.Errorf("%s: %+v", r.Model, r.Total)
		}
		for i, row := range r.Total.Confusion {
			for j, n := range row {
				if n != r.Sources[0].Confusion[i][j]+r.Sources[1].Confusion[i][j] {
					t.Errorf("%s: total[%d][%d] is not the sum", r.Model, i, j)
				}
			}
		}
	}
	text := good(t, "eval", golden, source, "-m", student("early"), "-q")
	if !strings.Contains(text, "total") || !strings.Contains(text, "confusion") || !strings.Contains(text, "object") {
		t.Errorf("text: %s", text)
	}
}

func TestEvalPicksFrames(t *testing.T) {
	split := filepath.Join(t.TempDir(), "split.json")
	if err := os.WriteFile(split, []byte(`{"comment": "of four", "validation": ["00000001", "recording/00000003"], "train": ["00000000"]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	frames := func(args ...string) int {
		return evalJSON(t, append([]string{golden, "-m", student("early")}, args...)...)[0].Total.Frames
	}
	for want, args := range map[int][]string{
		1: {"--split", split, "--part", "train"}, 2: {"--split", split}, 3: {"--frames", "0,2,00000003"}, 4: nil,
	} {
		if got := frames(args...); got != want {
			t.Errorf("%v: %d frames, want %d", args, got, want)
		}
	}
	if got := frames("-n", "2"); got != 2 {
		t.Errorf("-n 2: %d frames", got)
	}
	one := evalJSON(t, golden, "-m", student("early"), "--frames", "2")[0].Total
	whole := evalJSON(t, golden, "-m", student("early"))[0].Total
	if one.MIoU == whole.MIoU {
		t.Error("one frame scores what all do")
	}
	early := student("early")
	bad(t, exitUsage, []string{`"comment"`, "train"}, "eval", golden, "-m", early, "--split", split, "--part", "comment")
	bad(t, exitUsage, []string{"none of its frames"}, "eval", golden, "-m", early, "--frames", "99")
}

func TestEvalLabels(t *testing.T) {
	early, dir := student("early"), recording(t)
	bad(t, exitFailed, []string{"label0"}, "eval", dir, "-m", early, "--labels", "label0")

	// labels of more classes than the model has, in the folder that would be taken, beside label3
	if err := os.Mkdir(filepath.Join(dir, "label41"), 0o777); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 96, 72))
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 40)
	}
	f, err := os.Create(filepath.Join(dir, "label41", "00000000.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	f.Close()
	bad(t, exitFailed, []string{filepath.Join("label41", "00000000.png"), "label 3 ", "--labels label3"}, "eval", dir, "-m", early)
	all := evalJSON(t, dir, "-m", early, "--labels", "label3")[0].Total
	void := evalJSON(t, dir, "-m", early, "--labels", "label3", "--void", "0")[0].Total
	if void.IoU["background"] != nil && *void.IoU["background"] != 0 || void.Accuracy == all.Accuracy {
		t.Errorf("--void 0 changes nothing: %+v", void)
	}

	plain := filepath.Join(t.TempDir(), "plain")
	good(t, "record", source, "-o", plain, "-q")
	bad(t, exitUsage, []string{"no labels on 5 frames", "--labels"}, "eval", plain, "-m", early)
}

func TestEvalPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	good(t, "eval", golden, source, "-m", student("early"), "--html", path, "-q")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if n := strings.Count(text, `src="data:image/jpeg;base64,/9j/`); n != 3*2*8 {
		t.Errorf("%d pictures, want 3 each of 8 worst and 8 best frames", n)
	}
	var scores []float64
	for _, m := range regexp.MustCompile(`<figcaption><b>([0-9.]+)</b>`).FindAllStringSubmatch(text, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, v)
	}
	if len(scores) != 16 || !slices.IsSorted(scores[:8]) || scores[0] != slices.Min(scores) || scores[8] != slices.Max(scores) {
		t.Fatalf("worst and best frames have %v", scores)
	}
	if slices.Reverse(scores[8:]); !slices.IsSorted(scores[8:]) {
		t.Errorf("best frames are out of order: %v", scores[8:])
	}
	for _, bad := range []string{"http://", "https://", "ZgotmplZ", "<no value>"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"tiny-early", "#4c9a6a", "Worst frames", "Best frames"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestGalleryKeepsTheExtremes(t *testing.T) {
	var list []shown
	for i := range 30 {
		list = keep(list, shown{MIoU: float64(i * 7 % 30)}, func(a, b float64) bool { return a < b })
	}
	for i, s := range list {
		if s.MIoU != float64(i) {
			t.Errorf("place %d has %v", i, s.MIoU)
		}
	}
	if len(list) != galleryFrames {
		t.Errorf("%d frames", len(list))
	}
}
