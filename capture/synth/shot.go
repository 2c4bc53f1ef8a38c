package synth

import "math"

// shot is how one scene is filmed: pose, exposure, colour and the flaws of this take.
type shot struct {
	top    surface // what the camera looks at
	wander bool    // the camera is at eye and looks along az, elev
	eye    vec
	target vec
	az     float64
	elev   float64
	dist   float64
	roll   float64
	phase  [6]float64
	swing  float64

	gain   vec     // white balance
	bright float64 // wanted mean of the picture
	gamma  float64
	contra float64
	vignet float64
	blur   float64 // lens blur, standard deviation in pixels of a 640-pixel picture
	smear  vec     // motion blur, pixels in x and y
	grain  float64 // sensor noise
	satur  float64
	haze   float64
}

func (b *builder) aim(s surface, _ bool) { b.shot = shot{top: s} }
func (b *builder) wander()               { b.shot = shot{wander: true, az: b.r.uni(0, twoPi)} }

// drawShot settles pose and look, with the scene complete.
func (s *scene) drawShot(r *rng) {
	t := &s.shot
	if t.wander {
		s.placeWander(r)
	} else {
		s.placeOrbit(r)
	}
	t.roll = float64(r.norm() * 0.06)
	if t.elev > 1.1 && r.chance(0.5) || r.chance(0.03) {
		t.roll = r.uni(-math.Pi, math.Pi)
	}
	for i := range t.phase {
		t.phase[i] = r.uni(0, twoPi)
	}
	t.swing = r.uni(0.05, 0.35)

	cast := r.uni(0, 0.16)
	if r.chance(0.1) {
		cast = 0.4
	}
	t.gain = vec{1 + float64(cast*r.uni(-1, 1)), 1 + float64(cast*r.uni(-0.5, 0.5)), 1 + float64(cast*r.uni(-1, 1))}
	t.bright = r.uni(0.32, 0.66)
	if r.chance(0.05) {
		t.bright = r.uni(0.16, 0.28)
	}
	t.gamma = r.uni(0.85, 1.2)
	t.contra = r.uni(0, 1.1)
	t.vignet = float64(r.uni(0, 0.4) * r.Float64())
	t.blur = r.uni(0.36, 0.75)
	if r.chance(0.2) {
		t.blur = r.uni(0.8, 1.8)
	}
	if r.chance(0.2) {
		t.smear = vec{float64(r.norm() * 3), float64(r.norm() * 2), 0}
	}
	t.grain = float64(r.uni(0.2, 4) * r.Float64())
	t.satur = r.uni(0.6, 1.25)
	t.haze = float64(r.uni(0, 0.06) * r.Float64())
}

// inside tells whether p is in the room, m from its walls.
func (s *scene) inside(p vec, m float64) bool {
	return math.Abs(p.x) < s.half.x-m && math.Abs(p.y) < s.half.y-m && p.z > 0.15 && p.z < float64(2*s.half.z)-m
}

// clear tells whether the camera at e looking along d has room before its lens.
func (s *scene) clear(e, d vec, l float64) bool {
	d = d.unit()
	x := d.perp()
	y := d.cross(x)
	for _, k := range [5][2]float64{{0, 0}, {0.3, 0}, {-0.3, 0}, {0, 0.3}, {0, -0.3}} {
		if s.tree.blocked(s.prims, e, d.madd(x, k[0]).madd(y, k[1]), 0, l) {
			return false
		}
	}
	return true
}

func (s *scene) placeOrbit(r *rng) {
	t := &s.shot
	for try := range 60 {
		u, v := r.uni(-0.75, 0.75), r.uni(-0.75, 0.75)
		if r.chance(0.15) { // the table at the picture's border
			u, v = float64(r.sign()*r.uni(0.8, 1.3)), float64(r.sign()*r.uni(0.5, 1.2))
		}
		t.target = t.top.f.point(float64(u*t.top.hx), float64(v*t.top.hy), r.uni(-0.05, 0.15))
		t.az = r.uni(0, twoPi)
		t.elev = r.uni(0.12, 1.0)
		switch r.pick(6, 2.5, 1) {
		case 1:
			t.elev = r.uni(0.5, 1.3)
		case 2:
			t.elev = r.uni(1.2, 1.56)
		}
		want := t.dist
		if want == 0 || want > 0 && try > 30 {
			t.dist = r.log(0.42, 1.5)
		}
		e := t.orbit(0, 0, 1)
		ok := s.inside(e, 0.12) && s.clear(e, t.target.sub(e), min(0.3, float64(t.dist*0.6)))
		if ok {
			return
		}
		t.dist = want
	}
	// A steep view from close above is free in nearly every room.
	t.az, t.elev, t.dist = r.uni(0, twoPi), r.uni(0.9, 1.5), r.uni(0.4, 0.7)
}

func (s *scene) placeWander(r *rng) {
	t := &s.shot
	t.elev = r.uni(-0.15, 0.6)
	if r.chance(0.2) {
		t.elev = r.uni(0.6, 1.4)
	}
	for range 60 {
		t.eye = vec{s.half.x * r.uni(-0.85, 0.85), s.half.y * r.uni(-0.9, 0.9), r.uni(0.5, 1.7)}
		if s.inside(t.eye, 0.2) && s.clear(t.eye, t.look(), 0.5) {
			return
		}
		t.az += float64(r.norm() * 0.5)
	}
}

// look is the viewing direction of a wandering camera.
func (t *shot) look() vec {
	sa, ca := sincos(t.az)
	se, ce := sincos(t.elev)
	return vec{-float64(ca * ce), -float64(sa * ce), -se}
}

func (t *shot) orbit(daz, delev, k float64) vec {
	sa, ca := sincos(t.az + daz)
	se, ce := sincos(clamp(t.elev+delev, 0.05, 1.56))
	d := float64(t.dist * k)
	return t.target.add(vec{float64(float64(ca*ce) * d), float64(float64(sa*ce) * d), float64(se * d)})
}

// pose is the colour camera's frame at time sec of the shot: x right, y down, z forward. The path is made of slow
// sines, so a pose depends on the time alone.
func (s *scene) pose(sec float64) frame {
	t := &s.shot
	wave := func(i int, hz float64) float64 {
		a, _ := sincos(float64(float64(hz*twoPi)*sec) + t.phase[i])
		b, _ := sincos(t.phase[i])
		return a - b
	}
	daz, del := float64(t.swing*wave(0, 0.05)), float64(float64(t.swing*0.4)*wave(1, 0.07))
	k := 1 + float64(float64(t.swing*0.3)*wave(2, 0.04))
	shake := vec{float64(0.004 * wave(3, 1.1)), float64(0.004 * wave(4, 1.4)), float64(0.003 * wave(5, 1.7))}
	var eye, fwd vec
	if t.wander {
		c := *t
		c.az += daz
		c.elev += del
		fwd = c.look()
		eye = t.eye.madd(fwd.times(vec{1, 1, 0}), float64(0.4*wave(2, 0.04)))
	} else {
		eye = t.orbit(daz, del, k)
		fwd = t.target.sub(eye).unit()
	}
	eye = eye.add(shake)
	m := vec{0.08, 0.08, 0.08}
	lim := s.half.sub(m)
	eye = vec{clamp(eye.x, -lim.x, lim.x), clamp(eye.y, -lim.y, lim.y), clamp(eye.z, 0.1, float64(2*s.half.z)-0.08)}
	if !t.wander {
		fwd = t.target.sub(eye).unit()
	}
	right := fwd.cross(vec{0, 0, 1})
	if right.length() < 1e-3 {
		sa, ca := sincos(t.az + daz)
		right = vec{-sa, ca, 0}
	}
	right = right.unit()
	f := frame{eye, right, fwd.cross(right), fwd}
	return f.yaw(t.roll + float64(0.01*wave(4, 0.9)))
}
