package synth

import (
	"strings"
	"testing"
)

func TestParseOptions(t *testing.T) {
	o, err := ParseOptions("seed=7,scene=room, width=320,height=240,fps=15,frames=9,cut=3,noise=0.5,paced=true,threads=2")
	if err != nil {
		t.Fatal(err)
	}
	want := Options{Seed: 7, Scene: "room", Width: 320, Height: 240, FPS: 15, Frames: 9, Cut: 3, Noise: 0.5, Paced: true, Threads: 2}
	if o != want {
		t.Errorf("got %+v, want %+v", o, want)
	}
	if o, err := ParseOptions(""); err != nil || o != (Options{Noise: 1}) {
		t.Errorf("empty text: %+v, %v", o, err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for args, want := range map[string][]string{
		"sead=1":        {`"sead"`, "seed", "scene", "width", "height", "fps", "frames", "cut", "noise", "paced", "threads"},
		"seed":          {`"seed"`, "key=value"},
		"seed=1,":       {"key=value"},
		"seed=-1":       {"seed", `"-1"`, "whole number"},
		"scene=forest":  {"scene", `"forest"`, "mixed", "tabletop", "room", "corridor", "empty"},
		"width=15":      {"width=15", "16"},
		"width=1e9":     {"width", "whole number"},
		"height=100000": {"height=100000", "4096"},
		"fps=0.01":      {"fps=0.01"},
		"fps=NaN":       {"fps=NaN"},
		"fps=Inf":       {"fps=+Inf"},
		"noise=NaN":     {"noise=NaN"},
		"noise=2.5":     {"noise=2.5", "0 to 2"},
		"frames=-1":     {"frames=-1"},
		"cut=-2":        {"cut=-2"},
		"threads=9999":  {"threads=9999"},
		"paced=maybe":   {"paced", `"maybe"`, "true or false"},
	} {
		_, err := Open(args)
		if err == nil {
			t.Errorf("%q is accepted", args)
			continue
		}
		for _, w := range append(want, "synth: ") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %q does not tell %q", args, err, w)
			}
		}
	}
}

func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{"", "seed=7,scene=room", "width=16,height=16,cut=1", "fps=NaN", "noise=2,paced=true", "=,=", "seed=18446744073709551615"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, args string) {
		o, err := ParseOptions(args)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "synth: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		if o.Width*o.Height > 128*128 || o.Width == 0 || o.Height == 0 {
			o.Width, o.Height = 32, 16
		}
		if _, err := New(o); err != nil {
			t.Errorf("New refuses what ParseOptions took: %v", err)
		}
	})
}
