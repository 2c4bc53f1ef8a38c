package calibrate

import (
	"math"
	"math/rand/v2"

	"github.com/depthwise/depthwise/capture"
)

// Depth edges.
const (
	jump       = 0.06 // of the depth: a step that is an edge, far less than which slanted surfaces have from pixel to pixel
	leastJump  = 0.04 // metres, above the noise of near readings
	shadow     = 12   // pixels without a reading that may lie behind an edge
	windowSize = 4    // pixels around an edge that tell its direction
	farthest   = 8.0  // metres
	nearest    = 0.15 // metres
	perFrame   = 700  // edge points kept
)

// point is a place on the silhouette of something, in the depth camera's axes, metres; beside is a pixel across the edge.
type point struct {
	at, beside [3]float64
	frame      int
	part       int // of the recording, for the bootstrap: the frame and the quarter of its image
}

// edges collects depth edges and the colour images that they are to lie on.
type edges struct {
	cal    capture.Calibration
	lens   capture.Lens
	points []point
	images [][]byte // RGB, a little blurred
}

func newEdges(c capture.Calibration) *edges {
	return &edges{cal: c, lens: capture.NewLens(c.Depth)}
}

// add takes the edges of a pair.
func (e *edges) add(p *capture.Pair) {
	frame := len(e.images)
	found := e.find(&p.Depth, frame)
	if len(found) > perFrame {
		rng := rand.New(rand.NewPCG(uint64(frame), 0xed6e5))
		rng.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		found = found[:perFrame]
	}
	e.points = append(e.points, found...)
	e.images = append(e.images, blur(&p.Color))
}

// find returns the edge points of a depth image.
func (e *edges) find(d *capture.Depth, frame int) (points []point) {
	w, h := d.Width, d.Height
	z := func(x, y int) float64 { return float64(d.Pix[y*w+x]) * e.cal.DepthScale }
	for y := windowSize; y < h-windowSize; y++ {
		for x := windowSize; x < w-windowSize; x++ {
			near := z(x, y)
			if near < nearest || near > farthest {
				continue
			}
			far := near + max(jump*near, leastJump)
			dx, dy, ok := across(d, e.cal.DepthScale, x, y, far)
			if !ok || !e.ends(d, x, y, dx, dy, far) {
				continue
			}
			// The edge lies between the last near pixel and the next, half a pixel on.
			ex, ey := float64(x)+dx/2, float64(y)+dy/2
			ax, ay, ok1 := e.lens.Ray(ex, ey)
			bx, by, ok2 := e.lens.Ray(ex+dx, ey+dy)
			if !ok1 || !ok2 {
				continue
			}
			part := 4*frame + 2*(2*y/h) + 2*x/w
			points = append(points, point{[3]float64{ax * near, ay * near, near}, [3]float64{bx * near, by * near, near}, frame, part})
		}
	}
	return points
}

// across finds the direction from the near to the far side at (x, y), a unit vector: away from the middle of the near
// pixels around. It reports false where these do not fill about half of the window on one side, as they do at an edge.
func across(d *capture.Depth, scale float64, x, y int, far float64) (dx, dy float64, ok bool) {
	limit := uint16(min(far/scale, 65535))
	// Quick: one of the four neighbours is not near.
	w := d.Width
	i := y*w + x
	isNear := func(v uint16) bool { return v != 0 && v < limit }
	if isNear(d.Pix[i-1]) && isNear(d.Pix[i+1]) && isNear(d.Pix[i-w]) && isNear(d.Pix[i+w]) {
		return 0, 0, false
	}
	var sx, sy, n, all float64
	floor := uint16(max(0, (2*float64(d.Pix[i])*scale-far)/scale))
	for v := -windowSize; v <= windowSize; v++ {
		for u := -windowSize; u <= windowSize; u++ {
			if u*u+v*v > windowSize*windowSize {
				continue
			}
			all++
			if r := d.Pix[(y+v)*w+x+u]; isNear(r) {
				if r < floor { // something nearer still: a corner of three depths
					return 0, 0, false
				}
				sx, sy, n = sx+float64(u), sy+float64(v), n+1
			}
		}
	}
	length := math.Hypot(sx, sy)
	// The centre of a half disc of radius 4 lies 4·4/(3π) = 1.7 pixels from the middle of its straight side.
	if n < 0.35*all || n > 0.72*all || length < 1.1*n {
		return 0, 0, false
	}
	return -sx / length, -sy / length, true
}

// ends tells whether, in this direction, the surface ends at (x, y): beyond, perhaps after a shadow without readings, all
// is far.
func (e *edges) ends(d *capture.Depth, x, y int, dx, dy, far float64) bool {
	for k := 1; k <= shadow+1; k++ {
		u, v := x+int(math.Round(float64(k)*dx)), y+int(math.Round(float64(k)*dy))
		if u < 0 || v < 0 || u >= d.Width || v >= d.Height {
			return false
		}
		r := float64(d.Pix[v*d.Width+u]) * e.cal.DepthScale
		if r == 0 {
			continue
		}
		return r >= far
	}
	return false
}

// blur weighs each pixel with its neighbours 1 4 6 4 1 in both directions: a standard deviation of one pixel.
func blur(c *capture.Color) []byte {
	w, h := c.Width, c.Height
	rows := make([]uint16, len(c.Pix)) // in sixteenths
	for y := range h {
		row := c.Pix[3*y*w:][:3*w]
		for x := range w {
			a, b, d, e := 3*max(x-2, 0), 3*max(x-1, 0), 3*min(x+1, w-1), 3*min(x+2, w-1)
			for k := range 3 {
				rows[3*(y*w+x)+k] = uint16(row[a+k]) + 4*uint16(row[b+k]) + 6*uint16(row[3*x+k]) + 4*uint16(row[d+k]) + uint16(row[e+k])
			}
		}
	}
	out := make([]byte, len(c.Pix))
	for y := range h {
		at := func(y int) []uint16 { return rows[3*w*min(max(y, 0), h-1):][:3*w] }
		a, b, m, d, e := at(y-2), at(y-1), at(y), at(y+1), at(y+2)
		for i := range m {
			out[3*y*w+i] = byte((uint32(a[i]) + 4*uint32(b[i]) + 6*uint32(m[i]) + 4*uint32(d[i]) + uint32(e[i]) + 128) / 256)
		}
	}
	return out
}
