package pairof

import (
	"strings"
	"testing"
	"time"
)

func TestParseSpec(t *testing.T) {
	offset := -12500 * time.Microsecond
	for text, want := range map[string]Spec{
		"opencv:0+replay:dir":  {Color: "opencv:0", Depth: "replay:dir"},
		"a++b+c++":             {Color: "a+b", Depth: "c+"},
		"pair:a++b+pair:c++d":  {Color: "pair:a+b", Depth: "pair:c+d"},
		"synth:seed=7,cut=1+b": {Color: "synth:seed=7,cut=1", Depth: "b"},
		"a+b+calibration=x++y.json+offset=-12.5ms+clock=begin+window=5ms+wait=1s+queue=4": {"a", "b", "x+y.json", &offset, Begin, 5 * time.Millisecond, time.Second, 4},
	} {
		got, err := ParseSpec(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.String() != want.String() || got.Color != want.Color || got.Depth != want.Depth || got.Calibration != want.Calibration {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for text, word := range map[string]string{
		"": "want COLOR+DEPTH", "a": "want COLOR+DEPTH", "a++b": "want COLOR+DEPTH", "+b": "part 1 is empty", "a+": "part 2 is empty",
		"a+b+": "part 3 is empty", "a+b+c": "not key=value", "a+b+c=d": "unknown option", "a+b+offset=3": "want a time",
		"a+b+offset=2h": "an hour", "a+b+window=0s": "above 0", "a+b+window=-1s": "above 0", "a+b+queue=1": "2 to", "a+b+queue=x": "2 to",
		"a+b+clock=sun": "own, begin", "a+b+calibration=": "want a file", "a+b+queue=3+queue=3": "twice", "a+b+wait=9999h": "an hour",
	} {
		if _, err := ParseSpec(text); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %q", text, err, word)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, text := range []string{"opencv:0+replay:dir", "a++b+c+offset=-1ms+queue=3", "+++", "a+b+calibration=x++y+clock=own+window=1s+wait=2s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpec(text)
		if err != nil {
			return
		}
		again, err := ParseSpec(s.String())
		if err != nil || again.String() != s.String() || again.Color != s.Color || again.Depth != s.Depth {
			t.Fatalf("%q is %+v, written as %q, read as %+v (%v)", text, s, s.String(), again, err)
		}
	})
}
