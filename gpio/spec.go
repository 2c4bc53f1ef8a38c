package gpio

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// LineSpec names an output line and its levels: "GPIO17", "GPIO17,active=low", "GPIO17,active=low,safe=high".
type LineSpec struct {
	Name   string
	Active gpio.Level // the level that says yes; High if not given
	Safe   gpio.Level // the level of a line that has nothing to say; Low if not given
}

// TriggerSpec is an output that pulses before each frame: "GPIO18", "GPIO18,width=2ms,repeat=500ms".
type TriggerSpec struct {
	Line   LineSpec
	Width  time.Duration // of a pulse; 1 ms if not given
	Repeat time.Duration // a frame that has not come after so long gets another pulse; 1 s if not given, 0 = never
}

// SyncSpec is an input whose edges ask for frames: "GPIO23", "GPIO23,edge=falling,pull=up,debounce=5ms,timeout=10s".
type SyncSpec struct {
	Name     string
	Edge     gpio.Edge     // rising if not given
	Pull     gpio.Pull     // as it is if not given
	Debounce time.Duration // edges so soon after one that counted are its bouncing; 0 if not given
	Timeout  time.Duration // no edge for so long is an error; 0 = wait on
}

// AlarmSpec is an output that tells when a class covers too much of a region:
//
//	CLASS:SHARE[@X,Y,W,H]=LINE[,active=low][,safe=high][,hysteresis=0.2][,after=200ms][,hold=1s]
type AlarmSpec struct {
	Class      string     // a class's name or number
	Share      float64    // of the region's pixels, above which the alarm trips: 0 to below 1
	Region     [4]float64 // x, y, width, height as shares of the image; the whole image if not given
	Line       LineSpec
	Hysteresis float64       // the alarm ends at Share·(1 − Hysteresis); 0.2 if not given
	After      time.Duration // it trips when the share was too large for so long; 0 if not given
	Hold       time.Duration // it lasts so long at least; 1 s if not given
}

// maxTime bounds every time in a spec.
const maxTime = time.Hour

// options are the key=value parts after a line's name.
type options struct {
	what string
	text string
	err  error
}

// each calls set for every option, and notes the first error: an option that set does not know, or its value.
func (o *options) each(parts []string, keys string, set func(key, value string) (known bool, want string)) {
	seen := map[string]bool{}
	for _, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			o.fail("option %q: not key=value; keys are %s", part, keys)
			return
		}
		if seen[key] {
			o.fail("option %q: given twice", key)
			return
		}
		seen[key] = true
		known, want := set(key, value)
		if !known {
			o.fail("unknown option %q; keys are %s", key, keys)
			return
		}
		if want != "" {
			o.fail("option %s=%q: want %s", key, value, want)
			return
		}
	}
}

func (o *options) fail(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf("gpio: %s %q: %s", o.what, o.text, fmt.Sprintf(format, args...))
	}
}

// set takes the options that every output has.
func (l *LineSpec) set(key, value string) (known bool, want string) {
	switch key {
	case "active":
		return true, setLevel(&l.Active, value)
	case "safe":
		return true, setLevel(&l.Safe, value)
	}
	return false, ""
}

func setLevel(l *gpio.Level, value string) (want string) {
	switch value {
	case "high":
		*l = gpio.High
	case "low":
		*l = gpio.Low
	default:
		return "high or low"
	}
	return ""
}

func setTime(d *time.Duration, value string, least time.Duration) (want string) {
	v, err := time.ParseDuration(value)
	if err != nil || v < least || v > maxTime {
		return fmt.Sprintf("a time from %v to %v", least, maxTime)
	}
	*d = v
	return ""
}

func setShare(f *float64, value string) (want string) {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || !(v >= 0 && v < 1) {
		return "a number from 0 to below 1"
	}
	*f = v
	return ""
}

// name takes the line's name off the front of a list.
func (o *options) name(list string) (name string, rest []string) {
	parts := strings.Split(list, ",")
	if parts[0] == "" || strings.ContainsAny(parts[0], "=@: \t\n") {
		o.fail("line %q: want a name such as GPIO17; edge doctor lists them", parts[0])
	}
	return parts[0], parts[1:]
}

// ParseLine reads a status line: "GPIO17[,active=low][,safe=high]".
func ParseLine(text string) (LineSpec, error) {
	o := options{what: "line", text: text}
	l := LineSpec{Active: gpio.High}
	name, rest := o.name(text)
	l.Name = name
	o.each(rest, "active, safe", l.set)
	return l, o.err
}

// ParseTrigger reads a [TriggerSpec].
func ParseTrigger(text string) (TriggerSpec, error) {
	o := options{what: "trigger", text: text}
	s := TriggerSpec{Line: LineSpec{Active: gpio.High}, Width: time.Millisecond, Repeat: time.Second}
	name, rest := o.name(text)
	s.Line.Name = name
	o.each(rest, "width, repeat, active, safe", func(key, value string) (bool, string) {
		switch key {
		case "width":
			if want := setTime(&s.Width, value, time.Microsecond); want != "" {
				return true, want
			}
			if s.Width > time.Second {
				return true, "a second at most"
			}
			return true, ""
		case "repeat":
			return true, setTime(&s.Repeat, value, 0)
		}
		return s.Line.set(key, value)
	})
	if o.err == nil && s.Line.Safe == s.Line.Active {
		o.fail("the safe level is the pulse's")
	}
	return s, o.err
}

// ParseSync reads a [SyncSpec].
func ParseSync(text string) (SyncSpec, error) {
	o := options{what: "sync", text: text}
	s := SyncSpec{Edge: gpio.RisingEdge, Pull: gpio.PullNoChange}
	name, rest := o.name(text)
	s.Name = name
	o.each(rest, "edge, pull, debounce, timeout", func(key, value string) (bool, string) {
		switch key {
		case "edge":
			edge, ok := map[string]gpio.Edge{"rising": gpio.RisingEdge, "falling": gpio.FallingEdge, "both": gpio.BothEdges}[value]
			if !ok {
				return true, "rising, falling or both"
			}
			s.Edge = edge
		case "pull":
			pull, ok := map[string]gpio.Pull{"up": gpio.PullUp, "down": gpio.PullDown, "off": gpio.Float}[value]
			if !ok {
				return true, "up, down or off"
			}
			s.Pull = pull
		case "debounce":
			return true, setTime(&s.Debounce, value, 0)
		case "timeout":
			return true, setTime(&s.Timeout, value, 0)
		default:
			return false, ""
		}
		return true, ""
	})
	return s, o.err
}

// ParseAlarm reads an [AlarmSpec].
func ParseAlarm(text string) (AlarmSpec, error) {
	o := options{what: "alarm", text: text}
	s := AlarmSpec{Region: [4]float64{0, 0, 1, 1}, Line: LineSpec{Active: gpio.High}, Hysteresis: 0.2, Hold: time.Second}
	const form = "want CLASS:SHARE[@X,Y,W,H]=LINE, such as object:0.2@0.25,0.25,0.5,0.5=GPIO17"
	condition, line, ok := strings.Cut(text, "=")
	if !ok {
		o.fail(form)
		return s, o.err
	}
	what, region, placed := strings.Cut(condition, "@")
	class, share, ok := strings.Cut(what, ":")
	if !ok || class == "" {
		o.fail(form)
		return s, o.err
	}
	s.Class = class
	if want := setShare(&s.Share, share); want != "" {
		o.fail("share %q: want %s", share, want)
	}
	if placed {
		s.Region = o.region(region)
	}
	name, rest := o.name(line)
	s.Line.Name = name
	o.each(rest, "active, safe, hysteresis, after, hold", func(key, value string) (bool, string) {
		switch key {
		case "hysteresis":
			return true, setShare(&s.Hysteresis, value)
		case "after":
			return true, setTime(&s.After, value, 0)
		case "hold":
			return true, setTime(&s.Hold, value, 0)
		}
		return s.Line.set(key, value)
	})
	return s, o.err
}

func (o *options) region(text string) (r [4]float64) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		o.fail("region %q: want x,y,width,height as shares of the image", text)
		return r
	}
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || !(v >= 0 && v <= 1) {
			o.fail("region %q: %q is no share of the image, 0 to 1", text, part)
			return r
		}
		r[i] = v
	}
	const slack = 1e-9
	if r[2] == 0 || r[3] == 0 || r[0]+r[2] > 1+slack || r[1]+r[3] > 1+slack {
		o.fail("region %q: is empty or reaches beyond the image", text)
	}
	return r
}

// String writes the spec as ParseAlarm reads it.
func (s AlarmSpec) String() string {
	num := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return fmt.Sprintf("%s:%s@%s,%s,%s,%s=%s,active=%s,safe=%s,hysteresis=%s,after=%v,hold=%v", s.Class, num(s.Share), num(s.Region[0]),
		num(s.Region[1]), num(s.Region[2]), num(s.Region[3]), s.Line.Name, levelName(s.Line.Active), levelName(s.Line.Safe),
		num(s.Hysteresis), s.After, s.Hold)
}

func levelName(l gpio.Level) string {
	if l == gpio.High {
		return "high"
	}
	return "low"
}

// pixels is the region in pixels of a width × height image: those whose centres lie in it, one at least.
func (s *AlarmSpec) pixels(width, height int) (x0, y0, x1, y1 int) {
	span := func(from, size float64, n int) (lo, hi int) {
		lo = min(max(int(math.Ceil(from*float64(n)-0.5)), 0), n-1)
		hi = min(max(int(math.Ceil((from+size)*float64(n)-0.5)), lo+1), n)
		return lo, hi
	}
	x0, x1 = span(s.Region[0], s.Region[2], width)
	y0, y1 = span(s.Region[1], s.Region[3], height)
	return x0, y0, x1, y1
}
