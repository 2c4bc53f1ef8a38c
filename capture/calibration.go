package capture

// Distortion names a lens model. The names and the order of the coefficients follow librealsense's rs_types.h.
type Distortion string

const (
	NoDistortion        Distortion = "none"
	BrownConrady        Distortion = "brown-conrady"         // undistorted → distorted, as OpenCV's five coefficients
	InverseBrownConrady Distortion = "inverse-brown-conrady" // distorted → undistorted
)

// Intrinsics is a pin-hole camera with lens distortion, in pixels of a Width × Height image.
type Intrinsics struct {
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Fx     float64    `json:"fx"`
	Fy     float64    `json:"fy"`
	Cx     float64    `json:"cx"`
	Cy     float64    `json:"cy"`
	Model  Distortion `json:"model,omitempty"`  // empty means none
	Coeffs [5]float64 `json:"coeffs,omitempty"` // k1, k2, p1, p2, k3
}

// Extrinsics carries a point from one camera to another: p' = Rotation·p + Translation.
type Extrinsics struct {
	Rotation    [9]float64 `json:"rotation"`    // row-major, orthonormal
	Translation [3]float64 `json:"translation"` // metres
}

// Identity is the transform between two cameras at the same place.
var Identity = Extrinsics{Rotation: [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}}

// Apply carries the point p.
func (e Extrinsics) Apply(p [3]float64) (q [3]float64) {
	for i := range 3 {
		q[i] = e.Rotation[3*i]*p[0] + e.Rotation[3*i+1]*p[1] + e.Rotation[3*i+2]*p[2] + e.Translation[i]
	}
	return q
}

// After is the transform that applies first, then e.
func (e Extrinsics) After(first Extrinsics) (c Extrinsics) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				c.Rotation[3*i+j] += e.Rotation[3*i+k] * first.Rotation[3*k+j]
			}
		}
	}
	c.Translation = e.Apply(first.Translation)
	return c
}

// Inverse is the way back.
func (e Extrinsics) Inverse() (c Extrinsics) {
	for i := range 3 {
		for j := range 3 {
			c.Rotation[3*i+j] = e.Rotation[3*j+i]
			c.Translation[i] -= e.Rotation[3*j+i] * e.Translation[j]
		}
	}
	return c
}

// Calibration is the geometry of a colour and a depth camera.
type Calibration struct {
	Color        Intrinsics `json:"color"`
	Depth        Intrinsics `json:"depth"`
	DepthToColor Extrinsics `json:"depth_to_color"`
	DepthScale   float64    `json:"depth_scale"` // metres per unit of Depth.Pix
}

// Registered tells whether depth pixels already lie on the colour pixels that show the same point.
func (c Calibration) Registered() bool {
	return c.Color == c.Depth && c.DepthToColor == Identity
}
