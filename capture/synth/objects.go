package synth

import "math"

// solid is what an object, which stands on its frame with z up, offers to others.
type solid struct {
	radius float64 // of its footprint
	top    float64 // height of a flat top that can carry something, or 0
	hx, hy float64 // half sizes of that top
	in     float64 // radius inside, for containers
	inZ    float64 // height of the inner floor
}

// maker adds one object.
type maker func(*builder, frame) solid

// makers are the objects of table tops with their weights.
var makers = []struct {
	weight float64
	make   maker
}{
	{3, (*builder).carton}, {2, (*builder).smallBox}, {2.5, (*builder).mug}, {1.5, (*builder).bowl}, {1, (*builder).plate},
	{2, (*builder).bottle}, {1.6, (*builder).can}, {2, (*builder).book}, {1, (*builder).bookPile}, {1.6, (*builder).fruit},
	{2.2, (*builder).paper}, {1.6, (*builder).magazine}, {1.6, (*builder).cable}, {1, (*builder).pen}, {1.2, (*builder).tool},
	{1, (*builder).cutlery}, {0.8, (*builder).torch}, {0.7, (*builder).hat}, {1.1, (*builder).laptop}, {0.8, (*builder).monitor},
	{0.9, (*builder).keyboard}, {0.7, (*builder).mouse}, {0.8, (*builder).phone}, {0.5, (*builder).lamp}, {0.8, (*builder).plant},
	{0.8, (*builder).circuit}, {1, (*builder).bricks}, {1, (*builder).cloth}, {0.7, (*builder).bag}, {0.6, (*builder).teapot},
	{0.6, (*builder).pan}, {0.8, (*builder).tray}, {0.7, (*builder).glass}, {0.6, (*builder).roll}, {0.5, (*builder).headphones},
	{0.5, (*builder).stapler}, {0.4, (*builder).binder}, {0.5, (*builder).jar}, {0.4, (*builder).figure},
}

func (b *builder) object(f frame) solid {
	w := 0.0
	for _, m := range makers {
		w += m.weight
	}
	x := float64(b.r.Float64() * w)
	for _, m := range makers {
		if x < m.weight {
			return m.make(b, f)
		}
		x -= m.weight
	}
	return b.carton(f)
}

// carton is a cereal or food box: standing, lying on its back or on its side.
func (b *builder) carton(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.06, 0.2), r.uni(0.025, 0.08), r.uni(0.1, 0.32)
	m := b.printMat(printBox, w, h)
	b.mats[m].p1, b.mats[m].c0 = 1, b.mats[m].print.pix[0]
	switch r.pick(5, 3, 1) {
	case 0:
		p := b.box(f.at(0, 0, h/2), w/2, d/2, h/2, m)
		p.bevel = 0.002
		return solid{radius: w / 2, top: h, hx: w / 2, hy: d / 2}
	case 1: // on its back
		b.mats[m].p1 = 0
		b.mats[m].vh, b.mats[m].uw = h, w
		p := b.box(f.at(0, 0, d/2), w/2, h/2, d/2, m)
		p.bevel = 0.002
		return solid{radius: max(w, h) * 0.55, top: d, hx: w / 2, hy: h / 2}
	}
	p := b.box(f.at(0, 0, w/2).roll(math.Pi/2), w/2, d/2, h/2, m)
	p.bevel = 0.002
	return solid{radius: h / 2, top: w, hx: h / 2, hy: d / 2}
}

func (b *builder) smallBox(f frame) solid {
	r := b.r
	w, d, h := r.uni(0.03, 0.2), r.uni(0.03, 0.15), r.uni(0.02, 0.15)
	var m int32
	if r.chance(0.5) {
		m = b.thing()
	} else {
		m = b.printMat(printLabel, w, h)
	}
	b.box(f.at(0, 0, h/2), w/2, d/2, h/2, m).bevel = 0.003
	return solid{radius: math.Sqrt(float64(w*w)+float64(d*d)) / 2, top: h, hx: w / 2, hy: d / 2}
}
