package mask

import (
	"fmt"
	"strconv"
)

// RGB is a colour, 8 bits a channel, as displays take it (sRGB).
type RGB struct{ R, G, B uint8 }

func (c RGB) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// ParseRGB reads "#rrggbb".
func ParseRGB(s string) (RGB, error) {
	if len(s) != 7 || s[0] != '#' {
		return RGB{}, fmt.Errorf("mask: colour %q: want #rrggbb", s)
	}
	v, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return RGB{}, fmt.Errorf("mask: colour %q: want #rrggbb", s)
	}
	return RGB{uint8(v >> 16), uint8(v >> 8), uint8(v)}, nil
}

// Class is a class's name and colour. Its id is its index in a palette.
type Class struct {
	Name  string
	Color RGB
}

// Palette names and colours the classes of a student.
type Palette struct {
	Classes []Class
	Void    uint8 // the id of "no class"; not an index of Classes
}

// NewPalette makes a palette of names, colours ("#rrggbb"; none at all means made up ones) and the void id.
func NewPalette(names, colors []string, void uint8) (Palette, error) {
	p := Palette{Void: void}
	switch {
	case len(names) == 0:
		return p, fmt.Errorf("mask: palette: no classes")
	case len(names) > 256:
		return p, fmt.Errorf("mask: palette: %d classes do not fit 8 bits", len(names))
	case int(void) < len(names):
		return p, fmt.Errorf("mask: palette: void id %d is the id of class %q", void, names[void])
	case len(colors) != 0 && len(colors) != len(names):
		return p, fmt.Errorf("mask: palette: %d colours for %d classes", len(colors), len(names))
	}
	seen := map[string]bool{voidName: true}
	for i, name := range names {
		if name == "" || seen[name] {
			return p, fmt.Errorf("mask: palette: class %d: name %q is empty, taken or reserved", i, name)
		}
		seen[name] = true
		c := madeUp(i)
		if len(colors) != 0 {
			var err error
			if c, err = ParseRGB(colors[i]); err != nil {
				return p, fmt.Errorf("mask: palette: class %q: %w", name, err)
			}
		}
		p.Classes = append(p.Classes, Class{name, c})
	}
	return p, nil
}

const (
	voidName       = "void"
	backgroundName = "background" // left as the camera saw it in overlays
)

// voidColor is the colour of void in the PASCAL VOC segmentation images.
var voidColor = RGB{224, 224, 192}

// Name returns a class's name: "void" for the void id, "class17" for an id that the palette does not have.
func (p *Palette) Name(id uint8) string {
	switch {
	case int(id) < len(p.Classes):
		return p.Classes[id].Name
	case id == p.Void:
		return voidName
	}
	return "class" + strconv.Itoa(int(id))
}

// Color returns a class's colour, made up for an id that the palette does not have.
func (p *Palette) Color(id uint8) RGB {
	switch {
	case int(id) < len(p.Classes):
		return p.Classes[id].Color
	case id == p.Void:
		return voidColor
	}
	return madeUp(int(id))
}

// painted tells whether overlays show a class: the background and void stay as the camera saw them.
func (p *Palette) painted(id uint8) bool {
	if int(id) < len(p.Classes) {
		return p.Classes[id].Name != backgroundName
	}
	return id != p.Void
}

// madeUp is the PASCAL VOC colour map: bit k of the id goes to bit 7−k/3 of channel k mod 3.
func madeUp(id int) (c RGB) {
	for shift := 7; id != 0; shift-- {
		c.R |= uint8(id&1) << shift
		c.G |= uint8(id>>1&1) << shift
		c.B |= uint8(id>>2&1) << shift
		id >>= 3
	}
	return c
}
