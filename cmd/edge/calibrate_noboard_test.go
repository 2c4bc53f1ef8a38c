//go:build !opencv || (gocv_specific_modules && !gocv_calib3d)

package main

import "testing"

func TestBoardNeedsATag(t *testing.T) {
	bad(t, exitUsage, []string{"built without OpenCV's camera calibration", "gocv_calib3d", "docs/opencv.md"}, "calibrate", recording(t), "--board", "9x6",
		"--square", "25")
}
