package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// found parses the output of edge lookup.
func found(t *testing.T, out string) (lines []lookupLine) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(out))
	for d.More() {
		var l lookupLine
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// TestLookup goes from a source to codes and back: every frame is nearest to itself, by file, by stdin and by running.
func TestLookup(t *testing.T) {
	dir, codes := recording(t), filepath.Join(t.TempDir(), "codes.ndjson")
	good(t, "run", dir, "-m", student("codes"), "-o", codes)
	file, err := os.ReadFile(codes)
	if err != nil {
		t.Fatal(err)
	}
	for _, modality := range []string{"color", "depth"} {
		if n := strings.Count(string(file), `"`+modality+`":"`); n != 5 {
			t.Errorf("%d codes of %s in 5 lines", n, modality)
		}
		out := good(t, "lookup", codes, codes, "--from", modality, "--to", modality)
		if ran := good(t, "lookup", codes, dir, "-m", student("codes"), "--from", modality, "--to", modality, "-q"); ran != out {
			t.Errorf("%s: the recording and its codes find different frames:\n%s\n%s", modality, ran, out)
		}
		lines := found(t, out)
		if len(lines) != 5 {
			t.Fatalf("%d lines for 5 frames", len(lines))
		}
		for i, l := range lines {
			if l.Seq != uint64(i) || len(l.Matches) != 1 || l.Matches[0].Distance != 0 {
				t.Errorf("%s: frame %d found %+v, want itself at distance 0", modality, i, l)
			}
		}
	}
}

// TestLookupAcross finds depth by colour and colour by depth.
func TestLookupAcross(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	line := func(seq int, color, depth uint64) string {
		return fmt.Sprintf(`{"seq":%d,"codes":{"color":"%016x","depth":"%016x"}}`, seq, color, depth)
	}
	base := write("base.ndjson", line(10, 0xff, 0x0f), line(11, 0xf0f0, 0xf0f1), line(12, 0, 1<<63))
	query := write("query.ndjson", line(0, 0xf0f0, 0xff), `{"seq":1,"mode":"color-only","codes":{"color":"8000000000000000"}}`)

	got := good(t, "lookup", base, query, "-q")
	if want := `{"seq":0,"matches":[{"seq":11,"distance":1}]}` + "\n" + `{"seq":1,"matches":[{"seq":12,"distance":0}]}` + "\n"; got != want {
		t.Errorf("colour finds depth: got\n%swant\n%s", got, want)
	}
	got = good(t, "lookup", base, query, "-q", "--from", "depth", "--to", "color", "-k", "9", "--within", "8")
	if want := `{"seq":0,"matches":[{"seq":10,"distance":0},{"seq":11,"distance":8},{"seq":12,"distance":8}]}` + "\n"; got != want {
		t.Errorf("depth finds colour: got\n%swant\n%s", got, want)
	}
	got = good(t, "lookup", base, query, "-q", "--within", "0")
	if want := `{"seq":0,"matches":[]}` + "\n" + `{"seq":1,"matches":[{"seq":12,"distance":0}]}` + "\n"; got != want {
		t.Errorf("within 0 bits: got\n%swant\n%s", got, want)
	}

	none := write("none.ndjson", `{"seq":0}`)
	broken := write("broken.ndjson", line(0, 1, 2), `{"seq":1,"codes":{"color":"xyz"}}`)
	for _, test := range []struct {
		code  int
		words string
		args  []string
	}{
		{exitFailed, "no frame has a code of depth", []string{none, query}},
		{exitFailed, "line 2: frame 1", []string{base, broken}},
		{exitFailed, "line 2: frame 1", []string{broken, query, "--to", "color"}},
		{exitFailed, "no such file", []string{filepath.Join(dir, "absent.ndjson"), query}},
		{exitUsage, "makes no code of color", []string{base, golden, "-m", student("two")}},
		{exitUsage, "at least 1", []string{base, query, "-k", "0"}},
		{exitUsage, "0 to 64", []string{base, query, "--within", "65"}},
	} {
		code, out, words := edge(append([]string{"lookup", "-q"}, test.args...)...)
		if code != test.code || !strings.Contains(words, test.words) || out != "" {
			t.Errorf("%v: exit status %d, %q on stdout, %q on stderr; want %d, %q", test.args, code, out, words, test.code, test.words)
		}
	}
}
