//go:build opencv && (!gocv_specific_modules || gocv_calib3d)

package opencv

import (
	"fmt"
	"image"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/calibrate"
	"gocv.io/x/gocv"
)

// Finder is what OpenCV knows about chessboards.
type Finder struct{}

var _ calibrate.Finder = Finder{}

// Corners finds a board's inner corners by findChessboardCorners and refines them by cornerSubPix, in a window that does not
// reach the next corner.
func (Finder) Corners(gray []byte, width, height int, b calibrate.Board) ([][2]float64, bool, error) {
	img, err := gocv.NewMatFromBytes(height, width, gocv.MatTypeCV8UC1, gray)
	if err != nil {
		return nil, false, fmt.Errorf("opencv: image of %dx%d: %w", width, height, err)
	}
	defer img.Close()
	found := gocv.NewMat()
	defer found.Close()
	flags := gocv.CalibCBAdaptiveThresh | gocv.CalibCBNormalizeImage | gocv.CalibCBFastCheck
	if !gocv.FindChessboardCorners(img, image.Pt(b.Cols, b.Rows), &found, flags) {
		return nil, false, nil
	}
	corners, err := points(found, b)
	if err != nil {
		return nil, false, err
	}
	nearest := float64(width)
	for i := range corners {
		if i%b.Cols > 0 {
			nearest = min(nearest, distance(corners[i], corners[i-1]))
		}
		if i >= b.Cols {
			nearest = min(nearest, distance(corners[i], corners[i-b.Cols]))
		}
	}
	reach := min(max(int(nearest*0.4), 2), 11)
	until := gocv.NewTermCriteria(gocv.Count|gocv.EPS, 40, 0.002)
	if err := gocv.CornerSubPix(img, &found, image.Pt(reach, reach), image.Pt(-1, -1), until); err != nil {
		return nil, false, fmt.Errorf("opencv: cornerSubPix: %w", err)
	}
	corners, err = points(found, b)
	return corners, err == nil, err
}

func distance(a, b [2]float64) float64 { return max(abs(a[0]-b[0]), abs(a[1]-b[1])) }

func abs(x float64) float64 { return max(x, -x) }

// points are the corners in a Mat of two floats each.
func points(m gocv.Mat, b calibrate.Board) ([][2]float64, error) {
	v, err := m.DataPtrFloat32()
	if err != nil || len(v) != 2*b.Cols*b.Rows {
		return nil, fmt.Errorf("opencv: a board of %d × %d corners came as %d numbers: %v", b.Cols, b.Rows, len(v), err)
	}
	corners := make([][2]float64, len(v)/2)
	for i := range corners {
		corners[i] = [2]float64{float64(v[2*i]), float64(v[2*i+1])}
	}
	return corners, nil
}

// onBoard are the board's corners as OpenCV takes them.
func onBoard(b calibrate.Board) []gocv.Point3f {
	at := make([]gocv.Point3f, b.Cols*b.Rows)
	for i := range at {
		p := b.At(i)
		at[i] = gocv.Point3f{X: float32(p[0]), Y: float32(p[1])}
	}
	return at
}

func inImage(corners [][2]float64) []gocv.Point2f {
	at := make([]gocv.Point2f, len(corners))
	for i, c := range corners {
		at[i] = gocv.Point2f{X: float32(c[0]), Y: float32(c[1])}
	}
	return at
}

// Pose asks solvePnP, for a camera that sees rays as they are.
func (Finder) Pose(b calibrate.Board, rays [][2]float64) (pose capture.Extrinsics, err error) {
	object := gocv.NewPoint3fVectorFromPoints(onBoard(b))
	defer object.Close()
	seen := gocv.NewPoint2fVectorFromPoints(inImage(rays))
	defer seen.Close()
	camera := gocv.Eye(3, 3, gocv.MatTypeCV64F)
	defer camera.Close()
	straight := gocv.NewMatWithSize(1, 5, gocv.MatTypeCV64F)
	defer straight.Close()
	straight.SetTo(gocv.NewScalar(0, 0, 0, 0))
	turn, shift, r := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer turn.Close()
	defer shift.Close()
	defer r.Close()
	if !gocv.SolvePnP(object, seen, camera, straight, &turn, &shift, false, 0) {
		return pose, fmt.Errorf("opencv: solvePnP finds no pose of the board")
	}
	if err := gocv.Rodrigues(turn, &r); err != nil {
		return pose, fmt.Errorf("opencv: Rodrigues: %w", err)
	}
	rv, err := r.DataPtrFloat64()
	if err != nil || copy(pose.Rotation[:], rv) != 9 {
		return pose, fmt.Errorf("opencv: solvePnP: a rotation of %d numbers: %v", len(rv), err)
	}
	tv, err := shift.DataPtrFloat64()
	if err != nil || copy(pose.Translation[:], tv) != 3 {
		return pose, fmt.Errorf("opencv: solvePnP: a translation of %d numbers: %v", len(tv), err)
	}
	return pose, nil
}

// Lens asks calibrateCamera, for focal lengths, centre, and four coefficients; the fifth, of the sixth power, is 0, since few
// boards tell it from the others.
func (Finder) Lens(b calibrate.Board, width, height int, views [][][2]float64) (in capture.Intrinsics, rms float64, err error) {
	objects, images := make([][]gocv.Point3f, len(views)), make([][]gocv.Point2f, len(views))
	for i, v := range views {
		objects[i], images[i] = onBoard(b), inImage(v)
	}
	object, seen := gocv.NewPoints3fVectorFromPoints(objects), gocv.NewPoints2fVectorFromPoints(images)
	defer object.Close()
	defer seen.Close()
	camera, bend, turns, shifts := gocv.NewMat(), gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer camera.Close()
	defer bend.Close()
	defer turns.Close()
	defer shifts.Close()
	const fixK3 = gocv.CalibFlag(gocv.CalibFlagPinholeFixK3)
	rms = gocv.CalibrateCamera(object, seen, image.Pt(width, height), &camera, &bend, &turns, &shifts, fixK3)
	c, err := camera.DataPtrFloat64()
	d, err2 := bend.DataPtrFloat64()
	if !(rms > 0) || err != nil || err2 != nil || len(c) != 9 || len(d) < 5 {
		return in, 0, fmt.Errorf("opencv: calibrateCamera finds no lens in %d views", len(views))
	}
	in = capture.Intrinsics{Width: width, Height: height, Fx: c[0], Fy: c[4], Cx: c[2], Cy: c[5], Model: capture.BrownConrady}
	copy(in.Coeffs[:], d[:5])
	return in, rms, nil
}
