package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/mcap"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/capture/rosbag"
	"github.com/depthwise/depthwise/capture/synth"
	"github.com/depthwise/depthwise/runtime"
)

// sourceKinds lists what may stand before the colon of a SOURCE.
var sourceKinds = []struct{ kind, words string }{
	{"synth", "synth:[key=value,…]   the built-in synthetic camera, such as synth:seed=7,frames=100"},
	{"replay", "replay:DIR            a recording in a folder; the folder's path alone means the same"},
	{"mcap", "mcap:FILE             a recording in an MCAP file; the path alone of a file .mcap means the same"},
	{"rosbag", "rosbag:FILE           a RealSense recording; the path alone of a file .bag means the same"},
	{"realsense", "realsense:[key=value,…] a RealSense camera, such as realsense:serial=728612070259,width=640"},
	{"opencv", "opencv:[key=value,…;]WHAT a camera, video, stream or pipeline that OpenCV opens: opencv:0, opencv:kind=depth;d_%04d.png"},
	{"pair", "pair:COLOR+DEPTH      colour of one source, depth of another, paired by time; options follow as +key=value"},
}

// sourceHelp describes SOURCE in the help of the commands that take one.
const sourceHelp = `
SOURCE is synth:[key=value,…] for the built-in synthetic camera; a folder: a recording that edge wrote, the TUM RGB-D
layout (rgb.txt, depth.txt), or color/ and depth/ with images of equal names; a file: .mcap, or .bag as RealSense cameras
record; realsense:[key=value,…] for a RealSense camera, in a binary built for that; or pair:COLOR+DEPTH[+calibration=FILE][+offset=TIME] for the colour of one source with the depth of another.`

// sourceOptions are the flags that say how a source is read.
type sourceOptions struct {
	onError replay.OnError
	paced   bool
	fps     float64
	loop    bool
	frames  uint64 // how many are wanted, 0 = all; no more are read ahead
	labels  string // folder of labels inside a recording; "" = whichever there is, "-" = none
	// half has a device that is half of a pair opened again when it is lost; nil = it is not.
	half func(name string, src capture.Source, open func() (capture.Source, error)) (capture.Source, error)
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
		case "mcap", "rosbag":
			return openFile(kind, rest, o)
		case "realsense":
			return openRealSense(rest, o)
		case "opencv":
			return openOpenCV(rest, o)
		case "pair":
			return openPair(rest, o)
		}
		if _, err := os.Stat(arg); err != nil {
			return nil, usagef("source %q: no kind %q; there are:\n%s", arg, kind, sourceList())
		}
	}
	switch {
	case isMCAP(arg):
		return openFile("mcap", arg, o)
	case strings.EqualFold(filepath.Ext(arg), ".bag"):
		return openFile("rosbag", arg, o)
	}
	return openRecording(arg, o)
}

// isMCAP tells whether a path names a recording in an MCAP file.
func isMCAP(path string) bool { return strings.EqualFold(filepath.Ext(path), ".mcap") }

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
		return nil, usagef("source %q: is a file, neither .mcap nor .bag; a recording is a folder with color/ and depth/, or rgb.txt and depth.txt", dir)
	}
	if err := replay.Detect(dir); err != nil {
		return nil, usageError{err}
	}
	ahead := 0
	if o.frames > 0 && o.frames < 4 {
		ahead = int(o.frames)
	}
	return replay.Open(dir, replay.Options{OnError: o.onError, Paced: o.paced, FPS: o.fps, Loop: o.loop, Labels: o.labels,
		Threads: min(ahead, 2), Ahead: ahead})
}

// openFile opens a recording that is one file.
func openFile(kind, path string, o sourceOptions) (capture.Source, error) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, usagef("source %q: no such file", path)
	case err == nil && info.IsDir():
		return nil, usagef("source %q: is a folder, not a file", path)
	}
	var src bag
	skip := o.onError == replay.Skip
	if kind == "mcap" {
		rec, err := mcap.Open(path, mcap.Options{Skip: skip, Loop: o.loop})
		if err != nil {
			return nil, err
		}
		src = bag{rec, rec.Len(), func() (uint64, []string) { s := rec.Stats(); return s.Skipped, s.Problems }}
	} else {
		rec, err := rosbag.Open(path, rosbag.Options{Skip: skip, Loop: o.loop})
		if err != nil {
			return nil, err
		}
		src = bag{rec, 0, func() (uint64, []string) { s := rec.Stats(); return s.Skipped, s.Problems }}
	}
	if o.fps > 0 || o.paced {
		return &paced{Source: src, fps: o.fps}, nil
	}
	return src, nil
}

// bag is a recording in one file.
type bag struct {
	capture.Source
	pairs int // that it holds, 0 = not known before its end
	stats func() (skipped uint64, problems []string)
}

var _ runtime.Skipper = bag{}

// Skipped is what the recording left out so far, for a pipeline.
func (b bag) Skipped() uint64 {
	n, _ := b.stats()
	return n
}

// Len is the number of pairs, 0 where that is not known.
func (b bag) Len() int { return b.pairs }

// troubles are how many pairs a source left out, and the first few problems in words.
func troubles(src capture.Source) (skipped uint64, problems []string) {
	if p, ok := src.(*paced); ok {
		src = p.Source
	}
	if skipped, problems, ok := realsenseTroubles(src); ok {
		return skipped, problems
	}
	switch src := src.(type) {
	case *replay.Recording:
		s := src.Stats()
		return s.Skipped, s.Problems
	case bag:
		return src.stats()
	case oneImage:
		return troubles(src.Source)
	case pairOf:
		a, words := troubles(unwrapped(src.color))
		b, more := troubles(unwrapped(src.depth))
		return a + b, append(words, more...)
	}
	return 0, nil
}

// recorded tells whether a source is a recording, whose labels have classes of their own.
func recorded(src capture.Source) bool {
	if pair, ok := src.(pairOf); ok {
		src = unwrapped(pair.color)
	}
	_, dir := src.(*replay.Recording)
	_, file := src.(bag)
	return dir || file
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

// paced delivers a source's pairs at a fixed rate at most, or at their own times.
type paced struct {
	capture.Source
	fps   float64 // 0 = at their times
	begin time.Time
	first time.Duration
	n     int
}

func (p *paced) Next(ctx context.Context, dst *capture.Pair) error {
	if err := p.Source.Next(ctx, dst); err != nil {
		return err
	}
	if p.n == 0 {
		p.begin, p.first = time.Now(), dst.ColorTime
	}
	due := dst.ColorTime - p.first
	if p.fps > 0 {
		due = time.Duration(float64(p.n) / p.fps * float64(time.Second))
	}
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

// Skipped is the source's, for a pipeline.
func (p *paced) Skipped() uint64 {
	if s, ok := p.Source.(runtime.Skipper); ok {
		return s.Skipped()
	}
	return 0
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
