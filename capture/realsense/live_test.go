//go:build realsense && (linux || darwin)

package realsense

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
	"github.com/depthwise/depthwise/capture/realsense/internal/softcam"
)

// geometry is what single precision holds.
func geometry() capture.Calibration {
	c := capturetest.SmallCalibration()
	c.Color.Model, c.Depth.Model = capture.InverseBrownConrady, capture.NoDistortion
	c.Color.Coeffs = [5]float64{-0.0625, 0.0078125, 0.0009765625, -0.0009765625, 0.001953125}
	c.DepthToColor.Rotation = [9]float64{0, -1, 0, 1, 0, 0, 0, 0, 1} // a quarter turn about z: not its own inverse
	c.DepthToColor.Translation = [3]float64{0.015625, -0.03125, 0.0078125}
	return c
}

// soft makes a camera in software.
func soft(t testing.TB, o softcam.Options) *softcam.Camera {
	t.Helper()
	l := library(t)
	if o.Calibration == (capture.Calibration{}) {
		o.Calibration = geometry()
	}
	if o.Serial == "" {
		o.Serial = "728612070259"
	}
	cam, err := softcam.New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	return cam
}

// openSoft opens it by its serial number, as a user does.
func openSoft(t testing.TB, cam *softcam.Camera, serial string, o Options) (*Camera, error) {
	t.Helper()
	ctx, err := library(t).NewContext()
	if err != nil {
		t.Fatal(err)
	}
	// The context finds a camera in software only as long as somebody holds the list in which it came.
	came := make(chan rs2.DeviceList, 1)
	if err := ctx.Watch(func(removed, added rs2.DeviceList) { removed.Close(); came <- added }); err != nil {
		t.Fatal(err)
	}
	if err := cam.Plug(ctx); err != nil {
		t.Fatal(err)
	}
	defer (<-came).Close()
	dev, err := pick(ctx, serial)
	if err != nil {
		ctx.Close()
		return nil, err
	}
	c, err := start(ctx, dev, o)
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func mustOpen(t testing.TB, cam *softcam.Camera, o Options) *Camera {
	t.Helper()
	c, err := openSoft(t, cam, "", o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const interval = time.Second / 30

// A feeder streams capturetest's pairs, number i with frame number i+1 at time base + i/30 s.
type feeder struct {
	t      testing.TB
	cam    *softcam.Camera
	cal    capture.Calibration
	base   time.Duration
	skew   time.Duration
	domain [2]rs2.Domain
	pair   capture.Pair
}

func (f *feeder) at(i int) time.Duration { return f.base + time.Duration(i)*interval }

func (f *feeder) color(i int) {
	f.t.Helper()
	capturetest.Paint(f.cal, uint64(i), false, &f.pair)
	if err := f.cam.Color(i+1, f.at(i), f.domain[0], f.pair.Color.Pix); err != nil {
		f.t.Error(err)
	}
}

func (f *feeder) depth(i int) {
	f.t.Helper()
	capturetest.Paint(f.cal, uint64(i), false, &f.pair)
	if err := f.cam.Depth(i+1, f.at(i)+f.skew, f.domain[1], f.pair.Depth.Pix); err != nil {
		f.t.Error(err)
	}
}

// next pulls a pair and holds it against number i.
func (f *feeder) next(c *Camera, i int) capture.Pair {
	f.t.Helper()
	var p capture.Pair
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := c.Next(ctx, &p); err != nil {
		f.t.Fatalf("pair %d: %v; %+v", i, err, c.Stats())
	}
	capturetest.Paint(f.cal, uint64(i), false, &f.pair)
	if p.HasColor() && !bytes.Equal(p.Color.Pix, f.pair.Color.Pix) {
		f.t.Errorf("pair %d: the colour image is another", i)
	}
	if p.HasDepth() && !slices.Equal(p.Depth.Pix, f.pair.Depth.Pix) {
		f.t.Errorf("pair %d: the depth image is another", i)
	}
	return p
}

func close64(a, b time.Duration) bool { return a-b < time.Microsecond && b-a < time.Microsecond }

func TestLiveFrames(t *testing.T) {
	for _, test := range []struct {
		name   string
		domain rs2.Domain
		want   capture.Domain
		base   time.Duration
		one    bool
	}{
		{"device clock", rs2.HardwareClock, capture.DeviceClock, 5 * time.Second, false},
		{"host clock", rs2.SystemTime, capture.HostClock, time.Duration(time.Now().UnixNano()), false},
		{"global clock, one sensor", rs2.GlobalTime, capture.GlobalClock, time.Duration(time.Now().UnixNano()), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			cam := soft(t, softcam.Options{OneSensor: test.one, USB: "3.2"})
			for _, set := range []struct {
				depth bool
				value rs2.Metadata
				v     int64
			}{{true, rs2.ActualExposure, 8500}, {true, rs2.GainLevel, 16}, {true, rs2.EmitterMode, 1}, {true, rs2.Temperature, 31}, {false, rs2.AutoExposureOn, 1}} {
				if err := cam.Metadata(set.depth, set.value, set.v); err != nil {
					t.Fatal(err)
				}
			}
			c := mustOpen(t, cam, Options{})
			if got := c.Calibration(); got != geometry() {
				t.Errorf("calibration is\n%+v, want\n%+v", got, geometry())
			}
			f := &feeder{t: t, cam: cam, cal: geometry(), base: test.base, skew: 3 * time.Millisecond, domain: [2]rs2.Domain{test.domain, test.domain}}
			for i := range 20 {
				f.color(i)
				f.depth(i)
				p := f.next(c, i)
				if p.Seq != uint64(i) || !close64(p.ColorTime, f.at(i)) || !close64(p.DepthTime, f.at(i)+f.skew) || p.Clock != test.want || !p.HasColor() || !p.HasDepth() {
					t.Fatalf("pair %d has Seq %d, times %v and %v of clock %q; want %v", i, p.Seq, p.ColorTime, p.DepthTime, p.Clock, f.at(i))
				}
			}
			color, depth := c.Facts()
			if depth.Number != 20 || depth.Exposure != 8500*time.Microsecond || depth.Gain != 16 || depth.Emitter != 1 || depth.Temperature != 31 ||
				depth.Known&(KnownExposure|KnownGain|KnownEmitter|KnownTemperature) != KnownExposure|KnownGain|KnownEmitter|KnownTemperature || depth.Known&KnownLaser != 0 {
				t.Errorf("depth facts are %+v", depth)
			}
			if color.Number != 20 || !color.AutoExposure || color.Known&KnownAutoExposure == 0 {
				t.Errorf("colour facts are %+v", color)
			}
			if s := c.Stats(); s.Delivered != 20 || s.Color != (StreamStats{In: 20}) || s.Depth != (StreamStats{In: 20}) || s.Broken != 0 || len(s.Problems) != 0 {
				t.Errorf("stats are %+v", s)
			}
		})
	}
}

func TestColorFormats(t *testing.T) {
	cal := geometry()
	n := cal.Color.Width * cal.Color.Height
	raw := make([]byte, 4*n)
	for i := range raw {
		raw[i] = byte(i*7 + i/256*13)
	}
	for format, test := range map[rs2.Format]struct {
		size    int
		r, g, b int // offsets in a pixel; for the YUV formats not looked at
	}{rs2.RGB8: {3, 0, 1, 2}, rs2.BGR8: {3, 2, 1, 0}, rs2.RGBA8: {4, 0, 1, 2}, rs2.BGRA8: {4, 2, 1, 0}, rs2.Y8: {1, 0, 0, 0}, rs2.YUYV: {2, -1, 0, 0}, rs2.UYVY: {2, -1, 0, 0}} {
		cam := soft(t, softcam.Options{Format: format})
		c := mustOpen(t, cam, Options{})
		f := &feeder{t: t, cam: cam, cal: cal}
		if err := cam.Color(1, f.at(0), 0, raw[:test.size*n]); err != nil {
			t.Fatal(err)
		}
		f.depth(0)
		var p capture.Pair
		if err := c.Next(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			got := p.Color.Pix[3*i:][:3]
			want := []byte{raw[test.size*i+max(test.r, 0)], raw[test.size*i+test.g], raw[test.size*i+test.b]}
			if test.r < 0 { // luma alone: a grey pixel's chroma is 128, and this one's is not
				continue
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("format %d: pixel %d is %v, want %v", format, i, got, want)
			}
		}
	}
}

func TestPaddedRows(t *testing.T) {
	cam := soft(t, softcam.Options{Padding: 10})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	f.color(0)
	f.depth(0)
	f.next(c, 0)
}

// A steady frame's own memory goes round; what is left are the calls to and from C.
func TestAllocations(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	i := 0
	var p capture.Pair
	feed := func() {
		f.color(i)
		f.depth(i)
		i++
	}
	pull := func() {
		if err := c.Next(context.Background(), &p); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		feed()
		pull()
	}
	least := uint64(math.MaxUint64) // of some, since others of the process allocate as well
	for range 5 {
		feed()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		pull()
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	if least > 0 {
		t.Errorf("Next makes %d allocations, want none", least)
	}
}

// Which frames go when nobody takes them, and that each is counted.
func TestFullQueueDropsTheOldest(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{Queue: 3})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	for i := range 10 {
		f.color(i)
		f.depth(i)
	}
	for i := 7; i < 10; i++ {
		if p := f.next(c, i); p.Seq != uint64(i) || !close64(p.ColorTime, f.at(i)) {
			t.Errorf("Seq %d at %v, want %d", p.Seq, p.ColorTime, i)
		}
		if color, depth := c.Facts(); color.Number != uint64(i+1) || depth.Number != uint64(i+1) {
			t.Errorf("pair %d has the facts of frames %d and %d", i, color.Number, depth.Number)
		}
	}
	if s := c.Stats(); s.Color != (StreamStats{In: 10, Dropped: 7, Lost: 7}) || s.Depth != (StreamStats{In: 10, Dropped: 7, Lost: 7}) || s.Delivered != 3 {
		t.Errorf("stats are %+v", s)
	}
}

// A frame that the camera numbers and that never comes is known from the gap.
func TestLostFrames(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	for _, i := range []int{0, 1, 2} {
		f.color(i)
		f.depth(i)
		f.next(c, i)
	}
	for _, i := range []int{5, 6} {
		f.color(i)
		f.depth(i)
		if p := f.next(c, i); p.Seq != uint64(i) {
			t.Errorf("Seq is %d, want %d", p.Seq, i)
		}
	}
	if s := c.Stats(); s.Color.Lost != 2 || s.Depth.Lost != 2 {
		t.Errorf("stats are %+v", s)
	}
}

// Facts are those of the pair's frames, not of later ones that wait.
func TestFactsOfThePair(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	f.color(0)
	f.color(1)
	f.depth(0)
	f.next(c, 0)
	if color, depth := c.Facts(); color.Number != 1 || depth.Number != 1 {
		t.Errorf("the facts are of frames %d and %d", color.Number, depth.Number)
	}
}

// Frames come as fast as they can while pairs are taken: what is lost is counted, and what comes is whole.
func TestFlood(t *testing.T) {
	const frames = 1500
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{Queue: 2, Wait: 300 * time.Millisecond})
	go func() {
		f := &feeder{t: t, cam: cam, cal: geometry()}
		for i := range frames {
			f.color(i)
			f.depth(i)
		}
	}()
	var p, want capture.Pair
	n, seq := 0, uint64(0)
	for {
		err := c.Next(t.Context(), &p)
		if errors.Is(err, ErrNoFrames) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		color, depth := c.Facts()
		if p.HasColor() {
			capturetest.Paint(geometry(), color.Number-1, false, &want)
			if !bytes.Equal(p.Color.Pix, want.Color.Pix) {
				t.Fatalf("pair %d: the colour image is not that of frame %d", n, color.Number)
			}
		}
		if p.HasDepth() {
			capturetest.Paint(geometry(), depth.Number-1, false, &want)
			if !slices.Equal(p.Depth.Pix, want.Depth.Pix) {
				t.Fatalf("pair %d: the depth image is not that of frame %d", n, depth.Number)
			}
		}
		if n > 0 && p.Seq <= seq {
			t.Fatalf("Seq %d comes after %d", p.Seq, seq)
		}
		n, seq = n+1, p.Seq
	}
	s := c.Stats()
	for _, k := range []struct {
		StreamStats
		capture.StreamCounts
	}{{s.Color, s.Paired.Color}, {s.Depth, s.Paired.Depth}} {
		in := k.StreamCounts.In
		if k.StreamStats.In != frames || uint64(in)+k.Dropped != frames || in != s.Paired.Pairs+k.Halves+k.Unpaired.Total()+k.Waiting {
			t.Errorf("frames are lost without a count: %+v", s)
		}
	}
	if n < 10 || uint64(n) != s.Delivered {
		t.Errorf("%d pairs, %+v", n, s)
	}
	t.Logf("%d pairs of %d frames, %d and %d dropped", n, frames, s.Color.Dropped, s.Depth.Dropped)
}

func TestSince(t *testing.T) {
	for ms, want := range map[float64]time.Duration{0: 0, 1.001: 1001 * time.Microsecond, -1.5: -1500 * time.Microsecond,
		360713.523: 360713523 * time.Microsecond, 1700000000123.5: 1700000000123500 * time.Microsecond} {
		if got := since(ms); got != want {
			t.Errorf("%v ms are %d ns, want %d", ms, got, want)
		}
	}
}

// While depth is silent, colour goes on alone.
func TestHalfPairs(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry()}
	f.color(0)
	f.depth(0)
	f.next(c, 0)
	for i := 1; i < 5; i++ {
		f.color(i)
		if p := f.next(c, i); !p.HasColor() || p.HasDepth() || p.Seq != uint64(i) || p.DepthTime != p.ColorTime {
			t.Errorf("pair %d: colour %v, depth %v, Seq %d", i, p.HasColor(), p.HasDepth(), p.Seq)
		}
	}
	f.color(5)
	f.depth(5)
	if p := f.next(c, 5); !p.HasColor() || !p.HasDepth() || p.Seq != 5 {
		t.Errorf("when depth is back: colour %v, depth %v, Seq %d", p.HasColor(), p.HasDepth(), p.Seq)
	}
	if color, depth := c.Facts(); color.Number != 6 || depth.Number != 6 {
		t.Errorf("facts are %+v and %+v", color, depth)
	}
}

// Times of different clocks say nothing of each other: arrival takes their place, and gives it back.
func TestClocksThatDiffer(t *testing.T) {
	cam := soft(t, softcam.Options{})
	c := mustOpen(t, cam, Options{})
	f := &feeder{t: t, cam: cam, cal: geometry(), base: time.Minute}
	i := 0
	step := func() (p capture.Pair) {
		t.Helper()
		f.color(i)
		f.depth(i)
		p = f.next(c, i)
		i++
		return p
	}
	if p := step(); p.Clock != capture.DeviceClock {
		t.Errorf("clock %q", p.Clock)
	}
	f.domain[1] = rs2.GlobalTime
	before := time.Duration(time.Now().UnixNano())
	if p := step(); p.Clock != capture.HostClock || p.ColorTime < before-time.Second || p.ColorTime > before+10*time.Second || p.Skew() > time.Second {
		t.Errorf("with two clocks: times %v and %v of clock %q", p.ColorTime, p.DepthTime, p.Clock)
	}
	f.domain[0] = rs2.GlobalTime
	if p := step(); p.Clock != capture.GlobalClock || !close64(p.ColorTime, f.at(2)) {
		t.Errorf("with one clock again: %v of clock %q, want %v", p.ColorTime, p.Clock, f.at(2))
	}
	if s := c.Stats(); s.Clocks < 1 || s.Paired.Color.In != 3 || s.Paired.Color.In != s.Paired.Pairs+s.Paired.Color.Unpaired.Total()+s.Paired.Color.Waiting {
		t.Errorf("stats are %+v", s)
	}
}

// running is a camera with its frames coming on their own, until it is closed.
type running struct {
	*Camera
	stop func()
}

func (r running) Close() error {
	r.stop()
	return r.Camera.Close()
}

func TestLiveConforms(t *testing.T) {
	capturetest.Conform(t, func(t testing.TB) capture.Source {
		cam := soft(t, softcam.Options{})
		c := mustOpen(t, cam, Options{})
		f := &feeder{t: t, cam: cam, cal: geometry()}
		end, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				case <-time.After(2 * time.Millisecond):
					f.color(i)
					f.depth(i)
				}
			}
		}()
		return running{c, sync.OnceFunc(func() { close(end); <-ended })}
	}, capturetest.Options{Fresh: true, Allocs: -1})
}

func TestNoFrames(t *testing.T) {
	cam := soft(t, softcam.Options{USB: "2.1"})
	c := mustOpen(t, cam, Options{Wait: 50 * time.Millisecond})
	var p capture.Pair
	for range 2 {
		if err := c.Next(t.Context(), &p); !errors.Is(err, ErrNoFrames) || !strings.Contains(err.Error(), "for 50ms; the camera is on USB 2.1") {
			t.Errorf("error is %v", err)
		}
	}
	f := &feeder{t: t, cam: cam, cal: geometry()}
	f.color(0)
	f.depth(0)
	f.next(c, 0)
	if n := c.Notes(); len(n) != 1 || !strings.Contains(n[0], "is on USB 2.1") {
		t.Errorf("notes are %q", n)
	}
}

// A camera that goes away, and another plug of the same: found by its serial number, its coming told.
func TestUnplugAndReplug(t *testing.T) {
	l := library(t)
	watched, err := l.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	events, err := watch(ctx, watched)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(serial string) {
		t.Helper()
		select {
		case e := <-events:
			if len(e.Added) != 1 || e.Added[0].Serial != serial || e.Removed != 0 {
				t.Errorf("event is %+v", e)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no event")
		}
	}
	for range 3 {
		cam, err := softcam.New(l, softcam.Options{Calibration: geometry(), Serial: "42"})
		if err != nil {
			t.Fatal(err)
		}
		if err := cam.Plug(watched); err != nil {
			t.Fatal(err)
		}
		expect("42")
		c, err := openSoft(t, cam, "42", Options{Wait: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		f := &feeder{t: t, cam: cam, cal: geometry()}
		for i := range 3 {
			f.color(i)
			f.depth(i)
			f.next(c, i)
		}
		// It goes: its frames cease.
		var p capture.Pair
		if err := c.Next(ctx, &p); !errors.Is(err, ErrNoFrames) {
			t.Errorf("error is %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		cam.Close()
	}
	stop()
	if _, open := <-events; open {
		t.Error("events go on")
	}
}

// The library's word that a device was removed ends a source for good.
func TestRemovedDevice(t *testing.T) {
	path := record(t, 30, softcam.Options{})
	for range 2 {
		ctx, err := library(t).NewContext()
		if err != nil {
			t.Fatal(err)
		}
		dev, err := play(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := start(ctx, dev, Options{File: path})
		if err != nil {
			t.Fatal(err)
		}
		var p capture.Pair
		if err := c.Next(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		if err := ctx.Remove(path); err != nil {
			t.Fatal(err)
		}
		for err = nil; err == nil; {
			err = c.Next(t.Context(), &p)
		}
		if !errors.Is(err, ErrUnplugged) {
			t.Errorf("error is %v", err)
		}
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) { // the library plays on
			if err := c.Next(t.Context(), &p); !errors.Is(err, ErrUnplugged) {
				t.Errorf("then error is %v", err)
				break
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Two sources of one camera.
func TestBusy(t *testing.T) {
	cam := soft(t, softcam.Options{})
	mustOpen(t, cam, Options{})
	if _, err := openSoft(t, cam, "", Options{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second source: %v", err)
	}
}

// What operating systems say, as the library passes it on, is told apart.
func TestExplain(t *testing.T) {
	for words, want := range map[string]error{
		"xioctl(VIDIOC_S_FMT) failed, errno=16 Last Error: Device or resource busy": ErrBusy,
		"failed to open usb interface: 0, error: RS2_USB_STATUS_BUSY":               ErrBusy,
		"failed to set power state":                                             nil,
		"failed to claim usb interface: 0, error: RS2_USB_STATUS_ACCESS":        ErrAccess,
		"Cannot open '/dev/video0 Last Error: Permission denied":                ErrAccess,
		"xioctl(UVCIOC_CTRL_QUERY) failed, errno=19 Last Error: No such device": ErrUnplugged,
		"Couldn't resolve requests":                                             nil,
	} {
		err := explain(&rs2.Error{Kind: rs2.Backend, Function: "rs2_open", Message: words})
		for _, sentinel := range []error{ErrBusy, ErrAccess, ErrUnplugged} {
			if errors.Is(err, sentinel) != (sentinel == want) {
				t.Errorf("%q is told as %v, want %v", words, err, want)
			}
		}
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is told as %v", words, err)
		}
	}
	if err := explain(&rs2.Error{Kind: rs2.Disconnected}); !errors.Is(err, ErrUnplugged) {
		t.Errorf("disconnected is told as %v", err)
	}
}

func TestSettings(t *testing.T) {
	cam := soft(t, softcam.Options{})
	for _, o := range []struct {
		depth              bool
		option             rs2.Option
		least, most, value float64
		writable           bool
	}{
		{true, rs2.EmitterEnabled, 0, 2, 1, true}, {true, rs2.LaserPower, 0, 360, 150, true}, {true, rs2.AutoExposure, 0, 1, 1, true},
		{true, rs2.Exposure, 1, 165000, 8500, true}, {true, rs2.Gain, 16, 248, 16, true}, {true, rs2.InterCamSyncMode, 0, 3, 0, true},
		{true, rs2.GlobalTimeEnabled, 0, 1, 0, true}, {true, rs2.VisualPreset, 0, 6, 0, true},
		{false, rs2.AutoExposure, 0, 1, 0, true}, {false, rs2.GlobalTimeEnabled, 0, 1, 0, true}, {false, rs2.Gain, 0, 128, 64, false},
	} {
		if err := cam.AddOption(o.depth, o.option, o.least, o.most, 1, o.value, o.writable); err != nil {
			t.Fatal(err)
		}
	}
	o, err := ParseOptions("emitter=auto,laser=300,exposure=4000,gain=32,sync=slave,global-time=on,preset=4,color-exposure=auto")
	if err != nil {
		t.Fatal(err)
	}
	c := mustOpen(t, cam, o)
	for _, s := range c.device.sensors {
		want := map[rs2.Option]float32{rs2.AutoExposure: 1, rs2.GlobalTimeEnabled: 1}
		if s.Is(rs2.DepthSensor) {
			want = map[rs2.Option]float32{rs2.EmitterEnabled: 2, rs2.LaserPower: 300, rs2.AutoExposure: 0, rs2.Exposure: 4000, rs2.Gain: 32,
				rs2.InterCamSyncMode: 2, rs2.GlobalTimeEnabled: 1, rs2.VisualPreset: 4}
		}
		for option, v := range want {
			if got, err := s.Option(option); err != nil || got != v {
				t.Errorf("%s: option %d is %v, %v; want %v", s.Name(), option, got, err, v)
			}
		}
	}
	c.Close()
	for value, want := range map[string]float32{"off": 0, "on": 1} {
		c := mustOpen(t, cam, Options{Emitter: value})
		for _, s := range c.device.sensors {
			if got, err := s.Option(rs2.EmitterEnabled); s.Is(rs2.DepthSensor) && (err != nil || got != want) {
				t.Errorf("emitter=%s: the option is %v, %v", value, got, err)
			}
		}
		c.Close()
	}
	for text, want := range map[string]string{
		"laser=400":          "laser: 400 is out of the Stereo Module's range, 0 to 360",
		"color-exposure=100": "color-exposure: the RGB Camera does not have it",
		"color-gain=5":       "color-gain: the RGB Camera does not let it be set",
		"preset=nonsense":    "preset: the library has no names for those of the Stereo Module: give a number, 0 to 6",
		"settings=absent":    "settings: open absent",
	} {
		o, err := ParseOptions(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openSoft(t, cam, "", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", text, err, want)
		}
	}
}

func TestStreamsThatAreNotThere(t *testing.T) {
	cam := soft(t, softcam.Options{USB: "2.1", FPS: 15})
	for text, want := range map[string]string{
		"width=1280":        "no depth stream of 1280x*@*; there are 24x16@15; the camera is on USB 2.1",
		"color-fps=60":      "no colour stream of *x*@60; there are 32x24@15",
		"color-format=yuyv": "no colour stream of *x*@* yuyv",
	} {
		o, err := ParseOptions(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openSoft(t, cam, "", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", text, err, want)
		}
	}
	if _, err := openSoft(t, cam, "1", Options{}); !errors.Is(err, ErrNoCamera) || !strings.Contains(err.Error(), "there are 728612070259") {
		t.Errorf("another serial number: %v", err)
	}
	c := mustOpen(t, cam, Options{Depth: StreamOptions{Width: 24, FPS: 15}})
	if err := c.Reset(); err == nil || !strings.HasPrefix(err.Error(), `realsense: reset camera "728612070259": rs2_hardware_reset: `) {
		t.Errorf("reset of a camera that cannot: %v", err)
	}
	c.Close()
	if err := c.Reset(); err != ErrClosed {
		t.Errorf("reset after Close: %v", err)
	}
}
