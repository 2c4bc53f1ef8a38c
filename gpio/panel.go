package gpio

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Clock is the time that this package goes by.
type Clock interface {
	Now() time.Time
	After(time.Duration) <-chan time.Time
}

// RealClock is the machine's.
type RealClock struct{}

// Now is time.Now.
func (RealClock) Now() time.Time { return time.Now() }

// After is time.After.
func (RealClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// PanelOptions say how outputs watch the frames.
type PanelOptions struct {
	Silence time.Duration // without a mask for so long, every output falls to its safe level; 0 = 1 s
	Blink   time.Duration // half a period of the status light's blinking; 0 = 250 ms
	Clock   Clock         // nil = RealClock
}

// A Panel is the output lines that tell what the masks show. Its methods may be called from any goroutine.
type Panel struct {
	o PanelOptions

	mu     sync.Mutex
	lines  []*line
	seen   time.Time // of the latest mask
	silent bool      // no mask yet, or none for too long
	whole  bool      // the latest mask was made from all that it should
	failed error     // of a line, while nobody asked
	closed bool
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
	shut   error
}

// line is one output: an alarm, or the status light.
type line struct {
	spec  LineSpec
	pin   gpio.PinOut
	alarm *alarm // nil for the status light
	class uint8
	level gpio.Level
	known bool // level is what the pin has
}

// NewPanel makes a panel without lines. Its goroutine watches for silence until Close.
func NewPanel(o PanelOptions) *Panel {
	if o.Silence <= 0 {
		o.Silence = time.Second
	}
	if o.Blink <= 0 {
		o.Blink = 250 * time.Millisecond
	}
	if o.Clock == nil {
		o.Clock = RealClock{}
	}
	p := &Panel{o: o, silent: true, stop: make(chan struct{}), done: make(chan struct{})}
	go p.watch()
	return p
}

// AddStatus adds a status light: active while masks come, blinking while they are made from less than they should be,
// safe otherwise. The line gets its safe level at once.
func (p *Panel) AddStatus(spec LineSpec, pin gpio.PinOut) error {
	return p.add(&line{spec: spec, pin: pin})
}

// AddAlarm adds an alarm for a class, the id that the spec's Class means. The line gets its safe level at once.
func (p *Panel) AddAlarm(spec AlarmSpec, class uint8, pin gpio.PinOut) error {
	return p.add(&line{spec: spec.Line, pin: pin, alarm: &alarm{spec: spec}, class: class})
}

func (p *Panel) add(l *line) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("gpio: the panel is closed")
	}
	for _, have := range p.lines {
		if have.spec.Name == l.spec.Name {
			return fmt.Errorf("gpio: line %s: is used twice", l.spec.Name)
		}
	}
	if err := l.set(l.spec.Safe); err != nil {
		return err
	}
	p.lines = append(p.lines, l)
	return nil
}

// See takes a mask: the class of each pixel, and whether it was made from all that it should (no camera lost). An error is
// that of a line, whose level is then not known: the run should end.
func (p *Panel) See(classes []uint8, width, height int, whole bool) error {
	if width < 1 || height < 1 || len(classes) != width*height {
		return fmt.Errorf("gpio: see: %d classes for %dx%d pixels", len(classes), width, height)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("gpio: see: the panel is closed")
	}
	now := p.o.Clock.Now()
	if p.silent || now.Sub(p.seen) >= p.o.Silence { // the watch may not have looked yet
		p.fall()
	}
	p.seen, p.silent, p.whole = now, false, whole
	for _, l := range p.lines {
		level := p.status(l, now)
		if l.alarm != nil {
			level = l.says(l.alarm.see(l.alarm.spec.cover(l.class, classes, width, height), now))
		}
		p.note(l.set(level))
	}
	err := p.failed
	p.failed = nil
	return err
}

// status is the level of the status light.
func (p *Panel) status(l *line, now time.Time) gpio.Level {
	return l.says(p.whole || now.UnixNano()/int64(p.o.Blink)%2 == 0)
}

// says is the level for yes or no.
func (l *line) says(yes bool) gpio.Level {
	if yes {
		return l.spec.Active
	}
	return !l.spec.Active
}

// set drives the pin, unless it has the level already.
func (l *line) set(level gpio.Level) error {
	if l.known && l.level == level {
		return nil
	}
	l.known = false
	if err := l.pin.Out(level); err != nil {
		return fmt.Errorf("gpio: line %s: set it %s: %w", l.spec.Name, levelName(level), err)
	}
	l.level, l.known = level, true
	return nil
}

func (p *Panel) note(err error) {
	if p.failed == nil {
		p.failed = err
	}
}

// fall gives every line its safe level, trying all of them whatever fails.
func (p *Panel) fall() {
	p.silent = true
	for _, l := range p.lines {
		if l.alarm != nil {
			l.alarm.forget()
		}
		p.note(l.set(l.spec.Safe))
	}
}

// watch looks for silence, and lets the status light blink.
func (p *Panel) watch() {
	defer close(p.done)
	pause := min(p.o.Blink, p.o.Silence) / 4
	for {
		select {
		case <-p.stop:
			return
		case <-p.o.Clock.After(pause):
			p.tick()
		}
	}
}

func (p *Panel) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Clock.Now()
	switch {
	case p.silent:
	case now.Sub(p.seen) >= p.o.Silence:
		p.fall()
	default:
		for _, l := range p.lines {
			if l.alarm == nil {
				p.note(l.set(p.status(l, now)))
			}
		}
	}
}

// Silent tells whether the lines have their safe levels for want of masks.
func (p *Panel) Silent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent
}

// Close gives every line its safe level, whatever it had, and ends the watch. Closing twice is harmless.
func (p *Panel) Close() error {
	p.once.Do(func() {
		close(p.stop)
		<-p.done
		p.mu.Lock()
		defer p.mu.Unlock()
		p.closed = true
		for _, l := range p.lines {
			l.known = false // drive it even if it should have the level
		}
		p.failed = nil
		p.fall()
		p.shut = p.failed
	})
	return p.shut
}
