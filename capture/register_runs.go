package capture

import "github.com/depthwise/depthwise/internal/pixel"

// draw draws the patches of some shares into dst, but for readings that go the slow way: that there are some is noted.
func (r *Registrar) draw(shares []share) {
	g, width := r.glide, r.src.Width
	for _, s := range shares {
		clear(r.dst.Pix[s.empty.lo*r.dst.Width : s.empty.hi*r.dst.Width])
		for i := s.first; i < s.last; i++ {
			first, last := i*g.Rows, min((i+1)*g.Rows, r.src.Height)
			r.slow[i] = g.Draw(r.dst.Pix, s.drawn.lo, max(s.drawn.hi, 1), g.blocks[i*g.perRow:(i+1)*g.perRow], r.src.Pix[first*width:last*width], width, 0, last-first)
		}
	}
}

// crawl draws what the blocks left out of the rows that draw noted, into rows [lo, hi) of dst.
func (r *Registrar) crawl(lo, hi int) {
	g := r.glide
	b := buffer{pix: r.dst.Pix, clip: band{lo, hi}}
	for i, slow := range r.slow {
		if !slow {
			continue
		}
		for y := i * g.Rows; y < min((i+1)*g.Rows, r.src.Height); y++ {
			src := r.src.Pix[y*r.src.Width:][:r.src.Width]
			top, bottom := r.rays[y*(r.src.Width+1):], r.rays[(y+1)*(r.src.Width+1):]
			for x, d := range src {
				if d != 0 && (int(d) < g.Near || g.blocks[i*g.perRow+x/pixel.BlockWidth].State == pixel.Slow) {
					r.patch(&b, int64(d), top[x:x+2], bottom[x:x+2])
				}
			}
		}
	}
}
