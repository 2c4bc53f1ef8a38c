package models

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

var update = flag.Bool("update", false, "write packed/NAME.onnx.zst from NAME.onnx")

const (
	mostEach = 3 << 20
	mostAll  = 8 << 20
)

func TestEveryStudentOpensAndIsSmall(t *testing.T) {
	if !slices.Contains(List(), Default) {
		t.Fatalf("students %v, without the default %q", List(), Default)
	}
	total := 0
	for _, name := range List() {
		m, err := Open(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Name != name || m.Card.Name != name {
			t.Errorf("%s: card of %q", name, m.Card.Name)
		}
		if len(m.ONNX) == 0 || len(m.ONNX) > mostEach {
			t.Errorf("%s: %d bytes, at most %d are shipped", name, len(m.ONNX), mostEach)
		}
		if len(m.Card.Classes) < 2 || m.Card.Summary == "" || m.Card.Method == "" {
			t.Errorf("%s: the card lacks classes, summary or method", name)
		}
		if m.Card.FloatMIoU <= 0 || m.Card.FloatMIoU > 100 || m.Card.Int8MIoU <= 0 || m.Card.Int8MIoU > 100 {
			t.Errorf("%s: mIoU %v (float) and %v (int8) are no percentages", name, m.Card.FloatMIoU, m.Card.Int8MIoU)
		}
		total += len(m.ONNX)
	}
	if total > mostAll {
		t.Errorf("the students have %d bytes, at most %d are shipped", total, mostAll)
	}
}

// TestPacked holds every student in the binary to its file in the folder, and with -update packs the files.
func TestPacked(t *testing.T) {
	paths, err := filepath.Glob("*.onnx")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		name := strings.TrimSuffix(path, ".onnx")
		names = append(names, name)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("packed/"+name+".onnx.zst", w.EncodeAll(want, nil), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		m, err := Open(name)
		if err != nil {
			t.Errorf("%s: %v; go test ./models -update packs it", name, err)
		} else if !bytes.Equal(m.ONNX, want) {
			t.Errorf("%s: the binary has other bytes; go test ./models -update packs them", path)
		}
	}
	if !slices.Equal(names, List()) {
		t.Errorf("files of %v, students %v", names, List())
	}
}

// TestIndoor: the student of rooms has the classes, in the order, that synth's labels=indoor has.
func TestIndoor(t *testing.T) {
	m, err := Open("indoor")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"other", "wall", "floor", "ceiling", "table", "chair", "person", "object"}
	if !slices.Equal(m.Card.Classes, want) {
		t.Errorf("classes %v, want %v", m.Card.Classes, want)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"", "nothing", "../models", "a/b", ".", "tabletop.onnx"} {
		if _, err := Open(name); err == nil || !strings.HasPrefix(err.Error(), "models: open ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
