package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// driftModels are a float model and a quantised one whose layer "two" has too coarse a scale; see quant/drift.
func driftModels() (float, int8 string) {
	dir := filepath.Join("..", "..", "quant", "drift", "testdata")
	return filepath.Join(dir, "float.onnx"), filepath.Join(dir, "coarse.onnx")
}

func driftJSON(t *testing.T, args ...string) driftResult {
	t.Helper()
	var r driftResult
	if err := json.Unmarshal([]byte(good(t, append([]string{"eval", "--json"}, args...)...)), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEvalDrift: the quantised model's score is what eval gives it alone, the float one's another; the coarse layer is first.
func TestEvalDrift(t *testing.T) {
	float, int8 := driftModels()
	alone := evalJSON(t, golden, "-m", int8)[0].Total
	r := driftJSON(t, "--drift", float, int8, golden)
	if len(r.Results) != 2 || r.Results[0].Model != float || r.Results[1].Model != "drifting" {
		t.Fatalf("results %+v", r.Results)
	}
	if got := r.Results[1].Total; got.MIoU != alone.MIoU || got.Frames != 4 || r.Frames != 4 {
		t.Errorf("quantised: mIoU %v of %d frames, alone %v of %d", got.MIoU, got.Frames, alone.MIoU, alone.Frames)
	}
	if r.Results[0].Total.MIoU == alone.MIoU || !(r.Agreement > 0 && r.Agreement < 100) {
		t.Errorf("float mIoU %v, quantised %v, agreement %v", r.Results[0].Total.MIoU, alone.MIoU, r.Agreement)
	}
	if len(r.Layers) != 4 || r.Layers[0].Name != "two.relu" || r.ByName != 4 || r.ByPosition != 0 || r.Unmatched != 0 ||
		math.Abs(r.InputScales[0]*255-1) > 1e-6 {
		t.Errorf("%+v", r)
	}
	text := good(t, "eval", "--drift", float, "-m", int8, golden)
	for _, want := range []string{"float", "quantised", "mIoU", "4 by name", "two.relu", "SNR dB"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Index(text, "two.relu") > strings.Index(text, "one.relu") {
		t.Errorf("the coarse layer is not first:\n%s", text)
	}
	// a model beside itself
	same := driftJSON(t, "--drift", int8, int8, golden)
	if same.Agreement != 100 || same.Results[0].Total.MIoU != same.Results[1].Total.MIoU {
		t.Errorf("a model disagrees with itself: %v %%", same.Agreement)
	}
}

// TestEvalDriftWithoutLabels has agreement and layers, and says that there is no mIoU.
func TestEvalDriftWithoutLabels(t *testing.T) {
	float, int8 := driftModels()
	plain := filepath.Join(t.TempDir(), "plain")
	good(t, "record", source, "-o", plain, "-q")
	r := driftJSON(t, "--drift", float, "-m", int8, plain)
	if r.Frames != 5 || r.Results[0].Total.Frames != 0 || r.Layers[0].Name != "two.relu" || !(r.Agreement > 0 && r.Agreement < 100) {
		t.Errorf("%+v", r)
	}
	if text := good(t, "eval", "--drift", float, "-m", int8, plain); !strings.Contains(text, "no mIoU") || strings.Contains(text, "accuracy") {
		t.Errorf("text: %s", text)
	}
}

func TestEvalDriftRefuses(t *testing.T) {
	float, int8 := driftModels()
	bad(t, exitUsage, []string{"no such file"}, "eval", "--drift", "none.onnx", "-m", int8, golden)
	bad(t, exitUsage, []string{"want one"}, "eval", "--drift", float, "-m", int8, "-m", int8, golden)
	bad(t, exitFailed, []string{"drift", "pixels"}, "eval", "--drift", float, "-m", student("depth"), golden)
}
