//go:build realsense && (linux || darwin)

package realsense

import (
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// modesOf are profiles as a D435 has them.
func modesOf(usb2 bool) (all []candidate) {
	add := func(stream rs2.Stream, format rs2.Format, w, h int, rates ...int) {
		for _, r := range rates {
			all = append(all, candidate{profile: rs2.Profile{Stream: stream, Format: format, Width: w, Height: h, Rate: r}})
		}
	}
	const infrared = 3
	add(infrared, rs2.Y8, 640, 480, 30)
	if usb2 {
		add(rs2.Depth, rs2.Z16, 1280, 720, 6)
		add(rs2.Depth, rs2.Z16, 640, 480, 6, 15)
		add(rs2.Depth, rs2.Z16, 480, 270, 15, 30, 60)
		add(rs2.Color, rs2.YUYV, 640, 480, 6, 15)
		add(rs2.Color, rs2.RGB8, 640, 480, 6, 15)
		return all
	}
	add(rs2.Depth, rs2.Z16, 1280, 720, 6, 15, 30)
	add(rs2.Depth, rs2.Z16, 848, 480, 6, 15, 30, 60, 90)
	add(rs2.Depth, rs2.Z16, 640, 480, 6, 15, 30, 60, 90)
	for _, f := range []rs2.Format{10, rs2.YUYV, rs2.BGRA8, rs2.RGBA8, rs2.BGR8, rs2.RGB8} { // 10 is Y16, which is not read
		add(rs2.Color, f, 1920, 1080, 6, 15, 30)
		add(rs2.Color, f, 640, 480, 6, 15, 30, 60)
	}
	return all
}

func TestChoose(t *testing.T) {
	for name, test := range map[string]struct {
		usb2       bool
		stream     rs2.Stream
		o          StreamOptions
		w, h, rate int
		format     rs2.Format
		wantErr    string
	}{
		"depth as it comes":      {false, rs2.Depth, StreamOptions{}, 640, 480, 30, rs2.Z16, ""},
		"colour as it comes":     {false, rs2.Color, StreamOptions{}, 640, 480, 30, rs2.RGB8, ""},
		"a size":                 {false, rs2.Depth, StreamOptions{Width: 848}, 848, 480, 30, rs2.Z16, ""},
		"a rate":                 {false, rs2.Depth, StreamOptions{FPS: 90}, 640, 480, 90, rs2.Z16, ""},
		"a format":               {false, rs2.Color, StreamOptions{Format: "yuyv"}, 640, 480, 30, rs2.YUYV, ""},
		"all":                    {false, rs2.Color, StreamOptions{1920, 1080, 15, "bgra8"}, 1920, 1080, 15, rs2.BGRA8, ""},
		"on USB 2":               {true, rs2.Depth, StreamOptions{}, 640, 480, 15, rs2.Z16, ""},
		"on USB 2, not there":    {true, rs2.Depth, StreamOptions{FPS: 90}, 0, 0, 0, 0, "no depth stream of *x*@90; there are 480x270@15/30/60, 640x480@6/15, 1280x720@6"},
		"a format that is not":   {true, rs2.Color, StreamOptions{Format: "bgr8"}, 0, 0, 0, 0, "no colour stream of *x*@* bgr8; there are 640x480@6/15"},
		"a size, half of it":     {false, rs2.Color, StreamOptions{Width: 1280}, 0, 0, 0, 0, "no colour stream of 1280x*@*"},
		"a size of another kind": {false, rs2.Color, StreamOptions{Width: 848, Height: 480}, 0, 0, 0, 0, "no colour stream of 848x480@*"},
	} {
		c, err := choose(test.stream, test.o, modesOf(test.usb2))
		p := c.profile
		switch {
		case test.wantErr != "":
			if err == nil || !strings.Contains(err.Error(), test.wantErr) {
				t.Errorf("%s: error is %v, want %s", name, err, test.wantErr)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case p.Stream != test.stream || p.Width != test.w || p.Height != test.h || p.Rate != test.rate || p.Format != test.format:
			t.Errorf("%s: stream %d %dx%d@%d format %d", name, p.Stream, p.Width, p.Height, p.Rate, p.Format)
		}
	}
	if _, err := choose(rs2.Depth, StreamOptions{}, nil); err == nil || err.Error() != "it has no depth stream" {
		t.Errorf("a camera without depth: %v", err)
	}
}
