package calibrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/depthwise/depthwise/capture"
)

// A Board is a chessboard: a plane with squares, of which the corners where four of them meet are looked for.
type Board struct {
	Cols, Rows int     // corners along and across; not equal, so that the board's two sides can be told apart
	Square     float64 // side of a square, metres
}

// Check tells what is no board.
func (b Board) Check() error {
	switch {
	case b.Cols < 3 || b.Rows < 3 || b.Cols > 64 || b.Rows > 64:
		return fmt.Errorf("calibrate: board of %d × %d corners: want 3 to 64 along and across", b.Cols, b.Rows)
	case b.Cols == b.Rows:
		return fmt.Errorf("calibrate: board of %d × %d corners: along and across must differ", b.Cols, b.Rows)
	case !(b.Square >= 0.001 && b.Square <= 1):
		return fmt.Errorf("calibrate: board with squares of %v m: want 0.001 to 1", b.Square)
	}
	return nil
}

// At is corner i, row by row, on the board: metres along and across from the first.
func (b Board) At(i int) [2]float64 {
	return [2]float64{float64(i%b.Cols) * b.Square, float64(i/b.Cols) * b.Square}
}

// fromTheFront numbers corners so that the board is seen from its front: along to the right is across downwards. A finder may
// begin at any corner and go either way.
func (b Board) fromTheFront(corners [][2]float64) [][2]float64 {
	first, along, across := corners[0], corners[b.Cols-1], corners[b.Cols*(b.Rows-1)]
	if (along[0]-first[0])*(across[1]-first[1])-(along[1]-first[1])*(across[0]-first[0]) < 0 {
		for row := range b.Rows {
			slices.Reverse(corners[row*b.Cols:][:b.Cols])
		}
	}
	return corners
}

// A Finder is the computer vision that a calibration from a board needs; package opencv has one.
type Finder interface {
	// Corners finds the inner corners of the whole board in an image of 8-bit gray, to a part of a pixel, row by row.
	Corners(gray []byte, width, height int, b Board) (corners [][2]float64, ok bool, err error)
	// Pose is where the board stands whose corners are seen along rays (x, y, 1): corner p at Rotation·p + Translation.
	Pose(b Board, rays [][2]float64) (capture.Extrinsics, error)
	// Lens measures a camera's intrinsics from several views, and how far they leave the corners, in pixels (RMS).
	Lens(b Board, width, height int, views [][][2]float64) (in capture.Intrinsics, rms float64, err error)
}

// BoardOptions of an estimate from a board.
type BoardOptions struct {
	Initial  *capture.Calibration // where to begin; nil takes the source's calibration
	Lens     bool                 // measure the colour camera's intrinsics too, and with Infrared the depth camera's
	Scale    bool                 // measure the depth scale too; not with Infrared
	Infrared bool                 // depth images are the depth camera's picture of the board, 8 bits of gray, no distances
	Frames   int                  // views that are used at most; 0 = 48
	Progress func(done, total int)
}

// BoardResult is what a board told.
type BoardResult struct {
	Calibration capture.Calibration
	// RotationSigma is in radians about the colour camera's axes, TranslationSigma in metres along them: how much they change
	// when the views are drawn anew.
	RotationSigma, TranslationSigma [3]float64
	ScaleSigma                      float64 // of the depth scale, as a factor; 0 if not measured
	// Before and After are RMS distances of the depth images' points from the board, in metres; with Infrared, of the board's
	// corners from where they are seen, in pixels.
	Before, After float64
	Seen, Views   int        // frames in which colour shows the whole board; views that were used
	LensRMS       [2]float64 // of the colour and the depth camera's intrinsics, pixels; 0 if not measured
}

const (
	minViews    = 6    // that have to agree
	maxPoseRMS  = 2    // pixels that a board's corners may be off in a view that is used
	surestShift = 0.02 // metres of uncertainty above which the translation is no measurement
	candidates  = 4    // frames in which the board is looked for, for each that is used
	minReadings = 60   // of depth on a board
)

// EstimateBoard measures, from a recording that shows a chessboard in many positions, how the depth camera stands to the
// colour camera. In depth images the board is a plane and nothing else: the geometry is the one that lays those planes
// on the boards that colour sees (Unnikrishnan and Hebert, Fast extrinsic calibration of a laser rangefinder to a camera,
// CMU-RI-TR-05-09, 2005). With Infrared both cameras see the corners, and the geometry is the one that projects them best
// (Zhang, A flexible new technique for camera calibration, TPAMI 2000, for one camera).
func EstimateBoard(ctx context.Context, open func() (capture.Source, error), b Board, finder Finder, o BoardOptions) (*BoardResult, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if o.Frames <= 0 {
		o.Frames = 48
	}
	if o.Scale && o.Infrared {
		return nil, fmt.Errorf("calibrate: the depth scale cannot be measured from infrared pictures")
	}
	s := &sightings{board: b, finder: finder, o: o}
	if err := s.collect(ctx, open); err != nil {
		return nil, err
	}
	r := &BoardResult{Calibration: s.cal, Seen: len(s.views)}
	if len(s.views) < minViews {
		return nil, refuse("board: colour shows %d × %d corners in %d of %d frames looked at, at least %d are needed", b.Cols, b.Rows,
			len(s.views), s.tried, minViews)
	}
	if o.Lens {
		if err := s.lenses(r); err != nil {
			return nil, err
		}
	}
	if err := s.poses(); err != nil {
		return nil, err
	}
	s.spread(o.Frames)
	fit := s.fitPlanes
	if o.Infrared {
		fit = s.fitCorners
	}
	parts, err := fit(r)
	if err != nil {
		return nil, err
	}
	r.Views = len(parts)
	return r, uncertain(r, parts, s.free())
}

// free are the parameters that are measured. The seventh is the logarithm of the depth scale's factor.
func (s *sightings) free() [params]bool {
	return [params]bool{true, true, true, true, true, true, s.o.Scale}
}
