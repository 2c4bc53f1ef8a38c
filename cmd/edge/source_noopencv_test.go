//go:build !opencv

package main

import "testing"

func TestOpenCVNeedsATag(t *testing.T) {
	bad(t, exitUsage, []string{"built without OpenCV", "-tags opencv", "docs/opencv.md"}, "run", "opencv:0")
}
