package synth

import (
	"sync"
	"sync/atomic"

	"github.com/depthwise/depthwise/capture"
)

// pass is one sweep over the rows of a frame; a pass begins when the one before has ended.
type pass int

const (
	passColor   pass = iota // what the colour camera sees, by rows of tiles
	passLight               // shadow rays, by rows of squares of the grid
	passBlend               // smoothed light, by rows of the grid
	passShade               // linear colour and labels
	passBlur                // the lens, sideways
	passExpose              // the lens, up and down, and the sensor
	passDepth               // what the depth camera sees, by rows of tiles
	passReading             // its readings
)

// job is what the passes of the frame at hand share.
type job struct {
	dst    *capture.Pair
	seed   uint32
	gain   float64
	kernel [3]float32
}

// render makes the frame at sec of the scene's film.
func (c *Camera) render(sec float64, seed uint32, dst *capture.Pair) {
	s, h := &c.scene, c.o.Height
	c.job = job{dst: dst, seed: seed, kernel: c.kernel()}
	c.color.look(s, s.pose(sec))
	c.sweep(passColor, c.color.th)
	c.sweep(passLight, (c.grid.h+square-1)/square)
	c.sweep(passBlend, c.grid.h)
	c.sweep(passShade, h)
	c.job.gain = c.exposure(c.lin)
	c.sweep(passBlur, h)
	c.sweep(passExpose, h)
	c.depth.look(s, c.depthPose(s.pose(sec+skew.Seconds())))
	c.sweep(passDepth, c.depth.th)
	c.sweep(passReading, h)
	c.job.dst = nil
}

// row does row y of a pass as goroutine k.
func (c *Camera) row(p pass, y, k int) {
	s, j := &c.scene, &c.job
	switch p {
	case passColor:
		c.lists[k] = c.color.trace(s, y, c.lists[k])
	case passLight:
		c.grid.sample(s, c.color, y*square, c.shafts[k])
	case passBlend:
		c.grid.blend(s, c.color, y)
	case passShade:
		c.shade(y, c.lin, j.dst.Labels.Pix)
	case passBlur:
		c.blurRow(y, c.lin, c.lin2, j.kernel)
	case passExpose:
		c.develop(y, c.lin2, j.dst.Color.Pix, j.kernel, j.gain, j.seed, c.lines[k])
	case passDepth:
		c.lists[k] = c.depth.trace(s, y, c.lists[k])
	case passReading:
		c.measure(y, j.dst.Depth.Pix, j.seed, c.masks[k])
	}
}

// sweep does rows 0…n-1 of a pass on the camera's goroutines. No row reads what another row of its pass writes, so the
// bytes do not depend on their number.
func (c *Camera) sweep(p pass, n int) {
	if c.o.Threads == 1 {
		for y := range n {
			c.row(p, y, 0)
		}
		return
	}
	c.spread(p, n)
}

func (c *Camera) spread(p pass, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for k := range min(c.o.Threads, n) {
		wg.Go(func() {
			for {
				y := int(next.Add(1)) - 1
				if y >= n {
					return
				}
				c.row(p, y, k)
			}
		})
	}
	wg.Wait()
}
