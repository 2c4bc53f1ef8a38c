//go:build realsense && (linux || darwin)

package realsense

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
	"github.com/depthwise/depthwise/capture/realsense/internal/softcam"
	"github.com/depthwise/depthwise/capture/rosbag"
)

// d435 is the optional recording of a real camera.
func d435(t *testing.T) string {
	dir := os.Getenv("DEPTHWISE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "recordings", "realsense-d435.bag")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no real recording: set DEPTHWISE_DATA")
	}
	return path
}

// pairs reads a source to its end.
func pairs(t *testing.T, src capture.Source) (all []capture.Pair) {
	t.Helper()
	for {
		var p capture.Pair
		err := src.Next(context.Background(), &p)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// equal holds what the library plays against what our own reader reads: everything byte for byte, but for the geometry,
// which goes through single precision in the library.
func equal(t *testing.T, path string, want int) {
	t.Helper()
	theirs, err := Open(Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	ours, err := rosbag.Open(path, rosbag.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	a, b := theirs.Calibration(), ours.Calibration()
	if a.Color != b.Color || a.Depth != b.Depth || a.DepthScale != b.DepthScale {
		t.Errorf("the library tells the cameras\n%+v, we read\n%+v", a, b)
	}
	for i := range 9 {
		if math.Abs(a.DepthToColor.Rotation[i]-b.DepthToColor.Rotation[i]) > 1e-6 {
			t.Errorf("rotation[%d]: the library tells %v, we read %v", i, a.DepthToColor.Rotation[i], b.DepthToColor.Rotation[i])
		}
	}
	for i := range 3 {
		if math.Abs(a.DepthToColor.Translation[i]-b.DepthToColor.Translation[i]) > 1e-7 {
			t.Errorf("translation[%d]: the library tells %v, we read %v", i, a.DepthToColor.Translation[i], b.DepthToColor.Translation[i])
		}
	}
	x, y := pairs(t, theirs), pairs(t, ours)
	if len(x) != want || len(y) != want {
		t.Fatalf("the library plays %d pairs, we read %d, want %d; %+v", len(x), len(y), want, theirs.Stats())
	}
	for i := range x {
		if x[i].Seq != y[i].Seq {
			t.Errorf("pair %d: Seq %d, %d", i, x[i].Seq, y[i].Seq)
		}
		if played(y[i].ColorTime) != x[i].ColorTime || played(y[i].DepthTime) != x[i].DepthTime {
			t.Errorf("pair %d: times %d and %d, we read %d and %d", i, x[i].ColorTime, x[i].DepthTime, y[i].ColorTime, y[i].DepthTime)
		}
		if x[i].Clock != y[i].Clock {
			t.Errorf("pair %d: clock %q, we read %q", i, x[i].Clock, y[i].Clock)
		}
		if !bytes.Equal(x[i].Color.Pix, y[i].Color.Pix) {
			t.Errorf("pair %d: the colour images differ", i)
		}
		if !slices.Equal(x[i].Depth.Pix, y[i].Depth.Pix) {
			t.Errorf("pair %d: the depth images differ", i)
		}
	}
}

// played is a bag's time as the library has it: it turns seconds and nanoseconds into milliseconds as ros_reader.cpp does,
// in doubles, whose steps for times since 1970 are a quarter of a microsecond.
func played(t time.Duration) time.Duration {
	sec, nsec := t/time.Second, t%time.Second
	return since((float64(sec) + float64(1e-9*float64(nsec))) * 1000)
}

func TestD435AsWeReadIt(t *testing.T) {
	library(t)
	equal(t, d435(t), 1)
}

func TestRecordingConforms(t *testing.T) {
	library(t)
	path := d435(t)
	capturetest.Conform(t, func(t testing.TB) capture.Source {
		c, err := Open(Options{File: path})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}, capturetest.Options{Pairs: 1, Allocs: -1})
}

// extension is that of the recordings that the library makes: .bag, and .db3 since ROS 1 has ended.
func extension(t *testing.T) string {
	var major, minor int
	if _, err := fmt.Sscanf(library(t).Version(), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if major == 2 && minor < 58 {
		return ".bag"
	}
	return ".db3"
}

// record has the library's own recorder write what a camera in software streams.
func record(t *testing.T, n int, o softcam.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recorded"+extension(t))
	cam := soft(t, o)
	c := mustOpen(t, cam, Options{Record: path})
	f := &feeder{t: t, cam: cam, cal: geometry(), base: recorded, skew: 2 * time.Millisecond, domain: [2]rs2.Domain{rs2.GlobalTime, rs2.GlobalTime}}
	for i := range n {
		f.color(i)
		f.depth(i)
		if err := c.Next(t.Context(), new(capture.Pair)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// recorded is the time of the first frame of a recording.
const recorded = 1700000000 * time.Second

// What the library records it plays back to us: what was streamed. Older versions write bags, which we read ourselves.
func TestWhatTheLibraryRecords(t *testing.T) {
	const frames = 12
	path := record(t, frames, softcam.Options{})
	c, err := Open(Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f := &feeder{t: t, cal: geometry(), base: recorded, skew: 2 * time.Millisecond}
	for i := range frames {
		p := f.next(c, i)
		if p.Seq != uint64(i) || !close64(p.ColorTime, f.at(i)) || !close64(p.DepthTime, f.at(i)+f.skew) || p.Clock != capture.GlobalClock {
			t.Errorf("pair %d has Seq %d, times %v and %v of clock %q", i, p.Seq, p.ColorTime, p.DepthTime, p.Clock)
		}
	}
	if err := c.Next(t.Context(), new(capture.Pair)); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	got, want := c.Calibration(), geometry()
	if got.Color != want.Color || got.Depth != want.Depth || got.DepthScale != want.DepthScale ||
		math.Abs(got.DepthToColor.Translation[2]-want.DepthToColor.Translation[2]) > 1e-6 { // six decimals in a .db3
		t.Errorf("calibration is\n%+v, want\n%+v", got, want)
	}
	if extension(t) != ".bag" {
		t.Logf("version %s records %s: our reader of bags has nothing to read", library(t).Version(), extension(t))
		return
	}
	for name, format := range map[string]rs2.Format{"rgb8": rs2.RGB8, "bgr8": rs2.BGR8, "yuyv": rs2.YUYV, "y8": rs2.Y8} {
		t.Run(name, func(t *testing.T) {
			equal(t, record(t, frames, softcam.Options{Format: format}), frames)
		})
	}
}
