package capture

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/depthwise/depthwise/internal/pixel"
	"github.com/depthwise/depthwise/pool"
)

// d435 is like a stereo depth camera with a colour camera beside it: 15 mm apart, almost parallel.
func d435() Calibration {
	return Calibration{
		Color:        Intrinsics{Width: 160, Height: 120, Fx: 154, Fy: 154.2, Cx: 80.3, Cy: 59.1},
		Depth:        Intrinsics{Width: 160, Height: 120, Fx: 96, Fy: 96.1, Cx: 79.2, Cy: 60.4},
		DepthToColor: Extrinsics{rotate(0.004, -0.006, 0.003), [3]float64{0.0148, 0.0002, 0.0003}},
		DepthScale:   0.001,
	}
}

// rotate returns the rotation about x, then y, then z, in radians.
func rotate(x, y, z float64) [9]float64 {
	sx, cx, sy, cy, sz, cz := math.Sin(x), math.Cos(x), math.Sin(y), math.Cos(y), math.Sin(z), math.Cos(z)
	return [9]float64{
		cz * cy, cz*sy*sx - sz*cx, cz*sy*cx + sz*sx,
		sz * cy, sz*sy*sx + cz*cx, sz*sy*cx - cz*sx,
		-sy, cy * sx, cy * cx,
	}
}

// oracle registers in double precision, straight from the definition: the lens polynomial's inverse is found by
// stepping towards the target, a patch's depth is that of its own centre.
func oracle(c Calibration, src *Depth) *Depth {
	var dst Depth
	dst.Resize(c.Color.Width, c.Color.Height)
	clear(dst.Pix)
	ratio := max(c.Color.Fx, c.Color.Fy) / min(c.Depth.Fx, c.Depth.Fy)
	widest := 8*math.Ceil(ratio) + 8
	for y := range src.Height {
		for x := range src.Width {
			d := float64(src.Pix[y*src.Width+x])
			if d == 0 {
				continue
			}
			u0, u1, v0, v1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
			seen := true
			for _, corner := range [][2]float64{{-.5, -.5}, {.5, -.5}, {-.5, .5}, {.5, .5}} {
				u, v, z, ok := oraclePoint(c, float64(x)+corner[0], float64(y)+corner[1], d)
				seen = seen && ok && math.Round(z) >= 1 && math.Round(z) <= 65535
				u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
			}
			_, _, z, ok := oraclePoint(c, float64(x), float64(y), d)
			if !ok || !seen || math.Round(z) < 1 || math.Round(z) > 65535 {
				continue
			}
			x0, x1 := math.Ceil(u0-ratio/4), math.Ceil(u1+ratio/4)
			y0, y1 := math.Ceil(v0-ratio/4), math.Ceil(v1+ratio/4)
			if x1-x0 > widest || y1-y0 > widest {
				continue
			}
			for py := int(max(y0, 0)); py < int(min(y1, float64(dst.Height))); py++ {
				for px := int(max(x0, 0)); px < int(min(x1, float64(dst.Width))); px++ {
					at := &dst.Pix[py*dst.Width+px]
					if z := uint16(math.Round(z)); *at == 0 || z < *at {
						*at = z
					}
				}
			}
		}
	}
	return &dst
}

func oraclePoint(c Calibration, px, py, d float64) (u, v, z float64, ok bool) {
	x, y := (px-c.Depth.Cx)/c.Depth.Fx, (py-c.Depth.Cy)/c.Depth.Fy
	switch c.Depth.Model {
	case BrownConrady:
		x, y = oracleInverse(c.Depth.Coeffs, x, y)
		ok = oracleGrows(c.Depth.Coeffs, x, y)
	case InverseBrownConrady:
		ok = oracleGrows(c.Depth.Coeffs, x, y)
		x, y = oraclePolynomial(c.Depth.Coeffs, x, y)
	default:
		ok = true
	}
	m, t, r := d*c.DepthScale, c.DepthToColor.Translation, c.DepthToColor.Rotation
	X := r[0]*x*m + r[1]*y*m + r[2]*m + t[0]
	Y := r[3]*x*m + r[4]*y*m + r[5]*m + t[1]
	Z := r[6]*x*m + r[7]*y*m + r[8]*m + t[2]
	if Z <= 0 || !ok {
		return 0, 0, 0, false
	}
	x, y = X/Z, Y/Z
	if math.Abs(x) >= 16 || math.Abs(y) >= 16 || math.Abs((px-c.Depth.Cx)/c.Depth.Fx) >= 16 || math.Abs((py-c.Depth.Cy)/c.Depth.Fy) >= 16 {
		return 0, 0, 0, false // the documented end of a pin-hole camera
	}
	switch c.Color.Model {
	case BrownConrady:
		ok = oracleGrows(c.Color.Coeffs, x, y)
		x, y = oraclePolynomial(c.Color.Coeffs, x, y)
	case InverseBrownConrady:
		x, y = oracleInverse(c.Color.Coeffs, x, y)
		ok = oracleGrows(c.Color.Coeffs, x, y)
	}
	return x*c.Color.Fx + c.Color.Cx, y*c.Color.Fy + c.Color.Cy, Z / c.DepthScale, ok
}

// oracleGrows tells whether the polynomial's radial part still grows at (x, y); a lens ends where it does not.
func oracleGrows(k [5]float64, x, y float64) bool {
	for i := range 65 {
		r2 := (x*x + y*y) * float64(i) / 64
		if !(1+3*k[0]*r2+5*k[1]*r2*r2+7*k[4]*r2*r2*r2 > 0) {
			return false
		}
	}
	return true
}

func oraclePolynomial(k [5]float64, x, y float64) (float64, float64) {
	r2 := x*x + y*y
	f := 1 + k[0]*r2 + k[1]*r2*r2 + k[4]*r2*r2*r2
	return x*f + 2*k[2]*x*y + k[3]*(r2+2*x*x), y*f + 2*k[3]*x*y + k[2]*(r2+2*y*y)
}

func oracleInverse(k [5]float64, tx, ty float64) (float64, float64) {
	x, y := tx, ty
	for range 400 {
		bx, by := oraclePolynomial(k, x, y)
		dx, dy := (tx-bx)*0.8, (ty-by)*0.8
		if math.Abs(dx)+math.Abs(dy) < 1e-13 {
			break
		}
		x, y = x+dx, y+dy
	}
	return x, y
}

// compare returns the share of colour pixels where one image has a reading and the other none, and the share where both
// have one and they differ by more than one unit.
func compare(t testing.TB, got, want *Depth) (holes, wrong float64) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height || len(got.Pix) != len(want.Pix) {
		t.Fatalf("registered image is %dx%d, want %dx%d", got.Width, got.Height, want.Width, want.Height)
	}
	for i, g := range got.Pix {
		w := want.Pix[i]
		switch {
		case (g == 0) != (w == 0):
			holes++
		case max(g, w)-min(g, w) > 1:
			wrong++
		}
	}
	n := float64(len(got.Pix))
	return holes / n, wrong / n
}

// Patches end between pixels; where the fixed-point edge falls on the other side of a pixel's centre than the oracle's,
// one row or column of one patch differs. That is the allowed share.
const edges = 0.004

// workers are closed with the test.
func workers(t testing.TB, threads int) *pool.Pool {
	p := pool.New(threads)
	t.Cleanup(p.Close)
	return p
}

func register(t testing.TB, c Calibration, threads int, src *Depth) *Depth {
	t.Helper()
	r, err := NewRegistrar(c, workers(t, threads))
	if err != nil {
		t.Fatal(err)
	}
	var dst Depth
	if err := r.Register(&dst, src); err != nil {
		t.Fatal(err)
	}
	return &dst
}

// scene fills a depth image of in's size: a slanted back wall, a box in front, a hole and scattered noise of the size
// of a stereo camera's.
func scene(in Intrinsics, seed uint64, near, far float64) *Depth {
	var d Depth
	d.Resize(in.Width, in.Height)
	rng := rand.New(rand.NewPCG(seed, 1))
	for y := range d.Height {
		for x := range d.Width {
			fx, fy := float64(x)/float64(d.Width), float64(y)/float64(d.Height)
			z := far * (0.7 + 0.3*fx)
			switch {
			case fx > 0.3 && fx < 0.55 && fy > 0.25 && fy < 0.7:
				z = near
			case fx > 0.75 && fx < 0.85 && fy > 0.4 && fy < 0.6:
				z = 0
			default:
				z += z * 0.002 * rng.NormFloat64()
			}
			d.Pix[y*d.Width+x] = uint16(max(0, min(z, 65535)))
		}
	}
	return &d
}

func TestRegisterAgainstOracle(t *testing.T) {
	lens := func(c Calibration, color, depth Distortion, k [5]float64) Calibration {
		c.Color.Model, c.Depth.Model = color, depth
		if color != NoDistortion {
			c.Color.Coeffs = k
		}
		if depth != NoDistortion {
			c.Depth.Coeffs = k
		}
		return c
	}
	barrel := [5]float64{-0.12, 0.03, 0.001, -0.0007, 0.002}
	pincushion := [5]float64{0.08, -0.02, -0.0011, 0.0005, 0}
	with := func(change func(*Calibration)) Calibration {
		c := d435()
		change(&c)
		return c
	}
	for name, c := range map[string]Calibration{
		"parallel":          with(func(c *Calibration) { c.DepthToColor.Rotation = Identity.Rotation }),
		"as built":          d435(),
		"colour barrel":     lens(d435(), BrownConrady, NoDistortion, barrel),
		"depth barrel":      lens(d435(), NoDistortion, BrownConrady, barrel),
		"both pincushion":   lens(d435(), BrownConrady, BrownConrady, pincushion),
		"both inverse":      lens(d435(), InverseBrownConrady, InverseBrownConrady, barrel),
		"inverse and plain": lens(d435(), InverseBrownConrady, NoDistortion, pincushion),
		"wide baseline":     with(func(c *Calibration) { c.DepthToColor = Extrinsics{rotate(0, -0.5, 0), [3]float64{0.7, 0.1, 0.1}} }),
		"upside down":       with(func(c *Calibration) { c.DepthToColor.Rotation = rotate(0, 0, math.Pi) }),
		"on its side":       with(func(c *Calibration) { c.DepthToColor.Rotation = rotate(0, 0, math.Pi/2) }),
		"rolled":            with(func(c *Calibration) { c.DepthToColor.Rotation = rotate(0.1, -0.2, math.Pi/4) }),
		"finer colour": with(func(c *Calibration) {
			c.Color = Intrinsics{Width: 480, Height: 360, Fx: 462, Fy: 462.6, Cx: 241.9, Cy: 178.3}
		}),
		"coarser colour": with(func(c *Calibration) {
			c.Color = Intrinsics{Width: 53, Height: 40, Fx: 51, Fy: 51.4, Cx: 26.7, Cy: 19.7}
		}),
		"facing":       with(func(c *Calibration) { c.DepthToColor = Extrinsics{rotate(0, math.Pi, 0), [3]float64{0, 0, 4}} }),
		"looking away": with(func(c *Calibration) { c.DepthToColor.Rotation = rotate(0, math.Pi, 0) }),
		"ahead":        with(func(c *Calibration) { c.DepthToColor.Translation = [3]float64{0.01, 0, -0.6} }),
		"too close":    with(func(c *Calibration) { c.DepthToColor.Translation = [3]float64{0.002, 0, -0.688} }),
		"one pixel":    with(func(c *Calibration) { c.Color = Intrinsics{Width: 1, Height: 1, Fx: 1, Fy: 1} }),
		"fine unit":    with(func(c *Calibration) { c.DepthScale = 0.0001 }),
	} {
		t.Run(name, func(t *testing.T) {
			unit := 0.001 / c.DepthScale
			src := scene(c.Depth, 7, 700*unit, 2500*unit)
			r, err := NewRegistrar(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, want := register(t, c, 1, src), oracle(c, src)
			holes, wrong := compare(t, got, want)
			t.Logf("%.3f %% of the pixels have a reading in one image only, %.3f %% differ by more than a unit", 100*holes, 100*wrong)
			if g := r.glide; g != nil {
				t.Logf("near %d, rows %d, frac %d, bent %v", g.Near, g.Rows, g.Frac, g.Bent)
			}
			if holes > edges || wrong > edges {
				t.Errorf("%.2f %% of the pixels have a reading in one image only, %.2f %% differ by more than a unit", 100*holes, 100*wrong)
			}
			if name == "looking away" != (count(got) == 0) {
				t.Errorf("%d readings", count(got))
			}
		})
	}
}

func count(d *Depth) (readings int) {
	for _, z := range d.Pix {
		if z != 0 {
			readings++
		}
	}
	return readings
}

// genCalibration draws two cameras whose lenses keep growing over the image, and whose images are larger than one patch:
// where patches are cut off by the end of a lens, the grid's steps show.
func genCalibration(t *rapid.T) Calibration {
	camera := func(name string) Intrinsics {
		in := Intrinsics{
			Width:  rapid.IntRange(8, 60).Draw(t, name+" width"),
			Height: rapid.IntRange(8, 50).Draw(t, name+" height"),
		}
		fov := rapid.Float64Range(0.3, 1.8).Draw(t, name+" field of view")
		in.Fx = float64(in.Width) / 2 / math.Tan(fov/2)
		in.Fy = in.Fx * rapid.Float64Range(0.95, 1.05).Draw(t, name+" aspect")
		in.Cx = float64(in.Width) * rapid.Float64Range(0.4, 0.6).Draw(t, name+" cx")
		in.Cy = float64(in.Height) * rapid.Float64Range(0.4, 0.6).Draw(t, name+" cy")
		in.Model = rapid.SampledFrom([]Distortion{"", NoDistortion, BrownConrady, InverseBrownConrady}).Draw(t, name+" model")
		if in.Model == BrownConrady || in.Model == InverseBrownConrady {
			corner := math.Hypot(max(in.Cx, float64(in.Width)-in.Cx)/in.Fx, max(in.Cy, float64(in.Height)-in.Cy)/in.Fy) + 1/in.Fx
			bend := rapid.Float64Range(-0.03, 0.03).Draw(t, name+" bend")
			in.Coeffs = [5]float64{bend / (corner * corner), bend / 4 / math.Pow(corner, 4), bend / 50 / corner, -bend / 60 / corner, bend / 9 / math.Pow(corner, 6)}
		}
		return in
	}
	angle := rapid.Float64Range(-0.4, 0.4)
	shift := rapid.Float64Range(-0.3, 0.3)
	roll := rapid.SampledFrom([]float64{0, 0, 0, math.Pi / 2, math.Pi, 1}).Draw(t, "roll")
	return Calibration{
		Color: camera("color"), Depth: camera("depth"),
		DepthToColor: Extrinsics{
			rotate(angle.Draw(t, "rx"), angle.Draw(t, "ry"), angle.Draw(t, "rz")+roll),
			[3]float64{shift.Draw(t, "tx"), shift.Draw(t, "ty"), shift.Draw(t, "tz")},
		},
		DepthScale: rapid.SampledFrom([]float64{0.001, 0.0001, 0.0002, 1 / 5000.0}).Draw(t, "scale"),
	}
}

func TestRegisterProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCalibration(t)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if max(c.Color.Fx, c.Color.Fy) > 4*min(c.Depth.Fx, c.Depth.Fy) {
			t.Skip("patches as large as the image")
		}
		unit := 0.001 / c.DepthScale
		src := scene(c.Depth, rapid.Uint64().Draw(t, "seed"), 600*unit, 3000*unit)
		r, err := NewRegistrar(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Depth
		if err := r.Register(&got, src); err != nil {
			t.Fatal(err)
		}
		want := oracle(c, src)
		different := 0
		for i, g := range got.Pix {
			if w := want.Pix[i]; max(g, w)-min(g, w) > 1 {
				different++
			}
		}
		// Tiny images make a share meaningless: three patches' edges may always fall on the other side, and a patch of a
		// coarse depth image is many colour pixels.
		edge := int(math.Ceil(max(c.Color.Fx, c.Color.Fy)/min(c.Depth.Fx, c.Depth.Fy))) + 2
		// Nearly parallel cameras draw the edges of a whole column of patches into one line of pixels, and a line that runs
		// through their centres falls to either side.
		line := max(got.Width, got.Height)
		if float64(different) > max(float64(3*edge+line), 0.02*float64(len(got.Pix))) {
			t.Fatalf("%d of %d pixels differ", different, len(got.Pix))
		}
	})
}

func TestRegisterThreadsAgree(t *testing.T) {
	c := d435()
	c.Color.Model, c.Color.Coeffs = BrownConrady, [5]float64{-0.1, 0.02, 0.001, 0.001, 0}
	src := scene(c.Depth, 3, 500, 2000)
	want := register(t, c, 1, src)
	for _, threads := range []int{2, 3, 5, 64, 1000, 0} {
		r, err := NewRegistrar(c, workers(t, threads))
		if err != nil {
			t.Fatal(err)
		}
		var got Depth
		for frame := range 3 { // the buffers must be clean again
			if err := r.Register(&got, src); err != nil {
				t.Fatal(err)
			}
			for i := range got.Pix {
				if got.Pix[i] != want.Pix[i] {
					t.Fatalf("%d threads, frame %d: pixel %d is %d, want %d", threads, frame, i, got.Pix[i], want.Pix[i])
				}
			}
		}
		far := scene(c.Depth, 4, 3000, 5000)
		if err := r.Register(&got, far); err != nil {
			t.Fatal(err)
		}
		for i, w := range register(t, c, 1, far).Pix {
			if got.Pix[i] != w {
				t.Fatalf("%d threads: pixel %d of a farther scene is %d, want %d: the frame before shows", threads, i, got.Pix[i], w)
			}
		}
		var blank Depth
		blank.Resize(c.Depth.Width, c.Depth.Height)
		if err := r.Register(&got, &blank); err != nil {
			t.Fatal(err)
		}
		if count(&got) != 0 {
			t.Fatalf("%d threads: a blank image left %d readings of the frame before", threads, count(&got))
		}
	}
}

// The cameras of RGB-D devices are registered the fast way: a wide and a narrow one, distorting lenses, both units. A
// hand before the lens is nearer than the fast way goes; it must look as the oracle has it, and the same from any number
// of threads.
func TestRegisterNearReadings(t *testing.T) {
	for name, change := range map[string]func(*Calibration){
		"stereo":    func(*Calibration) {},
		"fine unit": func(c *Calibration) { c.DepthScale = 0.0001 },
		"barrel": func(c *Calibration) {
			c.Color.Model, c.Color.Coeffs = BrownConrady, [5]float64{-0.08, 0.02, 0.001, -0.0007, 0}
			for _, in := range []*Intrinsics{&c.Color, &c.Depth} { // a bend within one pixel that real images have
				in.Width, in.Height, in.Fx, in.Fy, in.Cx, in.Cy = 320, 240, 2*in.Fx, 2*in.Fy, 2*in.Cx, 2*in.Cy
			}
		},
		"inverse": func(c *Calibration) {
			c.Depth.Model, c.Depth.Coeffs = InverseBrownConrady, [5]float64{0.05, -0.02, 0, 0.001, 0}
		},
		"projector": func(c *Calibration) { c.Color.Fx, c.Color.Fy, c.DepthToColor.Translation[0] = 97, 97, -0.025 },
	} {
		t.Run(name, func(t *testing.T) {
			c := d435()
			change(&c)
			unit := 0.001 / c.DepthScale
			src := scene(c.Depth, 11, 60*unit, 900*unit)
			for i := range src.Pix {
				if i%97 < 20 {
					src.Pix[i] = uint16(float64(40+i%160) * unit)
				}
			}
			r, err := NewRegistrar(c, workers(t, 3))
			if err != nil {
				t.Fatal(err)
			}
			if r.glide == nil {
				t.Fatal("registered the slow way")
			}
			slow := 0
			for i := range r.glide.blocks {
				if r.glide.blocks[i].State == pixel.Slow {
					slow++
				}
			}
			if slow > len(r.glide.blocks)/10 {
				t.Errorf("%d of %d blocks are slow", slow, len(r.glide.blocks))
			}
			got, want := register(t, c, 1, src), oracle(c, src)
			if holes, wrong := compare(t, got, want); holes > edges || wrong > 2*edges {
				t.Errorf("%.2f %% of the pixels have a reading in one image only, %.2f %% differ by more than a unit", 100*holes, 100*wrong)
			}
			var again Depth
			if err := r.Register(&again, src); err != nil {
				t.Fatal(err)
			}
			for i := range got.Pix {
				if got.Pix[i] != again.Pix[i] {
					t.Fatalf("pixel %d is %d from three threads, %d from one", i, again.Pix[i], got.Pix[i])
				}
			}
		})
	}
}

// What blocks pass over as out of sight, rows and readings, would have drawn nothing.
func TestRegisterPassesOverNothingInSight(t *testing.T) {
	passed := [2]int{}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 4))
		c := d435()
		span := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
		c.Color.Fx, c.Color.Cx, c.Color.Cy = 100+rng.Float64()*80, 80+span(40), 60+span(30)
		c.Color.Fy = c.Color.Fx
		c.DepthToColor = Extrinsics{rotate(span(0.02), span(0.02), span(0.02)), [3]float64{span(0.06), span(0.006), span(0.006)}}
		if seed%3 == 1 {
			c.Color.Model, c.Color.Coeffs = BrownConrady, [5]float64{span(0.05), span(0.01), 0.001, -0.001, 0}
		}
		r, err := NewRegistrar(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.glide == nil { // the lens is too bent
			continue
		}
		all := *r
		all.glide = new(glide)
		*all.glide = *r.glide
		all.glide.blocks = slices.Clone(r.glide.blocks)
		for i := range all.glide.blocks {
			b := &all.glide.blocks[i]
			if b.State != pixel.Drawn {
				continue
			}
			if b.End-b.First < int16(min(r.glide.Rows, c.Depth.Height-i/r.glide.perRow*r.glide.Rows)) {
				passed[0]++
			}
			if b.Low > 1 || b.High < 65535 {
				passed[1]++
			}
			b.First, b.End, b.Low, b.High = 0, int16(r.glide.Rows), 1, 65535
		}
		all.even = func(_, lo, hi int) { all.draw(all.glide.shares[0][lo:hi]) }
		all.odd = func(_, lo, hi int) { all.draw(all.glide.shares[1][lo:hi]) }
		var src, got, want Depth
		src.Resize(c.Depth.Width, c.Depth.Height)
		for z := float64(r.glide.Near); z < 60000; z *= 1.07 {
			for i := range src.Pix {
				src.Pix[i] = uint16(z + rng.Float64()*z*0.05)
			}
			if err := errors.Join(r.Register(&got, &src), all.Register(&want, &src)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Pix, want.Pix) {
				t.Fatalf("seed %d: at %.0f units the images differ", seed, z)
			}
		}
	}
	if passed[0] < 20 || passed[1] < 20 {
		t.Errorf("%d blocks passed over rows, %d over readings: too few", passed[0], passed[1])
	}
}

func TestRegisterCopiesWhenRegistered(t *testing.T) {
	c := d435()
	c.Color, c.DepthToColor = c.Depth, Identity
	src := scene(c.Depth, 5, 500, 65535)
	src.Pix[0], src.Pix[1] = 1, 65535
	for _, same := range []bool{true, false} {
		if !same { // the general path, one ten-thousandth of a pixel beside the identity
			c.Color.Cx += 1e-4
		}
		got := register(t, c, 2, src)
		for i := range got.Pix {
			if got.Pix[i] != src.Pix[i] && src.Pix[i] != 0 {
				t.Fatalf("copy %v: pixel %d is %d, want %d", same, i, got.Pix[i], src.Pix[i])
			}
			if same && got.Pix[i] != src.Pix[i] {
				t.Fatalf("pixel %d is %d, want %d", i, got.Pix[i], src.Pix[i])
			}
		}
	}
}

// A slanted plane seen by a camera that looks at it more squarely: the patches move apart, and nothing may show between.
func TestRegisterLeavesNoPinHoles(t *testing.T) {
	for _, factor := range []int{1, 2, 4} {
		t.Run(fmt.Sprint("colour finer by ", factor), func(t *testing.T) {
			c := d435()
			f := float64(factor)
			c.Color = Intrinsics{Width: 160 * factor, Height: 120 * factor, Fx: 154 * f, Fy: 154 * f, Cx: 80 * f, Cy: 60 * f}
			c.DepthToColor = Extrinsics{rotate(0, 0.02, 0.01), [3]float64{0.05, 0.01, 0}}
			var src Depth
			src.Resize(c.Depth.Width, c.Depth.Height)
			for y := range src.Height {
				for x := range src.Width {
					// z·(1 − 0.9·ray) = 1: a wall turned by 42°
					ray := (float64(x) - c.Depth.Cx) / c.Depth.Fx
					src.Pix[y*src.Width+x] = uint16(min(math.Round(1000/(1+0.9*ray)), 65535))
				}
			}
			got := register(t, c, 1, &src)
			for y := got.Height / 4; y < got.Height*3/4; y++ {
				for x := got.Width / 4; x < got.Width*3/4; x++ {
					if got.Pix[y*got.Width+x] == 0 {
						t.Fatalf("pin-hole at (%d, %d)", x, y)
					}
				}
			}
		})
	}
}

// A lens that folds back within the depth camera's view: beyond its end there is nothing, not the image once more.
func TestRegisterWhereTheLensEnds(t *testing.T) {
	c := d435()
	c.Color.Model, c.Color.Coeffs = BrownConrady, [5]float64{-0.35, 0, 0, 0, 0}
	c.Color.Fx, c.Color.Fy = 60, 60
	src := scene(c.Depth, 2, 900, 2500)
	got, want := register(t, c, 1, src), oracle(c, src)
	more, fewer := 0, 0
	for i, g := range got.Pix {
		switch w := want.Pix[i]; {
		case g != 0 && w == 0:
			more++
		case g == 0 && w != 0:
			fewer++
		}
	}
	// The grid leaves out the cells that the end of the lens runs through.
	if limit := len(got.Pix) / 100; more > len(got.Pix)/1000 || fewer > limit || count(want) < 2000 {
		t.Errorf("%d readings where the lens sees nothing, %d missing of %d, at most %d may be", more, fewer, count(want), limit)
	}
}

func TestRegisterStep(t *testing.T) {
	// Two planes, parallel cameras of equal intrinsics: the far one moves by f·b/z = 100·0.1/2 = 5 pixels, the near one
	// by 10. All edges are at quarter pixels or further from a pixel's centre.
	in := Intrinsics{Width: 100, Height: 20, Fx: 100, Fy: 100, Cx: 50, Cy: 10}
	c := Calibration{Color: in, Depth: in, DepthToColor: Extrinsics{Identity.Rotation, [3]float64{0.1, 0, 0}}, DepthScale: 0.001}
	var src Depth
	src.Resize(100, 20)
	for i := range src.Pix {
		src.Pix[i] = 2000
		if x := i % 100; x >= 40 && x < 60 {
			src.Pix[i] = 1000
		} else if x == 80 {
			src.Pix[i] = 0
		}
	}
	got := register(t, c, 1, &src)
	for x := range 100 {
		want := uint16(2000)
		switch {
		case x < 5, x == 85: // nothing arrives; the hole stays
			want = 0
		case x >= 45 && x < 50: // uncovered: only the colour camera sees there
			want = 0
		case x >= 50 && x < 70:
			want = 1000
		}
		if z := got.Pix[10*100+x]; z != want {
			t.Errorf("column %d is %d, want %d", x, z, want)
		}
	}
}

func TestRegisterExtremeReadings(t *testing.T) {
	c := d435()
	c.DepthToColor.Translation = [3]float64{0.05, 0, 0}
	c.DepthToColor.Rotation = Identity.Rotation
	for _, tz := range []float64{-1000, -1, -0.001, 0, 0.001, 1, 1000} {
		for _, z := range []uint16{1, 2, 65534, 65535} {
			c.DepthToColor.Translation[2] = tz
			var src Depth
			src.Resize(c.Depth.Width, c.Depth.Height)
			for i := range src.Pix {
				src.Pix[i] = z
			}
			got, want := register(t, c, 1, &src), int64(z)+int64(math.Round(tz*1000))
			for i, g := range got.Pix {
				if g != 0 && int64(g) != want {
					t.Fatalf("reading %d moved by %v m: pixel %d is %d, want %d or 0", z, tz, i, g, want)
				}
			}
			if in := want >= 1 && want <= 65535; z > 2 && in != (count(got) > 0) {
				t.Errorf("reading %d moved by %v m: %d readings", z, tz, count(got))
			}
		}
	}
}

func TestRegisterRefuses(t *testing.T) {
	c := d435()
	r, err := NewRegistrar(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	var small, right Depth
	small.Resize(10, 10)
	right.Resize(c.Depth.Width, c.Depth.Height)
	cut := right
	cut.Pix = cut.Pix[:len(cut.Pix)-1]
	for name, err := range map[string]error{
		"wrong size": r.Register(new(Depth), &small),
		"cut":        r.Register(new(Depth), &cut),
		"itself":     r.Register(&right, &right),
		"shared":     r.Register(&Depth{Pix: right.Pix}, &right),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c.Color.Fx = math.NaN()
	if _, err := NewRegistrar(c, nil); err == nil {
		t.Error("a calibration that does not validate: no error")
	}
	c = d435()
	c.Depth.Width, c.Depth.Height = MaxSide, MaxSide
	if _, err := NewRegistrar(c, nil); err == nil {
		t.Error("a huge image: no error")
	}
}

// The tables are floating point; that arm64, which fuses multiplications and additions, makes the same ones is held
// here: the same hash must come out on every CPU.
func TestRegisterSameBytesEverywhere(t *testing.T) {
	h := fnv.New64a()
	for seed := range uint64(6) {
		c := d435()
		k := [5]float64{-0.21 + 0.05*float64(seed), 0.043, 0.0013, -0.0021, 0.007}
		models := []Distortion{NoDistortion, BrownConrady, InverseBrownConrady}
		c.Color.Model, c.Depth.Model = models[seed%3], models[(seed/2)%3]
		c.Color.Coeffs, c.Depth.Coeffs = k, k
		// Cosine and sine of 3-4-5 triangles, so that the test itself needs no function that differs between CPUs.
		c.DepthToColor.Rotation = [9]float64{0.9976, 0.0, -0.0692, 0, 1, 0, 0.0692, 0, 0.9976}
		var src Depth
		src.Resize(c.Depth.Width, c.Depth.Height)
		rng := rand.New(rand.NewPCG(seed, 9))
		for i := range src.Pix {
			src.Pix[i] = uint16(900 + rng.IntN(1200))
		}
		for _, z := range register(t, c, 2, &src).Pix {
			h.Write([]byte{byte(z), byte(z >> 8)})
		}
	}
	const golden = 0x3226d2702b9855e0
	if got := h.Sum64(); got != golden {
		t.Errorf("hash of the registered images is %#x, want %#x", got, uint64(golden))
	}
}

func TestRegisterAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2, 4} {
		c := d435()
		r, err := NewRegistrar(c, workers(t, threads))
		if err != nil {
			t.Fatal(err)
		}
		src, dst := scene(c.Depth, 1, 500, 2000), new(Depth)
		if n := testing.AllocsPerRun(50, func() {
			if err := r.Register(dst, src); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%d threads: %v allocations a frame", threads, n)
		}
	}
}

func BenchmarkRegister(b *testing.B) {
	c := d435()
	for _, in := range []*Intrinsics{&c.Color, &c.Depth} {
		in.Width, in.Height, in.Fx, in.Fy, in.Cx, in.Cy = 640, 480, in.Fx*4, in.Fy*4, in.Cx*4, in.Cy*4
	}
	bent := c
	bent.Color.Model, bent.Color.Coeffs = BrownConrady, [5]float64{-0.1, 0.02, 0, 0, 0}
	for _, bench := range []struct {
		name string
		c    Calibration
	}{{"straight", c}, {"bent", bent}} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprint(bench.name, "/", threads), func(b *testing.B) {
				r, err := NewRegistrar(bench.c, workers(b, threads))
				if err != nil {
					b.Fatal(err)
				}
				src, dst := scene(c.Depth, 1, 500, 2000), new(Depth)
				for b.Loop() {
					if err := r.Register(dst, src); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
