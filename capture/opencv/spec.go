package opencv

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Kind is which half of a pair a source gives.
type Kind string

const (
	Color Kind = "color"
	Depth Kind = "depth" // 16 bits a pixel
)

// Options say what is read, and how. The zero value reads colour as the device gives it.
type Options struct {
	Kind          Kind    // empty: Color
	Width, Height int     // asked of a device, pixels; 0 = its own
	FPS           float64 // asked of a device; of a file without times, assumed; 0 = its own, or 30
	Scale         float64 // of depth, metres a unit; 0 = 0.001
	API           string  // of OpenCV: any, v4l2, gstreamer, ffmpeg, images; empty: any, or gstreamer for a pipeline
	FOV           float64 // horizontal field of view that is assumed, degrees; 0 = 60
}

// Target is what a text names.
type Target int

const (
	Device   Target = iota // a number or /dev/…
	Stream                 // an address such as rtsp://…
	Pipeline               // GStreamer elements with " ! " between them
	File                   // anything else: a video, or images such as depth_%04d.png
)

// Live tells whether frames come at their times, whether or not they are read.
func (t Target) Live() bool { return t != File }

const specKeys = "kind, width, height, fps, scale, api, fov"

// ParseSpec reads "[key=value,…;]WHAT": options, and what OpenCV is to open. What stands before the first semicolon are
// options if the first of them begins with a key; file names and pipelines may have semicolons otherwise.
func ParseSpec(text string) (what string, o Options, err error) {
	what = text
	if list, rest, ok := strings.Cut(text, ";"); ok && beginsWithKey(list) {
		what = rest
		for part := range strings.SplitSeq(list, ",") {
			key, value, ok := strings.Cut(part, "=")
			if !ok {
				return "", o, fmt.Errorf("opencv: option %q: not key=value; keys are %s", part, specKeys)
			}
			if err := o.set(key, value); err != nil {
				return "", o, err
			}
		}
	}
	if strings.TrimSpace(what) == "" {
		return "", o, fmt.Errorf("opencv: %q: names no device, file, stream or pipeline", text)
	}
	if strings.ContainsRune(what, 0) {
		return "", o, fmt.Errorf("opencv: %q: has a zero byte", text)
	}
	return what, o, nil
}

func beginsWithKey(list string) bool {
	key, _, ok := strings.Cut(list, "=")
	if !ok {
		return false
	}
	for known := range strings.SplitSeq(specKeys, ", ") {
		if key == known {
			return true
		}
	}
	return false
}

func (o *Options) set(key, value string) error {
	bad := func(want string) error { return fmt.Errorf("opencv: option %s=%q: want %s", key, value, want) }
	number := func(f *float64, lo, hi float64) error {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(v) || v < lo || v > hi {
			return bad(fmt.Sprintf("%v to %v", lo, hi))
		}
		*f = v
		return nil
	}
	side := func(n *int) error {
		v, err := strconv.Atoi(value)
		if err != nil || v < 16 || v > 16384 {
			return bad("16 to 16384 pixels")
		}
		*n = v
		return nil
	}
	switch key {
	case "kind":
		if o.Kind = Kind(value); o.Kind != Color && o.Kind != Depth {
			return bad("color or depth")
		}
	case "width":
		return side(&o.Width)
	case "height":
		return side(&o.Height)
	case "fps":
		return number(&o.FPS, 0.1, 1000)
	case "scale":
		return number(&o.Scale, 1e-6, 1)
	case "fov":
		return number(&o.FOV, 1, 170)
	case "api":
		switch o.API = value; value {
		case "any", "v4l2", "gstreamer", "ffmpeg", "images":
		default:
			return bad("any, v4l2, gstreamer, ffmpeg or images")
		}
	default:
		return fmt.Errorf("opencv: unknown option %q; keys are %s", key, specKeys)
	}
	return nil
}

// TargetOf tells what a text names.
func TargetOf(what string) Target {
	if _, err := strconv.ParseUint(what, 10, 16); err == nil {
		return Device
	}
	switch {
	case strings.Contains(what, "!"):
		return Pipeline
	case strings.HasPrefix(what, "/dev/"):
		return Device
	case strings.Contains(what, "://"):
		return Stream
	}
	return File
}
