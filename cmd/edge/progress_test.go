package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/vbauerster/mpb/v8"
)

// wideScreen is a terminal of 80 characters that remembers what was drawn.
type wideScreen struct{ barLine }

func (wideScreen) GetTermSize() (width, height int, err error) { return 80, 24, nil }

// A bar is drawn over itself, goes without a trace, and takes no line with it that somebody else wrote.
func TestBarLine(t *testing.T) {
	var screen bytes.Buffer
	w := &wideScreen{barLine{out: &screen}}
	io.WriteString(w, "ten chars.\n")
	w.Flush(1)
	screen.WriteString("edge: warning\n")
	io.WriteString(w, "short\n")
	w.Flush(1)
	w.Flush(0)
	want := "\rten chars.edge: warning\n\rshort     \r     \r"
	if got := screen.String(); got != want {
		t.Errorf("drawn %q, want %q", got, want)
	}
}

// A bar counts to its total and beyond, and leaves an empty line.
func TestBar(t *testing.T) {
	for _, total := range []int{0, 3} {
		var screen bytes.Buffer
		p := startBar(mpb.WithConsoleWriter(&wideScreen{barLine{out: &screen}}), "frames", total)
		for range 5 {
			p.add(1)
		}
		p.done()
		p.add(1)
		got := screen.String()
		if lines := strings.Split(got, "\r"); strings.TrimSpace(lines[len(lines)-1]) != "" || strings.Contains(got, "\n") {
			t.Errorf("total %d: drawn %q", total, got)
		}
		if total > 0 && !strings.Contains(got, " / 3 [") {
			t.Errorf("total %d: drawn %q", total, got)
		}
	}
	progress{}.add(1)
	progress{}.done()
}
