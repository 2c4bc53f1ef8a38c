package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// maxCalibrationBytes bounds what is read of a calibration file; a calibration is about 1 kB.
const maxCalibrationBytes = 1 << 20

// maxDepthOffset bounds, in either direction, the time between two clocks that a calibration file may tell.
const maxDepthOffset = time.Hour

// A CalibrationFile is what a calibration file can tell: the geometry of two cameras and, where it was measured, the time
// between their clocks.
type CalibrationFile struct {
	Calibration
	// DepthOffset is added to the times of depth images to tell them on the colour camera's clock. It is for who pairs two
	// streams; the times of a Pair have it already. In the file it is "depth_offset", in seconds, left out when 0.
	DepthOffset time.Duration
}

// ReadCalibration reads the geometry of what [ReadCalibrationFile] reads.
func ReadCalibration(r io.Reader) (Calibration, error) {
	f, err := ReadCalibrationFile(r)
	return f.Calibration, err
}

// ReadCalibrationFile reads the JSON that [CalibrationFile.Write] writes, and validates it. A field that the format does
// not have, a list of the wrong length and text after the object are errors that name the field.
func ReadCalibrationFile(r io.Reader) (CalibrationFile, error) {
	dec := json.NewDecoder(io.LimitReader(r, maxCalibrationBytes))
	dec.DisallowUnknownFields()
	var w wireCalibration
	if err := dec.Decode(&w); err != nil {
		return CalibrationFile{}, describe(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return CalibrationFile{}, errors.New("capture: read calibration: text after the object")
	}
	c, err := w.calibration()
	if err != nil {
		return CalibrationFile{}, err
	}
	f := CalibrationFile{Calibration: c}
	if s := w.DepthOffset; !(math.Abs(s) <= maxDepthOffset.Seconds()) {
		return f, invalid("depth_offset", "is %v, want -%v to %v seconds", s, maxDepthOffset.Seconds(), maxDepthOffset.Seconds())
	}
	f.DepthOffset = time.Duration(math.RoundToEven(w.DepthOffset * 1e9))
	return f, c.Validate()
}

// LoadCalibration reads the file that path names with [ReadCalibration].
func LoadCalibration(path string) (Calibration, error) {
	f, err := LoadCalibrationFile(path)
	return f.Calibration, err
}

// LoadCalibrationFile reads the file that path names with [ReadCalibrationFile].
func LoadCalibrationFile(path string) (CalibrationFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return CalibrationFile{}, fmt.Errorf("capture: load calibration: %w", err)
	}
	defer f.Close()
	c, err := ReadCalibrationFile(f)
	if err != nil {
		return CalibrationFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Write writes c as indented JSON that [ReadCalibration] reads back to the same value, bit for bit. It refuses a
// calibration that does not validate.
func (c Calibration) Write(w io.Writer) error { return CalibrationFile{Calibration: c}.Write(w) }

// Write writes f as indented JSON that [ReadCalibrationFile] reads back to the same value, bit for bit. It refuses a
// calibration that does not validate.
func (f CalibrationFile) Write(w io.Writer) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if f.DepthOffset.Abs() > maxDepthOffset {
		return invalid("depth_offset", "is %v, want -%v to %v", f.DepthOffset, maxDepthOffset, maxDepthOffset)
	}
	text, err := json.MarshalIndent(struct {
		Calibration
		DepthOffset float64 `json:"depth_offset,omitempty"`
	}{f.Calibration, float64(f.DepthOffset) / 1e9}, "", "  ")
	if err != nil {
		return fmt.Errorf("capture: write calibration: %w", err)
	}
	if _, err := w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("capture: write calibration: %w", err)
	}
	return nil
}

// wireCalibration mirrors Calibration with slices: encoding/json fills a short list up with zeros and cuts a long one
// when the target is an array, and neither may pass in silence.
type wireCalibration struct {
	Color        *wireIntrinsics `json:"color"`
	Depth        *wireIntrinsics `json:"depth"`
	DepthToColor *wireExtrinsics `json:"depth_to_color"`
	DepthScale   float64         `json:"depth_scale"`
	DepthOffset  float64         `json:"depth_offset"`
}

type wireIntrinsics struct {
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Fx     float64    `json:"fx"`
	Fy     float64    `json:"fy"`
	Cx     float64    `json:"cx"`
	Cy     float64    `json:"cy"`
	Model  Distortion `json:"model"`
	Coeffs []float64  `json:"coeffs"`
}

type wireExtrinsics struct {
	Rotation    []float64 `json:"rotation"`
	Translation []float64 `json:"translation"`
}

func (w *wireCalibration) calibration() (c Calibration, err error) {
	if c.Color, err = w.Color.intrinsics("color"); err != nil {
		return c, err
	}
	if c.Depth, err = w.Depth.intrinsics("depth"); err != nil {
		return c, err
	}
	if w.DepthToColor == nil {
		return c, invalid("depth_to_color", "is missing")
	}
	if err := fixed(c.DepthToColor.Rotation[:], w.DepthToColor.Rotation, "depth_to_color.rotation"); err != nil {
		return c, err
	}
	if err := fixed(c.DepthToColor.Translation[:], w.DepthToColor.Translation, "depth_to_color.translation"); err != nil {
		return c, err
	}
	c.DepthScale = w.DepthScale
	return c, nil
}

func (w *wireIntrinsics) intrinsics(name string) (Intrinsics, error) {
	if w == nil {
		return Intrinsics{}, invalid(name, "is missing")
	}
	in := Intrinsics{Width: w.Width, Height: w.Height, Fx: w.Fx, Fy: w.Fy, Cx: w.Cx, Cy: w.Cy, Model: w.Model}
	if w.Coeffs == nil && (w.Model == "" || w.Model == NoDistortion) {
		return in, nil
	}
	return in, fixed(in.Coeffs[:], w.Coeffs, name+".coeffs")
}

func fixed(dst, src []float64, field string) error {
	if len(src) != len(dst) {
		return invalid(field, "has %d numbers, want %d", len(src), len(dst))
	}
	copy(dst, src)
	return nil
}

// describe turns what encoding/json says into the form of the package's errors.
func describe(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return invalid(kind.Field, "is a %s, want %s", kind.Value, kind.Type)
	}
	return fmt.Errorf("capture: read calibration: %w", err)
}
