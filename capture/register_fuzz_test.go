package capture

import (
	"testing"

	"github.com/depthwise/depthwise/pool"
)

// Whatever Validate accepts, registration neither fails nor writes outside of its image, and every reading that comes
// out lies in the image's unit: the fixed point has no overflow that the checked wrapper would hide.
func FuzzRegister(f *testing.F) {
	f.Add(30.0, 30.0, 15.0, 11.0, 20.0, 12.0, -0.1, 0.01, 0.001, 0.0, 0.015, 0.0, 0.001, uint8(24), uint8(16), uint8(1), uint16(1000))
	f.Add(131072.0, 1e-6, -131072.0, 131072.0, 0.5, 1e5, 1e6, -1e6, 1.0, 3.0, 1000.0, -1000.0, 1e-6, uint8(1), uint8(40), uint8(5), uint16(65535))
	f.Add(1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.57, -1e-6, 0.5, 1.0, uint8(33), uint8(1), uint8(8), uint16(1))
	f.Fuzz(func(t *testing.T, fx, fy, cx, cy, dfx, dcx, k1, k2, p1, angle, tx, tz, scale float64, w, h, models uint8, z uint16) {
		names := []Distortion{NoDistortion, BrownConrady, InverseBrownConrady}
		c := Calibration{
			Color: Intrinsics{Width: int(w), Height: int(h), Fx: fx, Fy: fy, Cx: cx, Cy: cy,
				Model: names[models%3], Coeffs: [5]float64{k1, k2, p1, -p1, k2 / 3}},
			Depth: Intrinsics{Width: int(h), Height: int(w), Fx: dfx, Fy: dfx, Cx: dcx, Cy: cy,
				Model: names[models/3%3], Coeffs: [5]float64{k2, k1, -p1, p1, k1}},
			DepthToColor: Extrinsics{rotate(angle, angle/2, -angle), [3]float64{tx, 0, tz}},
			DepthScale:   scale,
		}
		if c.Validate() != nil {
			return
		}
		p := pool.New(2)
		defer p.Close()
		r, err := NewRegistrar(c, p)
		if err != nil {
			t.Fatal(err)
		}
		src := Depth{Width: c.Depth.Width, Height: c.Depth.Height, Pix: make([]uint16, c.Depth.Width*c.Depth.Height)}
		for i := range src.Pix {
			src.Pix[i] = z + uint16(i*i)
		}
		var dst, again Depth
		if err := r.Register(&dst, &src); err != nil {
			t.Fatal(err)
		}
		if err := r.Register(&again, &src); err != nil {
			t.Fatal(err)
		}
		for i := range dst.Pix {
			if dst.Pix[i] != again.Pix[i] {
				t.Fatalf("pixel %d is %d, then %d", i, dst.Pix[i], again.Pix[i])
			}
		}
	})
}
