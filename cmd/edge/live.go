package main

import (
	"fmt"
	"time"

	"github.com/depthwise/depthwise/runtime"
)

// liveFlags say what a run does when cameras, time or the disk fail it.
type liveFlags struct {
	Reconnect    string        `default:"auto" enum:"auto,always,never" help:"Open the source again when it is lost: a camera (auto), any source, waiting for it at the start, too (always), none (never)."`
	Require      string        `default:"any" enum:"any,paired" help:"Masks from what is left when an image is lost (any), or none then (paired)."`
	RGBStudent   string        `name:"rgb-student" placeholder:"NAME|FILE" help:"Stands in while depth is lost; MODEL-rgb where there is one, none = no student."`
	DepthStudent string        `placeholder:"NAME|FILE" help:"Stands in while colour is lost; MODEL-depth where there is one."`
	NanoStudent  string        `placeholder:"NAME|FILE" help:"Stands in while frames are over the deadline or the machine too hot; MODEL-nano where there is one."`
	Checks       string        `default:"auto" enum:"auto,on,off" help:"Look for images that are stale, frozen, blind, dark or stuck: of live sources (auto), of all, of none."`
	Hold         int           `default:"15" placeholder:"N" help:"Pairs for which a camera must be fine before it is trusted again."`
	MinDepth     float64       `default:"0.05" placeholder:"SHARE" help:"Depth with readings in a smaller share of its pixels is blind."`
	Deadline     time.Duration `placeholder:"TIME" help:"Drop masks that are done later than this after their frames came, such as 33ms; implies --live."`
	MaxTemp      float64       `placeholder:"CELSIUS" help:"Too hot from this temperature on, or when the processor is throttled."`
	Sysfs        string        `default:"/sys" hidden:"" help:"Where temperatures are read."`
	VoidBelow    float64       `placeholder:"CONFIDENCE" help:"Write void for pixels of less confidence, such as 0.6, instead of a guess."`
	Holes        bool          `help:"Mark, in ndjson, the pixels for which depth has no reading."`
	OnFull       string        `default:"stop" enum:"stop,shed" help:"What a full disk does: stop, or shed masks until there is room."`
}

// liveHelp is what the help of edge run says about all that.
const liveHelp = `
When a camera fails. A mask says what it was made from (mode) and why (reason). While depth is lost, the student for
colour alone works, while colour is lost the one for depth; where there is none the model itself sees the lost image as
zeros. The switch is on the next frame, the way back after --hold frames. A camera that is lost is opened again, with
growing waits up to 2 s. Under systemd (Type=notify, WatchdogSec=) edge tells when it is ready, and that frames advance.
docs/live.md has the details, docs/faults.md what each fault costs.`

func (f *liveFlags) check() error {
	switch {
	case f.Deadline < 0:
		return usagef("--deadline %v: must not be negative", f.Deadline)
	case !(f.VoidBelow >= 0 && f.VoidBelow < 1):
		return usagef("--void-below %v: want a confidence from 0.5 to below 1", f.VoidBelow)
	case !(f.MinDepth >= 0 && f.MinDepth <= 1):
		return usagef("--min-depth %v: want a share from 0 to 1", f.MinDepth)
	case f.Hold < 0:
		return usagef("--hold %d: must not be negative", f.Hold)
	case !(f.MaxTemp >= 0 && f.MaxTemp <= 150):
		return usagef("--max-temp %v: want 0 to 150 degrees", f.MaxTemp)
	}
	return nil
}

// checks are the pipeline's; nil = none.
func (f *liveFlags) checks(live bool) *runtime.Checks {
	if f.Checks == "off" || f.Checks == "auto" && !live {
		return nil
	}
	never := func(v *float64) {
		if *v == 0 {
			*v = -1
		}
	}
	c := &runtime.Checks{MinDepth: f.MinDepth, Hold: f.Hold}
	if never(&c.MinDepth); c.Hold == 0 {
		c.Hold = -1
	}
	return c
}

// tellChange says that another student works, or why there are no masks.
func tellChange(e *env, n *notifier, c runtime.Change) {
	to := c.To
	switch {
	case to.Model == nil:
		e.log.Warn("no masks", "from", c.Seq, "because", to.Reason)
		n.status("no masks: " + to.Reason)
		return
	case to.Reason != "":
		if c.From == (runtime.Choice{}) {
			e.log.Debug("masks", "mode", to.Mode, "because", to.Reason, "model", to.Model.Name())
		} else {
			e.log.Warn("masks", "from", c.Seq, "mode", to.Mode, "because", to.Reason, "model", to.Model.Name())
		}
		n.status(fmt.Sprintf("masks by %s, %s: %s", to.Model.Name(), to.Mode, to.Reason))
		return
	case c.From != (runtime.Choice{}):
		e.log.Info("masks", "from", c.Seq, "mode", to.Mode, "model", to.Model.Name())
	}
	n.status(fmt.Sprintf("masks by %s, %s", to.Model.Name(), to.Mode))
}
