package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// realData is a folder of real recordings: $DEPTHWISE_DATA, or ../shared/data beside the repository.
func realData(t *testing.T) string {
	dir := os.Getenv("DEPTHWISE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "recordings")); err != nil {
		t.Skip("no real recordings: set DEPTHWISE_DATA")
	}
	return dir
}

// TestRealRecordings takes the first frames of each, whatever its layout.
func TestRealRecordings(t *testing.T) {
	data := realData(t)
	entries, err := os.ReadDir(filepath.Join(data, "recordings"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		path := filepath.Join(data, "recordings", entry.Name())
		if !entry.IsDir() && filepath.Ext(path) != ".bag" && !isMCAP(path) {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) {
			code, out, words := edge("run", path, "-m", student("early"), "-n", "3")
			if n := strings.Count(out, "\n"); code != exitOK || n < 1 || n > 3 {
				t.Errorf("exit status %d, %d masks: %s", code, n, words)
			}
			balanced(t, words)
		})
	}
}

// TestRealLabels measures the labelled pairs, whose label3 has 0 for "not labelled", and refuses their other labels.
func TestRealLabels(t *testing.T) {
	dir := filepath.Join(realData(t), "tabletop-labelled")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no labelled pairs")
	}
	split := filepath.Join("..", "..", "distill", "splits", "tabletop.json")
	r := evalJSON(t, dir, "-m", student("early"), "--void", "0", "--split", split)[0]
	if r.Total.Frames != 10 || r.Total.IoU["table"] == nil || r.Total.IoU["object"] == nil {
		t.Errorf("%+v", r.Total)
	}
	var background uint64
	for _, n := range r.Total.Confusion[0] {
		background += n
	}
	if background != 0 {
		t.Errorf("%d pixels with the void label 0 count", background)
	}
	bad(t, exitFailed, []string{filepath.Join("label", "learn0.png"), fmt.Sprintf("--labels label%d", 3)},
		"eval", dir, "-m", student("early"), "--labels", "label")
}

// TestRealBagRecorded: a bag, and what is recorded of it as a folder and as an MCAP file, give the same masks.
func TestRealBagRecorded(t *testing.T) {
	bag := filepath.Join(realData(t), "recordings", "realsense-d435.bag")
	if _, err := os.Stat(bag); err != nil {
		t.Skip("no bag")
	}
	took := regexp.MustCompile(`"ms":\{[^}]*\},?`)
	masks := func(source string) string {
		code, out, words := edge("run", source, "-m", student("early"))
		if code != exitOK || strings.Count(out, "\n") < 1 {
			t.Fatalf("%s: exit status %d: %s", source, code, words)
		}
		return took.ReplaceAllString(out, "")
	}
	want := masks(bag)
	if !strings.Contains(want, `,"clock":"`) {
		t.Errorf("the bag's masks do not say whose clock they are of: %s", want)
	}
	for _, name := range []string{"folder", "file.mcap"} {
		path := filepath.Join(t.TempDir(), name)
		if code, _, words := edge("record", bag, "-o", path); code != exitOK {
			t.Fatalf("record: exit status %d: %s", code, words)
		}
		if got := masks(path); got != want {
			t.Errorf("%s gives\n%s\nthe bag\n%s", name, got, want)
		}
	}
}
