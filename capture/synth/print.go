package synth

import "math"

// bitmap is a printed face: a box front, a book's cover, a poster, a page, a screen.
type bitmap struct {
	w, h int
	pix  []vec // linear RGB
	mean vec
}

// sample is bilinear; u and v in [0, 1] from the top left, wrapping.
func (b *bitmap) sample(u, v float64) vec {
	u -= math.Floor(u)
	v -= math.Floor(v)
	x, y := float64(u*float64(b.w))-0.5, float64(v*float64(b.h))-0.5
	fx, fy := math.Floor(x), math.Floor(y)
	x0, y0 := int(fx), int(fy)
	tx, ty := x-fx, y-fy
	x1, y1 := min(x0+1, b.w-1), min(y0+1, b.h-1)
	x0, y0 = max(x0, 0), max(y0, 0)
	return mix(mix(b.pix[y0*b.w+x0], b.pix[y0*b.w+x1], tx), mix(b.pix[y1*b.w+x0], b.pix[y1*b.w+x1], tx), ty)
}

type printKind int

const (
	printBox printKind = iota
	printCover
	printPage
	printPoster
	printScreen
	printKeys
	printLabel
	printSpines
	printPhoto
	printKinds
)

const printVariants = 24 // different faces of each kind within one camera

// prints draws faces when they are first asked for; each depends on the camera's seed, kind and variant only.
type prints struct {
	seed  uint64
	noise *noiseTable
	done  [printKinds][printVariants]*bitmap
}

func (p *prints) face(kind printKind, variant int) *bitmap {
	b := &p.done[kind][variant]
	if *b == nil {
		*b = p.draw(kind, newRNG(p.seed, uint64(kind)<<32|uint64(variant)|1<<60))
	}
	return *b
}

func (p *prints) draw(kind printKind, r *rng) *bitmap {
	b := &bitmap{w: 128, h: 160}
	switch kind {
	case printLabel, printScreen, printKeys:
		b.w, b.h = 160, 110
	case printSpines:
		b.w, b.h = 192, 64
	}
	b.pix = make([]vec, b.w*b.h)
	switch kind {
	case printBox, printLabel:
		p.carton(b, r)
	case printCover, printPoster:
		p.cover(b, r)
	case printPage:
		p.page(b, r, vec{0.85, 0.85, 0.83}, 0.05)
	case printScreen:
		p.screen(b, r)
	case printKeys:
		p.keys(b, r)
	case printSpines:
		p.spines(b, r)
	case printPhoto:
		p.photo(b, r, 0, 0, b.w, b.h)
	}
	for _, c := range b.pix {
		b.mean = b.mean.add(c)
	}
	b.mean = b.mean.mul(1 / float64(len(b.pix)))
	return b
}

// vivid is a saturated colour of any hue, as printed.
func vivid(r *rng) vec { return hsv(r.Float64(), r.uni(0.55, 1), r.log(0.12, 0.9)) }

// hsv converts to linear RGB; the arguments are in [0, 1].
func hsv(h, s, v float64) vec {
	k := func(n float64) float64 {
		x := n + float64(h*6)
		x -= float64(math.Floor(x/6) * 6)
		return float64(v * (1 - float64(s*clamp(min(x, 4-x), 0, 1))))
	}
	return vec{k(5), k(3), k(1)}
}

func (b *bitmap) rect(x0, y0, x1, y1 int, c vec) {
	for y := max(y0, 0); y < min(y1, b.h); y++ {
		for x := max(x0, 0); x < min(x1, b.w); x++ {
			b.pix[y*b.w+x] = c
		}
	}
}

func (b *bitmap) ellipse(cx, cy, rx, ry float64, c vec) {
	for y := max(int(cy-ry), 0); y < min(int(cy+ry)+1, b.h); y++ {
		for x := max(int(cx-rx), 0); x < min(int(cx+rx)+1, b.w); x++ {
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			if float64(dx*dx)+float64(dy*dy) < 1 {
				b.pix[y*b.w+x] = c
			}
		}
	}
}

// text draws rows of word-like strokes.
func (b *bitmap) text(r *rng, x0, y0, x1, size int, lines int, c vec) {
	for range lines {
		for x := x0; x < x1; {
			word := size/2 + 1 + r.IntN(size*3+1)
			for e := x; e < min(x+word, x1); e++ {
				if size <= 3 {
					b.rect(e, y0, e+1, y0+max(1, size/2), c.mul(0.6+float64(0.8*r.Float64())))
					continue
				}
				// a letter: a stem and bars
				b.rect(e, y0, e+max(1, size/5), y0+size, c)
				for k := range 3 {
					if r.chance(0.6) {
						y := y0 + k*(size-size/5)/2
						b.rect(e, y, e+size/2, y+max(1, size/5), c)
					}
				}
				if r.chance(0.4) {
					b.rect(e+size/2-1, y0, e+size/2-1+max(1, size/5), y0+size, c)
				}
				e += size*2/3 + 1
			}
			x += word + max(2, size/2)
		}
		y0 += size + max(2, size/2)
	}
}

// photo fills a rectangle with something like a photograph: a gradient, soft blobs, noise.
func (p *prints) photo(b *bitmap, r *rng, x0, y0, x1, y1 int) {
	top, bottom := vivid(r), vivid(r)
	third := vivid(r)
	ox, oy := r.uni(0, 256), r.uni(0, 256)
	f := r.uni(0.1, 0.5)
	for y := max(y0, 0); y < min(y1, b.h); y++ {
		for x := max(x0, 0); x < min(x1, b.w); x++ {
			n := p.noise.at(ox+float64(float64(x)*f), oy+float64(float64(y)*f))
			c := mix(top, bottom, float64(y-y0)/float64(y1-y0))
			b.pix[y*b.w+x] = mix(c, third, smooth(0.45, 0.6, n)).mul(0.6 + float64(0.8*n))
		}
	}
	for range r.IntN(7) {
		c := vivid(r)
		rx := float64(float64(x1-x0) * r.uni(0.04, 0.25))
		cx, cy := r.uni(float64(x0)+rx, float64(x1)-rx), r.uni(float64(y0)+rx, max(float64(y1)-rx, float64(y0)+rx+1))
		b.ellipse(cx, cy, rx, float64(rx*r.uni(0.6, 1.1)), c)
		b.ellipse(cx-rx/3, cy-rx/3, rx/3, rx/4, c.mul(1.5))
	}
}

func (p *prints) carton(b *bitmap, r *rng) {
	base := vivid(r)
	if r.chance(0.25) {
		base = vec{0.8, 0.8, 0.78}
	}
	second := vivid(r)
	for y := range b.h {
		for x := range b.w {
			b.pix[y*b.w+x] = base
		}
	}
	if r.chance(0.6) {
		p.photo(b, r, 0, b.h/2-r.IntN(20), b.w, b.h)
	}
	if r.chance(0.5) {
		b.ellipse(float64(b.w)*r.uni(0.3, 0.7), float64(b.h)*r.uni(0.2, 0.4), float64(b.w)*r.uni(0.3, 0.55), float64(b.h)*r.uni(0.1, 0.25), second)
	} else {
		y := r.IntN(b.h / 2)
		b.rect(0, y, b.w, y+b.h/5, second)
	}
	ink := vec{0.9, 0.9, 0.9}
	if r.chance(0.35) {
		ink = vec{0.03, 0.03, 0.05}
	}
	b.text(r, b.w/8, b.h/5+r.IntN(10), b.w*7/8, 16+r.IntN(12), 1, ink)
	b.text(r, b.w/8, b.h/2+r.IntN(30), b.w*2/3, 5+r.IntN(4), 1+r.IntN(3), ink)
	if r.chance(0.5) {
		b.rect(b.w-30, b.h-24, b.w-4, b.h-6, vec{0.85, 0.85, 0.85})
		for x := b.w - 28; x < b.w-6; x += 1 + r.IntN(3) {
			b.rect(x, b.h-22, x+1, b.h-8, vec{0.02, 0.02, 0.02})
		}
	}
}

func (p *prints) cover(b *bitmap, r *rng) {
	base := vivid(r)
	switch r.IntN(4) {
	case 0:
		base = vec{0.85, 0.84, 0.8}
	case 1:
		base = vec{0.03, 0.03, 0.04}
	}
	b.rect(0, 0, b.w, b.h, base)
	if r.chance(0.7) {
		x, y := r.IntN(b.w/3), r.IntN(b.h/2)
		p.photo(b, r, x, y, x+b.w/3+r.IntN(b.w/2), y+b.h/4+r.IntN(b.h/2))
	}
	for range r.IntN(4) {
		x, y := r.IntN(b.w), r.IntN(b.h)
		b.rect(x, y, x+r.IntN(b.w), y+r.IntN(b.h/4), vivid(r))
	}
	ink := vec{0.9, 0.9, 0.9}
	if base.y > 0.35 {
		ink = vec{0.03, 0.03, 0.03}
	}
	b.text(r, b.w/10, b.h/14+r.IntN(20), b.w*9/10, 9+r.IntN(14), 1+r.IntN(2), ink)
	b.text(r, b.w/10, b.h*3/4, b.w*3/4, 3+r.IntN(4), 1+r.IntN(5), ink)
}

func (p *prints) page(b *bitmap, r *rng, paper vec, ink float64) {
	b.rect(0, 0, b.w, b.h, paper)
	k := vec{ink, ink, ink}
	y := 8 + r.IntN(10)
	if r.chance(0.5) {
		b.text(r, 14, y, b.w-20-r.IntN(60), 7+r.IntN(6), 1, mix(k, vivid(r), 0.4))
		y += 20
	}
	for y < b.h-12 {
		switch r.pick(6, 1.5, 1.5, 1) {
		case 0:
			n := 2 + r.IntN(8)
			n = min(n, (b.h-10-y)/5)
			b.text(r, 12, y, b.w-12, 3, n, mix(k, paper, 0.3))
			y += n*5 + 5
		case 1:
			h := 20 + r.IntN(40)
			p.photo(b, r, 14+r.IntN(30), y, b.w-14-r.IntN(30), min(y+h, b.h-8))
			y += h + 6
		case 2:
			h := 10 + r.IntN(20)
			b.rect(12, y, b.w-12, min(y+h, b.h-8), mix(paper, vivid(r), 0.6))
			y += h + 5
		default:
			y += 10 + r.IntN(40)
		}
	}
}

func (p *prints) screen(b *bitmap, r *rng) {
	if r.chance(0.25) {
		c := r.uni(0.004, 0.02)
		b.rect(0, 0, b.w, b.h, vec{c, c, float64(c * 1.1)})
		return
	}
	p.photo(b, r, 0, 0, b.w, b.h)
	for range 1 + r.IntN(3) {
		x, y := r.IntN(b.w/2), r.IntN(b.h/2)
		w, h := b.w/3+r.IntN(b.w/2), b.h/3+r.IntN(b.h/2)
		paper, ink := vec{0.9, 0.9, 0.9}, vec{0.1, 0.1, 0.1}
		if r.chance(0.4) {
			paper, ink = vec{0.02, 0.02, 0.03}, vec{0.5, 0.6, 0.5}
		}
		b.rect(x, y, x+w, y+h, paper)
		b.rect(x, y, x+w, y+5, vec{0.3, 0.35, 0.4})
		b.text(r, x+4, y+9, min(x+w-4, b.w), 3, max(1, h/7), ink)
	}
}

func (p *prints) keys(b *bitmap, r *rng) {
	body, key := r.log(0.01, 0.4), r.log(0.01, 0.6)
	b.rect(0, 0, b.w, b.h, vec{body, body, body})
	rows := 5 + r.IntN(2)
	for j := range rows {
		for i := range 14 {
			x, y := 5+i*150/14, 6+j*100/rows
			b.rect(x, y, x+8, y+100/rows-4, vec{key, key, key})
			b.rect(x+3, y+4, x+5, y+6, vec{0.5, 0.5, 0.5})
		}
	}
}

func (p *prints) spines(b *bitmap, r *rng) {
	b.rect(0, 0, b.w, b.h, vec{0.02, 0.02, 0.02})
	for x := 0; x < b.w; {
		w := 4 + r.IntN(12)
		c := vivid(r)
		if r.chance(0.4) {
			g := r.log(0.03, 0.8)
			c = vec{g, g, float64(g * 0.95)}
		}
		top := r.IntN(14)
		b.rect(x, top, x+w-1, b.h, c)
		ink := vec{0.8, 0.8, 0.75}
		if c.y > 0.3 {
			ink = vec{0.05, 0.05, 0.05}
		}
		for y := top + 8; y < b.h-14; y += 2 + r.IntN(2) {
			if r.chance(0.8) {
				b.rect(x+w/3, y, x+w*2/3+1, y+1, ink)
			}
		}
		b.rect(x, b.h-10, x+w-1, b.h-8, ink)
		x += w
	}
}
