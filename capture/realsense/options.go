package realsense

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Options say which camera, how it streams, and what it is set to. The zero value is the first camera, near 640 × 480 at 30
// frames a second, set as it stands.
type Options struct {
	// Library is librealsense2's file; "" means $REALSENSE_LIB or, without that, the usual names. Several files, written
	// like a search path, are opened in order, the library last.
	Library string
	Serial  string // of the camera; "" = the first
	File    string // plays this recording (.bag) instead
	Record  string // writes what the camera delivers into this new file (.bag)

	// Depth and Color choose the streams; what is 0 is free.
	Depth, Color StreamOptions

	Emitter       string  // "on", "off", "auto" (laser projector); "" = as it stands
	Laser         float64 // mW; 0 = as it stands
	Preset        string  // of the depth sensor, by the library's name ("High Accuracy") or number
	Settings      string  // a JSON file as the vendor's viewer writes it
	Exposure      string  // of depth: "auto", or µs
	Gain          float64 // of depth; 0 = as it stands
	ColorExposure string  // "auto", or the sensor's own unit (D400: 100 µs)
	ColorGain     float64 // 0 = as it stands
	Sync          string  // hardware synchronisation: "off", "master", "slave", "full-slave", or the library's number
	GlobalTime    string  // "on": times on the host's clock; "off": on the camera's; "" = as it stands

	Queue  int           // frames of each stream that wait for Next before the oldest goes; 0 = 4
	Wait   time.Duration // how long Next waits for a frame before it tells ErrNoFrames; 0 = 5 s
	Window time.Duration // largest skew of a pair; 0 = one period of the slower stream
}

// StreamOptions choose one stream.
type StreamOptions struct {
	Width, Height int    // pixels
	FPS           int    // frames a second
	Format        string // colour only: rgb8, bgr8, rgba8, bgra8, yuyv, uyvy or y8
}

// key is an option's name in text, and how it is set.
type key struct {
	name string
	set  func(o *Options, value string) error
}

// keys are in the order in which an error lists them.
var keys = []key{
	{"serial", text(func(o *Options) *string { return &o.Serial })},
	{"width", numbers(func(o *Options) []*int { return []*int{&o.Depth.Width, &o.Color.Width} })},
	{"height", numbers(func(o *Options) []*int { return []*int{&o.Depth.Height, &o.Color.Height} })},
	{"fps", numbers(func(o *Options) []*int { return []*int{&o.Depth.FPS, &o.Color.FPS} })},
	{"depth-width", numbers(func(o *Options) []*int { return []*int{&o.Depth.Width} })},
	{"depth-height", numbers(func(o *Options) []*int { return []*int{&o.Depth.Height} })},
	{"depth-fps", numbers(func(o *Options) []*int { return []*int{&o.Depth.FPS} })},
	{"color-width", numbers(func(o *Options) []*int { return []*int{&o.Color.Width} })},
	{"color-height", numbers(func(o *Options) []*int { return []*int{&o.Color.Height} })},
	{"color-fps", numbers(func(o *Options) []*int { return []*int{&o.Color.FPS} })},
	{"color-format", oneOf(func(o *Options) *string { return &o.Color.Format }, "rgb8", "bgr8", "rgba8", "bgra8", "yuyv", "uyvy", "y8")},
	{"emitter", oneOf(func(o *Options) *string { return &o.Emitter }, "on", "off", "auto")},
	{"laser", positive(func(o *Options) *float64 { return &o.Laser })},
	{"preset", text(func(o *Options) *string { return &o.Preset })},
	{"settings", text(func(o *Options) *string { return &o.Settings })},
	{"exposure", exposure(func(o *Options) *string { return &o.Exposure })},
	{"gain", positive(func(o *Options) *float64 { return &o.Gain })},
	{"color-exposure", exposure(func(o *Options) *string { return &o.ColorExposure })},
	{"color-gain", positive(func(o *Options) *float64 { return &o.ColorGain })},
	{"sync", syncMode},
	{"global-time", oneOf(func(o *Options) *string { return &o.GlobalTime }, "on", "off")},
	{"queue", numbers(func(o *Options) []*int { return []*int{&o.Queue} })},
	{"wait", duration(func(o *Options) *time.Duration { return &o.Wait })},
	{"window", duration(func(o *Options) *time.Duration { return &o.Window })},
	{"record", text(func(o *Options) *string { return &o.Record })},
	{"file", text(func(o *Options) *string { return &o.File })},
	{"library", text(func(o *Options) *string { return &o.Library })},
}

// ParseOptions reads "key=value,key=value"; an empty text is the zero Options.
func ParseOptions(args string) (Options, error) {
	var o Options
	if strings.TrimSpace(args) == "" {
		return o, nil
	}
	for part := range strings.SplitSeq(args, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return o, fmt.Errorf("realsense: option %q: not key=value; keys are %s", part, keyNames())
		}
		k := find(name)
		if k == nil {
			return o, fmt.Errorf("realsense: unknown option %q; keys are %s", name, keyNames())
		}
		if err := k.set(&o, value); err != nil {
			return o, fmt.Errorf("realsense: option %s=%q: %w", name, value, err)
		}
	}
	return o, o.check()
}

func find(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

func keyNames() string {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// check tells what does not go together.
func (o *Options) check() error {
	switch {
	case o.File != "" && o.Serial != "":
		return fmt.Errorf("realsense: options serial and file: a recording is not chosen by its camera's serial number")
	case o.File != "" && o.Record != "":
		return fmt.Errorf("realsense: options file and record: a recording is not recorded again")
	}
	return nil
}

// Kinds of values.

func text(at func(*Options) *string) func(*Options, string) error {
	return func(o *Options, value string) error {
		if value == "" {
			return fmt.Errorf("is empty")
		}
		*at(o) = value
		return nil
	}
}

func oneOf(at func(*Options) *string, words ...string) func(*Options, string) error {
	return func(o *Options, value string) error {
		for _, w := range words {
			if strings.EqualFold(value, w) {
				*at(o) = w
				return nil
			}
		}
		return fmt.Errorf("not one of %s", strings.Join(words, ", "))
	}
}

func numbers(at func(*Options) []*int) func(*Options, string) error {
	return func(o *Options, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 16384 {
			return fmt.Errorf("not a whole number from 1 to 16384")
		}
		for _, p := range at(o) {
			*p = n
		}
		return nil
	}
}

func positive(at func(*Options) *float64) func(*Options, string) error {
	return func(o *Options, value string) error {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || !(v > 0 && v <= 1e9) {
			return fmt.Errorf("not a number above 0")
		}
		*at(o) = v
		return nil
	}
}

func exposure(at func(*Options) *string) func(*Options, string) error {
	return func(o *Options, value string) error {
		if v, err := strconv.ParseFloat(value, 64); value != "auto" && (err != nil || !(v > 0 && v <= 1e9)) {
			return fmt.Errorf("neither auto nor a number above 0")
		}
		*at(o) = value
		return nil
	}
}

func duration(at func(*Options) *time.Duration) func(*Options, string) error {
	return func(o *Options, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("not a time such as 2s or 20ms")
		}
		*at(o) = d
		return nil
	}
}

// syncModes are the library's numbers of them.
var syncModes = []string{"off", "master", "slave", "full-slave"}

func syncMode(o *Options, value string) error {
	if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 260 {
		o.Sync = value
		return nil
	}
	return oneOf(func(o *Options) *string { return &o.Sync }, syncModes...)(o, value)
}
