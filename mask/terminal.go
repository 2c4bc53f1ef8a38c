package mask

import (
	"strings"
	"time"
)

// ColorLevel is what a terminal can show.
type ColorLevel int

const (
	TrueColor ColorLevel = iota // 24-bit colours, half blocks
	Color256                    // the 6 × 6 × 6 cube of xterm, half blocks
	ASCII                       // letters only
)

// Terminal says where a preview is drawn.
type Terminal struct {
	Columns, Rows int                     // size in characters; 0 means 80 × 24
	Size          func() (cols, rows int) // asked before each frame when set; 0 keeps the size before
	Level         ColorLevel              //
	Now           func() time.Time        // clock for the frame rate; nil means time.Now
}

// TerminalLevel guesses from the environment (NO_COLOR, TERM, COLORTERM, LC_ALL, LC_CTYPE, LANG) what the terminal can
// show. getenv is os.Getenv or a stand-in.
func TerminalLevel(getenv func(string) string) ColorLevel {
	term := getenv("TERM")
	if getenv("NO_COLOR") != "" || term == "" || term == "dumb" || !utf8Locale(getenv) {
		return ASCII
	}
	switch getenv("COLORTERM") {
	case "truecolor", "24bit":
		return TrueColor
	}
	if strings.HasSuffix(term, "-direct") {
		return TrueColor
	}
	return Color256
}

// utf8Locale: the first of the three that is set decides (POSIX, Environment Variables, 8.2). A locale that names no
// character set is taken to be UTF-8, as in containers that set none at all.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			_, charset, named := strings.Cut(strings.ToLower(v), ".")
			return !named || strings.HasPrefix(charset, "utf-8") || strings.HasPrefix(charset, "utf8")
		}
	}
	return true
}

// cube256 is the nearest colour of xterm's cube, levels 0, 95, 135, 175, 215, 255.
func cube256(c RGB) int {
	level := func(v uint8) int {
		switch {
		case v < 48:
			return 0
		case v < 115:
			return 1
		}
		return (int(v) - 35) / 40
	}
	return 16 + 36*level(c.R) + 6*level(c.G) + level(c.B)
}

// printable replaces what could steer a terminal: names and reasons may come from a model file.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' {
			return '?'
		}
		return r
	}, s)
}
