package capture

import "github.com/depthwise/depthwise/internal/pixel"

// glide draws the patches that fall into the worker's band of dst, from the depth rows that can reach it. A row of
// blocks with readings that go the slow way is noted: they may fall anywhere.
func (w *worker) glide() {
	r, n := w.r, len(w.r.workers)
	height := r.cal.Color.Height
	w.clip = band{height * w.index / n, height * (w.index + 1) / n}
	clear(w.pix[w.clip.lo*r.cal.Color.Width : w.clip.hi*r.cal.Color.Width])
	w.slow = w.slow[:0]
	g, width := r.glide, r.src.Width
	for i, reach := range g.reach {
		if reach.lo >= w.clip.hi || reach.hi <= w.clip.lo {
			continue
		}
		first, last := i*g.Rows, min((i+1)*g.Rows, r.src.Height)
		if g.Draw(w.pix, w.clip.lo, w.clip.hi, g.blocks[i*g.perRow:(i+1)*g.perRow], r.src.Pix[first*width:last*width], width, 0, last-first) {
			w.slow = append(w.slow, i)
		}
	}
}

// crawl draws what the blocks left out of the rows that the workers noted, into the worker's band.
func (w *worker) crawl() {
	r, g := w.r, w.r.glide
	for i := range r.workers {
		for _, row := range r.workers[i].slow {
			if i > 0 && r.noted(row, i) {
				continue
			}
			for y := row * g.Rows; y < min((row+1)*g.Rows, r.src.Height); y++ {
				src := r.src.Pix[y*r.src.Width:][:r.src.Width]
				top, bottom := r.rays[y*(r.src.Width+1):], r.rays[(y+1)*(r.src.Width+1):]
				for x, d := range src {
					if d != 0 && (int(d) < g.Near || g.blocks[row*g.perRow+x/pixel.BlockWidth].State == pixel.Slow) {
						w.patch(int64(d), top[x:x+2], bottom[x:x+2])
					}
				}
			}
		}
	}
}

// noted tells whether one of the workers before n noted row of blocks y too.
func (r *Registrar) noted(y, n int) bool {
	for i := range n {
		if k := r.workers[i].slow; len(k) > 0 && k[0] <= y && y <= k[len(k)-1] {
			for _, row := range k {
				if row == y {
					return true
				}
			}
		}
	}
	return false
}
