//go:build realsense && (linux || darwin)

package realsense

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/softcam"
)

// A camera behind a supervisor: its frames cease, it is not to be found for a while, and comes back as another device
// with the same serial number. The pairs go on, their numbers too.
func TestSupervisedUnplugAndReplug(t *testing.T) {
	const unplugs = 3
	l := library(t)
	plug := func() (*softcam.Camera, func()) {
		cam, err := softcam.New(l, softcam.Options{Calibration: geometry(), Serial: "42"})
		if err != nil {
			t.Fatal(err)
		}
		end, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			f := &feeder{t: t, cam: cam, cal: geometry()}
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				case <-time.After(5 * time.Millisecond):
					f.color(i)
					f.depth(i)
				}
			}
		}()
		return cam, func() { close(end); <-ended; t.Cleanup(cam.Close) }
	}
	var there atomic.Pointer[softcam.Camera]
	open := func(context.Context) (capture.Source, error) {
		cam := there.Load()
		if cam == nil {
			return nil, ErrNoCamera
		}
		return openSoft(t, cam, "42", Options{})
	}
	cam, unplug := plug()
	there.Store(cam)
	var back, lost int
	sup, err := capture.Supervise(t.Context(), open, capture.SupervisorOptions{Silence: 300 * time.Millisecond, Told: func(e capture.SupervisorEvent) {
		switch e.Kind {
		case capture.DeviceBack:
			back++
			t.Logf("back after %v, try %d", e.Down.Round(time.Millisecond), e.Try)
		case capture.DeviceLost:
			lost++
			if !errors.Is(e.Err, capture.ErrSilent) {
				t.Errorf("lost because %v", e.Err)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer sup.Close()
	var p capture.Pair
	seq, any := uint64(0), false
	pull := func() {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		if err := sup.Next(ctx, &p); err != nil {
			t.Fatalf("%v; %+v", err, sup.Counts())
		}
		if any && p.Seq <= seq {
			t.Fatalf("Seq %d comes after %d", p.Seq, seq)
		}
		seq, any = p.Seq, true
	}
	for range unplugs {
		for range 10 {
			pull()
		}
		there.Store(nil)
		unplug()
		time.AfterFunc(700*time.Millisecond, func() {
			var cam *softcam.Camera
			cam, unplug = plug()
			there.Store(cam)
		})
		for n := back; back == n; {
			pull()
		}
	}
	for range 10 {
		pull()
	}
	if lost != unplugs || back != unplugs {
		t.Errorf("lost %d times, back %d times, want %d", lost, back, unplugs)
	}
	there.Store(nil)
	unplug()
}
