//go:build opencv

package opencv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/pairof"
	"github.com/depthwise/depthwise/capture/synth"
)

const count, width, height = 12, 96, 64

// video writes the synthetic camera's frames as files by ffmpeg, lossless: colour, depth, depth as numbered images.
func video(t testing.TB) (color, depth, images string, pairs []*capture.Pair) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is missing, which makes the tests' videos")
	}
	camera, err := synth.New(synth.Options{Seed: 5, Scene: "room", Noise: 1, Width: width, Height: height, Frames: count, FPS: 15})
	if err != nil {
		t.Fatal(err)
	}
	var rgb, gray bytes.Buffer
	for range count {
		p := new(capture.Pair)
		if err := camera.Next(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p)
		rgb.Write(p.Color.Pix)
		binary.Write(&gray, binary.LittleEndian, p.Depth.Pix)
	}
	dir := t.TempDir()
	color, depth, images = filepath.Join(dir, "color.mkv"), filepath.Join(dir, "depth.mkv"), filepath.Join(dir, "depth_%04d.png")
	encode := func(raw []byte, format string, args ...string) {
		cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-f", "rawvideo", "-pix_fmt", format, "-s",
			fmt.Sprintf("%dx%d", width, height), "-r", "15", "-i", "-"}, args...)...)
		cmd.Stdin = bytes.NewReader(raw)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v: %s", err, out)
		}
	}
	encode(rgb.Bytes(), "rgb24", "-c:v", "ffv1", "-pix_fmt", "bgr0", color)
	encode(gray.Bytes(), "gray16le", "-c:v", "ffv1", depth)
	encode(gray.Bytes(), "gray16le", "-pix_fmt", "gray16be", images)
	return color, depth, images, pairs
}

func all(t testing.TB, src capture.Source) (pairs []*capture.Pair, err error) {
	for {
		p := new(capture.Pair)
		if err := src.Next(t.Context(), p); err != nil {
			return pairs, err
		}
		pairs = append(pairs, p)
	}
}

func mustOpen(t testing.TB, what string, o Options) *Source {
	t.Helper()
	s, err := Open(what, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestColorOfAFile(t *testing.T) {
	color, _, _, want := video(t)
	s := mustOpen(t, color, Options{})
	got, err := all(t, s)
	if err != io.EOF || len(got) != count || s.Live() {
		t.Fatalf("%d frames, %v, live %v", len(got), err, s.Live())
	}
	for i, p := range got {
		if !bytes.Equal(p.Color.Pix, want[i].Color.Pix) {
			t.Errorf("frame %d differs from what was written", i)
		}
		if slices.Max(p.Depth.Pix) != 0 || p.Seq != uint64(i) || (p.ColorTime-want[i].ColorTime).Abs() > time.Millisecond {
			t.Errorf("frame %d: Seq %d at %v, want %v", i, p.Seq, p.ColorTime, want[i].ColorTime)
		}
	}
	if n := s.Stats(); n.Read != count || n.Delivered != count || n.Overtaken != 0 {
		t.Errorf("%+v", n)
	}
}

func TestDepthOfImages(t *testing.T) {
	_, _, images, want := video(t)
	got, err := all(t, mustOpen(t, images, Options{Kind: Depth}))
	if err != io.EOF || len(got) != count {
		t.Fatalf("%d frames, %v", len(got), err)
	}
	for i, p := range got {
		if !slices.Equal(p.Depth.Pix, want[i].Depth.Pix) || slices.Max(p.Color.Pix) != 0 {
			t.Errorf("image %d differs from what was written", i)
		}
	}
}

// TestDepthOfAVideo: byte for byte where OpenCV's backend gives 16 bits, else an error that says so; never 8 bits as depth.
func TestDepthOfAVideo(t *testing.T) {
	_, depth, _, want := video(t)
	s, err := Open(depth, Options{Kind: Depth})
	if err != nil {
		if !strings.Contains(err.Error(), "depth needs one channel of 16 bits") {
			t.Fatal(err)
		}
		t.Logf("this OpenCV gives no depth of videos: %v", err)
		return
	}
	defer s.Close()
	got, err := all(t, s)
	if err != io.EOF || len(got) != count {
		t.Fatalf("%d frames, %v", len(got), err)
	}
	for i, p := range got {
		if !slices.Equal(p.Depth.Pix, want[i].Depth.Pix) {
			t.Errorf("frame %d differs from what was written", i)
		}
	}
}

func TestConform(t *testing.T) {
	color, _, images, _ := video(t)
	for name, c := range map[string]struct {
		what string
		o    Options
	}{"color": {color, Options{}}, "depth": {images, Options{Kind: Depth}}} {
		t.Run(name, func(t *testing.T) {
			capturetest.Conform(t, func(t testing.TB) capture.Source { return mustOpen(t, c.what, c.o) },
				capturetest.Options{Pairs: count, Allocs: 8})
		})
	}
}

// TestPairOfFiles: colour and depth of two files make the synthetic camera's pairs again.
func TestPairOfFiles(t *testing.T) {
	color, _, images, want := video(t)
	cal := mustOpen(t, color, Options{}).Calibration()
	src, err := pairof.New(mustOpen(t, color, Options{}), mustOpen(t, images, Options{Kind: Depth, FPS: 15}), pairof.Options{Calibration: &cal,
		Window: 5 * time.Millisecond, Offset: -2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, err := all(t, src)
	if err != io.EOF || len(got) < count-1 {
		t.Fatalf("%d pairs, %v: %+v", len(got), err, src.Stats())
	}
	for i, p := range got {
		if !bytes.Equal(p.Color.Pix, want[i].Color.Pix) || !slices.Equal(p.Depth.Pix, want[i].Depth.Pix) {
			t.Errorf("pair %d differs", i)
		}
	}
}

// TestDevice: a file in the place of a device, read as fast as it comes. The newest wins, what was overtaken is counted,
// and the end is a loss.
func TestDevice(t *testing.T) {
	color, _, _, want := video(t)
	s, err := openAs(color, Options{}, Stream)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for deadline := time.Now().Add(20 * time.Second); s.Stats().Read < count; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", s.Stats())
		}
	}
	<-s.done
	got, err := all(t, s)
	if !errors.Is(err, ErrLost) || len(got) != 1 {
		t.Fatalf("%d frames, %v; want the newest, then the loss", len(got), err)
	}
	if p := got[0]; p.Seq != count-1 || !bytes.Equal(p.Color.Pix, want[count-1].Color.Pix) || p.Clock != capture.HostClock {
		t.Errorf("Seq %d, clock %q", p.Seq, p.Clock)
	}
	if n := s.Stats(); n.Read != n.Delivered+n.Overtaken || n.Overtaken != count-1 {
		t.Errorf("%+v", n)
	}
}

func TestOpenErrors(t *testing.T) {
	color, _, _, _ := video(t)
	for _, c := range []struct {
		what string
		o    Options
		want string
	}{
		{"/nowhere.mkv", Options{}, "cannot open it"}, {"97", Options{}, "cannot open it"}, {color, Options{API: "sun"}, "no API"},
		{"fakesrc ! nothing", Options{}, "cannot open it"}, {color, Options{Kind: Depth}, "depth needs one channel of 16 bits"},
	} {
		if s, err := Open(c.what, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
			if err == nil {
				s.Close()
			}
		}
	}
	s := mustOpen(t, color, Options{})
	s.Close()
	if err := s.Next(context.Background(), new(capture.Pair)); err == nil || err == io.EOF {
		t.Errorf("closed: %v", err)
	}
}
