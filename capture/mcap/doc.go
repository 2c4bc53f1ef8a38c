// Package mcap reads and writes RGB-D recordings as MCAP files, which Foxglove and the ROS 2 tools open.
//
// It reads colour and depth images in Foxglove's protobuf messages and in ROS 1's and ROS 2's sensor_msgs, raw or
// compressed, with their camera calibration, and writes Foxglove's: colour as PNG, depth as 16UC1, both lossless, so
// that what it writes replays byte for byte with times, sequence numbers, calibration and labels.
//
// One idea: a file is scanned once from front to back into one line per image, so that neither a missing index nor a
// torn end matters; a pair is then read from the two chunks that hold its images.
//
//	rec, err := mcap.Open("desk.mcap", mcap.Options{})
//	if err != nil { … }
//	defer rec.Close()
//	var pair capture.Pair
//	err = rec.Next(ctx, &pair)
//
// The container is read and written here and not by the foxglove/mcap library, whose package carries its test helpers,
// and with them an HTTP server, into every binary; the tests hold the two together in both directions.
//
// Limits: a chunk has at most 512 MiB, an image at most 16384 pixels a side and 64 megapixels; video is not read.
//
// Sources: MCAP Format Specification, https://mcap.dev/spec; Foxglove message schemas,
// https://docs.foxglove.dev/docs/sdk/schemas; ROS 2 CDR as in OMG's DDS-XTypes 1.3, 7.4; ROS REP 118 for depth images.
package mcap
