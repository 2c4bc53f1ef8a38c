//go:build !(realsense && (linux || darwin))

package main

import "testing"

func TestRealSenseNeedsATag(t *testing.T) {
	bad(t, exitUsage, []string{"built without RealSense cameras", "go build -tags realsense", "docs/cameras.md"}, "run", "realsense:serial=1")
}
