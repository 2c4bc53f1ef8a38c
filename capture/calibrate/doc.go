// Package calibrate measures, from a recording in which the rig or the scene moves, how the depth camera stands to the
// colour camera and how far their clocks are apart.
//
// Its one idea is that things end in both images at the same place and the same time. What moves, moves in both: the
// signed motion of the two streams, laid over each other in time, tells the offset of the clocks. Where an object ends
// in depth, its silhouette is an edge in colour: the geometry is the one that lays the depth edges of many frames on
// colour edges.
//
//	open := func() (capture.Source, error) { return replay.Open("recording", replay.Options{}) }
//	result, err := calibrate.Estimate(ctx, open, calibrate.Options{})
//	if err != nil { … } // says what the recording lacks
//	file := capture.CalibrationFile{Calibration: result.Calibration, DepthOffset: result.Offset.Value}
//
// Time. Each stream's motion between two frames is the one shift, horizontal and vertical, that explains the change of
// its image best (Lucas and Kanade, IJCAI 1981, over the whole image), and the mean change. The three signals' correlation
// is taken over a range of offsets, and its peak refined by a parabola.
//
// Geometry. Depth edges are pixels on the near side of a jump. Each, with the direction across the edge, is projected into
// the colour image by the geometry at hand; along that direction the colour's change is sampled. Taken as the odds of where
// the silhouette lies, with a share of points that lie nowhere, these profiles give a likelihood of the geometry, which
// expectation maximisation climbs from a wide spread to a narrow one (Dempster, Laird and Rubin, JRSS B 1977). Then the
// points are projected anew. The sampling across edges is that of Harris and Stennett's RAPID tracker (BMVC 1990).
//
// Uncertainties are standard deviations by bootstrap over parts of the recording, to which the geometry's add 0.4 pixels
// by which depth edges as a whole may lie beside the truth. What wrong intrinsics do does not show in them.
//
// A chessboard tells the geometry better, where there is one: [EstimateBoard].
//
// Limits. Without a board, intrinsics are taken as given, except for the colour's focal length on request, and the start must
// be within about 40 pixels in the image. Turning and shifting the camera look alike but for what the depth range of the scene tells apart:
// a scene at one distance does not give the translation, and is refused.
package calibrate
