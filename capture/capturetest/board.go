package capturetest

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// BoardOptions describe a [Board]. The zero value is a chessboard of 7 × 5 inner corners, 30 mm apart, before two cameras of
// 320×240 that see it without noise.
type BoardOptions struct {
	Calibration capture.Calibration // default: BoardCalibration()
	Cols, Rows  int                 // inner corners; default 7 and 5
	Square      float64             // metres; default 0.03
	Pairs       int                 // one pose each; default 16
	Seed        uint64
	Noise       float64 // of depth: standard deviation in metres at 1 m; grows with the square of the distance
	Tilt        float64 // most that the board leans to a side, radians; default 0.6
	Infrared    bool    // depth images are the depth camera's picture of the board, 8 bits of gray, not distances
}

// BoardCalibration is the geometry of a Board: two lenses that bend, 25 mm apart and a little turned.
func BoardCalibration() capture.Calibration {
	turn := rotationAbout([3]float64{0.02, -0.03, 0.01})
	return capture.Calibration{
		Color: capture.Intrinsics{Width: 320, Height: 240, Fx: 310, Fy: 309, Cx: 161.3, Cy: 118.6, Model: capture.BrownConrady,
			Coeffs: [5]float64{0.08, -0.12, 0.001, -0.0008, 0}},
		Depth: capture.Intrinsics{Width: 320, Height: 240, Fx: 290, Fy: 290, Cx: 158.2, Cy: 121.4, Model: capture.BrownConrady,
			Coeffs: [5]float64{-0.05, 0.03, 0, 0.0005, 0}},
		DepthToColor: capture.Extrinsics{Rotation: turn, Translation: [3]float64{0.025, -0.003, 0.004}},
		DepthScale:   0.0005,
	}
}

// A Board is a source of pictures of a chessboard that is held before a wall, anew in each pair, drawn by casting rays. It
// is the truth that a calibration can be held against.
type Board struct {
	o            BoardOptions
	next         int
	color, depth [][2]float64    // rays, boardGrid² a pixel, row by row; NaN where the lens sees nothing
	drawn        []*capture.Pair // nil where not yet
}

var _ capture.Source = (*Board)(nil)

const (
	boardGrid = 3   // samples along and across a pixel of a picture
	wallAt    = 1.8 // metres before the colour camera
)

// NewBoard returns a source as o describes it. It panics if o.Calibration is set and does not validate.
func NewBoard(o BoardOptions) *Board {
	if o.Calibration == (capture.Calibration{}) {
		o.Calibration = BoardCalibration()
	}
	if err := o.Calibration.Validate(); err != nil {
		panic(err)
	}
	if o.Cols == 0 || o.Rows == 0 {
		o.Cols, o.Rows = 7, 5
	}
	if o.Square == 0 {
		o.Square = 0.03
	}
	if o.Pairs == 0 {
		o.Pairs = 16
	}
	if o.Tilt == 0 {
		o.Tilt = 0.6
	}
	return &Board{o: o, color: boardRays(o.Calibration.Color), depth: boardRays(o.Calibration.Depth), drawn: make([]*capture.Pair, o.Pairs)}
}

// Again is the same source from its beginning. What b has drawn it does not draw again; use both from one goroutine.
func (b *Board) Again() *Board {
	again := *b
	again.next = 0
	return &again
}

// boardRays are where the samples of each pixel look.
func boardRays(in capture.Intrinsics) [][2]float64 {
	lens := capture.NewLens(in)
	rays := make([][2]float64, 0, in.Width*in.Height*boardGrid*boardGrid)
	for y := range in.Height {
		for x := range in.Width {
			for k := range boardGrid * boardGrid {
				dx, dy := (float64(k%boardGrid)+0.5)/boardGrid-0.5, (float64(k/boardGrid)+0.5)/boardGrid-0.5
				rx, ry, ok := lens.Ray(float64(x)+dx, float64(y)+dy)
				if !ok {
					rx, ry = math.NaN(), math.NaN()
				}
				rays = append(rays, [2]float64{rx, ry})
			}
		}
	}
	return rays
}

// Calibration returns the geometry that the options named: the truth.
func (b *Board) Calibration() capture.Calibration { return b.o.Calibration }

// Close does nothing.
func (b *Board) Close() error { return nil }

// Pose is where the board is in pair i, in the colour camera: a point (x, y, 0) of the board, whose first inner corner is
// (0, 0), is at Rotation·p + Translation.
func (b *Board) Pose(i int) capture.Extrinsics {
	rng := rand.New(rand.NewPCG(b.o.Seed, uint64(i)))
	lean := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
	r := rotationAbout([3]float64{lean(b.o.Tilt), lean(b.o.Tilt), lean(0.25)})
	in := b.o.Calibration.Color
	w, h := b.o.Square*float64(b.o.Cols-1), b.o.Square*float64(b.o.Rows-1)
	z := max((w+4*b.o.Square)*in.Fx/float64(in.Width), (h+4*b.o.Square)*in.Fy/float64(in.Height)) * (1.3 + 0.5*rng.Float64())
	center := [3]float64{z * lean(0.15), z * lean(0.1), z}
	t := center
	for k := range 3 {
		t[k] -= r[3*k]*w/2 + r[3*k+1]*h/2
	}
	return capture.Extrinsics{Rotation: r, Translation: t}
}

// Next draws the next pair.
func (b *Board) Next(ctx context.Context, dst *capture.Pair) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.next >= b.o.Pairs {
		return io.EOF
	}
	if b.drawn[b.next] == nil {
		b.drawn[b.next] = b.draw(b.next)
	}
	dst.CopyFrom(b.drawn[b.next])
	b.next++
	return nil
}

func (b *Board) draw(i int) *capture.Pair {
	cal := b.o.Calibration
	inColor := b.Pose(i)
	inDepth := cal.DepthToColor.Inverse().After(inColor)
	wall := cal.DepthToColor.Inverse()
	rng := rand.New(rand.NewPCG(b.o.Seed^0x9d, uint64(i)))
	p := &capture.Pair{Seq: uint64(i), ColorTime: time.Duration(i) * time.Second / 5, DepthTime: time.Duration(i) * time.Second / 5}
	p.Color.Resize(cal.Color.Width, cal.Color.Height)
	for i := range cal.Color.Width * cal.Color.Height {
		v := b.gray(b.color, i, inColor, capture.Identity)
		p.Color.Pix[3*i], p.Color.Pix[3*i+1], p.Color.Pix[3*i+2] = v, v, v
	}
	p.Depth.Resize(cal.Depth.Width, cal.Depth.Height)
	for i := range p.Depth.Pix {
		if b.o.Infrared {
			p.Depth.Pix[i] = uint16(b.gray(b.depth, i, inDepth, wall))
			continue
		}
		_, z := b.look(b.depth[i*boardGrid*boardGrid+boardGrid*boardGrid/2], inDepth, wall)
		z += b.o.Noise * z * z * rng.NormFloat64()
		if v := z / cal.DepthScale; v >= 0.5 && v < 65535 {
			p.Depth.Pix[i] = uint16(math.Round(v))
		} else {
			p.Depth.Pix[i] = 0
		}
	}
	return p
}

// gray is the mean brightness of a pixel.
func (b *Board) gray(rays [][2]float64, i int, board, wall capture.Extrinsics) byte {
	sum := 0.0
	for _, ray := range rays[i*boardGrid*boardGrid:][:boardGrid*boardGrid] {
		v, _ := b.look(ray, board, wall)
		sum += v
	}
	return byte(sum/(boardGrid*boardGrid) + 0.5)
}

// look is what a ray meets, the board or the wall behind it: its brightness and its distance along the axis.
func (b *Board) look(ray [2]float64, board, wall capture.Extrinsics) (bright, z float64) {
	if x, y, z, ok := meet(ray, board); ok {
		x, y = x/b.o.Square, y/b.o.Square
		if cols, rows := float64(b.o.Cols), float64(b.o.Rows); x > -2 && x < cols+1 && y > -2 && y < rows+1 { // a white margin of one square
			if x > -1 && x < cols && y > -1 && y < rows && (int(math.Floor(x))+int(math.Floor(y)))&1 == 0 {
				return 30, z
			}
			return 220, z
		}
	}
	wall.Translation = [3]float64{wall.Translation[0] + wall.Rotation[2]*wallAt, wall.Translation[1] + wall.Rotation[5]*wallAt,
		wall.Translation[2] + wall.Rotation[8]*wallAt}
	x, y, z, ok := meet(ray, wall)
	if !ok {
		return 0, 0
	}
	return 110 + 12*math.Sin(7*x) + 12*math.Cos(5*y), z
}

// meet is where a ray meets the plane z = 0 of what stands at pose, in the plane's coordinates, and how far away.
func meet(ray [2]float64, pose capture.Extrinsics) (x, y, z float64, ok bool) {
	r, t := pose.Rotation, pose.Translation
	n := [3]float64{r[2], r[5], r[8]}
	z = (n[0]*t[0] + n[1]*t[1] + n[2]*t[2]) / (n[0]*ray[0] + n[1]*ray[1] + n[2])
	if !(z > 0.01 && z < 100) {
		return 0, 0, 0, false
	}
	p := [3]float64{z*ray[0] - t[0], z*ray[1] - t[1], z - t[2]}
	return r[0]*p[0] + r[3]*p[1] + r[6]*p[2], r[1]*p[0] + r[4]*p[1] + r[7]*p[2], z, true
}

// rotationAbout is the rotation about v by its length (Rodrigues).
func rotationAbout(v [3]float64) [9]float64 {
	a := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	if a < 1e-9 {
		return capture.Identity.Rotation
	}
	x, y, z := v[0]/a, v[1]/a, v[2]/a
	s, c := math.Sin(a), math.Cos(a)
	k := 1 - c
	return [9]float64{c + k*x*x, k*x*y - s*z, k*x*z + s*y, k*x*y + s*z, c + k*y*y, k*y*z - s*x, k*x*z - s*y, k*y*z + s*x, c + k*z*z}
}
