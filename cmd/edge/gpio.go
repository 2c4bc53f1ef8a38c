package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/gpio"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/runtime"
	pins "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
)

// gpioFlags say which lines of the board take part in a run.
type gpioFlags struct {
	Trigger string        `name:"gpio-trigger" placeholder:"LINE[,width=1ms,…]" help:"Pulse this line before each frame."`
	Sync    string        `name:"gpio-sync" placeholder:"LINE[,edge=rising,…]" help:"Take a frame for each edge of this line."`
	Status  string        `name:"gpio-status" placeholder:"LINE[,active=low,…]" help:"Light this line while masks come; blink when a camera is lost."`
	Alarms  []string      `name:"alarm" sep:"none" placeholder:"CLASS:SHARE[@X,Y,W,H]=LINE[,…]" help:"Set this line while a class covers more than a share of a region; may be given several times."`
	Silence time.Duration `name:"gpio-silence" default:"1s" placeholder:"TIME" help:"Without a mask for so long, lines fall to their safe levels."`
}

// lines are a run's lines of the board; nil where none takes part.
type lines struct {
	panel *gpio.Panel
	sync  *gpio.Sync
	src   capture.Source // the source with trigger and sync around it
}

// open finds the lines that the flags name, gives outputs their safe levels, and wraps the source.
func (f *gpioFlags) open(src capture.Source, classes []string) (_ *lines, err error) {
	l := &lines{src: src}
	if f.Trigger == "" && f.Sync == "" && f.Status == "" && len(f.Alarms) == 0 {
		return l, nil
	}
	if f.Silence <= 0 || f.Silence > time.Hour {
		return nil, usagef("--gpio-silence %v: want above 0 and an hour at most", f.Silence)
	}
	plan, err := f.plan(classes)
	if err != nil {
		return nil, usageError{err}
	}
	if err := initLines(); err != nil {
		return nil, fmt.Errorf("gpio: the board's drivers: %w", err)
	}
	l.panel = gpio.NewPanel(gpio.PanelOptions{Silence: f.Silence})
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	for _, connect := range plan {
		if err := connect(l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// plan parses all flags before any line is touched: a wrong command line must not move one.
func (f *gpioFlags) plan(classes []string) (plan []func(*lines) error, err error) {
	used := map[string]bool{}
	// add plans to find the line of a spec that was parsed, and to connect it.
	add := func(name string, err error, connect func(*lines, pins.PinIO) error) error {
		if err == nil && used[name] {
			err = fmt.Errorf("gpio: line %s: is used twice", name)
		}
		if err != nil {
			return err
		}
		used[name] = true
		plan = append(plan, func(l *lines) error {
			pin, err := findLine(name)
			if err != nil {
				return err
			}
			return connect(l, pin)
		})
		return nil
	}
	if f.Trigger != "" {
		spec, err := gpio.ParseTrigger(f.Trigger)
		if err := add(spec.Line.Name, err, func(l *lines, pin pins.PinIO) error {
			t, err := gpio.NewTrigger(l.src, spec, pin, nil)
			if err == nil {
				l.src = t
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	if f.Sync != "" {
		spec, err := gpio.ParseSync(f.Sync)
		if err := add(spec.Name, err, func(l *lines, pin pins.PinIO) error {
			s, err := gpio.NewSync(l.src, spec, pin, nil)
			if err == nil {
				l.src, l.sync = s, s
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	if f.Status != "" {
		spec, err := gpio.ParseLine(f.Status)
		if err := add(spec.Name, err, func(l *lines, pin pins.PinIO) error { return l.panel.AddStatus(spec, pin) }); err != nil {
			return nil, err
		}
	}
	for _, text := range f.Alarms {
		spec, err := gpio.ParseAlarm(text)
		var id uint8
		if err == nil {
			id, err = classID(spec.Class, classes)
		}
		if err := add(spec.Line.Name, err, func(l *lines, pin pins.PinIO) error { return l.panel.AddAlarm(spec, id, pin) }); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// classNames are the names of a palette's classes, by id.
func classNames(p mask.Palette) (names []string) {
	for _, class := range p.Classes {
		names = append(names, class.Name)
	}
	return names
}

// classID is the id that a class's name or number means.
func classID(class string, classes []string) (uint8, error) {
	if i := slices.Index(classes, class); i >= 0 && i < 256 {
		return uint8(i), nil
	}
	if n, err := strconv.ParseUint(class, 10, 8); err == nil && (len(classes) == 0 || int(n) < len(classes)) {
		return uint8(n), nil
	}
	return 0, fmt.Errorf("gpio: alarm: class %q: the model has %s", class, strings.Join(classes, ", "))
}

// findLine finds a line of the board by its name.
func findLine(name string) (pins.PinIO, error) {
	if pin := gpioreg.ByName(name); pin != nil {
		return pin, nil
	}
	if have := lineNames(); len(have) > 0 {
		return nil, fmt.Errorf("gpio: line %s: this board has none of that name; edge doctor lists them", name)
	}
	return nil, fmt.Errorf("gpio: line %s: this machine has no lines that edge can drive", name)
}

// lineNames are the names of the board's lines.
func lineNames() (names []string) {
	for _, pin := range gpioreg.All() {
		names = append(names, pin.Name())
	}
	return names
}

// watch lets the lines see the pipeline's masks, before anybody else does, and ask for its frames.
func (l *lines) watch(p *runtime.Pipeline) {
	if l.panel == nil {
		return
	}
	p.Source = l.src
	p.Spread = false // alarms look at pixels
	emit := p.Emit
	p.Emit = func(m *mask.Mask, pair *capture.Pair) error {
		if err := l.panel.See(m.Classes, m.Width, m.Height, m.Mode == mask.Paired); err != nil {
			return err
		}
		return emit(m, pair)
	}
}

// Close gives every output its safe level, and closes the source. Closing twice is harmless.
func (l *lines) Close() error {
	if l.panel == nil {
		return nil
	}
	return errors.Join(l.panel.Close(), l.src.Close())
}

// words say what the edges asked for.
func (l *lines) words() string {
	if l.sync == nil {
		return ""
	}
	n := l.sync.Stats()
	return fmt.Sprintf("sync: %d edges, %d bounced, %d missed because the last one's frame was still awaited; %d frames that no edge asked for",
		n.Edges, n.Bounced, n.Missed, n.Unasked)
}
