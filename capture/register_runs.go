package capture

// glide draws the patches that fall into the worker's band of dst, from the depth rows that can reach it. A row with
// readings that go the slow way is noted: they may fall anywhere.
func (w *worker) glide() {
	r, n := w.r, len(w.r.workers)
	height := r.cal.Color.Height
	w.clip = band{height * w.index / n, height * (w.index + 1) / n}
	clear(w.pix[w.clip.lo*r.cal.Color.Width : w.clip.hi*r.cal.Color.Width])
	w.slow = w.slow[:0]
	g, width := r.glide, r.src.Width
	for y, reach := range g.reach {
		if reach.lo < w.clip.hi && reach.hi > w.clip.lo &&
			g.Row(w.pix, w.clip.lo, w.clip.hi, g.runs[y*g.perRow:(y+1)*g.perRow], r.src.Pix[y*width:(y+1)*width]) {
			w.slow = append(w.slow, y)
		}
	}
}

// crawl draws what the runs left out of the rows that the workers noted, into the worker's band.
func (w *worker) crawl() {
	r, g := w.r, w.r.glide
	for i := range r.workers {
		for _, y := range r.workers[i].slow {
			if i > 0 && r.noted(y, i) {
				continue
			}
			src := r.src.Pix[y*r.src.Width:][:r.src.Width]
			top, bottom := r.rays[y*(r.src.Width+1):], r.rays[(y+1)*(r.src.Width+1):]
			for x, d := range src {
				if d != 0 && (g.Inverse[d] == 0 || g.runs[y*g.perRow+x/g.Length].Slow != 0) {
					w.patch(int64(d), top[x:x+2], bottom[x:x+2])
				}
			}
		}
	}
}

// noted tells whether one of the workers before n noted row y too.
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
