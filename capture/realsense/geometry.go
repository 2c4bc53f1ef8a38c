//go:build realsense && (linux || darwin)

package realsense

import (
	"fmt"
	"strconv"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// calibration asks the library for the geometry of the two streams.
func calibration(depth, color candidate) (c capture.Calibration, err error) {
	if c.Color, err = intrinsics(color.profile); err != nil {
		return c, fmt.Errorf("colour intrinsics: %w", err)
	}
	if c.Depth, err = intrinsics(depth.profile); err != nil {
		return c, fmt.Errorf("depth intrinsics: %w", err)
	}
	e, err := depth.profile.ExtrinsicsTo(color.profile)
	if err != nil {
		return c, fmt.Errorf("extrinsics: %w", err)
	}
	for i := range 3 {
		for j := range 3 {
			c.DepthToColor.Rotation[3*i+j] = float64(e.Rotation[3*j+i]) // the library's is column-major
		}
		c.DepthToColor.Translation[i] = float64(e.Translation[i])
	}
	scale, err := depth.sensor.DepthScale()
	if err != nil && depth.sensor.Supports(rs2.DepthUnits) { // a sensor that is being recorded may tell it in this way only
		scale, err = depth.sensor.Option(rs2.DepthUnits)
	}
	if err != nil {
		return c, fmt.Errorf("depth units: %w", err)
	}
	// The shortest decimal that the single-precision number stands for: 0.001, not 0.0010000000474974513.
	if c.DepthScale, err = strconv.ParseFloat(strconv.FormatFloat(float64(scale), 'g', -1, 32), 64); err != nil {
		return c, err
	}
	return c, c.Validate()
}

// intrinsics translates a profile's. The modified Brown-Conrady model differs from Brown-Conrady in the tangential terms
// by the radial factor: far below a pixel for what RealSense cameras carry.
func intrinsics(p rs2.Profile) (in capture.Intrinsics, err error) {
	from, err := p.Intrinsics()
	if err != nil {
		return in, err
	}
	in = capture.Intrinsics{Width: int(from.Width), Height: int(from.Height), Fx: float64(from.Fx), Fy: float64(from.Fy),
		Cx: float64(from.Cx), Cy: float64(from.Cy), Model: capture.NoDistortion}
	if from.Coeffs == [5]float32{} {
		return in, nil
	}
	for i, k := range from.Coeffs {
		in.Coeffs[i] = float64(k)
	}
	switch from.Model {
	case rs2.NoDistortion:
		in.Coeffs = [5]float64{}
	case rs2.BrownConrady, rs2.ModifiedBrownConrady:
		in.Model = capture.BrownConrady
	case rs2.InverseBrownConrady:
		in.Model = capture.InverseBrownConrady
	default:
		return in, fmt.Errorf("the distortion model %d is not known", from.Model)
	}
	return in, nil
}
