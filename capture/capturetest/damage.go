package capturetest

import "github.com/depthwise/depthwise/capture"

// damage does the faults that change a pair.
func (j *Injector) damage(call int, p *capture.Pair) {
	if _, ok := j.acting(Tear, call); ok && j.alike(p) {
		half := p.Color.Height / 2 * p.Color.Width * 3
		copy(p.Color.Pix[half:], j.last.Color.Pix[half:])
		half = p.Depth.Height / 2 * p.Depth.Width
		copy(p.Depth.Pix[half:], j.last.Depth.Pix[half:])
	}
	if _, ok := j.acting(WrongSize, call); ok {
		halve(p)
	}
	if _, ok := j.acting(Freeze, call); ok && j.alike(p) {
		copy(p.Color.Pix, j.last.Color.Pix)
		copy(p.Depth.Pix, j.last.Depth.Pix)
	}
	if _, ok := j.acting(FreezeColor, call); ok && j.alike(p) {
		copy(p.Color.Pix, j.last.Color.Pix)
	}
	if _, ok := j.acting(FreezeDepth, call); ok && j.alike(p) {
		copy(p.Depth.Pix, j.last.Depth.Pix)
	}
	if _, ok := j.acting(StickDepth, call); ok {
		for i := range p.Depth.Pix {
			p.Depth.Pix[i] = 0xffff
		}
	}
	if f, ok := j.acting(ClockJump, call); ok {
		shift(p, f.For)
	}
	if _, ok := j.acting(Blind, call); ok {
		clear(p.Depth.Pix)
	}
	if _, ok := j.acting(Dark, call); ok {
		clear(p.Color.Pix)
	}
	if _, ok := j.acting(LoseDepth, call); ok {
		p.Depth.Resize(0, 0)
	}
	if _, ok := j.acting(LoseColor, call); ok {
		p.Color.Resize(0, 0)
	}
	if _, ok := j.acting(Corrupt, call); ok {
		for i := range p.Color.Pix {
			if h := mix(uint64(call), uint64(i)); h%10 == 0 {
				p.Color.Pix[i] = byte(h >> 8)
			}
		}
		for i := range p.Depth.Pix {
			if h := mix(uint64(call)^0xc0, uint64(i)); h%10 == 0 {
				p.Depth.Pix[i] = uint16(h >> 8)
			}
		}
	}
}

// alike tells whether the last pair has p's sizes, so that parts of it can stand in for p's.
func (j *Injector) alike(p *capture.Pair) bool {
	return j.have && j.last.Color.Width == p.Color.Width && j.last.Color.Height == p.Color.Height &&
		j.last.Depth.Width == p.Depth.Width && j.last.Depth.Height == p.Depth.Height
}

// halve leaves every second pixel of every second row, in place.
func halve(p *capture.Pair) {
	p.Color.Resize(thin(p.Color.Pix, p.Color.Width, p.Color.Height, 3))
	p.Labels.Resize(thin(p.Labels.Pix, p.Labels.Width, p.Labels.Height, 1))
	p.Depth.Resize(thin(p.Depth.Pix, p.Depth.Width, p.Depth.Height, 1))
}

// thin moves the pixels that halve leaves to the front of pix and returns the new size, rounded up.
func thin[T any](pix []T, width, height, channels int) (w, h int) {
	w, h = (width+1)/2, (height+1)/2
	for y := range h {
		for x := range w {
			copy(pix[channels*(y*w+x):][:channels], pix[channels*(2*y*width+2*x):][:channels])
		}
	}
	return w, h
}
