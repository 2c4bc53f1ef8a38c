//go:build !opencv || (gocv_specific_modules && !gocv_calib3d)

package main

// board says what this binary lacks.
func (*measuring) board() error {
	return usagef("--board: this edge is built without OpenCV's camera calibration; build it with cgo and OpenCV 4.6 or later:\n" +
		"  CGO_ENABLED=1 go build -tags opencv,gocv_specific_modules,gocv_videoio,gocv_calib3d ./cmd/edge\n" +
		"docs/opencv.md says how; without --board edge calibrate measures from plain motion")
}
