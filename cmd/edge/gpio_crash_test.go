package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/runtime"
)

// brittle is a model and a source that panic, fail or fall silent where a test says.
type brittle struct {
	*capturetest.Fake
	where   string
	frames  atomic.Int32
	classes [16]uint8
}

func (s *brittle) Next(ctx context.Context, dst *capture.Pair) error {
	if s.frames.Add(1) > 4 {
		switch s.where {
		case "capture":
			panic("the camera's driver")
		case "capture fails":
			return errors.New("it fails")
		case "silence":
			<-ctx.Done()
			return ctx.Err()
		}
	}
	return s.Fake.Next(ctx, dst)
}

func (s *brittle) Prepare(capture.Calibration) error { return nil }

func (s *brittle) Preprocess(p *capture.Pair) error {
	if s.where == "preprocess" && p.Seq == 3 {
		panic("an index out of range")
	}
	return nil
}

func (s *brittle) Infer() ([]uint8, error) {
	if s.where == "infer" && s.frames.Load() > 4 {
		panic("a kernel")
	}
	return s.classes[:], nil
}

func (s *brittle) Size() (int, int) { return 4, 4 }
func (s *brittle) Name() string     { return "stage" }
func (s *brittle) UsesColor() bool  { return true }
func (s *brittle) UsesDepth() bool  { return false }

// TestLinesFallWhenAStageCrashes: whichever stage panics, fails or falls silent, every line that was driven, alarms with an
// hour's hold too, gets its safe level: at the end of the run, or in silence while it goes on.
func TestLinesFallWhenAStageCrashes(t *testing.T) {
	for i, where := range []string{"capture", "capture fails", "preprocess", "infer", "emit", "silence"} {
		t.Run(where, func(t *testing.T) {
			name := func(s string) string { return "CRASH" + s + string(rune('A'+i)) }
			alarm, low, status, trigger := fakeLine(t, name("1")), fakeLine(t, name("2")), fakeLine(t, name("3")), fakeLine(t, name("4"))
			s := &brittle{Fake: capturetest.NewFake(capturetest.FakeOptions{}), where: where}
			flags := gpioFlags{Silence: time.Hour, Status: name("3"), Trigger: name("4") + ",width=1us,active=low,safe=high",
				Alarms: []string{"0:0.5=" + name("1") + ",hold=1h", "0:0.5=" + name("2") + ",hold=1h,active=low,safe=high"}}
			if where == "silence" {
				flags.Silence = 50 * time.Millisecond
			}
			l, err := flags.open(s, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			p := &runtime.Pipeline{Policy: runtime.Always(runtime.Choice{Model: s, Mode: mask.Paired}), Models: []runtime.Model{s}, Emit: func(m *mask.Mask, _ *capture.Pair) error {
				if where == "emit" && m.Seq == 3 {
					panic("whoever takes the masks")
				}
				return nil
			}}
			l.watch(p)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				_, err := p.Run(ctx)
				ended <- err
			}()
			fell := func() bool {
				return alarm.was(true, false) && low.was(false, true) && status.was(true, false) && trigger.was(false, true)
			}
			if where == "silence" {
				for end := time.Now().Add(20 * time.Second); !fell() && time.Now().Before(end); {
					time.Sleep(time.Millisecond)
				}
			} else {
				err := <-ended
				if err == nil || !strings.Contains(where, "fails") != strings.Contains(err.Error(), "panic") {
					t.Fatalf("the run ends with %v", err)
				}
				l.Close() // as edge run does, whatever ended it
			}
			if !fell() {
				t.Errorf("levels: alarm %v, %v, status %v, trigger %v", alarm.levels, low.levels, status.levels, trigger.levels)
			}
		})
	}
}
