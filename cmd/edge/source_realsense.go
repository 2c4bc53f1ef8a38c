//go:build realsense && (linux || darwin)

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense"
)

// openRealSense opens a camera, or a recording that the vendor's library plays.
func openRealSense(args string, o sourceOptions) (capture.Source, error) {
	ro, err := realsense.ParseOptions(args)
	if err != nil {
		return nil, usageError{err}
	}
	camera, err := realsense.Open(ro)
	if errors.Is(err, realsense.ErrNoLibrary) {
		return nil, fmt.Errorf("%w\n%s", err, libraryAdvice)
	}
	if err != nil {
		return nil, err
	}
	if !camera.Live() && (o.fps > 0 || o.paced) {
		return &paced{Source: camera, fps: o.fps}, nil
	}
	return camera, nil
}

// libraryAdvice is what to do without the library.
const libraryAdvice = `install librealsense2 (its packages, or the file inside "pip install pyrealsense2"), or name its file in REALSENSE_LIB;
docs/cameras.md says how`

// cameras are the RealSense cameras that doctor finds, a line each, and what is missing.
func cameras() (found, findings []string) {
	file, version, err := realsense.Library("")
	if err != nil {
		return nil, []string{fmt.Sprintf("RealSense cameras need the vendor's library: %s (%v).", strings.ReplaceAll(libraryAdvice, "\n", " "), err)}
	}
	found = append(found, fmt.Sprintf("librealsense2 %s, %s", version, file))
	all, err := realsense.List("")
	if err != nil {
		return found, []string{fmt.Sprintf("the library does not list RealSense cameras: %v.", err)}
	}
	for _, c := range all {
		words := c.Name
		for _, more := range []struct{ what, value string }{{"serial", c.Serial}, {"firmware", c.Firmware}, {"USB", c.USB}, {"port", c.Port}} {
			if more.value != "" {
				words += fmt.Sprintf(", %s %s", more.what, more.value)
			}
		}
		found = append(found, words)
		if strings.HasPrefix(c.USB, "2") {
			findings = append(findings, fmt.Sprintf("the RealSense camera %s is on USB %s: a USB 3 port and cable give it all its modes.", c.Serial, c.USB))
		}
		if c.Newer != "" {
			findings = append(findings, fmt.Sprintf("the RealSense camera %s has firmware %s; the library recommends %s.", c.Serial, c.Firmware, c.Newer))
		}
	}
	if len(all) == 0 {
		found = append(found, "no RealSense camera is plugged in, or this user may not open it (the library's udev rules)")
	}
	return found, findings
}

// realsenseTroubles are a camera's, for troubles.
func realsenseTroubles(src capture.Source) (skipped uint64, problems []string, ok bool) {
	camera, ok := src.(*realsense.Camera)
	if !ok {
		return 0, nil, false
	}
	s := camera.Stats()
	return s.Broken, s.Problems, true
}

// realsenseWords is what became of a camera's frames, in words; empty for other sources.
func realsenseWords(src capture.Source) string {
	camera, ok := src.(*realsense.Camera)
	if !ok || !camera.Live() {
		return ""
	}
	s := camera.Stats()
	stream := func(name string, s realsense.StreamStats) string {
		return fmt.Sprintf("%s %d frames, %d lost (%d of them here)", name, s.In, s.Lost, s.Dropped)
	}
	return "camera: " + stream("colour", s.Color) + "; " + stream("depth", s.Depth)
}
