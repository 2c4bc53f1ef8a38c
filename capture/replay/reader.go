package replay

import (
	"fmt"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/jpeg"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// reader reads images, one at a time, keeping its buffers.
type reader struct {
	dir  string
	cal  capture.Calibration
	file []byte
	png  png.Decoder
}

// pair reads the images of e.
func (r *reader) pair(e *entry, dst *capture.Pair) error {
	dst.Seq, dst.ColorTime, dst.DepthTime, dst.Clock = e.seq, e.colorTime, e.depthTime, e.clock
	if err := r.color(e.color, &dst.Color); err != nil {
		return err
	}
	if err := r.depth(e.depth, &dst.Depth); err != nil {
		return err
	}
	if e.label == "" {
		dst.Labels.Resize(0, 0)
		return nil
	}
	return r.labels(e.label, &dst.Labels)
}

func (r *reader) color(name string, dst *capture.Color) error {
	fail := func(reason Reason, err error) error { return &frameError{"color", name, reason, err} }
	if err := r.load(name); err != nil {
		return fail(Missing, err)
	}
	w, h, err := size(r.file)
	if err != nil {
		return fail(reasonOf(err), err)
	}
	if w != r.cal.Color.Width || h != r.cal.Color.Height {
		return fail(Size, sizeError(w, h, r.cal.Color))
	}
	if png.IsPNG(r.file) {
		dst.Resize(w, h)
		if err := r.png.RGB(dst.Pix, r.file); err != nil {
			return fail(reasonOf(err), err)
		}
		return nil
	}
	dst.Resize(w, h)
	if err := jpeg.RGB(dst.Pix, w, h, r.file); err != nil {
		return fail(Torn, err)
	}
	return nil
}

func (r *reader) depth(name string, dst *capture.Depth) error {
	fail := func(reason Reason, err error) error { return &frameError{"depth", name, reason, err} }
	h, err := r.loadPNG(name, "16-bit gray")
	if err != nil {
		return fail(reasonOf(err), err)
	}
	if h.Type != png.Gray || h.Bits != 16 {
		return fail(Format, fmt.Errorf("%v PNG, 16-bit gray required", h))
	}
	if h.Width != r.cal.Depth.Width || h.Height != r.cal.Depth.Height {
		return fail(Size, sizeError(h.Width, h.Height, r.cal.Depth))
	}
	dst.Resize(h.Width, h.Height)
	if err := r.png.Gray16(dst.Pix, r.file); err != nil {
		return fail(reasonOf(err), err)
	}
	return nil
}

func (r *reader) labels(name string, dst *capture.Labels) error {
	fail := func(reason Reason, err error) error { return &frameError{"label", name, reason, err} }
	h, err := r.loadPNG(name, "8-bit gray or palette")
	if err != nil {
		return fail(reasonOf(err), err)
	}
	if (h.Type != png.Gray && h.Type != png.Palette) || h.Bits > 8 {
		return fail(Format, fmt.Errorf("%v PNG, 8-bit gray or palette required", h))
	}
	if h.Width != r.cal.Color.Width || h.Height != r.cal.Color.Height {
		return fail(Size, sizeError(h.Width, h.Height, r.cal.Color))
	}
	dst.Resize(h.Width, h.Height)
	if err := r.png.Index(dst.Pix, r.file); err != nil {
		return fail(reasonOf(err), err)
	}
	return nil
}

// loadPNG loads a file that must be a PNG.
func (r *reader) loadPNG(name, kind string) (png.Header, error) {
	if err := r.load(name); err != nil {
		return png.Header{}, err
	}
	if jpeg.IsJPEG(r.file) {
		return png.Header{}, fmt.Errorf("%w: JPEG, %s PNG required", errFormat, kind)
	}
	if _, _, err := size(r.file); err != nil {
		return png.Header{}, err
	}
	return png.ParseHeader(r.file)
}
