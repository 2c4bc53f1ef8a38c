package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// CalibrationFile is the name of the calibration in a recording: the JSON of capture.Calibration.
const CalibrationFile = "calibration.json"

// Depth scales of recordings without calibration.json, metres per unit: millimetres as most cameras write, and the
// TUM RGB-D format's factor 5000 (its file formats page, "Color images and depth maps").
const (
	plainScale = 0.001
	tumScale   = 1.0 / 5000
)

// readCalibration reads dir's calibration.json; ok is false where there is none.
func readCalibration(dir string) (cal capture.Calibration, ok bool, err error) {
	path := filepath.Join(dir, CalibrationFile)
	info, err := os.Stat(path) // before opening: a pipe would block
	if errors.Is(err, fs.ErrNotExist) {
		return cal, false, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err == nil {
		defer f.Close()
		if cal, err = capture.ReadCalibration(f); err == nil {
			err = checkCalibration(cal)
		}
	}
	if err != nil {
		return cal, false, fmt.Errorf("replay: calibration %q: %w", CalibrationFile, plain(err))
	}
	return cal, true, nil
}

// checkCalibration refuses cameras that cannot exist, and images that no file here may have.
func checkCalibration(c capture.Calibration) error {
	if err := c.Validate(); err != nil {
		return err
	}
	for _, in := range []capture.Intrinsics{c.Color, c.Depth} {
		if in.Width*in.Height > png.MaxPixels {
			return fmt.Errorf("image is %d×%d, more than %d pixels", in.Width, in.Height, png.MaxPixels)
		}
	}
	return nil
}

// intrinsicsFile is where sets for reconstruction (7-Scenes, 3DMatch, TSDF fusion) keep the camera matrix: three rows
// of fx 0 cx, 0 fy cy, 0 0 1, of colour and registered depth alike.
const intrinsicsFile = "camera-intrinsics.txt"

// withIntrinsics puts dir's camera matrix into an assumed calibration; ok is false where there is none that fits.
func withIntrinsics(dir string, cal capture.Calibration) (_ capture.Calibration, ok bool) {
	path := filepath.Join(dir, intrinsicsFile)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 4096 {
		return cal, false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return cal, false
	}
	var m []float64
	for _, f := range strings.Fields(string(data)) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return cal, false
		}
		m = append(m, v)
	}
	if len(m) != 9 || m[1] != 0 || m[3] != 0 || m[6] != 0 || m[7] != 0 || m[8] != 1 {
		return cal, false
	}
	with := cal
	with.Color.Fx, with.Color.Cx, with.Color.Fy, with.Color.Cy = m[0], m[2], m[4], m[5]
	with.Depth = with.Color
	if in := with.Color; in.Cx < 0 || in.Cy < 0 || in.Cx > float64(in.Width) || in.Cy > float64(in.Height) || checkCalibration(with) != nil {
		return cal, false // of images of another size, perhaps
	}
	return with, true
}

// assume makes the calibration of a recording that has none: registered depth, a lens of 60° across, its centre in the
// middle of the image.
func assume(width, height int, scale float64) capture.Calibration {
	f := float64(width) / 2 / math.Tan(math.Pi/6)
	in := capture.Intrinsics{
		Width: width, Height: height,
		Fx: f, Fy: f,
		Cx: float64(width-1) / 2, Cy: float64(height-1) / 2,
		Model: capture.NoDistortion,
	}
	return capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: scale}
}
