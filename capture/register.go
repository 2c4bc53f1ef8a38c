package capture

import (
	"fmt"
	"math"
	"slices"

	"github.com/depthwise/depthwise/pool"
)

// A Registrar carries depth images into the colour camera: for every colour pixel, how far along the colour camera's
// optical axis the nearest surface is that the depth camera saw there.
//
// Each depth pixel is a small patch. Its four corners are projected into the colour image at the pixel's own depth, and
// the patch covers the colour pixels whose centres lie in the corners' bounding rectangle, widened on each side by a
// quarter of a depth pixel. Patches of one surface therefore close up without pin-holes, whatever the two resolutions;
// an object in front grows by that quarter at most. Where patches overlap, the nearest wins. Where no patch lies there
// is no reading: holes stay holes, and so does what only the colour camera sees.
//
// A patch is left out if its depth along the colour camera's axis does not fit in 1…65535 units (behind the camera, or
// too far), if a corner falls where a lens sees nothing, or if it would be more than eight times as wide as the ratio of
// the two resolutions explains: such a reading is closer than any depth camera measures. When the colour image is the
// coarser one, patches between the centres of its pixels do not show.
//
// The arithmetic of a frame is integers, from tables made once, and one division in single precision for a reading, which
// is the same everywhere: a recording gives the same bytes on every CPU and at every number of threads. Cameras that stand
// side by side, as those of an RGB-D camera do, have a fast way (register_glide.go, register_blocks.go); any others have each
// patch projected, and memory for the colour image per thread. Register does not allocate, but once for the first reading
// that is too near for the fast way. It may be used by one goroutine at a time.
type Registrar struct {
	cal  Calibration
	copy bool // depth is already registered

	glide  *glide // nil: each corner is projected
	rays   []ray  // of the corners of the depth pixels, (Width+1) × (Height+1): corner (i, j) is at pixel (i−½, j−½)
	view   view
	slack  int64 // Q12 pixels of the colour image
	widest int64 // colour pixels

	pool      *pool.Pool
	src, dst  *Depth   // of the call in progress
	slow      []bool   // of each row of blocks: it has readings for crawl
	zbuffers  []buffer // by worker, of project
	even, odd pool.Func
	left      pool.Func
	project   pool.Func
	merge     pool.Func
}

// buffer is a z-buffer that patches are drawn into; 0 is empty.
type buffer struct {
	pix    []uint16 // as many as the colour image has pixels
	clip   band     // rows that may be drawn into
	lo, hi int      // rows that were: [lo, hi)
	_      [64]byte // those of two workers share no cache line
}

// maxPixels bounds an image that is registered, and with it the tables: 12 bytes a depth pixel.
const maxPixels = 1 << 25

// NewRegistrar prepares the tables for c, which must validate. The workers of p share the making of tables and each
// registration, for as long as p is open; nil = the caller alone.
func NewRegistrar(c Calibration, p *pool.Pool) (*Registrar, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for _, in := range []Intrinsics{c.Color, c.Depth} {
		if in.Width*in.Height > maxPixels {
			return nil, fmt.Errorf("capture: register: an image of %dx%d pixels is above the limit of %d pixels", in.Width, in.Height, maxPixels)
		}
	}
	r := &Registrar{cal: c, copy: c.Registered(), pool: p}
	if r.copy {
		return r, nil
	}
	ratio := max(c.Color.Fx, c.Color.Fy) / min(c.Depth.Fx, c.Depth.Fy)
	r.slack = int64(math.RoundToEven(min(ratio, MaxSide) * (oneQ12 / 4)))
	r.widest = int64(8*math.Ceil(min(ratio, MaxSide))) + 8
	// Functions are made once: a frame allocates nothing.
	if r.glide = newGlide(c, float64(r.slack)/oneQ12, p); r.glide != nil {
		r.slow = make([]bool, len(r.glide.reach))
		r.even = func(_, lo, hi int) { r.draw(r.glide.shares[0][lo:hi]) }
		r.odd = func(_, lo, hi int) { r.draw(r.glide.shares[1][lo:hi]) }
		r.left = func(_, lo, hi int) { r.crawl(lo, hi) }
		return r, nil
	}
	r.trace()
	r.zbuffers = make([]buffer, min(p.Threads(), c.Depth.Height, 64))
	for i := range r.zbuffers {
		b := &r.zbuffers[i]
		b.clip = band{0, c.Color.Height}
		if i > 0 { // the first is dst
			b.pix = make([]uint16, c.Color.Width*c.Color.Height)
		}
	}
	r.project = func(_, lo, hi int) { r.projects(lo, hi) }
	r.merge = func(_, lo, hi int) { r.merges(lo, hi) }
	return r, nil
}

// trace makes the tables that corners are projected with.
func (r *Registrar) trace() {
	if r.rays == nil {
		r.rays, r.view = cornerRays(r.cal), newView(r.cal)
	}
}

// Calibration returns the geometry of what Register writes: the colour camera's for both images, with the depth scale
// unchanged.
func (r *Registrar) Calibration() Calibration {
	return Calibration{Color: r.cal.Color, Depth: r.cal.Color, DepthToColor: Identity, DepthScale: r.cal.DepthScale}
}

// Register fills dst, reusing its memory, with src as the colour camera would have measured it: of the colour image's
// size, in the same unit as src. Src must have the size of the calibration's depth image and may not share memory with
// dst. A calibration that is registered already makes it a copy.
func (r *Registrar) Register(dst, src *Depth) error {
	in := r.cal.Depth
	if src.Width != in.Width || src.Height != in.Height || len(src.Pix) != in.Width*in.Height {
		return fmt.Errorf("capture: register: the depth image is %dx%d with %d readings, the calibration says %dx%d",
			src.Width, src.Height, len(src.Pix), in.Width, in.Height)
	}
	if dst == src || cap(dst.Pix) > 0 && &dst.Pix[:1][0] == &src.Pix[0] {
		return fmt.Errorf("capture: register: the destination is the source")
	}
	dst.Resize(r.cal.Color.Width, r.cal.Color.Height)
	if r.copy {
		copy(dst.Pix, src.Pix)
		return nil
	}
	r.src, r.dst = src, dst
	defer func() { r.src, r.dst = nil, nil }()
	turn := r.pool.Turn()
	defer turn.End()
	if r.glide != nil {
		r.side(turn)
		return nil
	}
	r.zbuffers[0].pix = dst.Pix
	clear(dst.Pix)
	turn.Run(len(r.zbuffers), 1, r.project)
	turn.Run(dst.Height, 1, r.merge)
	r.zbuffers[0].pix = nil
	return nil
}

// side registers by glide.
func (r *Registrar) side(turn pool.Turn) {
	g := r.glide
	turn.Run(len(g.shares[0]), 1, r.even)
	turn.Run(len(g.shares[1]), 1, r.odd)
	if slices.Contains(r.slow, true) {
		r.trace()
		turn.Run(r.dst.Height, (r.dst.Height+r.pool.Threads()-1)/r.pool.Threads(), r.left)
	}
}

// merges folds the z-buffers into the first, dst, for rows [first, last), and empties the others. Taking the nearest is the
// same in any order, so the number of workers does not show.
func (r *Registrar) merges(first, last int) {
	for y := first; y < last; y++ {
		row := r.dst.Pix[y*r.dst.Width:][:r.dst.Width]
		for i := range r.zbuffers[1:] {
			other := &r.zbuffers[1+i]
			if y < other.lo || y >= other.hi {
				continue
			}
			from := other.pix[y*r.dst.Width:][:len(row)]
			for x, z := range from {
				if z-1 < row[x]-1 { // empty is the farthest
					row[x] = z
				}
				from[x] = 0
			}
		}
	}
}
