package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

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

// readCalibration reads dir's calibration.json; ok is false where there is none. Of the parts that describe the depth
// camera, depth and depth_to_color may be missing: depth then is registered.
func readCalibration(dir string) (cal capture.Calibration, ok bool, err error) {
	path := filepath.Join(dir, CalibrationFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cal, false, nil
	}
	fail := func(err error) (capture.Calibration, bool, error) {
		return capture.Calibration{}, false, fmt.Errorf("replay: calibration %q: %w", CalibrationFile, err)
	}
	if err != nil {
		return fail(plain(err))
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return fail(errors.New("not a regular file of at most 1 MiB"))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fail(plain(err))
	}
	if err := json.Unmarshal(data, &cal); err != nil {
		return fail(err)
	}
	if cal.Depth == (capture.Intrinsics{}) {
		cal.Depth = cal.Color
	}
	if cal.DepthToColor == (capture.Extrinsics{}) {
		cal.DepthToColor = capture.Identity
	}
	if err := checkCalibration(cal); err != nil {
		return fail(err)
	}
	return cal, true, nil
}

// checkCalibration refuses what no camera has.
func checkCalibration(c capture.Calibration) error {
	for _, cam := range []struct {
		name string
		in   capture.Intrinsics
	}{{"color", c.Color}, {"depth", c.Depth}} {
		in := cam.in
		if in.Width <= 0 || in.Height <= 0 || in.Width > png.MaxSide || in.Height > png.MaxSide || in.Width*in.Height > png.MaxPixels {
			return fmt.Errorf("%s: size is %d×%d", cam.name, in.Width, in.Height)
		}
		if !(in.Fx > 0) || !(in.Fy > 0) {
			return fmt.Errorf("%s: fx is %v, fy is %v", cam.name, in.Fx, in.Fy)
		}
		for _, v := range append(in.Coeffs[:], in.Fx, in.Fy, in.Cx, in.Cy) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s: a value is not finite", cam.name)
			}
		}
		switch in.Model {
		case "", capture.NoDistortion, capture.BrownConrady, capture.InverseBrownConrady:
		default:
			return fmt.Errorf("%s: unknown distortion model %q", cam.name, in.Model)
		}
	}
	if !(c.DepthScale > 0) || math.IsInf(c.DepthScale, 0) {
		return fmt.Errorf("depth_scale is %v", c.DepthScale)
	}
	return checkRigid(c.DepthToColor)
}

// checkRigid refuses an extrinsic matrix that is no rotation, within what printed digits lose.
func checkRigid(e capture.Extrinsics) error {
	r := e.Rotation
	for i := range 3 {
		for j := range 3 {
			dot := r[3*i]*r[3*j] + r[3*i+1]*r[3*j+1] + r[3*i+2]*r[3*j+2]
			if i == j {
				dot--
			}
			if !(math.Abs(dot) < 1e-2) {
				return errors.New("depth_to_color: rotation is not orthonormal")
			}
		}
		if t := e.Translation[i]; math.IsNaN(t) || math.IsInf(t, 0) {
			return errors.New("depth_to_color: translation is not finite")
		}
	}
	return nil
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
