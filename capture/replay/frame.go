package replay

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// maxFile bounds a file before it is read: the largest image, uncompressed, and then some.
const maxFile = png.MaxPixels*8 + 1<<20

// frameError is a broken file of a recording.
type frameError struct {
	kind   string // "color", "depth", "label"
	file   string // as the recording names it
	reason Reason
	err    error
}

func (e *frameError) Error() string { return fmt.Sprintf("replay: %s %q: %v", e.kind, e.file, e.err) }
func (e *frameError) Unwrap() error { return e.err }

// reader reads images, one at a time, keeping its buffers.
type reader struct {
	dir  string
	cal  capture.Calibration
	file []byte
	png  png.Decoder
}

// pair reads the images of e.
func (r *reader) pair(e *entry, dst *capture.Pair) error {
	dst.Seq, dst.ColorTime, dst.DepthTime = e.seq, e.colorTime, e.depthTime
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
	img, err := jpeg.Decode(bytes.NewReader(r.file))
	if err != nil {
		return fail(Torn, torn(err))
	}
	if img.Bounds().Dx() != w || img.Bounds().Dy() != h {
		return fail(Torn, fmt.Errorf("JPEG's size changes inside"))
	}
	dst.Resize(w, h)
	rgb(dst.Pix, img)
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

var (
	errFormat     = errors.New("neither PNG nor JPEG")
	errNotRegular = errors.New("not a regular file")
)

// loadPNG loads a file that must be a PNG.
func (r *reader) loadPNG(name, kind string) (png.Header, error) {
	if err := r.load(name); err != nil {
		return png.Header{}, err
	}
	if isJPEG(r.file) {
		return png.Header{}, fmt.Errorf("%w: JPEG, %s PNG required", errFormat, kind)
	}
	if _, _, err := size(r.file); err != nil {
		return png.Header{}, err
	}
	return png.ParseHeader(r.file)
}

// load reads a regular file into r.file.
func (r *reader) load(name string) error {
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	info, err := os.Stat(path) // before opening: a pipe would block
	if err != nil {
		return plain(err)
	}
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	if info.Size() > maxFile {
		return fmt.Errorf("%d bytes, more than any image", info.Size())
	}
	f, err := os.Open(path)
	if err != nil {
		return plain(err)
	}
	defer f.Close()
	n := int(info.Size())
	if cap(r.file) < n {
		r.file = make([]byte, n+n/4)
	}
	r.file = r.file[:n]
	if _, err := io.ReadFull(f, r.file); err != nil {
		return plain(err)
	}
	return nil
}

// size is the size of an image file's image, within bounds.
func size(file []byte) (w, h int, err error) {
	switch {
	case len(file) == 0:
		return 0, 0, fmt.Errorf("%w: the file is empty", png.ErrTruncated)
	case isJPEG(file):
		c, err := jpeg.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			return 0, 0, torn(err)
		}
		if c.Width <= 0 || c.Height <= 0 || c.Width > png.MaxSide || c.Height > png.MaxSide || c.Width*c.Height > png.MaxPixels {
			return 0, 0, fmt.Errorf("image is %d×%d, more than %d a side or %d pixels", c.Width, c.Height, png.MaxSide, png.MaxPixels)
		}
		return c.Width, c.Height, nil
	case png.IsPNG(file) || len(file) < 8:
		hd, err := png.ParseHeader(file)
		return hd.Width, hd.Height, err
	}
	return 0, 0, errFormat
}

func isJPEG(file []byte) bool { return len(file) >= 2 && file[0] == 0xff && file[1] == 0xd8 }

// rgb converts a decoded JPEG, which is YCbCr, gray, RGB or CMYK.
func rgb(dst []byte, img image.Image) {
	b := img.Bounds()
	o := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		switch img := img.(type) {
		case *image.YCbCr:
			for x := b.Min.X; x < b.Max.X; x, o = x+1, o+3 {
				yi, ci := img.YOffset(x, y), img.COffset(x, y)
				dst[o], dst[o+1], dst[o+2] = color.YCbCrToRGB(img.Y[yi], img.Cb[ci], img.Cr[ci])
			}
		case *image.Gray:
			for x := b.Min.X; x < b.Max.X; x, o = x+1, o+3 {
				v := img.Pix[img.PixOffset(x, y)]
				dst[o], dst[o+1], dst[o+2] = v, v, v
			}
		default:
			for x := b.Min.X; x < b.Max.X; x, o = x+1, o+3 {
				r, g, b, _ := img.At(x, y).RGBA()
				dst[o], dst[o+1], dst[o+2] = byte(r>>8), byte(g>>8), byte(b>>8)
			}
		}
	}
}

// torn words the JPEG decoder's end of data as ours.
func torn(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return png.ErrTruncated
	}
	return err
}

// plain strips the path that the caller's message already has.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return torn(err)
}

func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, errFormat):
		return Format
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, errNotRegular):
		return Missing
	}
	return Torn
}

func sizeError(w, h int, in capture.Intrinsics) error {
	return fmt.Errorf("image is %d×%d, calibration says %d×%d", w, h, in.Width, in.Height)
}
