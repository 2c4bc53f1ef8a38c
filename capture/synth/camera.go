package synth

import (
	"context"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// skew is how much later than the colour image the depth image is taken.
const skew = 2 * time.Millisecond

// Camera is a procedural RGB-D camera; it implements [capture.Source] and fills the labels. Use it from one goroutine
// at a time; Close may be called from another.
type Camera struct {
	o      Options
	cal    capture.Calibration
	noise  *noiseTable
	gauss  *[gaussSize]float32
	prints *prints
	scene  scene
	loaded int // index of the scene in memory, -1 none
	frame  int
	model  depthModel

	color, depth *view
	grid         lightGrid
	lin, lin2    []float32
	tone         [toneSize]float32
	infra        []float64 // reflectance of each material to the depth camera
	lists        [][]candidate
	masks        [][]bool
	lines        [][]float32
	shafts       []*shafts
	cx2          []float64 // square of each column's distance from the centre, in widths
	job          job

	start  time.Time
	closed chan struct{}
	once   sync.Once
}

var _ capture.Source = (*Camera)(nil)

// Open makes a camera from the text after "synth:", see [ParseOptions].
func Open(args string) (*Camera, error) {
	o, err := ParseOptions(args)
	if err != nil {
		return nil, err
	}
	return New(o)
}

// Classes is the number of classes of the camera's labels.
func (c *Camera) Classes() int {
	if c.o.Labels == "indoor" {
		return indoorClasses
	}
	return classObject + 1
}

// New makes a camera.
func New(o Options) (*Camera, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Width == 0 {
		o.Width = 640
	}
	if o.Height == 0 {
		o.Height = 480
	}
	if o.FPS == 0 {
		o.FPS = 30
	}
	if o.Scene == "" {
		o.Scene = "mixed"
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	c := &Camera{o: o, noise: newNoise(), gauss: newGauss(), loaded: -1, closed: make(chan struct{})}
	c.prints = &prints{seed: o.Seed, noise: c.noise}
	r := newRNG(o.Seed, 0xca11b)
	c.cal = drawCalibration(r, o.Width, o.Height)
	c.model = drawDepthModel(r)
	c.color, c.depth = newView(c.cal.Color), newView(c.cal.Depth)
	n := 3 * o.Width * o.Height
	c.lin, c.lin2 = make([]float32, n), make([]float32, n)
	c.grid.resize(o.Width, o.Height)
	c.lists, c.masks, c.lines = make([][]candidate, o.Threads), make([][]bool, o.Threads), make([][]float32, o.Threads)
	for i := range c.masks {
		c.masks[i], c.lines[i] = make([]bool, o.Width), make([]float32, 3*o.Width)
		c.shafts = append(c.shafts, new(shafts))
	}
	for x := range o.Width {
		cx := (float64(x) - float64(float64(o.Width)/2)) / float64(o.Width)
		c.cx2 = append(c.cx2, float64(cx*cx))
	}
	return c, nil
}

// drawCalibration draws the two cameras: fields of view from Kinect's to D435's, a baseline of some centimetres.
func drawCalibration(r *rng, w, h int) capture.Calibration {
	lens := func(lo, hi float64) capture.Intrinsics {
		s, c := sincos(r.uni(lo, hi) / 2)
		f := float64(float64(w)/2*c) / s
		return capture.Intrinsics{Width: w, Height: h, Fx: f, Fy: float64(f * r.uni(0.995, 1.005)),
			Cx: float64(float64(w)/2) - 0.5 + float64(float64(w)*r.uni(-0.012, 0.012)),
			Cy: float64(float64(h)/2) - 0.5 + float64(float64(h)*r.uni(-0.012, 0.012)), Model: capture.NoDistortion}
	}
	cal := capture.Calibration{Color: lens(0.9, 1.2), DepthScale: 0.001}
	cal.Depth = lens(0.98, 1.3)
	if r.chance(0.5) {
		cal.Color.Model = capture.BrownConrady
		cal.Color.Coeffs = [5]float64{r.uni(-0.06, 0.1), r.uni(-0.1, 0.05), r.uni(-0.001, 0.001), r.uni(-0.001, 0.001), 0}
	}
	turn := world.yaw(r.norm() * 0.003).pitch(r.norm() * 0.004).roll(r.norm() * 0.004)
	cal.DepthToColor = capture.Extrinsics{
		Rotation:    [9]float64{turn.x.x, turn.y.x, turn.z.x, turn.x.y, turn.y.y, turn.z.y, turn.x.z, turn.y.z, turn.z.z},
		Translation: [3]float64{float64(r.sign() * r.uni(0.012, 0.05)), r.norm() * 0.001, r.norm() * 0.002},
	}
	return cal
}

// depthPose is the depth camera's frame for the colour camera's.
func (c *Camera) depthPose(f frame) frame {
	r, t := c.cal.DepthToColor.Rotation, c.cal.DepthToColor.Translation
	axis := func(i int) vec { return f.x.mul(r[i]).madd(f.y, r[3+i]).madd(f.z, r[6+i]) }
	return frame{f.point(t[0], t[1], t[2]), axis(0), axis(1), axis(2)}
}

// Calibration implements [capture.Source].
func (c *Camera) Calibration() capture.Calibration { return c.cal }

// Close implements [capture.Source].
func (c *Camera) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// Next implements [capture.Source]. Frame i is taken at i/FPS; the depth image 2 ms later. After Close it returns
// io.ErrClosedPipe.
func (c *Camera) Next(ctx context.Context, dst *capture.Pair) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-c.closed:
		return io.ErrClosedPipe
	default:
	}
	if c.o.Frames > 0 && c.frame >= c.o.Frames {
		return io.EOF
	}
	at := c.time(c.frame)
	if c.o.Paced {
		if err := c.wait(ctx, at); err != nil {
			return err
		}
	}
	c.Frame(c.frame, dst)
	c.frame++
	return nil
}

func (c *Camera) time(i int) time.Duration {
	return time.Duration(math.Floor(float64(float64(float64(i)/c.o.FPS)*1e9) + 0.5))
}

func (c *Camera) wait(ctx context.Context, at time.Duration) error {
	if c.start.IsZero() {
		c.start = time.Now()
	}
	t := time.NewTimer(time.Until(c.start.Add(at)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
		return io.ErrClosedPipe
	case <-t.C:
		return nil
	}
}

// Frame renders frame i, which depends on the options and i alone, into dst. It does not move Next's position.
func (c *Camera) Frame(i int, dst *capture.Pair) {
	k, first := 0, 0
	if c.o.Cut > 0 {
		k = i / c.o.Cut
		first = k * c.o.Cut
	}
	if k != c.loaded {
		c.load(k)
	}
	dst.Seq = uint64(i)
	dst.ColorTime = c.time(i)
	dst.DepthTime = dst.ColorTime + skew
	dst.Color.Resize(c.o.Width, c.o.Height)
	dst.Labels.Resize(c.o.Width, c.o.Height)
	dst.Depth.Resize(c.o.Width, c.o.Height)
	sec := float64(i-first) / c.o.FPS
	c.render(sec, hash(i, int(uint32(c.o.Seed))), dst)
}

// load composes scene k.
func (c *Camera) load(k int) {
	c.scene.compose(c.o.Scene, newRNG(c.o.Seed, uint64(k)<<8|5), c.prints)
	c.loaded = k
	c.makeTone(&c.scene.shot)
	c.infra = c.infra[:0]
	for i := range c.scene.mats {
		m := c.scene.mats[i].mean()
		c.infra = append(c.infra, float64(0.6*m.x)+float64(0.25*m.y)+float64(0.15*m.z))
	}
}
