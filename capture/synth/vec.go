package synth

import "math"

// vec is a point or direction in metres. World axes: x and y on the floor, z up.
//
// Every product below stands in an explicit conversion: float64(a*b) rounds, so no compiler may fuse it with the sum
// that follows (see doc.go).
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec     { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec     { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(s float64) vec { return vec{float64(a.x * s), float64(a.y * s), float64(a.z * s)} }
func (a vec) times(b vec) vec   { return vec{float64(a.x * b.x), float64(a.y * b.y), float64(a.z * b.z)} }
func (a vec) dot(b vec) float64 { return float64(a.x*b.x) + float64(a.y*b.y) + float64(a.z*b.z) }
func (a vec) length() float64   { return math.Sqrt(a.dot(a)) }
func (a vec) madd(b vec, s float64) vec {
	return vec{a.x + float64(b.x*s), a.y + float64(b.y*s), a.z + float64(b.z*s)}
}

func (a vec) cross(b vec) vec {
	return vec{
		float64(a.y*b.z) - float64(a.z*b.y),
		float64(a.z*b.x) - float64(a.x*b.z),
		float64(a.x*b.y) - float64(a.y*b.x),
	}
}

// unit returns a at length 1; the zero vector gives up.
func (a vec) unit() vec {
	n := a.length()
	if n < 1e-12 {
		return vec{0, 0, 1}
	}
	return a.mul(1 / n)
}

func (a vec) min(b vec) vec { return vec{min(a.x, b.x), min(a.y, b.y), min(a.z, b.z)} }
func (a vec) max(b vec) vec { return vec{max(a.x, b.x), max(a.y, b.y), max(a.z, b.z)} }

// perp returns a unit vector at right angles to the unit vector a.
func (a vec) perp() vec {
	if math.Abs(a.z) < 0.9 {
		return vec{0, 0, 1}.cross(a).unit()
	}
	return vec{1, 0, 0}.cross(a).unit()
}

// frame is a local coordinate system: an origin and three orthonormal axes in world coordinates.
type frame struct{ o, x, y, z vec }

var world = frame{x: vec{1, 0, 0}, y: vec{0, 1, 0}, z: vec{0, 0, 1}}

// point returns the world point of local coordinates.
func (f frame) point(x, y, z float64) vec { return f.o.madd(f.x, x).madd(f.y, y).madd(f.z, z) }

// at returns the frame moved along its own axes.
func (f frame) at(x, y, z float64) frame { f.o = f.point(x, y, z); return f }

// local returns the coordinates of a world direction.
func (f *frame) local(d vec) vec { return vec{d.dot(f.x), d.dot(f.y), d.dot(f.z)} }

// yaw, pitch and roll turn the frame about its own z, x and y axis by radians.
func (f frame) yaw(a float64) frame {
	s, c := sincos(a)
	f.x, f.y = f.x.mul(c).madd(f.y, s), f.y.mul(c).madd(f.x, -s)
	return f
}

func (f frame) pitch(a float64) frame {
	s, c := sincos(a)
	f.y, f.z = f.y.mul(c).madd(f.z, s), f.z.mul(c).madd(f.y, -s)
	return f
}

func (f frame) roll(a float64) frame {
	s, c := sincos(a)
	f.z, f.x = f.z.mul(c).madd(f.x, s), f.x.mul(c).madd(f.z, -s)
	return f
}

// along returns a frame at a whose z axis points to b.
func along(a, b vec) frame {
	z := b.sub(a).unit()
	x := z.perp()
	return frame{a, x, z.cross(x), z}
}
