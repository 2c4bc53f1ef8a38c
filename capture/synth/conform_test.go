package synth

import (
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

func TestConform(t *testing.T) {
	for name, c := range map[string]struct {
		args string
		o    capturetest.Options
	}{
		"film":     {"seed=3,width=32,height=24,threads=1", capturetest.Options{}},
		"frames":   {"seed=3,width=32,height=24,frames=6,cut=2", capturetest.Options{Pairs: 6, Allocs: -1}},
		"paced":    {"seed=3,width=32,height=24,fps=200,paced=true", capturetest.Options{Allocs: -1}},
		"parallel": {"seed=3,width=32,height=24,threads=3", capturetest.Options{Allocs: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			capturetest.Conform(t, func(t testing.TB) capture.Source {
				cam, err := Open(c.args)
				if err != nil {
					t.Fatal(err)
				}
				return cam
			}, c.o)
		})
	}
}
