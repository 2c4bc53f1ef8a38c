package synth

import "math"

// fill puts up to n objects on a surface, some on or in others.
func (b *builder) fill(s surface, n int) {
	r := b.r
	b.class = classObject
	type spot struct{ x, y, r float64 }
	var spots []spot
	cx, cy, spread := 0.0, 0.0, 1.0
	if r.chance(0.45) { // a cluster
		cx, cy, spread = float64(r.uni(-0.6, 0.6)*s.hx), float64(r.uni(-0.6, 0.6)*s.hy), r.uni(0.15, 0.6)
	}
	gap := r.uni(0.75, 1.3)
	for range n {
		var x, y float64
		ok := false
		est := r.uni(0.04, 0.13)
		for range 12 {
			x = clamp(cx+float64(r.uni(-1, 1)*max(s.hx, 0.2)*spread), -s.hx+0.05, s.hx-0.05)
			y = clamp(cy+float64(r.uni(-1, 1)*max(s.hy, 0.2)*spread), -s.hy+0.05, s.hy-0.05)
			if s.round && float64(x*x)+float64(y*y) > float64(float64(s.hx*s.hx)*0.8) {
				continue
			}
			ok = true
			for _, p := range spots {
				dx, dy := x-p.x, y-p.y
				d := float64((p.r + est) * gap)
				if float64(dx*dx)+float64(dy*dy) < float64(d*d) {
					ok = false
					break
				}
			}
			if ok {
				break
			}
		}
		if !ok {
			continue
		}
		yaw := r.uni(0, twoPi)
		if r.chance(0.3) {
			yaw = float64(float64(r.IntN(4))*(math.Pi/2)) + r.uni(-0.1, 0.1)
		}
		f := s.f.at(x, y, 0).yaw(yaw)
		o := b.object(f)
		spots = append(spots, spot{x, y, o.radius})
		if o.top > 0 && r.chance(0.3) {
			b.object(f.at(float64(r.uni(-0.3, 0.3)*o.hx), float64(r.uni(-0.3, 0.3)*o.hy), o.top).yaw(r.uni(0, twoPi)))
		}
		if o.in > 0 && r.chance(0.6) {
			for range 1 + r.IntN(4) {
				b.fruit(f.at(r.uni(-o.in, o.in)*0.7, r.uni(-o.in, o.in)*0.7, o.inZ))
			}
		}
	}
	b.class = classBackground
}
