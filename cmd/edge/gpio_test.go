package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	pins "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// fakeLine registers a line under a name, for one test.
func fakeLine(t *testing.T, name string) *seenPin {
	t.Helper()
	pin := &seenPin{Pin: gpiotest.Pin{N: name, Num: -1, EdgesChan: make(chan pins.Level)}}
	if err := gpioreg.Register(pin); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gpioreg.Unregister(name) })
	return pin
}

// seenPin keeps the levels that were set.
type seenPin struct {
	gpiotest.Pin
	levels []bool
}

func (p *seenPin) Out(l pins.Level) error {
	p.Lock()
	p.levels = append(p.levels, bool(l))
	p.Unlock()
	return p.Pin.Out(l)
}

// was tells whether the line had the level at some time, and ended with the last.
func (p *seenPin) was(level, last bool) bool {
	p.Lock()
	defer p.Unlock()
	for _, l := range p.levels {
		if l == level && len(p.levels) > 0 && p.levels[len(p.levels)-1] == last {
			return true
		}
	}
	return false
}

func TestRunWithLines(t *testing.T) {
	dir := recording(t)
	alarm, clear, status, trigger := fakeLine(t, "TESTA"), fakeLine(t, "TESTB"), fakeLine(t, "TESTC"), fakeLine(t, "TESTD")
	// Some class covers the whole image's most: the tiny student's classes are not known here, so each gets an alarm.
	out := good(t, "run", dir, "-m", student("early"), "-f", "raw", "-q", "--gpio-status", "TESTC", "--gpio-trigger", "TESTD,width=1us",
		"--alarm", "0:0=TESTA,hold=0s", "--alarm", "0:0.999999=TESTB,hold=0s,active=low,safe=low")
	if plain := good(t, "run", dir, "-m", student("early"), "-f", "raw", "-q"); plain != out {
		t.Error("lines change the masks")
	}
	if !alarm.was(true, false) || !status.was(true, false) || !trigger.was(true, false) || !clear.was(true, false) {
		t.Errorf("levels: alarm %v, clear %v, status %v, trigger %v", alarm.levels, clear.levels, status.levels, trigger.levels)
	}
	pulses := 0
	for _, l := range trigger.levels {
		if l {
			pulses++
		}
	}
	if pulses < 5 || pulses > 6 { // one for each frame, and for asking in vain
		t.Errorf("%d pulses for 5 frames: %v", pulses, trigger.levels)
	}
}

// TestLinesFallWhenARunFails: a frame that cannot be read ends the run, and the lines have their safe levels.
func TestLinesFallWhenARunFails(t *testing.T) {
	dir := recording(t)
	files, err := filepath.Glob(filepath.Join(dir, "depth", "*.png"))
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.Truncate(files[3], 100); err != nil {
		t.Fatal(err)
	}
	alarm, status := fakeLine(t, "TESTE"), fakeLine(t, "TESTF")
	code, _, words := edge("run", dir, "-m", student("early"), "-f", "raw", "--gpio-status", "TESTF,active=low,safe=high", "--alarm", "0:0=TESTE,hold=1h")
	if code != exitFailed {
		t.Fatalf("exit status %d: %s", code, words)
	}
	if !alarm.was(true, false) || !status.was(false, true) {
		t.Errorf("levels: alarm %v, status %v", alarm.levels, status.levels)
	}
}

func TestRunBySync(t *testing.T) {
	dir := recording(t)
	pin := fakeLine(t, "TESTG")
	go func() {
		for range 4 { // the first may come before the line is an input
			select {
			case pin.EdgesChan <- pins.High:
			case <-t.Context().Done():
			}
		}
	}()
	code, out, words := edge("run", dir, "-m", student("early"), "-f", "ndjson", "--gpio-sync", "TESTG,timeout=2s")
	n := strings.Count(out, "\n")
	if code != exitFailed || !strings.Contains(words, "no edge came for 2s") || n < 1 || n > 4 {
		t.Errorf("exit status %d, %d masks: %s", code, n, words)
	}
	if !strings.Contains(words, "sync: ") {
		t.Errorf("the edges are not told: %s", words)
	}
}

func TestLinesUsage(t *testing.T) {
	fakeLine(t, "TESTH")
	for _, test := range []struct {
		args string
		want int
		word string
	}{
		{"--alarm object=TESTH", exitUsage, "want CLASS:SHARE"},
		{"--alarm unicorn:0.5=TESTH", exitUsage, `class "unicorn"`},
		{"--alarm 0:0.5=TESTH --gpio-status TESTH", exitUsage, "used twice"},
		{"--gpio-trigger TESTH,width=0s", exitUsage, "width"},
		{"--gpio-sync TESTH,edge=no", exitUsage, "edge"},
		{"--gpio-status TESTH --gpio-silence 0s", exitUsage, "--gpio-silence"},
		{"--gpio-status NOSUCHLINE", exitFailed, "NOSUCHLINE"},
	} {
		bad(t, test.want, []string{test.word}, append([]string{"run", "synth:frames=1,width=64,height=48", "-m", student("early")}, strings.Fields(test.args)...)...)
	}
	if out := good(t, "doctor", "--json"); !strings.Contains(out, "TESTH") {
		t.Error("edge doctor does not list the line")
	}
}
