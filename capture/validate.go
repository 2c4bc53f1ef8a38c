package capture

import (
	"fmt"
	"math"
)

// The largest values that Validate accepts. They are far beyond any camera, and close enough that the fixed-point
// arithmetic of the Registrar is proven for all of them.
const (
	MaxSide        = 16384  // pixels of one side of an image
	maxFocal       = 131072 // pixels
	maxCenter      = 131072 // pixels, either sign
	maxTranslation = 1000   // metres, either sign
	minDepthScale  = 1e-6   // metres per unit
	maxDepthScale  = 1      // metres per unit
	maxCoeff       = 1e6    // either sign
	orthonormal    = 1e-3   // how far a rotation's rows may be from orthonormal: single precision and rounded files
)

// Validate returns nil if c describes two cameras that can exist, and else an error that names the field by its JSON
// path and says what is wrong with it.
func (c Calibration) Validate() error {
	if err := c.Color.validate("color"); err != nil {
		return err
	}
	if err := c.Depth.validate("depth"); err != nil {
		return err
	}
	if err := c.DepthToColor.validate("depth_to_color"); err != nil {
		return err
	}
	if s := c.DepthScale; !(s >= minDepthScale && s <= maxDepthScale) {
		return invalid("depth_scale", "is %v, want %v to %v metres per unit", s, minDepthScale, maxDepthScale)
	}
	return nil
}

func (in Intrinsics) validate(name string) error {
	for _, side := range []struct {
		field  string
		pixels int
	}{{"width", in.Width}, {"height", in.Height}} {
		if side.pixels < 1 || side.pixels > MaxSide {
			return invalid(name+"."+side.field, "is %d, want 1 to %d pixels", side.pixels, MaxSide)
		}
	}
	for _, focal := range []struct {
		field string
		value float64
	}{{"fx", in.Fx}, {"fy", in.Fy}} {
		if !(focal.value > 0 && focal.value <= maxFocal) {
			return invalid(name+"."+focal.field, "is %v, want above 0 and at most %d pixels", focal.value, maxFocal)
		}
	}
	for _, center := range []struct {
		field string
		value float64
	}{{"cx", in.Cx}, {"cy", in.Cy}} {
		if !(math.Abs(center.value) <= maxCenter) {
			return invalid(name+"."+center.field, "is %v, want -%d to %d pixels", center.value, maxCenter, maxCenter)
		}
	}
	switch in.Model {
	case "", NoDistortion, BrownConrady, InverseBrownConrady:
	default:
		return invalid(name+".model", "is %q, want %q, %q or %q", in.Model, NoDistortion, BrownConrady, InverseBrownConrady)
	}
	for i, k := range in.Coeffs {
		if !(math.Abs(k) <= maxCoeff) {
			return invalid(fmt.Sprintf("%s.coeffs[%d]", name, i), "is %v, want a finite number up to %v", k, float64(maxCoeff))
		}
	}
	return nil
}

func (e Extrinsics) validate(name string) error {
	r := e.Rotation
	for i, v := range r {
		if !(math.Abs(v) <= 1+orthonormal) {
			return invalid(fmt.Sprintf("%s.rotation[%d]", name, i), "is %v, want -1 to 1", v)
		}
	}
	for i := range 3 {
		for j := i; j < 3; j++ {
			dot, want := 0.0, 0.0
			for k := range 3 {
				dot += float64(r[3*i+k] * r[3*j+k])
			}
			if i == j {
				want = 1
			}
			if math.Abs(dot-want) > orthonormal {
				return invalid(name+".rotation", "is not orthonormal: row %d times row %d is %.6g, want %g", i, j, dot, want)
			}
		}
	}
	det := float64(r[0]*(float64(r[4]*r[8])-float64(r[5]*r[7]))) -
		float64(r[1]*(float64(r[3]*r[8])-float64(r[5]*r[6]))) +
		float64(r[2]*(float64(r[3]*r[7])-float64(r[4]*r[6])))
	if det < 0 {
		return invalid(name+".rotation", "mirrors: its determinant is %.6g, want 1", det)
	}
	for i, v := range e.Translation {
		if !(math.Abs(v) <= maxTranslation) {
			return invalid(fmt.Sprintf("%s.translation[%d]", name, i), "is %v, want -%d to %d metres", v, maxTranslation, maxTranslation)
		}
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("capture: calibration %q: %s", field, fmt.Sprintf(format, args...))
}
