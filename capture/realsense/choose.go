//go:build realsense && (linux || darwin)

package realsense

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// formats are the colour formats that are read, the ones that cost least first.
var formats = []struct {
	name   string
	format rs2.Format
}{{"rgb8", rs2.RGB8}, {"bgr8", rs2.BGR8}, {"rgba8", rs2.RGBA8}, {"bgra8", rs2.BGRA8}, {"yuyv", rs2.YUYV}, {"uyvy", rs2.UYVY}, {"y8", rs2.Y8}}

// formatName is the name of a format, empty for one that is not read.
func formatName(f rs2.Format) string {
	for _, known := range formats {
		if known.format == f {
			return known.name
		}
	}
	return ""
}

// rank is a format's place; the depth format has the first.
func rank(f rs2.Format) int {
	for i, known := range formats {
		if known.format == f {
			return i
		}
	}
	return 0
}

// A candidate is a sensor's profile.
type candidate struct {
	sensor  *rs2.Sensor
	profile rs2.Profile
}

// choose picks the profile that the options ask for, and what they leave open near 640 × 480 at 30 frames a second.
func choose(stream rs2.Stream, o StreamOptions, all []candidate) (candidate, error) {
	var fit, of []candidate
	for _, c := range all {
		p := c.profile
		readable := p.Format == rs2.Z16
		if stream == rs2.Color {
			readable = formatName(p.Format) != ""
		}
		if p.Stream != stream || !readable {
			continue
		}
		of = append(of, c)
		free := func(want, is int) bool { return want == 0 || want == is }
		if free(o.Width, p.Width) && free(o.Height, p.Height) && free(o.FPS, p.Rate) && (o.Format == "" || o.Format == formatName(p.Format)) {
			fit = append(fit, c)
		}
	}
	kind := map[rs2.Stream]string{rs2.Depth: "depth", rs2.Color: "colour"}[stream]
	switch {
	case len(of) == 0:
		return candidate{}, fmt.Errorf("it has no %s stream", kind)
	case len(fit) == 0:
		return candidate{}, fmt.Errorf("no %s stream of %s; there are %s", kind, asked(o), modes(of))
	}
	distance := func(c candidate) int {
		return abs(c.profile.Width*c.profile.Height-640*480)*64 + abs(c.profile.Rate-30)
	}
	return slices.MinFunc(fit, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(distance(a), distance(b)), cmp.Compare(rank(a.profile.Format), rank(b.profile.Format)),
			cmp.Compare(a.profile.Index, b.profile.Index))
	}), nil
}

func abs(n int) int { return max(n, -n) }

// asked says in words what the options ask for.
func asked(o StreamOptions) string {
	any := func(n int) string {
		if n == 0 {
			return "*"
		}
		return fmt.Sprint(n)
	}
	words := fmt.Sprintf("%sx%s@%s", any(o.Width), any(o.Height), any(o.FPS))
	if o.Format != "" {
		words += " " + o.Format
	}
	return words
}

// modes lists sizes, each with its rates.
func modes(all []candidate) string {
	type size struct{ w, h int }
	rates := map[size][]int{}
	var sizes []size
	for _, c := range all {
		s := size{c.profile.Width, c.profile.Height}
		if rates[s] == nil {
			sizes = append(sizes, s)
		}
		if !slices.Contains(rates[s], c.profile.Rate) {
			rates[s] = append(rates[s], c.profile.Rate)
		}
	}
	slices.SortFunc(sizes, func(a, b size) int { return cmp.Or(cmp.Compare(a.w, b.w), cmp.Compare(a.h, b.h)) })
	var words []string
	for _, s := range sizes {
		slices.Sort(rates[s])
		words = append(words, fmt.Sprintf("%dx%d@%s", s.w, s.h, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(rates[s])), "/"), "[]")))
	}
	return strings.Join(words, ", ")
}
