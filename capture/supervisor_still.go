package capture

import "time"

// stillness is since when each image of a device's pairs has been missing, of a wrong size or the same.
type stillness struct {
	pairs int
	half  [2]struct {
		print uint64
		since time.Time
	}
}

// look takes a pair, and returns for how long both images, and for how long the worse one, has not changed.
func (s *stillness) look(p *Pair, cal *Calibration, now time.Time) (both, one time.Duration) {
	s.pairs++
	var prints [2]uint64
	if fits(&cal.Color, p.Color.Width, p.Color.Height) {
		prints[0] = imprint(p.Color.Pix)
	}
	if fits(&cal.Depth, p.Depth.Width, p.Depth.Height) {
		prints[1] = imprint(p.Depth.Pix)
	}
	for i, print := range prints {
		h := &s.half[i]
		if s.pairs == 1 || print != 0 && print != h.print {
			h.since = now
		}
		h.print = print
	}
	c, d := now.Sub(s.half[0].since), now.Sub(s.half[1].since)
	return min(c, d), max(c, d)
}

// fits tells whether an image has the size of a camera's.
func fits(in *Intrinsics, width, height int) bool { return in.Width == width && in.Height == height }

// imprint is a hash (FNV-1a) of some thousand values spread over an image, 0 for no image. An image of a sensor that
// agrees in all of them, again and again, is the same image.
func imprint[T byte | uint16](pix []T) uint64 {
	if len(pix) == 0 {
		return 0
	}
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := 0; i < len(pix); i += len(pix)/8192 | 1 {
		h = (h ^ uint64(pix[i])) * prime
	}
	return h | 1
}
