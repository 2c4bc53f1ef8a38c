package synth

import (
	"fmt"
	"strconv"
	"strings"
)

// Options of a synthetic camera. The zero value is the default camera.
type Options struct {
	Seed    uint64  // everything follows from it
	Scene   string  // one of Scenes; empty means "mixed": drawn for each scene
	Width   int     // of both images, pixels; 0 means 640
	Height  int     // 0 means 480
	FPS     float64 // frames per second of the camera's clock; 0 means 30
	Frames  int     // after which Next returns io.EOF; 0 means endless
	Cut     int     // a new scene every Cut frames; 0 means one scene for ever
	Noise   float64 // of the depth camera: 0 none, 1 usual, up to 2; the zero Options have none, Open's default is 1
	Paced   bool    // Next waits for each frame's time
	Labels  string  // "tabletop", the same as empty, or "indoor": the set of classes, see the package's comment
	Threads int     // goroutines that render; 0 means one per CPU. The bytes do not depend on it
}

// scenes are the kinds of scene: one table, a room with counters and tables, two kinds without any table, or a mixture.
var scenes = []string{"mixed", "tabletop", "room", "corridor", "empty"}

// Scenes returns the names that Options.Scene may have.
func Scenes() []string { return append([]string(nil), scenes...) }

var keys = []string{"seed", "scene", "width", "height", "fps", "frames", "cut", "noise", "paced", "labels", "threads"}

// ParseOptions reads "key=value,key=value". An empty text is the default camera: mixed scenes, 640 × 480, 30 frames a
// second, endless, one scene, noise 1, not paced.
func ParseOptions(args string) (Options, error) {
	o := Options{Noise: 1}
	if strings.TrimSpace(args) == "" {
		return o, nil
	}
	for _, part := range strings.Split(args, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return o, fmt.Errorf("synth: option %q: not key=value; keys are %s", part, strings.Join(keys, ", "))
		}
		if err := o.set(key, value); err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (o *Options) set(key, value string) (err error) {
	want := "a whole number"
	switch key {
	case "seed":
		o.Seed, err = strconv.ParseUint(value, 10, 64)
	case "scene":
		o.Scene = value
	case "labels":
		o.Labels = value
	case "width":
		o.Width, err = strconv.Atoi(value)
	case "height":
		o.Height, err = strconv.Atoi(value)
	case "frames":
		o.Frames, err = strconv.Atoi(value)
	case "cut":
		o.Cut, err = strconv.Atoi(value)
	case "threads":
		o.Threads, err = strconv.Atoi(value)
	case "fps":
		want = "a number"
		o.FPS, err = strconv.ParseFloat(value, 64)
	case "noise":
		want = "a number"
		o.Noise, err = strconv.ParseFloat(value, 64)
	case "paced":
		want = "true or false"
		o.Paced, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("synth: unknown option %q; keys are %s", key, strings.Join(keys, ", "))
	}
	if err != nil {
		return fmt.Errorf("synth: option %s=%q: not %s", key, value, want)
	}
	return nil
}

// check tells what is out of range.
func (o *Options) check() error {
	bad := func(key string, value any, want string) error {
		return fmt.Errorf("synth: option %s=%v: %s", key, value, want)
	}
	known := o.Scene == ""
	for _, s := range scenes {
		known = known || s == o.Scene
	}
	switch {
	case !known:
		return bad("scene", strconv.Quote(o.Scene), "scenes are "+strings.Join(scenes, ", "))
	case o.Labels != "" && o.Labels != "tabletop" && o.Labels != "indoor":
		return bad("labels", strconv.Quote(o.Labels), "label sets are tabletop, indoor")
	case o.Width != 0 && (o.Width < 16 || o.Width > 4096):
		return bad("width", o.Width, "must be 16 to 4096")
	case o.Height != 0 && (o.Height < 16 || o.Height > 4096):
		return bad("height", o.Height, "must be 16 to 4096")
	case !(o.FPS == 0 || o.FPS >= 0.1 && o.FPS <= 1000):
		return bad("fps", o.FPS, "must be 0.1 to 1000")
	case o.Frames < 0:
		return bad("frames", o.Frames, "must not be negative")
	case o.Cut < 0:
		return bad("cut", o.Cut, "must not be negative")
	case !(o.Noise >= 0 && o.Noise <= 2):
		return bad("noise", o.Noise, "must be 0 to 2")
	case o.Threads < 0 || o.Threads > 1024:
		return bad("threads", o.Threads, "must be 0 to 1024")
	}
	return nil
}
