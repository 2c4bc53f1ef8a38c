// Package mask holds the result of a segmented frame, the class of every pixel with the facts about how it was made,
// and writes it in the formats that other programs read.
//
// A [Mask] is pixels and provenance together: sequence number, capture time, skew between colour and depth, the student
// that made it and why that one. An [Encoder] writes masks one after another, each with a single Write of one whole
// frame, so a reader at the other end of a pipe never sees half a header and a full pipe is an error at once.
//
//	enc, err := mask.NewEncoder(os.Stdout, "ndjson", mask.Options{Palette: palette})
//	if err != nil { … }
//	for … {
//		if err := enc.Encode(&m, mask.Image{}); err != nil { … } // errors.Is(err, syscall.EPIPE): the reader left
//	}
//	err = enc.Close()
//
// The stream formats allocate nothing per frame once their buffers have grown to a frame's size. [Formats] lists them
// all; docs/formats.md describes each byte.
//
// Sources: PGM and PAM after the Netpbm manual (pgm(5), pam(5)); Y4M after MJPEG tools' yuv4mpeg(5); the run-length
// code after the COCO API's maskApi.c; luma and chroma after ITU-R BT.601; PNG by image/png.
package mask
