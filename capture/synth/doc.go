// Package synth is a procedural RGB-D camera: it ray-casts table tops and rooms drawn from a seed, with textures, lights
// and shadows, through a colour camera and a separate depth camera with the flaws of real ones, and labels every pixel
// of the colour image exactly. It is the default source, the test camera and the source of training pairs.
//
//	cam, err := synth.Open("seed=7,scene=room,cut=1,frames=100")
//	if err != nil { … }
//	defer cam.Close()
//	var pair capture.Pair
//	for cam.Next(ctx, &pair) == nil {
//		// pair.Color, pair.Depth and pair.Labels are filled
//	}
//
// # Labels
//
// 0 is background. 1 is table: the visible horizontal top of a table, desk or counter. 2 is object: whatever stands or
// lies on such a top, flat papers and cables too. Front edges, legs, chairs, shelves and what stands on them, people and
// hands are background.
//
// With labels=indoor there are eight: 0 other, 1 wall (with its doors and windows), 2 floor, 3 ceiling, 4 table (the same
// tops), 5 chair (sofas too), 6 person, 7 object (the same things).
//
// # Cameras
//
// Depth is z along the depth camera's axis in millimetres. The depth camera sits centimetres beside the colour camera
// and has its own intrinsics; Calibration, fixed by the seed, tells both truly, the colour lens's distortion included.
// Frame i is taken at i/FPS on the camera's clock, its depth image 2 ms later. With noise=0 depth is exact to the
// millimetre. Otherwise a disparity is measured, with noise, and quantised, so that the error of z grows with z², as
// Nguyen, Izadi and Lovell (3DIMPVT 2012, "Modeling Kinect Sensor Noise for Improved 3D Reconstruction and Tracking")
// found for Kinect and Keselman et al. (CVPRW 2017, "Intel RealSense Stereoscopic Depth Cameras") derive for stereo;
// edges are ragged, what the projector or second eye cannot see is missing, and readings are lost on black, shiny,
// clear and slanted surfaces, near the borders and out of range.
//
// # Same seed, same bytes
//
// A frame depends on the options but Threads, and on its index, alone; and it has the same bytes on every CPU. The Go
// specification lets a compiler fuse x*y + z into one rounding, which the arm64 compiler does and the amd64 one does
// not; an explicit conversion forbids it. So every product in this package that could meet a sum is written
// float64(x*y), and a test looks for fused instructions in the package's arm64 code. The transcendental functions of
// package math have assembly on some CPUs, so math.go has its own.
package synth
