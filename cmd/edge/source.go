package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/capture/synth"
)

// sourceKinds lists what may stand before the colon of a SOURCE.
var sourceKinds = []struct{ kind, words string }{
	{"synth", "synth:[key=value,…]   the built-in synthetic camera, such as synth:seed=7,frames=100"},
	{"replay", "replay:DIR            a recording; a folder's path alone means the same"},
}

// sourceHelp describes SOURCE in the help of the commands that take one.
const sourceHelp = `
SOURCE is synth:[key=value,…] for the built-in synthetic camera, or a folder: a recording that edge wrote, the TUM RGB-D
layout (rgb.txt, depth.txt), or color/ and depth/ with images of equal names.`

// sourceOptions are the flags that say how a source is read.
type sourceOptions struct {
	onError replay.OnError
	paced   bool
	fps     float64
	loop    bool
	labels  string // folder of labels inside a recording; "" = whichever there is, "-" = none
	threads int
}

// openSource opens what a SOURCE argument names.
func openSource(arg string, o sourceOptions) (capture.Source, error) {
	kind, rest, ok := strings.Cut(arg, ":")
	if ok && len(kind) > 1 { // one letter is a Windows drive
		switch kind {
		case "synth":
			return openSynth(rest, o)
		case "replay":
			return openRecording(rest, o)
		}
		if _, err := os.Stat(arg); err != nil {
			return nil, usagef("source %q: no kind %q; there are:\n%s", arg, kind, sourceList())
		}
	}
	return openRecording(arg, o)
}

func sourceList() string {
	var b strings.Builder
	for _, k := range sourceKinds {
		fmt.Fprintf(&b, "  %s\n", k.words)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func openRecording(dir string, o sourceOptions) (capture.Source, error) {
	info, err := os.Stat(dir)
	switch {
	case os.IsNotExist(err):
		return nil, usagef("source %q: no such folder, and no kind of source; there are:\n%s", dir, sourceList())
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, usagef("source %q: is a file; a recording is a folder with color/ and depth/, or rgb.txt and depth.txt", dir)
	}
	if err := replay.Detect(dir); err != nil {
		return nil, usageError{err}
	}
	return replay.Open(dir, replay.Options{OnError: o.onError, Paced: o.paced, FPS: o.fps, Loop: o.loop, Labels: o.labels, Threads: o.threads})
}

func openSynth(args string, o sourceOptions) (capture.Source, error) {
	so, err := synth.ParseOptions(args)
	if err != nil {
		return nil, usageError{err}
	}
	so.Paced = so.Paced || o.paced && o.fps == 0
	camera, err := synth.New(so)
	if err != nil {
		return nil, usageError{err}
	}
	src := synthetic{camera, so.Frames}
	if o.fps > 0 {
		return &paced{Source: src, fps: o.fps}, nil
	}
	return src, nil
}

// synthetic is the synthetic camera, telling how many frames it will give.
type synthetic struct {
	*synth.Camera
	frames int
}

// Len is the number of frames, 0 without an end.
func (s synthetic) Len() int { return s.frames }

// paced delivers a source's pairs at a fixed rate at most.
type paced struct {
	capture.Source
	fps   float64
	begin time.Time
	n     int
}

func (p *paced) Next(ctx context.Context, dst *capture.Pair) error {
	if err := p.Source.Next(ctx, dst); err != nil {
		return err
	}
	if p.n == 0 {
		p.begin = time.Now()
	}
	due := time.Duration(float64(p.n) / p.fps * float64(time.Second))
	p.n++
	timer := time.NewTimer(time.Until(p.begin.Add(due)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sourceLen is the number of pairs that a source will give, where it can tell; else 0.
func sourceLen(src capture.Source) int {
	if p, ok := src.(*paced); ok {
		src = p.Source
	}
	if l, ok := src.(interface{ Len() int }); ok {
		return l.Len()
	}
	return 0
}
