// Package realsense reads RealSense cameras, and plays their recordings, through the vendor's librealsense2 as a
// [capture.Source].
//
// The library is opened when the program runs, without cgo; the package is built with the tag realsense, on Linux and
// macOS, and without the tag has only [Options], so that a program can say what it lacks.
//
//	cam, err := realsense.Open(realsense.Options{Serial: "943222071234"})
//	if err != nil { … }
//	defer cam.Close()
//	var pair capture.Pair
//	for cam.Next(ctx, &pair) == nil {
//		…
//	}
//
// One idea: the library's threads hand frames over, and are never kept waiting. Each frame is copied at once into a
// bounded queue of our own memory and given back, so that the camera's pool of buffers cannot run dry; when the queue is
// full its oldest frame goes, and is counted. Colour conversion and pairing by time happen in Next, on the caller's
// goroutine. A recording is the exception: nothing may be lost, so there the library waits until its frame is taken.
//
// Times are the camera's, in the clock that each frame names (capture.Pair.Clock); where the two streams' clocks differ,
// the times at which frames arrived take their place. Frames that the camera or the library lost are known from gaps in
// the frame numbers: Stats counts them, and Pair.Seq has a gap there.
//
// Limits: one depth and one colour stream; infrared, motion and the library's filters are not used. One process can have
// a camera at a time.
//
// Sources: the headers of librealsense2 and doc/frame_lifetime.md, doc/frame_metadata.md and doc/record-and-playback.md
// of its repository.
package realsense
