package png

import "errors"

var errOrder = errors.New("chunk out of order")

// Decoder reads PNG files one after the other, keeping its buffers. The zero value is ready.
type Decoder struct {
	h       Header
	palette [3 * 256]byte // missing entries are black, as image/png has them
	packed  []byte        // the zlib stream: a part of the file, or joined
	joined  []byte        // the parts of a stream that lies in several IDAT chunks

	z   *inflater
	raw []byte // rows, each behind its filter byte
}

// Header reads only the header.
func (d *Decoder) Header(file []byte) (Header, error) { return ParseHeader(file) }

// rows decodes the fast way and hands each row of samples to emit.
func (d *Decoder) rows(file []byte, emit func(y int, row []byte)) error {
	if err := d.scan(file); err != nil {
		return err
	}
	if d.h.Interlaced {
		return errors.New("interlaced")
	}
	if d.z == nil {
		d.z = new(inflater)
	}
	n, bpp := d.h.rowBytes(), d.h.pixelBytes()
	if size := (n + 1) * d.h.Height; cap(d.raw) < size {
		d.raw = make([]byte, size)
	} else {
		d.raw = d.raw[:size]
	}
	if err := d.z.zlib(d.raw, d.packed); err != nil {
		return err
	}
	var above []byte // nil stands for zeros
	for y := range d.h.Height {
		line := d.raw[y*(n+1) : (y+1)*(n+1)]
		row := line[1:]
		if err := unfilter(line[0], row, above, bpp); err != nil {
			return err
		}
		emit(y, row)
		above = row
	}
	return nil
}
