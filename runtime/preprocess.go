package runtime

import (
	"fmt"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/pool"
)

// maxSide bounds a frame's width and height, so that no product of sizes overflows.
const maxSide = 1 << 14

// PreprocessOptions fix the sizes that a Preprocess prepares its tables for, in pixels.
type PreprocessOptions struct {
	Width, Height           int // of the student's input
	ColorWidth, ColorHeight int // of the colour images; 0 = the student uses no colour
	DepthWidth, DepthHeight int // of the depth images; 0 = the student uses no depth
	Depth                   DepthEncoding
	DepthScale              float64    // metres per unit of the depth images
	BGR                     bool       // the student wants blue first
	Pool                    *pool.Pool // shares the rows; nil = the caller alone
}

// Preprocess makes a student's input bytes from a pair: the whole frame is stretched to the input's size, colour by
// exact area average or bilinear, depth by the readings that agree with the centre, then through the depth table. All
// arithmetic is in integers and does not depend on the number of threads. It allocates nothing after New, keeps nothing
// open, and serves one goroutine at a time.
type Preprocess struct {
	o     PreprocessOptions
	color *colorScale
	depth *depthScale
	table *DepthTable

	colorDst, depthDst   []byte
	colorStep, depthStep int
	colorSrc             []byte
	depthSrc             []uint16
	band                 func(worker, first, end int)
}

// NewPreprocess prepares the tables.
func NewPreprocess(o PreprocessOptions) (*Preprocess, error) {
	useColor, useDepth := o.ColorWidth != 0 || o.ColorHeight != 0, o.DepthWidth != 0 || o.DepthHeight != 0
	if err := checkSize("input", o.Width, o.Height); err != nil {
		return nil, err
	}
	p := &Preprocess{o: o}
	if useColor {
		if err := checkSize("colour image", o.ColorWidth, o.ColorHeight); err != nil {
			return nil, err
		}
	}
	if useDepth {
		if err := checkSize("depth image", o.DepthWidth, o.DepthHeight); err != nil {
			return nil, err
		}
		var err error
		if p.table, err = NewDepthTable(o.Depth, o.DepthScale); err != nil {
			return nil, err
		}
		p.depth = newDepthScale(o.DepthWidth, o.DepthHeight, o.Width, o.Height)
	}
	if useColor {
		p.color = newColorScale(o.ColorWidth, o.ColorHeight, o.Width, o.Height, o.Pool.Threads(), o.BGR)
	}
	p.band = p.rows
	return p, nil
}

// Fused writes early-fused pixels, the bytes R, G, B, D of each: len(dst) = 4·Width·Height.
func (p *Preprocess) Fused(dst []byte, c *capture.Color, d *capture.Depth) error {
	if err := p.bindColor(dst, 4, c); err != nil {
		return err
	}
	if err := p.bindDepth(dst, 4, 3, d); err != nil {
		return err
	}
	p.run()
	return nil
}

// Split writes colour and depth to two inputs: len(color) = 3·Width·Height, len(depth) = Width·Height.
func (p *Preprocess) Split(color, depth []byte, c *capture.Color, d *capture.Depth) error {
	if err := p.bindColor(color, 3, c); err != nil {
		return err
	}
	if err := p.bindDepth(depth, 1, 0, d); err != nil {
		return err
	}
	p.run()
	return nil
}

// Color writes colour alone, the bytes R, G, B of each pixel: len(dst) = 3·Width·Height.
func (p *Preprocess) Color(dst []byte, c *capture.Color) error {
	if err := p.bindColor(dst, 3, c); err != nil {
		return err
	}
	p.run()
	return nil
}

// Depth writes depth alone, a byte each pixel: len(dst) = Width·Height.
func (p *Preprocess) Depth(dst []byte, d *capture.Depth) error {
	if err := p.bindDepth(dst, 1, 0, d); err != nil {
		return err
	}
	p.run()
	return nil
}

func (p *Preprocess) bindColor(dst []byte, step int, c *capture.Color) error {
	switch {
	case p.color == nil:
		return fmt.Errorf("runtime: preprocess: prepared without a colour image")
	case c.Width != p.o.ColorWidth || c.Height != p.o.ColorHeight || len(c.Pix) != 3*c.Width*c.Height:
		return fmt.Errorf("runtime: preprocess: colour image is %d×%d in %d bytes, prepared for %d×%d",
			c.Width, c.Height, len(c.Pix), p.o.ColorWidth, p.o.ColorHeight)
	case len(dst) != step*p.o.Width*p.o.Height:
		return fmt.Errorf("runtime: preprocess: input has %d bytes, need %d·%d·%d", len(dst), step, p.o.Width, p.o.Height)
	}
	p.colorDst, p.colorStep, p.colorSrc = dst, step, c.Pix
	return nil
}

func (p *Preprocess) bindDepth(dst []byte, step, at int, d *capture.Depth) error {
	switch {
	case p.depth == nil:
		return fmt.Errorf("runtime: preprocess: prepared without a depth image")
	case d.Width != p.o.DepthWidth || d.Height != p.o.DepthHeight || len(d.Pix) != d.Width*d.Height:
		return fmt.Errorf("runtime: preprocess: depth image is %d×%d in %d readings, prepared for %d×%d",
			d.Width, d.Height, len(d.Pix), p.o.DepthWidth, p.o.DepthHeight)
	case len(dst) != step*p.o.Width*p.o.Height:
		return fmt.Errorf("runtime: preprocess: input has %d bytes, need %d·%d·%d", len(dst), step, p.o.Width, p.o.Height)
	}
	p.depthDst, p.depthStep, p.depthSrc = dst[at:], step, d.Pix
	return nil
}

// run works through what was bound, and lets go of the caller's memory.
func (p *Preprocess) run() {
	p.o.Pool.Run(p.o.Height, 1, p.band)
	p.colorDst, p.colorSrc, p.depthDst, p.depthSrc = nil, nil, nil, nil
}

// rows does one row after the other, both images: what colour has written is in the core's cache when depth is put
// between, and colour's next rows come from memory meanwhile.
func (p *Preprocess) rows(worker, first, end int) {
	for y := first; y < end; y++ {
		if p.colorDst != nil {
			p.color.row(p.colorDst, p.colorStep, p.colorSrc, worker, y)
		}
		if p.depthDst != nil {
			p.depth.row(p.depthDst, p.depthStep, p.depthSrc, p.table, y)
		}
	}
}

func checkSize(what string, width, height int) error {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		return fmt.Errorf("runtime: preprocess: %s of %d×%d pixels: each side must be 1 to %d", what, width, height, maxSide)
	}
	return nil
}
