package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/jpeg"
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

var (
	errFormat     = errors.New("neither PNG nor JPEG")
	errNotRegular = errors.New("not a regular file")
)

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
	case jpeg.IsJPEG(file):
		return jpeg.Size(bytes.NewReader(file))
	case png.IsPNG(file) || len(file) < 8:
		hd, err := png.ParseHeader(file)
		return hd.Width, hd.Height, err
	}
	return 0, 0, errFormat
}

// plain strips the path that the caller's message already has.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return png.ErrTruncated
	}
	return err
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
