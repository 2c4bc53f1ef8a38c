package runtime

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Monitor looks at the pairs of a source, one after another, and says which images can be used. A loss counts at once;
// a camera that comes back is held until it has been fine for a number of pairs, so that a loose plug does not make the
// student change on every frame. What is held is trusted at once when the other image is lost and nothing else is left.
// It allocates nothing and belongs to one goroutine.
type Monitor struct {
	c            Checks
	cal          capture.Calibration
	color, depth camera
	lastColor    []byte
	lastDepth    []uint16
}

// camera is what a Monitor remembers of one of the two.
type camera struct {
	repeats int // how often the last image came again
	time    time.Duration
	lost    Trouble // the latest trouble, until the hold is over
	fine    int     // pairs since
}

// NewMonitor returns a Monitor for pairs of this calibration, not yet registered.
func NewMonitor(c Checks, cal capture.Calibration) *Monitor {
	c.defaults()
	m := &Monitor{c: c, cal: cal}
	m.color.time, m.depth.time = math.MinInt64, math.MinInt64 // no image's
	return m
}

// Look takes the next pair.
func (m *Monitor) Look(p *capture.Pair) Health {
	c, d := m.lookColor(&p.Color), m.lookDepth(&p.Depth)
	if c != Unplugged && d != Unplugged {
		m.lookTimes(p, &c, &d)
	}
	if c != Unplugged {
		m.color.time = p.ColorTime
	}
	if d != Unplugged {
		m.depth.time = p.DepthTime
	}
	m.color.pass(c, m.c.Hold)
	m.depth.pass(d, m.c.Hold)
	if m.color.lost != Fine && m.depth.lost != Fine {
		// One is all there is, or both came back together: what is fine now has to do.
		m.color.trust(c)
		m.depth.trust(d)
	}
	return Health{m.color.half(c), m.depth.half(d)}
}

// lookTimes finds an image that is behind the other. The times of the last images are still in place.
func (m *Monitor) lookTimes(p *capture.Pair, c, d *Trouble) {
	colorStands, depthStands := p.ColorTime == m.color.time, p.DepthTime == m.depth.time
	far := m.c.MaxSkew > 0
	if *c == Fine && (colorStands && !depthStands || far && p.Skew() > m.c.MaxSkew) {
		*c = Stale
	}
	if *d == Fine && (depthStands && !colorStands || far && p.Skew() < -m.c.MaxSkew) {
		*d = Stale
	}
}

func (m *Monitor) lookColor(im *capture.Color) Trouble {
	switch {
	case len(im.Pix) == 0:
		return Unplugged
	case im.Width != m.cal.Color.Width || im.Height != m.cal.Color.Height || len(im.Pix) != 3*im.Width*im.Height:
		return WrongSize
	}
	again := m.color.repeat(repeated(&m.lastColor, im.Pix, bytes.Equal))
	switch lit, same := sampleColor(im.Pix); {
	case lit < m.c.MinLight:
		return Dark
	case same > m.c.MaxSame:
		return Stuck
	case m.c.Repeats > 0 && again >= m.c.Repeats:
		return Frozen
	}
	return Fine
}

func (m *Monitor) lookDepth(im *capture.Depth) Trouble {
	switch {
	case len(im.Pix) == 0:
		return Unplugged
	case im.Width != m.cal.Depth.Width || im.Height != m.cal.Depth.Height || len(im.Pix) != im.Width*im.Height:
		return WrongSize
	}
	again := m.depth.repeat(repeated(&m.lastDepth, im.Pix, slices.Equal))
	switch readings, same := sampleDepth(im.Pix); {
	case readings < m.c.MinDepth:
		return Blind
	case same > m.c.MaxSame:
		return Stuck
	case m.c.Repeats > 0 && again >= m.c.Repeats:
		return Frozen
	}
	return Fine
}

// repeat counts how often the same image came again.
func (c *camera) repeat(same bool) int {
	if same {
		c.repeats++
	} else {
		c.repeats = 0
	}
	return c.repeats
}

// repeated tells whether an image is the last one, which it then is. Two images of a sensor differ within a few pixels,
// so the comparison costs nothing and the copy little.
func repeated[T any](last *[]T, pix []T, equal func(a, b []T) bool) bool {
	if equal(*last, pix) {
		return true
	}
	*last = append((*last)[:0], pix...)
	return false
}

// pass counts a pair towards the hold.
func (c *camera) pass(t Trouble, hold int) {
	if t != Fine {
		c.lost, c.fine = t, 0
	} else if c.lost != Fine {
		if c.fine++; c.fine > hold {
			c.lost = Fine
		}
	}
}

// trust ends the hold of a camera that is fine.
func (c *camera) trust(t Trouble) {
	if t == Fine {
		c.lost = Fine
	}
}

func (c *camera) half(t Trouble) Half {
	h := Half{Trouble: t}
	if t == Fine {
		h.Held = c.lost
	}
	return h
}
