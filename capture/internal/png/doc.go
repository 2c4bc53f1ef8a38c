// Package png decodes and encodes the PNG files of RGB-D recordings into memory that the caller owns.
//
// It reads a whole file held in memory, row by row, and gives the samples as stored: 16-bit depth as uint16, colour as
// RGB8, labels as class indices. The pixels equal those of the standard library's image/png, which remains the judge:
// a file that the fast way refuses (interlaced, or broken) is handed to image/png before an error is told. A fuzz test
// holds the two together.
//
//	var d png.Decoder
//	h, err := d.Header(file)
//	depth := make([]uint16, h.Width*h.Height)
//	err = d.Gray16(depth, file)
//
// A Decoder and an Encoder keep their buffers and may be used again, by one goroutine at a time. Images are bounded
// before anything is allocated: at most [MaxSide] pixels a side and [MaxPixels] in all.
//
// Source: Portable Network Graphics (PNG) Specification, Third Edition, https://www.w3.org/TR/png-3/
package png
