package capture

import "math"

// Fixed point: Qn is an integer in units of 2⁻ⁿ.
const (
	oneQ12 = 1 << 12 // pixels of the colour image
	oneQ24 = 1 << 24 // rays, and depth in units
	oneQ28 = 1 << 28 // rays of the colour camera after the division by depth
)

// ray is the direction of a depth pixel's corner, turned into the colour camera's axes: R·(x, y, 1) in Q24. Validate
// and Lens bound |x|, |y| by 16 and the length of a row of R by 1.0005, so each value is below 22.7 in magnitude and
// fits.
type ray struct{ x, y, z int32 }

// nowhere marks a corner where the depth lens sees nothing: its depth is negative at every reading, so no patch shows.
var nowhere = ray{0, 0, math.MinInt32}

func cornerRays(c Calibration) []ray {
	lens, rot := NewLens(c.Depth), c.DepthToColor.Rotation
	rays := make([]ray, 0, (c.Depth.Width+1)*(c.Depth.Height+1))
	for j := range c.Depth.Height + 1 {
		for i := range c.Depth.Width + 1 {
			x, y, ok := lens.Ray(float64(i)-0.5, float64(j)-0.5)
			if !ok {
				rays = append(rays, nowhere)
				continue
			}
			turn := func(row int) int32 {
				return int32(toFixed(float64(rot[3*row]*x)+float64(rot[3*row+1]*y)+rot[3*row+2], oneQ24))
			}
			rays = append(rays, ray{turn(0), turn(1), turn(2)})
		}
	}
	return rays
}

func toFixed(v, one float64) int64 { return int64(math.RoundToEven(v * one)) }

// view is the colour camera: where a point in depth units, along the colour camera's axes, arrives in the image.
type view struct {
	tx, ty, tz     int64 // translation in depth units, Q24; at most 1000 m / 1 µm = 2³⁰ units, so below 2⁵⁴
	fx, fy, cx, cy int64 // Q12; fx, fy at most 2¹⁷, so at most 2²⁹; cx, cy likewise
	warp           *warp // nil without distortion
}

func newView(c Calibration) view {
	t := c.DepthToColor.Translation
	return view{
		tx:   toFixed(t[0]/c.DepthScale, oneQ24),
		ty:   toFixed(t[1]/c.DepthScale, oneQ24),
		tz:   toFixed(t[2]/c.DepthScale, oneQ24),
		fx:   toFixed(c.Color.Fx, oneQ12),
		fy:   toFixed(c.Color.Fy, oneQ12),
		cx:   toFixed(c.Color.Cx, oneQ12),
		cy:   toFixed(c.Color.Cy, oneQ12),
		warp: newWarp(c.Color, 4/min(c.Depth.Fx, c.Depth.Fy)),
	}
}

// warp is a distorting colour lens as a grid over rays: the pixel, in Q12, where each node arrives. Between nodes the
// pixel is interpolated in both directions. The nodes are at most about 4 pixels apart, where a lens with a second
// derivative of 0.003 per pixel (k1 = −0.3 at the edge of a wide image) is within 0.01 pixels of its interpolation.
type warp struct {
	x0, y0        int64 // ray of the first node, Q28
	shift         uint  // a step is 1<<shift in Q28
	width, height int64 // nodes
	nodes         []node
}

// node is where a ray of the grid arrives, in Q12.
type node struct {
	u, v  int32
	whole bool // this node, and those to the right, below and between, are seen: the cell can be interpolated
}

// maxNodes bounds the grid of an image, and with it memory and the time to make it. A grid of 4-pixel steps that reaches
// half an image beyond each side has a quarter of that; one for a lens that bends much further gets longer steps.
func maxNodes(in Intrinsics) int64 { return int64(in.Width)*int64(in.Height)/4 + 1<<14 }

// newWarp makes the grid. It reaches margin, a distance between rays, beyond the image, so that the corners of patches
// which only touch the image lie inside.
func newWarp(in Intrinsics, margin float64) *warp {
	lens := NewLens(in)
	if !lens.bent {
		return nil
	}
	x0, y0, x1, y1 := lens.field(margin)
	w := &warp{x0: toFixed(x0, oneQ28), y0: toFixed(y0, oneQ28)}
	step := 4 * oneQ28 / max(in.Fx, in.Fy)
	for w.shift = 1; float64(int64(2)<<w.shift) <= step && w.shift < 28; w.shift++ {
	}
	for {
		w.width = (toFixed(x1, oneQ28)-w.x0)>>w.shift + 2
		w.height = (toFixed(y1, oneQ28)-w.y0)>>w.shift + 2
		if w.width*w.height <= maxNodes(in) {
			break
		}
		w.shift++
	}
	w.nodes = make([]node, 0, w.width*w.height)
	for j := range w.height {
		for i := range w.width {
			u, v, ok := lens.Pixel(float64(w.x0+i<<w.shift)/oneQ28, float64(w.y0+j<<w.shift)/oneQ28)
			if !ok || math.Abs(u) >= 1<<18 || math.Abs(v) >= 1<<18 {
				w.nodes = append(w.nodes, node{})
				continue
			}
			w.nodes = append(w.nodes, node{int32(toFixed(u, oneQ12)), int32(toFixed(v, oneQ12)), true})
		}
	}
	for n := range w.nodes { // in this order, those to the right and below still tell of themselves alone
		x, y := int64(n)%w.width, int64(n)/w.width
		w.nodes[n].whole = x+1 < w.width && y+1 < w.height && w.nodes[n].whole && w.nodes[n+1].whole &&
			w.nodes[n+int(w.width)].whole && w.nodes[n+int(w.width)+1].whole
	}
	return w
}

// field returns the rectangle of rays that reach the image, with a quarter of its size and margin added on each side.
func (l *Lens) field(margin float64) (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	const samples = 64
	for j := range samples + 1 {
		for i := range samples + 1 {
			px := float64(float64(i*l.in.Width)/samples) - 0.5
			py := float64(float64(j*l.in.Height)/samples) - 0.5
			if x, y, ok := l.Ray(px, py); ok {
				x0, x1 = min(x0, x), max(x1, x)
				y0, y1 = min(y0, y), max(y1, y)
			}
		}
	}
	if x0 > x1 { // the lens sees nothing at all
		return 0, 0, 0, 0
	}
	mx, my := (x1-x0)/4+margin, (y1-y0)/4+margin
	return max(x0-mx, -maxRay), max(y0-my, -maxRay), min(x1+mx, maxRay), min(y1+my, maxRay)
}

// at returns the pixel, in Q12, of the ray (x, y) in Q28, both below 2³² in magnitude.
func (w *warp) at(x, y int64) (u, v int64, ok bool) {
	x -= w.x0
	y -= w.y0
	i, j := x>>w.shift, y>>w.shift
	if uint64(i) >= uint64(w.width-1) || uint64(j) >= uint64(w.height-1) {
		return 0, 0, false
	}
	n := j*w.width + i
	a := &w.nodes[n]
	if !a.whole {
		return 0, 0, false
	}
	b, c, d := &w.nodes[n+1], &w.nodes[n+w.width], &w.nodes[n+w.width+1]
	// The weights have 12 bits; nodes are below 2³⁰, so sums below 2⁴³ and 2⁵⁶.
	fx, fy := weight(x, w.shift), weight(y, w.shift)
	top, bottom := int64(a.u)<<12+int64(b.u-a.u)*fx, int64(c.u)<<12+int64(d.u-c.u)*fx
	u = (top<<12 + (bottom-top)*fy) >> 24
	top, bottom = int64(a.v)<<12+int64(b.v-a.v)*fx, int64(c.v)<<12+int64(d.v-c.v)*fx
	v = (top<<12 + (bottom-top)*fy) >> 24
	return u, v, true
}

// weight returns the position of v within its step, 12 bits.
func weight(v int64, shift uint) int64 {
	if shift >= 12 {
		return v >> (shift - 12) & (oneQ12 - 1)
	}
	return v << (12 - shift) & (oneQ12 - 1)
}
