package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/pairof"
)

// device is a live source.
type device struct{ capture.Source }

func (device) Live() bool { return true }

// TestHalvesComeBackByThemselves unplugs one device of a pair for 20 s, and expects pairs of the other at its full
// rate meanwhile, never opened again for that; then whole pairs within 10 s.
func TestHalvesComeBackByThemselves(t *testing.T) {
	for _, lost := range []string{"colour", "depth"} {
		t.Run(lost, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				devices := map[string]*capturetest.Device{"colour": capturetest.NewDevice(capturetest.FakeOptions{}), "depth": capturetest.NewDevice(capturetest.FakeOptions{})}
				var words bytes.Buffer
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				e := &env{ctx: ctx, stderr: &words, log: slog.New(newHandler(&words, slog.LevelInfo, false))}
				o := sourceOptions{half: func(name string, src capture.Source, open func() (capture.Source, error)) (capture.Source, error) {
					return watch(e, &notifier{}, "the "+name+" camera", src, open, capture.SupervisorOptions{Half: -1})
				}}
				src, err := joinPair(pairof.Spec{Color: "colour", Depth: "depth"}, pairof.Options{}, o, func(name string, _ sourceOptions) (capture.Source, error) {
					src, err := devices[name].Open(ctx)
					return device{src}, err
				})
				if err != nil {
					t.Fatal(err)
				}
				take := func() (whole bool) {
					var p capture.Pair
					if err := src.Next(ctx, &p); err != nil {
						t.Fatal(err)
					}
					if missing := map[string]bool{"colour": !p.HasColor(), "depth": !p.HasDepth()}; missing["colour"] && missing["depth"] || !missing[lost] && (missing["colour"] || missing["depth"]) {
						t.Fatalf("at %v: missing %v", p.ColorTime, missing)
					}
					return p.HasColor() && p.HasDepth()
				}
				for range 30 {
					if !take() {
						t.Fatal("a half pair of two whole cameras")
					}
				}
				devices[lost].Unplug()
				begin, halves := time.Now(), 0
				for time.Since(begin) < 20*time.Second {
					if !take() {
						halves++
					}
				}
				if halves < 19*30 {
					t.Errorf("%d half pairs in 20 s", halves)
				}
				devices[lost].Plug()
				begin = time.Now()
				for !take() {
				}
				if took := time.Since(begin); took > 10*time.Second {
					t.Errorf("whole pairs after %v", took)
				}
				for name, d := range devices {
					want := 1
					if name == lost {
						want = 2
					}
					if opened, _, _ := d.Counts(); opened != want {
						t.Errorf("the %s camera was opened %d times", name, opened)
					}
				}
				losses(e, src)
				if err := src.Close(); err != nil {
					t.Error(err)
				}
				for _, w := range []string{"the %s camera is lost", "the %s camera cannot be opened", "the %s camera is there", "the %s camera was lost times=1"} {
					if !strings.Contains(words.String(), fmt.Sprintf(w, lost)) {
						t.Errorf("not told: "+w+"\n%s", lost, words.String())
					}
				}
			})
		})
	}
}

// TestOneImage takes the image that is not used away.
func TestOneImage(t *testing.T) {
	for _, depth := range []bool{false, true} {
		src := oneImage{capturetest.NewFake(capturetest.FakeOptions{}), depth}
		var p capture.Pair
		if err := src.Next(t.Context(), &p); err != nil || p.HasDepth() != depth || p.HasColor() == depth || src.Live() || src.Reset() != nil {
			t.Errorf("%v: colour %v, depth %v", err, p.HasColor(), p.HasDepth())
		}
	}
}
