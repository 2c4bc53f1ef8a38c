//go:build !(realsense && (linux || darwin))

package main

import "github.com/depthwise/depthwise/capture"

// openRealSense says what this binary lacks.
func openRealSense(string, sourceOptions) (capture.Source, error) {
	return nil, usagef("source realsense: this edge is built without RealSense cameras; build it on or for Linux or macOS with\n" +
		"  go build -tags realsense ./cmd/edge\nand install librealsense2, which it opens when it runs: docs/cameras.md says how.\n" +
		"A recording (.bag) needs neither: edge run FILE.bag")
}

// cameras says that this binary does not look for any.
func cameras() (found, findings []string) {
	return []string{"RealSense: not in this binary; go build -tags realsense ./cmd/edge (docs/cameras.md)"}, nil
}

func realsenseTroubles(capture.Source) (skipped uint64, problems []string, ok bool) {
	return 0, nil, false
}

func realsenseWords(capture.Source) string { return "" }
