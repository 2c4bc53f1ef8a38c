//go:build realsense && (linux || darwin)

package realsense

import (
	"math"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
	"github.com/depthwise/depthwise/capture/realsense/internal/softcam"
	"github.com/depthwise/depthwise/capture/rosbag"
)

// An aligner registers depth to colour as the library does (rs2_create_align), for comparison.
type aligner struct {
	t   *testing.T
	l   *rs2.Library
	cam *softcam.Camera
	cal capture.Calibration
	out chan []uint16
	n   int

	processFrame  func(block, frame uintptr, e *uintptr)
	sync, align   uintptr
	deviceSensors []*rs2.Sensor
}

// newAligner makes a camera in software with the geometry, whose frames go through the library's synchronisation and its
// alignment, each in a processing block.
func newAligner(t *testing.T, cal capture.Calibration) *aligner {
	t.Helper()
	a := &aligner{t: t, l: library(t), cal: cal, out: make(chan []uint16, 4)}
	a.cam = soft(t, softcam.Options{Calibration: cal})
	var makeAlign func(stream int32, e *uintptr) uintptr
	var makeSync func(e *uintptr) uintptr
	var startBlock func(block, f, user uintptr, e *uintptr)
	var deleteBlock func(block uintptr)
	for name, f := range map[string]any{"rs2_create_align": &makeAlign, "rs2_create_sync_processing_block": &makeSync,
		"rs2_start_processing_fptr": &startBlock, "rs2_process_frame": &a.processFrame, "rs2_delete_processing_block": &deleteBlock} {
		address, err := a.l.Symbol(name)
		if err != nil {
			t.Fatal(err)
		}
		purego.RegisterFunc(f, address)
	}
	var e uintptr
	check := func() {
		t.Helper()
		if err := a.l.Check(e); err != nil {
			t.Fatal(err)
		}
	}
	a.sync = makeSync(&e)
	check()
	a.align = makeAlign(int32(rs2.Color), &e)
	check()
	startBlock(a.sync, purego.NewCallback(func(frame, _ uintptr) {
		var e uintptr
		a.processFrame(a.align, frame, &e)
		if err := a.l.Check(e); err != nil {
			t.Error(err)
		}
	}), 0, &e)
	check()
	startBlock(a.align, purego.NewCallback(func(frame, _ uintptr) {
		set := a.l.AdoptFrame(frame)
		defer set.Release()
		var z []uint16
		color := false
		err := set.Each(func(f rs2.Frame) {
			var p rs2.Picture
			if err := f.Read(&p); err != nil {
				t.Error(err)
				return
			}
			color = color || p.Stream == rs2.Color
			if p.Stream == rs2.Depth && p.Width == cal.Color.Width && p.Height == cal.Color.Height {
				z = make([]uint16, p.Width*p.Height)
				for i := range z {
					at := p.Step*(i/p.Width) + 2*(i%p.Width)
					z[i] = uint16(p.Data[at]) | uint16(p.Data[at+1])<<8
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
		if color && z != nil { // depth that comes alone goes through as it is
			a.out <- z
		}
	}), 0, &e)
	check()
	dev, err := a.cam.Device()
	if err != nil {
		t.Fatal(err)
	}
	if a.deviceSensors, err = dev.Sensors(); err != nil {
		t.Fatal(err)
	}
	for _, s := range a.deviceSensors {
		profiles, err := s.Profiles()
		if err == nil {
			err = s.Open(profiles...)
		}
		if err == nil {
			err = s.Start(func(f rs2.Frame) {
				var e uintptr
				a.processFrame(a.sync, f.Address(), &e) // takes the frame over
				if err := a.l.Check(e); err != nil {
					t.Error(err)
				}
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, s := range a.deviceSensors {
			s.Stop()
			s.Close()
			s.Free()
		}
		dev.Close()
		deleteBlock(a.sync)
		deleteBlock(a.align)
	})
	return a
}

// run is the library's depth in the colour image, in the depth camera's units.
func (a *aligner) run(depth []uint16) []uint16 {
	a.t.Helper()
	color := make([]byte, 3*a.cal.Color.Width*a.cal.Color.Height)
	for range 5 { // the synchronisation may want a second set before it gives the first away
		a.n++
		at := time.Duration(a.n) * interval
		if err := a.cam.Color(a.n, at, rs2.HardwareClock, color); err != nil {
			a.t.Fatal(err)
		}
		if err := a.cam.Depth(a.n, at, rs2.HardwareClock, depth); err != nil {
			a.t.Fatal(err)
		}
		select {
		case z := <-a.out:
			return z
		case <-time.After(200 * time.Millisecond):
		}
	}
	a.t.Fatal("the library aligns nothing")
	return nil
}

// agreement compares two registered images by pixel.
type agreement struct {
	pixels           int
	both, neither    int // have a reading
	ours, theirs     int // alone have one
	within1, within2 int // of both: differ by so many units at most
	nearer           int // of both: ours is further than 2 units nearer or
	farther          int // further away
}

// compare holds our registration against the library's. The library keeps the reading of the depth camera, we give the
// depth along the colour camera's axis, as is right for what is seen from there: ours is carried back for comparison.
func compare(cal capture.Calibration, ours, theirs []uint16) (a agreement) {
	lens := capture.NewLens(cal.Color)
	r, t := cal.DepthToColor.Rotation, cal.DepthToColor.Translation
	for i := range ours {
		a.pixels++
		switch {
		case ours[i] == 0 && theirs[i] == 0:
			a.neither++
			continue
		case theirs[i] == 0:
			a.ours++
			continue
		case ours[i] == 0:
			a.theirs++
			continue
		}
		a.both++
		x, y, _ := lens.Ray(float64(i%cal.Color.Width), float64(i/cal.Color.Width))
		z := float64(ours[i]) * cal.DepthScale
		back := (r[2]*(x*z-t[0]) + r[5]*(y*z-t[1]) + r[8]*(z-t[2])) / cal.DepthScale
		switch d := back - float64(theirs[i]); {
		case math.Abs(d) <= 1:
			a.within1++
			a.within2++
		case math.Abs(d) <= 2:
			a.within2++
		case d < 0:
			a.nearer++
		default:
			a.farther++
		}
	}
	return a
}

func (a agreement) log(t *testing.T) {
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	t.Logf("%d pixels: %.3f %% both, %.3f %% neither, %.3f %% ours alone, %.3f %% the library's alone; of both %.3f %% within 1 unit, %.3f %% within 2, %.3f %% ours nearer, %.3f %% farther",
		a.pixels, share(a.both, a.pixels), share(a.neither, a.pixels), share(a.ours, a.pixels), share(a.theirs, a.pixels),
		share(a.within1, a.both), share(a.within2, a.both), share(a.nearer, a.both), share(a.farther, a.both))
}

func register(t *testing.T, cal capture.Calibration, depth *capture.Depth) []uint16 {
	t.Helper()
	reg, err := capture.NewRegistrar(cal, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out capture.Depth
	if err := reg.Register(&out, depth); err != nil {
		t.Fatal(err)
	}
	return out.Pix
}

// rule is the library's registration written down: each depth pixel's upper left and lower right corner go to the colour
// image in single precision, and every pixel from the one to the other, both included, takes the reading if it is the
// nearest so far. That is up to a pixel more, to the right and below, than the patch covers. Up to 2.57 the corners are
// moved by another half pixel (sse-align.cpp adds a half and rounds as well).
func rule(cal capture.Calibration, depth []uint16, older bool) []uint16 {
	out := make([]uint16, cal.Color.Width*cal.Color.Height)
	var r [9]float32
	var t [3]float32
	for i := range r {
		r[i] = float32(cal.DepthToColor.Rotation[i])
	}
	for i := range t {
		t[i] = float32(cal.DepthToColor.Translation[i])
	}
	d, c := cal.Depth, cal.Color
	corner := func(px, py, z float32) (x, y int) {
		u, v := z*((px-float32(d.Cx))/float32(d.Fx)), z*((py-float32(d.Cy))/float32(d.Fy))
		var p [3]float32
		for i := range p {
			p[i] = float32(r[3*i]*u) + (float32(r[3*i+1]*v) + (float32(r[3*i+2]*z) + t[i]))
		}
		fx := float32(p[0]/p[2]*float32(c.Fx)) + float32(c.Cx) + 0.5
		fy := float32(p[1]/p[2]*float32(c.Fy)) + float32(c.Cy) + 0.5
		if older {
			return int(math.RoundToEven(float64(fx))), int(math.RoundToEven(float64(fy)))
		}
		return int(fx), int(fy)
	}
	for i, z := range depth {
		if z == 0 {
			continue
		}
		px, py, m := float32(i%d.Width), float32(i/d.Width), float32(z)*float32(cal.DepthScale)
		x0, y0 := corner(px-0.5, py-0.5, m)
		x1, y1 := corner(px+0.5, py+0.5, m)
		for y := max(y0, 0); y <= min(y1, c.Height-1); y++ {
			for x := max(x0, 0); x <= min(x1, c.Width-1); x++ {
				if o := &out[y*c.Width+x]; *o == 0 || z < *o {
					*o = z
				}
			}
		}
	}
	return out
}

// unequal counts the pixels that differ.
func unequal(a, b []uint16) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// Our registration of a real frame against the library's, pixel by pixel. The library's is what rule says, so where the
// two differ is known: it lays every patch over up to a pixel more to the right and below, and of what then overlaps the
// nearer wins, so that ours is never nearer but may be further away, at steps and on slopes.
func TestD435AlignedByTheLibrary(t *testing.T) {
	library(t)
	src, err := rosbag.Open(d435(t), rosbag.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var p capture.Pair
	if err := src.Next(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	holdRegistration(t, src.Calibration(), &p.Depth, 0.9)
}

// The same on a scene that needs no file: two planes, one before the other, seen from a colour camera that is turned.
func TestPlanesAlignedByTheLibrary(t *testing.T) {
	cal := capture.Calibration{
		Color:      capture.Intrinsics{Width: 160, Height: 120, Fx: 153, Fy: 153, Cx: 79.5, Cy: 60.25, Model: capture.NoDistortion},
		Depth:      capture.Intrinsics{Width: 128, Height: 96, Fx: 98, Fy: 98, Cx: 63, Cy: 48.5, Model: capture.NoDistortion},
		DepthScale: 0.001,
	}
	sin, cos := math.Sincos(0.02)
	cal.DepthToColor = capture.Extrinsics{Rotation: [9]float64{cos, 0, sin, 0, 1, 0, -sin, 0, cos}, Translation: [3]float64{0.015, 0, 0.002}}
	var depth capture.Depth
	depth.Resize(cal.Depth.Width, cal.Depth.Height)
	for i := range depth.Pix {
		x, y := i%depth.Width, i/depth.Width
		depth.Pix[i] = uint16(1500 + x)
		switch {
		case x > 50 && x < 80 && y > 30 && y < 70:
			depth.Pix[i] = 700
		case x < 5:
			depth.Pix[i] = 0
		}
	}
	holdRegistration(t, cal, &depth, 0.8)
}

// holdRegistration compares; within is the least share of pixels that agree to a unit.
func holdRegistration(t *testing.T, cal capture.Calibration, depth *capture.Depth, within float64) {
	t.Helper()
	older := extension(t) == ".bag"
	theirs := newAligner(t, cal).run(depth.Pix)
	if n := unequal(theirs, rule(cal, depth.Pix, older)); n > len(theirs)/5000 {
		t.Errorf("the library's registration differs from its rule in %d of %d pixels", n, len(theirs))
	} else {
		t.Logf("the library's registration differs from its rule in %d pixels", n)
	}
	ours := register(t, cal, depth)
	a := compare(cal, ours, theirs)
	a.log(t)
	if older { // whose half pixel is known from the rule: what it would be without
		a = compare(cal, ours, rule(cal, depth.Pix, false))
		a.log(t)
	}
	if a.ours+a.nearer > a.pixels/1000 || float64(a.theirs) > 0.02*float64(a.pixels) || float64(a.within1) < within*float64(a.both) {
		t.Errorf("the registrations differ: %+v", a)
	}
}
