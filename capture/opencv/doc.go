// Package opencv reads what OpenCV's VideoCapture opens: USB and CSI cameras, video files, RTSP streams, GStreamer
// pipelines and numbered images, as one half of a pair: colour, or depth of 16 bits.
//
// It is built with the tag opencv, through gocv.io/x/gocv, and needs cgo, OpenCV 4.6 or later and gocv's own tags:
//
//	CGO_ENABLED=1 go build -tags opencv,gocv_specific_modules,gocv_videoio,gocv_calib3d ./cmd/edge
//
// Its one idea is that the other image is there and empty of readings: a colour source has depth that is 0 everywhere, a
// depth source a black colour image. Alone it is a camera that lost one half; package pairof takes the half that counts.
//
//	src, err := opencv.Open("/dev/video0", opencv.Options{})
//	…
//	both, err := pairof.New(src, depth, pairof.Options{Calibration: &cal, Live: src.Live()})
//
// A device is read by a goroutine of its own, and the newest frame wins; what was overtaken is counted. A file is read in
// order and loses nothing. OpenCV tells neither exposure times nor intrinsics: a device's times are those of arrival, on the
// host's clock since Open, and the calibration is a pin-hole of 60 degrees, which Assumed says; give the pair a measured one.
//
// Limits. A read that hangs inside OpenCV cannot be broken off: Close leaves it behind after two seconds and says so.
// Whether depth of 16 bits comes through unchanged depends on OpenCV's backend; frames of another type are an error.
package opencv
