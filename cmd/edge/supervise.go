package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// supervised is a source that is opened again when it is lost.
type supervised struct {
	*capture.Supervisor
	mu    sync.Mutex
	inner capture.Source
}

// Live is true: a pipeline takes the newest pair.
func (s *supervised) Live() bool { return true }

// unwrapped is the source itself, the one of now where it is opened again and again.
func unwrapped(src capture.Source) capture.Source {
	if s, ok := src.(*supervised); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.inner
	}
	return src
}

// never is a bound that does not come.
const never = 1 << 62

// supervise opens a source, and has it opened again when it is lost where the flags say so. Of a pair of devices each
// half is opened again by itself, so that the other goes on meanwhile.
func (f *liveFlags) supervise(e *env, arg string, o sourceOptions, n *notifier) (capture.Source, error) {
	if f.Reconnect != "never" {
		o.half = func(name string, src capture.Source, open func() (capture.Source, error)) (capture.Source, error) {
			return watch(e, n, "the "+name+" camera", src, open, capture.SupervisorOptions{Half: -1})
		}
	}
	open := func() (capture.Source, error) { return openSource(arg, o) }
	first, err := open()
	usage := usageError{} // a wrong command line is no camera to wait for
	patient := f.Reconnect == "always" && !errors.As(err, &usage)
	if err != nil && !patient {
		return nil, err
	}
	pair := strings.HasPrefix(arg, "pair:")
	if !patient && (f.Reconnect == "never" || pair || !isLive(first)) {
		return first, nil
	}
	so := capture.SupervisorOptions{Patient: patient}
	if pair { // its halves see to themselves
		so.Silence, so.Frozen, so.Half = never, -1, -1
	}
	return watch(e, n, "the camera", first, open, so)
}

// watch has a source opened again when it is lost, and tells of it by its name. first is the source if it is open
// already.
func watch(e *env, n *notifier, name string, first capture.Source, open func() (capture.Source, error), o capture.SupervisorOptions) (*supervised, error) {
	s := &supervised{}
	again := func(context.Context) (src capture.Source, err error) {
		s.mu.Lock()
		src, first = first, nil
		s.mu.Unlock()
		if src == nil {
			if src, err = open(); err != nil {
				return nil, err
			}
		}
		s.mu.Lock()
		s.inner = src
		s.mu.Unlock()
		return src, nil
	}
	o.Seed = rand.Uint64()
	troubled := false
	o.Told = func(v capture.SupervisorEvent) {
		if v.Kind != capture.DeviceBack || troubled { // that it is there at once is no news
			tellDevice(e, n, name, v)
		}
		troubled = v.Kind != capture.DeviceBack
	}
	var err error
	if s.Supervisor, err = capture.Supervise(e.ctx, again, o); err != nil {
		return nil, err
	}
	return s, nil
}

// tellDevice says what happened to a camera; of the tries to open it, fewer and fewer.
func tellDevice(e *env, n *notifier, name string, v capture.SupervisorEvent) {
	switch v.Kind {
	case capture.DeviceLost:
		e.log.Warn(name+" is lost", "because", v.Err)
		n.status(name + " is lost: " + v.Err.Error())
	case capture.OpenFailed:
		if v.Try&(v.Try-1) == 0 {
			e.log.Warn(name+" cannot be opened", "because", v.Err, "tries", v.Try)
			n.status(fmt.Sprintf("waiting for %s: %v", name, v.Err))
		}
	case capture.DeviceBack:
		e.log.Info(name+" is there", "after", v.Down.Round(time.Millisecond), "tries", v.Try)
		n.status(name + " is there")
	}
}

// losses says how often cameras were lost, for the end of a run.
func losses(e *env, src capture.Source) {
	say := func(name string, src capture.Source) {
		if s, ok := src.(*supervised); ok && s.Counts().Lost > 0 {
			e.log.Info(name+" was lost", "times", s.Counts().Lost, "opened", s.Counts().Opened)
		}
	}
	say("the camera", src)
	if p, ok := unwrapped(src).(pairOf); ok {
		say("the colour camera", p.color)
		say("the depth camera", p.depth)
	}
}

// oneImage is a device of whose pairs one image is used: the other, if there is one, neither hides that this one froze
// nor takes any part.
type oneImage struct {
	capture.Source
	depth bool // the depth image is used
}

func (o oneImage) Next(ctx context.Context, dst *capture.Pair) error {
	err := o.Source.Next(ctx, dst)
	if err == nil && o.depth {
		dst.Color.Resize(0, 0)
	} else if err == nil {
		dst.Depth.Resize(0, 0)
	}
	return err
}

// Reset is the device's.
func (o oneImage) Reset() error {
	if d, ok := o.Source.(capture.Resetter); ok {
		return d.Reset()
	}
	return nil
}

// Live is the device's.
func (o oneImage) Live() bool { return isLive(o.Source) }
