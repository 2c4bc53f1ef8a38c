package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// masks are the lines of an ndjson stream.
func masks(t *testing.T, text string) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	return lines
}

func TestRunPair(t *testing.T) {
	a, b := recording(t), recording(t)
	both := good(t, "run", a, "-m", student("early"), "-f", "raw", "-q")
	pair := good(t, "run", "pair:"+a+"+replay:"+b, "-m", student("early"), "-f", "raw", "-q")
	if both != pair {
		t.Error("the pair of a recording with its copy has other masks than the recording")
	}
	// The depth of a recording whose clock is 34 ms later: one frame less, each with its neighbour's depth.
	out := good(t, "run", "pair:"+a+"+"+b+"+offset=34ms+window=5ms", "-m", student("early"), "-f", "ndjson")
	lines := masks(t, out)
	if len(lines) != 4 {
		t.Errorf("%d masks, want 4", len(lines))
	}
	plus := filepath.Join(t.TempDir(), "a+b")
	if err := os.Rename(b, plus); err != nil {
		t.Fatal(err)
	}
	good(t, "run", "pair:"+a+"+"+strings.ReplaceAll(plus, "+", "++"), "-m", student("early"), "-q")
	code, _, words := edge("run", "pair:"+a+"+synth:seed=7,cut=1,width=96,height=72,frames=50,fps=60", "-m", student("early"))
	if code != exitOK || !strings.Contains(words, "depth frames") || !strings.Contains(words, "no partner near enough") {
		t.Errorf("exit status %d; the frames without a partner are not told:\n%s", code, words)
	}
	copied := filepath.Join(t.TempDir(), "paired")
	good(t, "record", "pair:"+a+"+"+plus[:len(plus)-3]+"a++b", "-o", copied, "-q")
	if again := good(t, "run", copied, "-m", student("early"), "-f", "raw", "-q"); again != both {
		t.Error("a recorded pair has other masks")
	}
}

func TestPairCalibration(t *testing.T) {
	a := recording(t)
	other := "synth:seed=8,cut=1,width=96,height=72,frames=5" // another camera
	bad(t, exitUsage, []string{"edge calibrate"}, "run", "pair:"+a+"+"+other)
	good(t, "run", "pair:"+a+"+"+other+"+calibration="+filepath.Join(a, "calibration.json"), "-m", student("early"), "-q")
	bad(t, exitUsage, []string{"calibration", "96x72", "640x480"}, "run", "pair:"+a+"+synth:frames=3+calibration="+filepath.Join(a, "calibration.json"))
	bad(t, exitUsage, []string{"no such file"}, "run", "pair:"+a+"+"+a+"+calibration=nowhere.json")
	bad(t, exitUsage, []string{"want COLOR+DEPTH"}, "run", "pair:"+a)
	bad(t, exitUsage, []string{"no such folder"}, "run", "pair:"+a+"+nowhere")
	bad(t, exitUsage, []string{"unknown option"}, "run", "pair:"+a+"+"+a+"+size=3")
}
