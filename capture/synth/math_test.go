package synth

import (
	"math"
	"testing"
)

func TestMath(t *testing.T) {
	near := func(name string, x, got, want, tol float64) {
		if math.Abs(got-want) > float64(tol*max(1, math.Abs(want))) {
			t.Errorf("%s(%v) = %v, want %v", name, x, got, want)
		}
	}
	for i := -2000; i <= 2000; i++ {
		x := float64(i) * 0.0137
		s, c := sincos(x)
		near("sin", x, s, math.Sin(x), 1e-8)
		near("cos", x, c, math.Cos(x), 1e-8)
		near("exp2", x, exp2(x), math.Exp2(x), 1e-7)
		near("exp", x, exp(x), math.Exp(x), 1e-7)
		if i > 0 {
			near("log2", x, log2(x), math.Log2(x), 1e-8)
			near("pow", x, pow(x, 2.2), math.Pow(x, 2.2), 1e-6)
		}
		near("atan2", x, atan2(s, c), math.Atan2(s, c), 2e-5)
	}
	if pow(0, 2) != 0 || atan2(0, 0) != 0 {
		t.Error("pow(0, 2) and atan2(0, 0) must be 0")
	}
}

func TestFramesStayOrthonormal(t *testing.T) {
	f := world.yaw(0.3).pitch(-1.1).roll(2.2).at(1, 2, 3)
	for _, p := range [][2]vec{{f.x, f.y}, {f.y, f.z}, {f.z, f.x}} {
		if math.Abs(p[0].dot(p[1])) > 1e-8 || math.Abs(p[0].length()-1) > 1e-8 {
			t.Fatalf("axes %v are not orthonormal", p)
		}
	}
	if f.x.cross(f.y).sub(f.z).length() > 1e-8 {
		t.Error("the frame is left-handed")
	}
	p := f.point(0.1, -0.2, 0.3)
	if f.local(p.sub(f.o)).sub(vec{0.1, -0.2, 0.3}).length() > 1e-8 {
		t.Error("local does not undo point")
	}
}
