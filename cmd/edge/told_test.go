package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunTellsWhatIsInNoPair: a file that was cut, and images that share a time, lose pairs without a broken one: it is told.
func TestRunTellsWhatIsInNoPair(t *testing.T) {
	dir := recording(t)
	whole := filepath.Join(t.TempDir(), "whole.mcap")
	good(t, "record", dir, "-o", whole, "-q")
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.mcap")
	if err := os.WriteFile(cut, data[:len(data)*3/4], 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, words := edge("run", cut, "-m", student("early"), "-f", "raw"); code != exitOK || !strings.Contains(words, "the file ends without its end") {
		t.Errorf("a file that was cut: exit status %d: %s", code, words)
	}
	if code, _, words := edge("run", whole, "-m", student("early"), "-f", "raw"); code != exitOK || strings.Contains(words, "warning") {
		t.Errorf("a whole file: exit status %d: %s", code, words)
	}
	if err := os.Remove(filepath.Join(dir, "associations.txt")); err != nil {
		t.Fatal(err)
	}
	lines := "0.1 rgb/00000000.png\n0.1 rgb/00000001.png\n0.2 rgb/00000002.png\n"
	if err := os.WriteFile(filepath.Join(dir, "rgb.txt"), []byte(lines), 0o666); err != nil {
		t.Fatal(err)
	}
	code, _, words := edge("run", dir, "-m", student("early"), "-f", "raw")
	if code != exitOK || !strings.Contains(words, "1 color images have the time of another") {
		t.Errorf("two images of one time: exit status %d: %s", code, words)
	}
}
