// Package capture holds what a colour and a depth camera deliver: frames, pairs of frames, the geometry of the two
// cameras, pairing by time and the registration of depth into the colour camera.
//
// A [Source] is pulled: the caller owns the [Pair], the source fills it and reuses its memory. A device that pushes is
// adapted once, in its own package, by a bounded queue whose drops are counted.
//
//	src, err := replay.Open("recording")
//	if err != nil { … }
//	defer src.Close()
//	var pair capture.Pair
//	for {
//		err := src.Next(ctx, &pair)
//		if err == io.EOF { break }
//		…
//	}
//
// A recording in which each camera has its own geometry is registered pair by pair:
//
//	reg, err := capture.NewRegistrar(src.Calibration(), pool.New(threads))
//	…
//	err = reg.Register(&depth, &pair.Depth) // depth now has the colour image's size and viewpoint
//
// Two streams that come on their own are put together by a [Pairer], which a device's package feeds with both. When one
// of them falls silent, the other's frames can go on as half pairs. A [Counter] unwraps a device's clock, a [ClockSync]
// maps it to the host's.
//
// Colour is RGB8, depth is uint16 in units of [Calibration.DepthScale] metres with 0 for "no reading". Geometry follows
// the pin-hole model with x to the right, y down and z forward, and the centre of the top-left pixel at (0, 0).
package capture
