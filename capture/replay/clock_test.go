package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// TestClocks: whose clock times are of comes back with each pair, also over the seam of a recording that goes on.
func TestClocks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	clocks := []capture.Domain{"", capture.DeviceClock, capture.DeviceClock, capture.HostClock, "", capture.GlobalClock, capture.GlobalClock,
		capture.GlobalClock, ""}
	at := 0
	for _, n := range []int{6, 2, 1} {
		w, err := Create(dir, camera(), WriterOptions{Append: at > 0})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			p := noise(i, camera(), false)
			p.Clock = clocks[at]
			at++
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (got []capture.Domain) {
		rec, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Close()
		for p := (capture.Pair{Clock: "left over"}); rec.Next(t.Context(), &p) == nil; p.Clock = "left over" {
			got = append(got, p.Clock)
		}
		return got
	}
	got := read()
	for i := range clocks {
		if i >= len(got) || got[i] != clocks[i] {
			t.Fatalf("clocks are %q, want %q", got, clocks)
		}
	}
	// A name that is no clock's is not known, and in a file of somebody else's it is a comment.
	path := filepath.Join(dir, associationsIndex)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), clockMark+"device", clockMark+"moon", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := read(); got[1] != capture.UnknownClock || got[3] != capture.HostClock {
		t.Errorf("clocks are %q", got)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), header, "# pairs", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != len(clocks) || got[1] != capture.UnknownClock || got[3] != capture.UnknownClock {
		t.Errorf("of somebody else's file: %q", got)
	}
}
