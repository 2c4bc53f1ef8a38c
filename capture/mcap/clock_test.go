package mcap

import (
	"path/filepath"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// TestClocks: whose clock times are of comes back with each pair, whatever it was and whenever it changed; a looping
// reader finds the first clock again.
func TestClocks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.mcap")
	w, err := Create(name, rig(), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clocks := []capture.Domain{"", capture.DeviceClock, capture.DeviceClock, capture.HostClock, "", capture.GlobalClock, "moon"}
	for i, c := range clocks {
		p := noise(i, rig(), false)
		p.Clock = c
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, name, Options{Loop: true})
	for i := range 2 * len(clocks) {
		want := clocks[i%len(clocks)]
		if want == "moon" {
			want = capture.UnknownClock
		}
		p := capture.Pair{Clock: "left over"}
		if err := r.Next(t.Context(), &p); err != nil || p.Clock != want {
			t.Errorf("pair %d: clock %q, %v; want %q", i, p.Clock, err, want)
		}
	}
}
