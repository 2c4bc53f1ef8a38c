package synth

// bookcase stands with its back at f.
func (b *builder) bookcase(f frame, half float64) {
	r := b.r
	h, d := r.uni(1.25, 2.1), r.uni(0.22, 0.4)
	m := b.wood()
	if r.chance(0.4) {
		m = b.plain(b.tint(0.02, 0.85, 0.2), 0.2)
	}
	b.block(f.at(0, 0.01, 0), half, 0.01, h, b.variant(m))
	for _, s := range [2]float64{-1, 1} {
		b.block(f.at(float64(s*half), d/2, 0), 0.012, d/2, h, m)
	}
	step := r.uni(0.28, 0.42)
	for z := 0.05; z < h; z += step {
		b.block(f.at(0, d/2, z), half, d/2, 0.02, m)
		b.shelfRow(f.at(0, d/2, z+0.02), half*0.92, step*0.75)
	}
	b.block(f.at(0, d/2, h), half, d/2, 0.02, m)
	if r.chance(0.5) {
		b.object(f.at(0, d/2, h+0.02))
	}
}

// shelfRow puts things on a shelf centred at f.
func (b *builder) shelfRow(f frame, half, room float64) {
	r := b.r
	for x := -half; x < half-0.06; {
		switch r.pick(3, 1.2, 1.5) {
		case 0:
			w := min(r.uni(0.08, 0.4), half-x)
			h := float64(room * r.uni(0.6, 1))
			b.block(f.at(x+float64(w/2), 0, 0), w/2, 0.09, h, b.printMat(printSpines, w, h))
			x += w
		case 1:
			w := min(r.uni(0.05, 0.12), (half-x)/2)
			b.block(f.at(x+w, 0, 0), w, 0.08, room*0.6, b.thing())
			x += 2 * w
		}
		x += r.uni(0, 0.15)
	}
}
