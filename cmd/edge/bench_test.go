package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/quant"
)

// TestBenchGraph: the graph is measured as its file has it, without the class map that a student gets.
func TestBenchGraph(t *testing.T) {
	logits := filepath.Join("..", "..", "quant", "testdata", "golden", "mobilenetv2-qdq-u8s8", "model.onnx")
	out := good(t, "bench", "--graph", "-m", logits, "--threads", "1,2", "-n", "7", "--json")
	lines := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d lines for 2 numbers of threads", len(lines))
	}
	for i, line := range lines {
		var r benchResult
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Threads != i+1 || r.MACs == 0 || r.Frames != 7 || r.FrameMS.P50 != 0 || r.FirstMaskMS != 0 || r.BarrierUS <= 0 {
			t.Errorf("%+v", r)
		}
		if r.LeastMS <= 0 || r.SteadyMS.P50 > r.SteadyMS.P99 || r.ClockGHz <= 0 {
			t.Errorf("times %+v, least %v, clock %v", r.SteadyMS, r.LeastMS, r.ClockGHz)
		}
		for _, s := range r.Steps {
			if strings.Contains(s.Op, "argmax") || s.Name == "classes" {
				t.Errorf("a class map in the graph: %+v", s)
			}
			if s.Kind == "" && s.Op == "conv" || s.Kind != "" && s.MACs == 0 {
				t.Errorf("kind %q of %+v", s.Kind, s)
			}
		}
		if n := len(r.Steps); n == 0 || r.Steps[n-1].Name != "logits" {
			t.Errorf("%d steps that do not end in logits", n)
		}
		var macs int64
		var share float64
		for _, k := range r.Kinds {
			macs += k.MACs
			share += k.Share
		}
		if len(r.Kinds) != 4 || macs != r.MACs || share < 0.99 || share > 1.01 {
			t.Errorf("kinds %+v", r.Kinds)
		}
	}
	if text := good(t, "bench", "--graph", "-m", student("early"), "--threads", "2", "-n", "3", "-q"); strings.Contains(text, "camera") ||
		strings.Contains(text, "frame ") || !strings.Contains(text, "sharing a step") || !strings.Contains(text, "depthwise") {
		t.Errorf("text: %s", text)
	}
	if text := good(t, "bench", "--graph", "-m", student("early"), "--threads", "1", "-n", "1000000", "--seconds", "0.05", "-q"); strings.Contains(text, "1000000") {
		t.Errorf("--seconds ends nothing: %s", text)
	}
	bad(t, exitUsage, []string{"nobody"}, "bench", "--graph", "-m", "nobody")
}

func TestSumKinds(t *testing.T) {
	ms := time.Millisecond
	kinds := sumKinds([]quant.Step{
		{Kind: "pointwise", MACs: 30e6, Dots: 30e6, Time: 9 * ms, Least: 2 * ms},
		{Kind: "depthwise", MACs: 9e6, Dots: 12e6, Least: 1 * ms},
		{Kind: "pointwise", MACs: 10e6, Dots: 10e6, Least: 2 * ms},
		{Kind: "", MACs: 1e6, Least: 3 * ms},
		{Kind: "dense", MACs: 5e6, Least: 2 * ms},
	}, 20)
	want := []benchKind{
		{"pointwise", 4, 40e6, 10, 0.5, 0.5, 0.4},
		{"depthwise", 1, 9e6, 9, 0.45, 0.6, 0.1},
		{"dense", 2, 5e6, 2.5, 0.125, 0.125, 0.2},
		{"rest", 3, 1e6, 1e6 / 3e6, 1. / 60, 1. / 60, 0.3},
	}
	for i, k := range kinds {
		near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
		w := want[i]
		if k.Kind != w.Kind || k.MACs != w.MACs || !near(k.MS, w.MS) || !near(k.GMACs, w.GMACs) || !near(k.OfPeak, w.OfPeak) ||
			!near(k.OfDots, w.OfDots) || !near(k.Share, w.Share) {
			t.Errorf("%+v, want %+v", k, w)
		}
	}
	for _, k := range sumKinds(nil, 0) {
		if k.MS != 0 || k.Share != 0 || k.OfPeak != 0 {
			t.Errorf("of nothing: %+v", k)
		}
	}
}
