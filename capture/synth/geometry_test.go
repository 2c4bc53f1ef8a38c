package synth

import (
	"math"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// lab is a scene and a view whose camera sits at the origin: x right, y down, z forward are also the world's axes.
func lab(t *testing.T, w, h int, fill func(b *builder)) (*scene, *view) {
	t.Helper()
	s := &scene{half: vec{10, 10, 10}}
	b := &builder{scene: s, r: newRNG(1, 1), prints: &prints{noise: newNoise()}}
	b.mat(material{cos: 1})
	b.mat(material{cos: 1})
	fill(b)
	s.tree.build(s.prims)
	f := float64(w) * 0.9
	v := newView(capture.Intrinsics{Width: w, Height: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2})
	v.look(s, world)
	var list []candidate
	for y := range v.th {
		list = v.trace(s, y, list)
	}
	return s, v
}

func checkZ(t *testing.T, v *view, want func(x, y float64) float64) {
	t.Helper()
	hits := 0
	for i, z := range v.z {
		e := want(v.ray[2*i], v.ray[2*i+1])
		if e == 0 {
			if z < 1e8 {
				t.Fatalf("pixel %d: z %v where nothing is", i, z)
			}
			continue
		}
		hits++
		if math.Abs(z-e) > 1e-7 {
			t.Fatalf("pixel %d: z %v, want %v", i, z, e)
		}
	}
	if hits < 100 {
		t.Fatalf("only %d pixels hit", hits)
	}
}

func TestDepthOfBox(t *testing.T) {
	_, v := lab(t, 64, 48, func(b *builder) { b.box(world.at(0.1, 0, 2), 0.5, 0.4, 0.25, 0) })
	checkZ(t, v, func(x, y float64) float64 {
		const z = 1.75
		if math.Abs(x*z-0.1) <= 0.5 && math.Abs(y*z) <= 0.4 {
			return z
		}
		// The left and right sides cannot be seen from here but at x = -0.4, which faces away.
		return 0
	})
}

func TestDepthOfSphere(t *testing.T) {
	_, v := lab(t, 64, 48, func(b *builder) { b.ball(world.at(0, 0.1, 3), 0.8, 0.8, 0.8, -1, 1, 0) })
	checkZ(t, v, func(x, y float64) float64 {
		// |t·(x, y, 1) - (0, 0.1, 3)| = 0.8
		a, b, c := x*x+y*y+1, 0.1*y+3, 0.01+9-0.64
		d := b*b - a*c
		if d < 0 {
			return 0
		}
		return (b - math.Sqrt(d)) / a
	})
}

func TestDepthOfCylinder(t *testing.T) {
	// Upright, its axis along the picture's y.
	_, v := lab(t, 64, 48, func(b *builder) { b.cone(world.at(0, -5, 2).pitch(-math.Pi/2), 0.5, 0.5, 10, 0, capTop|capBottom) })
	checkZ(t, v, func(x, y float64) float64 {
		a, b, c := x*x+1, 2.0, 4-0.25
		d := b*b - a*c
		if d < 0 {
			return 0
		}
		return (b - math.Sqrt(d)) / a
	})
}

func TestDepthOfCapsuleAndCone(t *testing.T) {
	_, v := lab(t, 65, 49, func(b *builder) { b.rod(vec{-0.4, 0, 2}, vec{0.4, 0, 2}, 0.2, 0) })
	if z := v.z[24*65+32]; math.Abs(z-1.8) > 1e-9 {
		t.Errorf("the capsule's middle is at %v, want 1.8", z)
	}
	// A cone opening towards the camera: its near rim has radius 0.5 at z = 1, its far end 0.1 at z = 2.
	_, v = lab(t, 65, 49, func(b *builder) { b.cone(world.at(0, 0, 1), 0.5, 0.1, 1, 0, capTop) })
	if z := v.z[24*65+32]; math.Abs(z-2) > 1e-9 {
		t.Errorf("the cone's floor is at %v, want 2", z)
	}
	i := 24*65 + 32 + 14 // looks at the inner wall: x·t = 0.5 - 0.4·(t - 1)
	x := v.ray[2*i]
	if z, want := v.z[i], 0.9/(x+0.4); math.Abs(z-want) > 1e-9 {
		t.Errorf("the cone's wall is at %v, want %v", z, want)
	}
}

func TestHierarchyFindsTheNearest(t *testing.T) {
	c, err := Open("seed=12,scene=room,width=32,height=24")
	if err != nil {
		t.Fatal(err)
	}
	c.load(0)
	s := &c.scene
	r := newRNG(4, 4)
	hits := 0
	for range 3000 {
		o := vec{float64(s.half.x * r.uni(-0.9, 0.9)), float64(s.half.y * r.uni(-0.9, 0.9)), r.uni(0.1, 2)}
		d := vec{r.norm(), r.norm(), r.norm()}.unit()
		best := 5.0
		for k := range s.prims {
			if q := &s.prims[k]; q.shape != shapeRoom {
				best = q.hit(q.local(o.sub(q.o)), q.local(d), 0, best)
			}
		}
		got, _ := s.tree.nearest(s.prims, o, d, 0, 5)
		if got != best || s.tree.blocked(s.prims, o, d, 0, 5) != (best < 5) {
			t.Fatalf("from %v along %v: nearest %v, want %v", o, d, got, best)
		}
		if best < 5 {
			hits++
		}
	}
	if hits < 500 {
		t.Errorf("only %d rays hit", hits)
	}
}

// A point that the depth camera sees, carried over by the calibration alone, lies on the surface that the colour camera
// sees there.
func TestCalibrationIsTrue(t *testing.T) {
	lens := 0
	for seed := range 6 {
		c, err := New(Options{Seed: uint64(seed), Width: 160, Height: 120, Scene: "tabletop"})
		if err != nil {
			t.Fatal(err)
		}
		var p capture.Pair
		c.Frame(0, &p)
		cal := c.Calibration()
		if cal.Color.Model == capture.BrownConrady {
			lens++
		}
		good, all, shifted := 0, 0, 0
		for y := range 120 {
			for x := range 160 {
				z := float64(p.Depth.Pix[y*160+x]) * cal.DepthScale
				if z == 0 {
					continue
				}
				q := [3]float64{(float64(x) - cal.Depth.Cx) / cal.Depth.Fx * z, (float64(y) - cal.Depth.Cy) / cal.Depth.Fy * z, z}
				r, s := cal.DepthToColor.Rotation, cal.DepthToColor.Translation
				var k [3]float64
				for i := range k {
					k[i] = r[3*i]*q[0] + r[3*i+1]*q[1] + r[3*i+2]*q[2] + s[i]
				}
				a, b := k[0]/k[2], k[1]/k[2]
				if g := cal.Color.Coeffs; cal.Color.Model == capture.BrownConrady { // as OpenCV documents it
					r2 := a*a + b*b
					f := 1 + g[0]*r2 + g[1]*r2*r2 + g[4]*r2*r2*r2
					a, b = a*f+2*g[2]*a*b+g[3]*(r2+2*a*a), b*f+2*g[3]*a*b+g[2]*(r2+2*b*b)
				}
				u, v := int(math.Round(a*cal.Color.Fx+cal.Color.Cx)), int(math.Round(b*cal.Color.Fy+cal.Color.Cy))
				if u < 2 || v < 0 || u >= 158 || v >= 120 {
					continue
				}
				all++
				if c.color.id[v*160+u] == c.depth.id[y*160+x] && math.Abs(c.color.z[v*160+u]-k[2]) < 0.02*k[2] {
					good++
				}
				if c.color.id[v*160+u+2] == c.depth.id[y*160+x] && math.Abs(c.color.z[v*160+u+2]-k[2]) < 0.02*k[2] {
					shifted++
				}
			}
		}
		if all < 5000 || float64(good) < 0.88*float64(all) {
			t.Errorf("seed %d: %d of %d points lie on the surface that the colour camera sees", seed, good, all)
		}
		if shifted > good {
			t.Errorf("seed %d: more points fit (%d, not %d) when they are moved by two pixels", seed, shifted, good)
		}
	}
	if lens == 0 || lens == 6 {
		t.Error("want lenses with and without distortion among the seeds")
	}
}

// The ray of a pixel goes back to that pixel through the lens model as OpenCV documents it.
func TestLensIsUndone(t *testing.T) {
	in := capture.Intrinsics{Width: 64, Height: 48, Fx: 50, Fy: 51, Cx: 31, Cy: 24, Model: capture.BrownConrady,
		Coeffs: [5]float64{0.08, -0.05, 0.004, -0.006, 0.01}}
	v := newView(in)
	for i := range 64 * 48 {
		x, y := v.ray[2*i], v.ray[2*i+1]
		r2 := x*x + y*y
		f := 1 + in.Coeffs[0]*r2 + in.Coeffs[1]*r2*r2 + in.Coeffs[4]*r2*r2*r2
		u := x*f + 2*in.Coeffs[2]*x*y + in.Coeffs[3]*(r2+2*x*x)
		w := y*f + in.Coeffs[2]*(r2+2*y*y) + 2*in.Coeffs[3]*x*y
		if px, py := u*in.Fx+in.Cx, w*in.Fy+in.Cy; math.Abs(px-float64(i%64)) > 1e-4 || math.Abs(py-float64(i/64)) > 1e-4 {
			t.Fatalf("pixel (%d, %d) comes back at (%v, %v)", i%64, i/64, px, py)
		}
	}
}
