//go:build opencv

package main

import (
	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/opencv"
)

// openOpenCV opens what OpenCV's VideoCapture can.
func openOpenCV(args string, o sourceOptions) (capture.Source, error) {
	what, oo, err := opencv.ParseSpec(args)
	if err != nil {
		return nil, usageError{err}
	}
	src, err := opencv.Open(what, oo)
	if err != nil {
		return nil, err
	}
	if !src.Live() && (o.fps > 0 || o.paced) {
		return &paced{Source: src, fps: o.fps}, nil
	}
	return src, nil
}
