//go:build realsense && (linux || darwin)

package realsense

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// library is the real library, in tests: $REALSENSE_LIB, or the one inside the pyrealsense2 wheel of the Python
// environment in $VENV or .venv.
func library(t testing.TB) *rs2.Library {
	t.Helper()
	name := os.Getenv("REALSENSE_LIB")
	if name == "" {
		name = wheel(t)
		t.Setenv("REALSENSE_LIB", name)
	}
	l, err := rs2.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func wheel(t testing.TB) string {
	t.Helper()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	venv := os.Getenv("VENV")
	switch {
	case venv == "":
		venv = filepath.Join(top, ".venv")
	case !filepath.IsAbs(venv):
		venv = filepath.Join(top, venv)
	}
	skip := t.Skipf
	if os.Getenv("CI") != "" {
		skip = t.Fatalf
	}
	python := filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		skip("no librealsense2: set REALSENSE_LIB, or make %s, whose pyrealsense2 has it (scripts/venv.sh)", venv)
	}
	var words bytes.Buffer
	cmd := exec.Command(python, filepath.Join(top, "scripts", "realsense_lib.py"))
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		skip("no librealsense2: %s has no pyrealsense2: %v\n%s", venv, err, &words)
	}
	return strings.TrimSpace(string(out))
}

func TestLibraryNames(t *testing.T) {
	l := library(t)
	t.Logf("%s, version %s", l.Name(), l.Version())
	// The numbers in the binding against the library's own names of them.
	for _, group := range []struct {
		name  func(int32) string
		names map[int32]string
	}{
		{l.StreamName, map[int32]string{int32(rs2.Depth): "Depth", int32(rs2.Color): "Color"}},
		{l.FormatName, map[int32]string{int32(rs2.Z16): "Z16", int32(rs2.YUYV): "YUYV", int32(rs2.RGB8): "RGB8", int32(rs2.BGR8): "BGR8",
			int32(rs2.RGBA8): "RGBA8", int32(rs2.BGRA8): "BGRA8", int32(rs2.Y8): "Y8", int32(rs2.UYVY): "UYVY"}},
		{l.InfoName, map[int32]string{int32(rs2.Name): "Name", int32(rs2.Serial): "Serial Number", int32(rs2.Firmware): "Firmware Version",
			int32(rs2.Recommended): "Recommended Firmware Version", int32(rs2.PhysicalPort): "Physical Port", int32(rs2.USBType): "Usb Type Descriptor"}},
		{l.OptionName, map[int32]string{int32(rs2.Exposure): "Exposure", int32(rs2.Gain): "Gain", int32(rs2.AutoExposure): "Enable Auto Exposure",
			int32(rs2.VisualPreset): "Visual Preset", int32(rs2.LaserPower): "Laser Power", int32(rs2.EmitterEnabled): "Emitter Enabled",
			int32(rs2.DepthUnits): "Depth Units", int32(rs2.InterCamSyncMode): "Inter Cam Sync Mode", int32(rs2.GlobalTimeEnabled): "Global Time Enabled"}},
		{l.DomainName, map[int32]string{int32(rs2.HardwareClock): "Hardware Clock", int32(rs2.SystemTime): "System Time", int32(rs2.GlobalTime): "Global Time"}},
		{l.MetadataName, map[int32]string{int32(rs2.FrameCounter): "Frame Counter", int32(rs2.FrameTimestamp): "Frame Timestamp",
			int32(rs2.SensorTimestamp): "Sensor Timestamp", int32(rs2.ActualExposure): "Actual Exposure", int32(rs2.GainLevel): "Gain Level",
			int32(rs2.AutoExposureOn): "Auto Exposure", int32(rs2.TimeOfArrival): "Time Of Arrival", int32(rs2.Temperature): "Temperature",
			int32(rs2.BackendTimestamp): "Backend Timestamp", int32(rs2.ActualFPS): "Actual Fps", int32(rs2.LaserPowerLevel): "Frame Laser Power",
			int32(rs2.EmitterMode): "Frame Emitter Mode"}},
		{l.DistortionName, map[int32]string{int32(rs2.NoDistortion): "None", int32(rs2.ModifiedBrownConrady): "Modified Brown Conrady",
			int32(rs2.InverseBrownConrady): "Inverse Brown Conrady", int32(rs2.BrownConrady): "Brown Conrady"}},
	} {
		for number, want := range group.names {
			if got := group.name(number); got != want {
				t.Errorf("%d is %q, want %q", number, got, want)
			}
		}
	}
}

// What a user without the library, or with another, reads.
func TestNoLibrary(t *testing.T) {
	text := filepath.Join(t.TempDir(), "librealsense2.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ library, want string }{
		"no file":         {filepath.Join(t.TempDir(), "absent.so"), "absent.so"},
		"no library":      {text, text},
		"another library": {"libc.so.6", "libc.so.6 is not librealsense2 2.50 or newer: it has no function rs2_get_api_version"},
		"nothing":         {":", "names no file"},
	} {
		_, err := Open(Options{Library: test.library})
		if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "realsense: open first camera: ") {
			t.Errorf("%s: error is %v, want one with %q", name, err, test.want)
		}
	}
	t.Setenv("REALSENSE_LIB", "")
	t.Setenv("LD_LIBRARY_PATH", "")
	if _, err := List(""); err != nil && !errors.Is(err, ErrNoLibrary) {
		t.Errorf("error is %v", err)
	}
}

func TestNoCamera(t *testing.T) {
	library(t)
	all, err := List("")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) > 0 {
		t.Skipf("there are cameras: %+v", all)
	}
	for want, o := range map[string]Options{
		"realsense: open first camera: no such camera: the library finds none": {},
		`realsense: open camera "12345": no such camera`:                       {Serial: "12345"},
	} {
		if _, err := Open(o); !errors.Is(err, ErrNoCamera) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := Open(Options{File: "absent.bag"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	bad := filepath.Join(t.TempDir(), "bad.bag")
	if err := os.WriteFile(bad, []byte("#ROSBAG V2.0\nand then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{File: bad}); err == nil {
		t.Error("a file that is no recording: no error")
	}
}
