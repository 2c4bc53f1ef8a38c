// Package pairof makes one source out of two: the colour images of any source and the depth images of any other, paired
// by time.
//
// Its one idea is that where the times come from decides how to pair. Two recordings are merged: always the stream that
// is behind is read on, so that the pairs are the same at each run and every frame is accounted for. Two live devices
// each fill a bounded queue from a goroutine of their own, and neither can hold up the other.
//
//	color, err := opencv.Open("0", opencv.Options{})
//	depth, err := replay.Open("depth-only", replay.Options{Paced: true})
//	cal, err := capture.LoadCalibrationFile("calibration.json")
//	src, err := pairof.New(color, depth, pairof.Options{
//		Calibration: &cal.Calibration, Offset: cal.DepthOffset, Live: true, Clock: pairof.Arrival,
//	})
//	defer src.Close() // closes both
//	err = src.Next(ctx, &pair)
//
// The pairing itself is [capture.Pairer]'s: nearest in a window, each frame used at most once, order kept. [ParseSpec]
// reads the command line's form of the same.
//
// Labels are those of the colour source. Limits. A frame that a sub-source lost cannot be counted here; its own statistics tell.
// On the arrival clock, what two devices' smallest delays differ by stays in the times: measure it once with
// `edge calibrate` and give it as Offset.
package pairof
