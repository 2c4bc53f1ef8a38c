package mask

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// preview draws masks in a terminal: two pixels a character, with a legend and a line of facts below.
type preview struct {
	out
	palette Palette
	blend   *blender
	term    Terminal
	letters [256]byte // of ASCII pictures; 0 where the camera's brightness is shown
	names   [256]string
	cols    int
	rows    int
	last    time.Time
	fps     float64
	cells   []RGB // the picture, pixel by pixel
	ids     []uint8
	begun   bool
	spare   Mask
}

func newPreview(w io.Writer, o Options) *preview {
	p := &preview{out: out{w: w}, palette: o.Palette, blend: newBlender(o), term: o.Terminal}
	if p.term.Now == nil {
		p.term.Now = time.Now
	}
	p.cols, p.rows = p.term.Columns, p.term.Rows
	if p.cols <= 0 || p.rows <= 0 {
		p.cols, p.rows = 80, 24
	}
	taken := map[byte]bool{}
	for i := range p.names {
		p.names[i] = printable(o.Palette.Name(uint8(i)))
		if o.Palette.painted(uint8(i)) {
			p.letters[i] = letter(p.names[i], taken)
		}
	}
	return p
}

// letter picks the first free capital of a name, else any free one.
func letter(name string, taken map[byte]bool) byte {
	for _, c := range []byte(name + "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c >= 'A' && c <= 'Z' && !taken[c] {
			taken[c] = true
			return c
		}
	}
	return '*'
}

// Escape sequences after ECMA-48 and xterm's control sequences; 2026 is the synchronized update of terminals that
// know it, the others ignore it.
const (
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	clearScreen = "\x1b[2J"
	home        = "\x1b[H"
	clearBelow  = "\x1b[J"
	clearRight  = "\x1b[K"
	plain       = "\x1b[0m"
	beginUpdate = "\x1b[?2026h"
	endUpdate   = "\x1b[?2026l"
)

func (p *preview) Encode(m *Mask, im Image) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := im.check(); err != nil {
		return err
	}
	m = m.whole(&p.spare)
	resized := p.measure()
	p.buf = append(p.buf[:0], beginUpdate...)
	if !p.begun || resized {
		p.buf = append(p.buf, hideCursor+plain+clearScreen...)
		p.begun = true
	}
	p.buf = append(p.buf, home...)
	w, h := p.sample(m, im)
	if p.term.Level == ASCII {
		p.ascii(w, h)
	} else {
		p.blocks(w, h)
	}
	p.legend(m)
	p.facts(m)
	p.buf = append(p.buf, clearBelow+endUpdate...)
	return p.flush(m.Seq)
}

// Close gives the terminal back its cursor and colours.
func (p *preview) Close() error {
	if !p.begun {
		return nil
	}
	p.buf = append(p.buf[:0], plain+showCursor+"\n"...)
	return p.flush(0)
}

// measure asks for the terminal's size and tells whether it changed.
func (p *preview) measure() bool {
	if p.term.Size == nil {
		return false
	}
	cols, rows := p.term.Size()
	if cols <= 0 || rows <= 0 || cols == p.cols && rows == p.rows {
		return false
	}
	p.cols, p.rows = cols, rows
	return true
}

// sample fills cells and ids with the picture at the largest size that fits above two lines of text. A character holds
// two pixels one over the other, or one pixel in ASCII; characters are taken to be twice as high as wide.
func (p *preview) sample(m *Mask, im Image) (w, h int) {
	rgb, iw, ih := p.blend.paint(m, im)
	cols, lines := max(1, p.cols), max(1, p.rows-2)
	w, h = cols, max(1, cols*ih/iw)
	if h > 2*lines {
		w, h = max(1, min(cols, 2*lines*iw/ih)), 2*lines
	}
	if p.term.Level == ASCII {
		h = (h + 1) / 2
	}
	p.cells = slices.Grow(p.cells[:0], w*h)[:w*h]
	p.ids = slices.Grow(p.ids[:0], w*h)[:w*h]
	for y := range h {
		sy := nearest(y, m.Height, h)
		for x := range w {
			p.cells[y*w+x] = mean(rgb, iw, x*iw/w, y*ih/h, max((x+1)*iw/w, x*iw/w+1), max((y+1)*ih/h, y*ih/h+1))
			p.ids[y*w+x] = m.Classes[sy*m.Width+nearest(x, m.Width, w)]
		}
	}
	return w, h
}

// mean is the mean colour of a box of a picture.
func mean(rgb []byte, stride, x0, y0, x1, y1 int) RGB {
	var r, g, b, n int
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := 3 * (y*stride + x)
			r, g, b, n = r+int(rgb[i]), g+int(rgb[i+1]), b+int(rgb[i+2]), n+1
		}
	}
	return RGB{uint8(r / n), uint8(g / n), uint8(b / n)}
}

func (p *preview) blocks(w, h int) {
	for y := 0; y < h; y += 2 {
		fg, bg := -1, -1
		for x := range w {
			fg = p.ink(38, p.cells[y*w+x], fg)
			below := RGB{}
			if y+1 < h {
				below = p.cells[(y+1)*w+x]
			}
			bg = p.ink(48, below, bg)
			p.buf = append(p.buf, "▀"...)
		}
		p.buf = append(p.buf, plain+clearRight+"\r\n"...)
	}
}

// ink selects a foreground (38) or background (48) colour unless it is the one in use, and returns it.
func (p *preview) ink(ground int64, c RGB, before int) int {
	key := int(c.R)<<16 | int(c.G)<<8 | int(c.B)
	if p.term.Level == Color256 {
		key = cube256(c)
	}
	if key == before {
		return key
	}
	p.buf = append(p.buf, "\x1b["...)
	p.buf = strconv.AppendInt(p.buf, ground, 10)
	if p.term.Level == Color256 {
		p.buf = append(p.buf, ";5;"...)
		p.buf = strconv.AppendInt(p.buf, int64(key), 10)
	} else {
		p.buf = append(p.buf, ";2;"...)
		p.buf = strconv.AppendUint(p.buf, uint64(c.R), 10)
		p.buf = append(p.buf, ';')
		p.buf = strconv.AppendUint(p.buf, uint64(c.G), 10)
		p.buf = append(p.buf, ';')
		p.buf = strconv.AppendUint(p.buf, uint64(c.B), 10)
	}
	p.buf = append(p.buf, 'm')
	return key
}

func (p *preview) ascii(w, h int) {
	const ramp = " .:-=+"
	for y := range h {
		for x := range w {
			c := p.letters[p.ids[y*w+x]]
			if c == 0 {
				k := p.cells[y*w+x]
				c = ramp[int(luma(int(k.R), int(k.G), int(k.B)))*len(ramp)/256]
			}
			p.buf = append(p.buf, c)
		}
		p.buf = append(p.buf, clearRight+"\r\n"...)
	}
}

// legend writes the painted classes with their share of the pixels, as many as fit the line.
func (p *preview) legend(m *Mask) {
	counts := m.Count()
	room := p.cols
	for id := range counts {
		known := id < len(p.palette.Classes)
		if !p.palette.painted(uint8(id)) || !known && counts[id] == 0 {
			continue
		}
		text := fmt.Sprintf(" %s %.1f%%  ", p.names[id], 100*float64(counts[id])/float64(len(m.Classes)))
		if room -= 1 + utf8.RuneCountInString(text); room < 0 {
			break
		}
		if p.term.Level == ASCII {
			p.buf = append(p.buf, p.letters[id])
		} else {
			p.ink(38, p.palette.Color(uint8(id)), -1)
			p.buf = append(p.buf, "█"+plain...)
		}
		p.buf = append(p.buf, text...)
	}
	p.buf = append(p.buf, clearRight+"\r\n"...)
}

// facts writes the last line: number, student, mode, times and the rate at which masks arrive.
func (p *preview) facts(m *Mask) {
	now := p.term.Now()
	if dt := now.Sub(p.last).Seconds(); !p.last.IsZero() && dt > 0 {
		if p.fps == 0 {
			p.fps = 1 / dt
		}
		p.fps += (1/dt - p.fps) / 8 // a mean over about 8 frames
	}
	p.last = now
	line := fmt.Sprintf("%d  %s %s  %.1f ms  %.1f fps", m.Seq, m.Model, m.Mode, float64(m.Frame)/float64(time.Millisecond), p.fps)
	if m.Reason != "" {
		line += "  " + m.Reason
	}
	line = printable(line)
	if r := []rune(line); len(r) > p.cols {
		line = string(r[:p.cols])
	}
	p.buf = append(p.buf, line...)
	p.buf = append(p.buf, clearRight...)
}
