// Package replay reads and writes RGB-D recordings that lie in a folder as image files.
//
// It opens three layouts, found by looking:
//
//   - TUM RGB-D: rgb.txt and depth.txt with a line "timestamp filename" per image, or an association file
//     (associations.txt, associate.txt, assoc.txt) with a line "time rgb time depth" per pair;
//   - plain folders: color (or rgb) and depth, paired by the number in the name, else by the name;
//   - what Depthwise writes: the TUM layout with associations, calibration.json and, where known, labels.
//
// One idea: the folder is listed once, into one line per pair; after that a pair is read only when it is asked for, a
// bounded number of pairs ahead, by a few goroutines, in order. Nothing is lost silently: what has no partner, what
// was skipped and what was assumed is told by [Recording.Stats] and [Recording.Assumed].
//
//	rec, err := replay.Open("kitchen", replay.Options{})
//	if err != nil { … }
//	defer rec.Close()
//	var pair capture.Pair
//	for {
//		err := rec.Next(ctx, &pair)
//		if err == io.EOF { break }
//		…
//	}
//
// [Create] writes. An image appears under its name only when it is whole, and an index line only when both images
// have, so that a recording whose writer was killed replays up to its last whole pair.
//
// Without calibration.json depth is taken as registered, 1 mm a unit (1/5000 m in the TUM layout), behind a 60° lens or
// the one of camera-intrinsics.txt; Options.Calibration says better.
//
// Limits: colour is JPEG or PNG (16-bit PNG keeps the high byte), depth 16-bit gray PNG, labels 8-bit PNG; at most
// 16384 pixels a side and 64 megapixels an image. The memory of images is reused: a steady pair costs only what opening
// its files does, but for JPEG, whose decoder is the standard library's and allocates.
//
// Sources: J. Sturm et al., "A Benchmark for the Evaluation of RGB-D SLAM Systems", IROS 2012, and its file formats,
// https://cvg.cit.tum.de/data/datasets/rgbd-dataset/file_formats.
package replay
