package mask

import (
	"fmt"
	"io"
)

// Image is the colour image that a mask belongs to: RGB, 8 bits a channel, rows without padding. The zero value stands
// for none. Its size may differ from the mask's; pictures are then made at the image's size.
type Image struct {
	Width, Height int
	Pix           []byte // len = 3·Width·Height
}

func (im Image) none() bool { return im.Width == 0 && im.Height == 0 }

func (im Image) check() error {
	if !im.none() && (im.Width <= 0 || im.Height <= 0 || len(im.Pix) != 3*im.Width*im.Height) {
		return fmt.Errorf("mask: colour image: %d bytes for %d × %d pixels", len(im.Pix), im.Width, im.Height)
	}
	return nil
}

// Encoder writes masks one after another. It is not safe for concurrent use.
type Encoder interface {
	// Encode writes one mask, with the colour image for the formats that show it. What the underlying writer reports
	// is wrapped; a write that ends early is io.ErrShortWrite.
	Encode(m *Mask, color Image) error
	// Close ends the stream. It does not close the underlying writer.
	Close() error
}

// Options are what encoders may want to know; the zero value will do for all but names and colours.
type Options struct {
	Palette Palette
	FPS     float64 // frames per second that a video header states; 0 means 30
	Alpha   float64 // how far overlays go from camera (0) to class colour (1); 0 means 0.5

	Terminal Terminal // of the preview
}

const (
	defaultFPS   = 30
	defaultAlpha = 0.5
)

// Format describes one way to write masks.
type Format struct {
	Name   string
	Folder bool   // writes a file per frame into a folder ([NewFolder]) instead of a stream ([NewEncoder])
	Color  bool   // shows the colour image
	About  string // one line
}

// Formats lists the formats, streams first.
func Formats() []Format {
	return []Format{
		{"pgm", false, false, "binary PGM images (P5), one after another; a pixel is its class id"},
		{"pam", false, false, "PAM images (P7) with a comment line of facts; a pixel is its class id"},
		{"y4m", false, false, "grey YUV4MPEG2 video; luma is the class id"},
		{"y4m-overlay", false, true, "YUV4MPEG2 video, 4:4:4, camera with classes painted over; plays in ffplay"},
		{"y4m-overlay-420", false, true, "the same in 4:2:0, half the bytes"},
		{"ndjson", false, false, "a JSON object a line: facts, pixels per class, COCO run-length masks"},
		{"raw", false, false, "class ids only, a byte a pixel, nothing between frames"},
		{"preview", false, true, "coloured picture in a terminal, with legend and speed"},
		{"png", true, false, "folder of PNG images with palette; a pixel is its class id"},
		{"overlay", true, true, "folder of PNG images, camera with classes painted over"},
	}
}

// NewEncoder returns the encoder of a stream format that writes to w.
func NewEncoder(w io.Writer, format string, o Options) (Encoder, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	switch format {
	case "pgm":
		return &netpbm{out: out{w: w}, header: pgmHeader}, nil
	case "pam":
		return &netpbm{out: out{w: w}, header: pamHeader}, nil
	case "raw":
		return &netpbm{out: out{w: w}, header: noHeader}, nil
	case "y4m":
		return &y4m{out: out{w: w}, fps: o.FPS, chroma: mono}, nil
	case "y4m-overlay":
		return &y4m{out: out{w: w}, fps: o.FPS, chroma: c444, blend: newBlender(o), colors: newYCC()}, nil
	case "y4m-overlay-420":
		return &y4m{out: out{w: w}, fps: o.FPS, chroma: c420, blend: newBlender(o), colors: newYCC()}, nil
	case "ndjson":
		return newNDJSON(w, o), nil
	case "preview":
		return newPreview(w, o), nil
	}
	for _, f := range Formats() {
		if f.Name == format {
			return nil, fmt.Errorf("mask: format %q: writes a folder, not a stream", format)
		}
	}
	return nil, fmt.Errorf("mask: format %q: unknown", format)
}

// defaults fills zero values in and refuses what makes no sense.
func (o *Options) defaults() error {
	if o.FPS == 0 {
		o.FPS = defaultFPS
	}
	if o.Alpha == 0 {
		o.Alpha = defaultAlpha
	}
	if !(o.FPS > 0 && o.FPS <= 1e6) {
		return fmt.Errorf("mask: options: %v frames per second", o.FPS)
	}
	if !(o.Alpha > 0 && o.Alpha <= 1) {
		return fmt.Errorf("mask: options: alpha %v is not above 0 and at most 1", o.Alpha)
	}
	if len(o.Palette.Classes) == 0 && o.Palette.Void == 0 {
		o.Palette.Void = 255
	}
	return nil
}

// out is where an encoder's bytes go: a frame is gathered in buf, which is reused, and leaves in one Write.
type out struct {
	w   io.Writer
	buf []byte
}

func (o *out) flush(seq uint64) error {
	n, err := o.w.Write(o.buf)
	if err == nil && n < len(o.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("mask: write frame %d: %w", seq, err)
	}
	return nil
}
