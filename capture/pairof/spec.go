package pairof

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Spec is what the command line says of a pair of sources: two sources, and options.
type Spec struct {
	Color, Depth string // sources, in the words of the command line
	Calibration  string // path of the calibration file; "" = the sources' own
	Offset       *time.Duration
	Clock        Clock
	Window, Wait time.Duration
	Queue        int
}

// Keys of the options of a spec.
var specKeys = []string{"calibration", "offset", "clock", "window", "wait", "queue"}

// ParseSpec reads "COLOR+DEPTH+key=value+…": two sources, and options. A '+' inside a part is written "++"; no part
// begins with one. Keys are calibration (a file), offset (added to depth times), clock (own, begin, arrival), window, wait
// and queue.
func ParseSpec(text string) (Spec, error) {
	parts := splitParts(text)
	if len(parts) < 2 {
		return Spec{}, fmt.Errorf("pairof: %q: want COLOR+DEPTH: two sources with + between them, and ++ for a + inside one", text)
	}
	for i, part := range parts {
		if part == "" {
			return Spec{}, fmt.Errorf("pairof: %q: part %d is empty", text, i+1)
		}
	}
	s := Spec{Color: parts[0], Depth: parts[1]}
	seen := map[string]bool{}
	for _, part := range parts[2:] {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return Spec{}, fmt.Errorf("pairof: option %q: not key=value; keys are %s", part, strings.Join(specKeys, ", "))
		}
		if seen[key] {
			return Spec{}, fmt.Errorf("pairof: option %q: given twice", key)
		}
		seen[key] = true
		if err := s.set(key, value); err != nil {
			return Spec{}, err
		}
	}
	return s, nil
}

// The bounds of what a spec may ask for.
const (
	maxTime  = time.Hour
	maxQueue = 1024
)

func (s *Spec) set(key, value string) error {
	bad := func(want string) error { return fmt.Errorf("pairof: option %s=%q: want %s", key, value, want) }
	switch key {
	case "calibration":
		if s.Calibration = value; value == "" {
			return bad("a file")
		}
	case "clock":
		switch s.Clock = Clock(value); s.Clock {
		case Own, Begin, Arrival:
		default:
			return bad(fmt.Sprintf("%s, %s or %s", Own, Begin, Arrival))
		}
	case "queue":
		n, err := strconv.Atoi(value)
		if err != nil || n < 2 || n > maxQueue {
			return bad(fmt.Sprintf("2 to %d frames", maxQueue))
		}
		s.Queue = n
	case "offset":
		d, err := time.ParseDuration(value)
		if err != nil || d.Abs() > maxTime {
			return bad("a time such as -12.5ms, an hour at most")
		}
		s.Offset = &d
	case "window", "wait":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 || d > maxTime {
			return bad("a time such as 16ms, above 0, an hour at most")
		}
		if key == "window" {
			s.Window = d
		} else {
			s.Wait = d
		}
	default:
		return fmt.Errorf("pairof: unknown option %q; keys are %s", key, strings.Join(specKeys, ", "))
	}
	return nil
}

// String writes the spec as ParseSpec reads it.
func (s Spec) String() string {
	parts := []string{s.Color, s.Depth}
	put := func(key, value string) { parts = append(parts, key+"="+value) }
	if s.Calibration != "" {
		put("calibration", s.Calibration)
	}
	if s.Offset != nil {
		put("offset", s.Offset.String())
	}
	if s.Clock != "" {
		put("clock", string(s.Clock))
	}
	if s.Window > 0 {
		put("window", s.Window.String())
	}
	if s.Wait > 0 {
		put("wait", s.Wait.String())
	}
	if s.Queue > 0 {
		put("queue", strconv.Itoa(s.Queue))
	}
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "+", "++")
	}
	return strings.Join(parts, "+")
}

// splitParts cuts at single '+' and turns "++" into '+', from left to right.
func splitParts(text string) []string {
	parts := []string{}
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '+':
			part.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '+':
			part.WriteByte('+')
			i++
		default:
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	return append(parts, part.String())
}
