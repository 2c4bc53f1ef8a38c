package png

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

var errOrder = errors.New("chunk out of order")

// Decoder reads PNG files one after the other, keeping its buffers. The zero value is ready.
type Decoder struct {
	h       Header
	palette [3 * 256]byte // missing entries are black, as image/png has them
	packed  []byte        // the zlib stream: a part of the file, or joined
	joined  []byte        // the parts of a stream that lies in several IDAT chunks

	src      bytes.Reader
	z        io.ReadCloser
	row, old []byte // filter byte and samples of this row and of the one above
}

// Header reads only the header.
func (d *Decoder) Header(file []byte) (Header, error) { return ParseHeader(file) }

// begin prepares the rows of file.
func (d *Decoder) begin(file []byte) error {
	if err := d.scan(file); err != nil {
		return err
	}
	if d.h.Interlaced {
		return errors.New("interlaced")
	}
	d.src.Reset(d.packed)
	if d.z == nil {
		z, err := zlib.NewReader(&d.src)
		if err != nil {
			return unexpected(err)
		}
		d.z = z
	} else if err := d.z.(zlib.Resetter).Reset(&d.src, nil); err != nil {
		return unexpected(err)
	}
	n := 1 + d.h.rowBytes()
	d.row, d.old = grow(d.row, n), grow(d.old, n)
	clear(d.old)
	return nil
}

// next gives the samples of the next row, valid until the call after it.
func (d *Decoder) next() ([]byte, error) {
	if _, err := io.ReadFull(d.z, d.row); err != nil {
		return nil, unexpected(err)
	}
	row, above := d.row[1:], d.old[1:]
	if err := unfilter(d.row[0], row, above, d.h.pixelBytes()); err != nil {
		return nil, err
	}
	d.row, d.old = d.old, d.row
	return row, nil
}

// end checks that the stream ends with the image, and its checksum.
func (d *Decoder) end() error {
	n, err := d.z.Read(d.row[:1])
	for i := 0; n == 0 && err == nil && i < 100; i++ {
		n, err = d.z.Read(d.row[:1])
	}
	if n != 0 || d.src.Len() != 0 {
		return errors.New("more pixels than the header says")
	}
	if err != io.EOF {
		return unexpected(err)
	}
	return nil
}

// unexpected turns an end of data in the middle of an image into ErrTruncated.
func unexpected(err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return fmt.Errorf("compressed data: %w", err)
}

func grow(s []byte, n int) []byte {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]byte, n)
}
