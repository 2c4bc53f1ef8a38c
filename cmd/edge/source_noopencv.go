//go:build !opencv

package main

import "github.com/depthwise/depthwise/capture"

// openOpenCV says what this binary lacks.
func openOpenCV(string, sourceOptions) (capture.Source, error) {
	return nil, usagef("source opencv: this edge is built without OpenCV; build it with cgo and OpenCV 4.6 or later:\n" +
		"  CGO_ENABLED=1 go build -tags opencv,gocv_specific_modules,gocv_videoio,gocv_calib3d ./cmd/edge\ndocs/opencv.md says how")
}
