package calibrate

import (
	"context"
	"math"

	"github.com/depthwise/depthwise/capture"
)

// sightings are the frames of a recording in which the board was seen.
type sightings struct {
	board  Board
	finder Finder
	o      BoardOptions
	cal    capture.Calibration
	tried  int
	views  []view
}

// view is one frame with a board.
type view struct {
	corners  [][2]float64       // in the colour image, pixels
	infrared [][2]float64       // in the depth camera's picture, if there is one
	pose     capture.Extrinsics // of the board in the colour camera
	seen     capture.Extrinsics // in the depth camera, from its picture
	depth    capture.Depth
}

// collect reads the source twice: for how it moves, and for the boards of its calmest frames.
func (s *sightings) collect(ctx context.Context, open func() (capture.Source, error)) error {
	moves := newMotion()
	total := 0
	tell := func(done, of int) {
		if s.o.Progress != nil {
			s.o.Progress(done, of)
		}
	}
	o := Options{Initial: s.o.Initial}.withDefaults()
	if err := each(ctx, open, o, &s.cal, func(i int, p *capture.Pair) error {
		moves.add(p)
		total = i + 1
		tell(total, 0)
		return nil
	}); err != nil {
		return err
	}
	if total < minViews {
		return refuse("the recording has %d pairs; at least %d views of the board are needed", total, minViews)
	}
	calm := moves.calmest(candidates * s.o.Frames)
	var same capture.Calibration
	return each(ctx, open, o, &same, func(i int, p *capture.Pair) error {
		tell(total+i+1, 2*total)
		// A recording hardly longer than what is wanted is looked at whole: its motion says little.
		if total > candidates*s.o.Frames && !calm.has(p.ColorTime) {
			return nil
		}
		return s.look(p)
	})
}

// look adds the frame if it shows the board.
func (s *sightings) look(p *capture.Pair) error {
	s.tried++
	c := &p.Color
	gray := make([]byte, c.Width*c.Height)
	for i := range gray {
		q := c.Pix[3*i:][:3]
		gray[i] = byte((77*int(q[0]) + 150*int(q[1]) + 29*int(q[2]) + 128) >> 8)
	}
	corners, ok, err := s.finder.Corners(gray, c.Width, c.Height, s.board)
	if err != nil || !ok {
		return err
	}
	v := view{corners: s.board.fromTheFront(corners)}
	if !s.o.Infrared {
		v.depth.Resize(p.Depth.Width, p.Depth.Height)
		copy(v.depth.Pix, p.Depth.Pix)
		s.views = append(s.views, v)
		return nil
	}
	gray = make([]byte, len(p.Depth.Pix))
	for i, x := range p.Depth.Pix {
		gray[i] = byte(min(x, 255))
	}
	corners, ok, err = s.finder.Corners(gray, p.Depth.Width, p.Depth.Height, s.board)
	if err != nil || !ok {
		return err
	}
	v.infrared = s.board.fromTheFront(corners)
	s.views = append(s.views, v)
	return nil
}

// lenses measures the intrinsics of the cameras that see the corners.
func (s *sightings) lenses(r *BoardResult) (err error) {
	color, infrared := make([][][2]float64, len(s.views)), make([][][2]float64, len(s.views))
	for i, v := range s.views {
		color[i], infrared[i] = v.corners, v.infrared
	}
	c := &s.cal.Color
	if *c, r.LensRMS[0], err = s.finder.Lens(s.board, c.Width, c.Height, color); err != nil {
		return err
	}
	if s.o.Infrared {
		d := &s.cal.Depth
		if *d, r.LensRMS[1], err = s.finder.Lens(s.board, d.Width, d.Height, infrared); err != nil {
			return err
		}
	}
	if err := s.cal.Validate(); err != nil {
		return refuse("board: the measured intrinsics are none of a camera (%v): show the board tilted, and in all parts of the image", err)
	}
	return nil
}

// poses says where the board is in each view. Views that the lens cannot explain are left out.
func (s *sightings) poses() error {
	color, depth := capture.NewLens(s.cal.Color), capture.NewLens(s.cal.Depth)
	var offs []float64
	for i := range s.views {
		v := &s.views[i]
		var off, off2 float64
		var err error
		if v.pose, off, err = s.pose(&color, v.corners); err != nil {
			return err
		}
		if s.o.Infrared {
			if v.seen, off2, err = s.pose(&depth, v.infrared); err != nil {
				return err
			}
		}
		offs = append(offs, max(off, off2))
	}
	// A pose that leaves corners further off than most is one of a plane's false ones, or of a board that moved.
	usual := median(offs)
	kept := s.views[:0]
	for i, v := range s.views {
		if offs[i] <= min(maxPoseRMS, 3*usual+0.1) {
			kept = append(kept, v)
		}
	}
	s.views = kept
	if len(kept) < minViews {
		return refuse("board: the intrinsics leave the board's corners %.1f pixels off in the median: they are wrong; measure them too", usual)
	}
	return nil
}

// pose is where a board is, and how far from its corners it leaves them, in pixels; infinitely far where it has none.
func (s *sightings) pose(lens *capture.Lens, corners [][2]float64) (pose capture.Extrinsics, rms float64, err error) {
	rays := make([][2]float64, len(corners))
	for i, c := range corners {
		x, y, ok := lens.Ray(c[0], c[1])
		if !ok {
			return pose, math.Inf(1), nil
		}
		rays[i] = [2]float64{x, y}
	}
	if pose, err = s.finder.Pose(s.board, rays); err != nil {
		return pose, 0, err
	}
	sum := 0.0
	for i, c := range corners {
		x, y, ok := project(lens, pose, s.board.At(i))
		if !ok {
			return pose, math.Inf(1), nil
		}
		sum += (x-c[0])*(x-c[0]) + (y-c[1])*(y-c[1])
	}
	return pose, math.Sqrt(sum / float64(len(corners))), nil
}

// project is the pixel at which a point of the board is seen.
func project(lens *capture.Lens, pose capture.Extrinsics, at [2]float64) (x, y float64, ok bool) {
	p := pose.Apply([3]float64{at[0], at[1], 0})
	if !(p[2] > 0.01) {
		return 0, 0, false
	}
	return lens.Pixel(p[0]/p[2], p[1]/p[2])
}

// spread keeps the n views that differ most, in how the board leans and where it is.
func (s *sightings) spread(n int) {
	if len(s.views) <= n {
		return
	}
	place := func(v view) [6]float64 {
		t := v.pose.Translation
		return [6]float64{v.pose.Rotation[2], v.pose.Rotation[5], v.pose.Rotation[8], t[0] / t[2], t[1] / t[2], math.Log(t[2])}
	}
	far := make([]float64, len(s.views))
	for i := range far {
		far[i] = math.Inf(1)
	}
	kept := make([]view, 0, n)
	at := 0
	for len(kept) < n {
		kept = append(kept, s.views[at])
		from := place(s.views[at])
		for i := range s.views {
			to, d := place(s.views[i]), 0.0
			for k := range from {
				d += (to[k] - from[k]) * (to[k] - from[k])
			}
			far[i] = min(far[i], d)
		}
		for i := range far {
			if far[i] > far[at] {
				at = i
			}
		}
	}
	s.views = kept
}
