package capture

import (
	"fmt"
	"math"
	"runtime"
	"sync"
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

	src, dst *Depth // of the call in progress
	workers  []worker
	fast     []func() // for each worker: glide
	left     []func() // crawl
	project  []func()
	merge    []func()
	wait     sync.WaitGroup
}

type worker struct {
	r      *Registrar
	index  int
	pix    []uint16 // the z-buffer that the worker draws into, 0 is empty: dst's pixels, or for project its own
	clip   band     // of its rows, those that it may draw into
	lo, hi int      // rows of the z-buffer that the worker wrote: [lo, hi)
	slow   []int    // rows of blocks with readings for crawl
}

// maxPixels bounds an image that is registered, and with it the tables: 12 bytes a depth pixel.
const maxPixels = 1 << 25

// NewRegistrar prepares the tables for c, which must validate. Threads below 1 mean as many as Go runs at once.
func NewRegistrar(c Calibration, threads int) (*Registrar, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for _, in := range []Intrinsics{c.Color, c.Depth} {
		if in.Width*in.Height > maxPixels {
			return nil, fmt.Errorf("capture: register: an image of %dx%d pixels is above the limit of %d pixels", in.Width, in.Height, maxPixels)
		}
	}
	r := &Registrar{cal: c, copy: c.Registered()}
	if r.copy {
		return r, nil
	}
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, c.Depth.Height, 64)
	ratio := max(c.Color.Fx, c.Color.Fy) / min(c.Depth.Fx, c.Depth.Fy)
	r.slack = int64(math.RoundToEven(min(ratio, MaxSide) * (oneQ12 / 4)))
	r.widest = int64(8*math.Ceil(min(ratio, MaxSide))) + 8
	if r.glide = newGlide(c, float64(r.slack)/oneQ12, threads); r.glide == nil {
		r.trace()
	}
	r.workers = make([]worker, threads)
	for i := range r.workers {
		w := &r.workers[i]
		w.r, w.index, w.clip = r, i, band{0, c.Color.Height}
		// Made once: a go statement with a ready function value does not allocate.
		if r.glide != nil {
			w.slow = make([]int, 0, c.Depth.Height)
			r.fast = append(r.fast, func() { w.glide(); r.wait.Done() })
			r.left = append(r.left, func() { w.crawl(); r.wait.Done() })
			continue
		}
		if i > 0 {
			w.pix = make([]uint16, c.Color.Width*c.Color.Height)
		}
		r.project = append(r.project, func() { w.project(); r.wait.Done() })
		r.merge = append(r.merge, func() { w.merge(); r.wait.Done() })
	}
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
	if r.glide != nil {
		r.side()
	} else {
		r.workers[0].pix = dst.Pix
		clear(dst.Pix)
		r.each(r.project)
		r.each(r.merge)
		r.workers[0].pix = nil
	}
	r.src, r.dst = nil, nil
	return nil
}

// side registers by glide: every worker draws a band of dst.
func (r *Registrar) side() {
	for i := range r.workers {
		r.workers[i].pix = r.dst.Pix
	}
	r.each(r.fast)
	for i := range r.workers {
		if len(r.workers[i].slow) > 0 {
			r.trace()
			r.each(r.left)
			break
		}
	}
	for i := range r.workers {
		r.workers[i].pix = nil
	}
}

// each runs one task per worker and waits for all.
func (r *Registrar) each(tasks []func()) {
	r.wait.Add(len(tasks))
	for _, task := range tasks[1:] {
		go task()
	}
	tasks[0]()
	r.wait.Wait()
}

// merge folds the workers' z-buffers into dst for the worker's share of its rows, and empties them. Taking the nearest is
// the same in any order, so the number of workers does not show.
func (w *worker) merge() {
	dst, all := w.r.dst, w.r.workers
	first, last := dst.Height*w.index/len(all), dst.Height*(w.index+1)/len(all)
	for y := first; y < last; y++ {
		row := dst.Pix[y*dst.Width:][:dst.Width]
		for i := range all[1:] {
			other := &all[1+i]
			if y < other.lo || y >= other.hi {
				continue
			}
			from := other.pix[y*dst.Width:][:len(row)]
			for x, z := range from {
				if z-1 < row[x]-1 { // empty is the farthest
					row[x] = z
				}
				from[x] = 0
			}
		}
	}
}
