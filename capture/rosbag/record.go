package rosbag

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const magic = "#ROSBAG V2.0\n"

// Record kinds, the header field "op".
const (
	opMessage    = 2
	opBagHeader  = 3
	opIndex      = 4
	opChunk      = 5
	opChunkInfo  = 6
	opConnection = 7
)

// Bounds on what is held in memory, above what any camera writes.
const (
	maxHeader      = 1 << 16
	maxMessage     = 1 << 28 // an image of 16 bits and 128 megapixels
	maxConnections = 1 << 14
)

// A header is what a record says of itself. Fields that a kind does not have are zero.
type header struct {
	op          byte
	conn        uint32
	sec, nsec   uint32 // of a message: when it was recorded
	size        uint32 // of a chunk: bytes after decompression
	compression string
	topic       string
}

// errFormat is for bytes that are no bag, in contrast to a bag that ends too early.
var errFormat = errors.New("not a record")

// readHeader reads a record up to its data and returns how long the data is. It returns io.EOF only where no record
// begins, and io.ErrUnexpectedEOF where one ends too early. Buf is scratch memory, which it returns grown.
func readHeader(r *bufio.Reader, buf []byte) (h header, data uint32, scratch []byte, err error) {
	if _, err := r.Peek(1); err != nil {
		return h, 0, buf, err
	}
	n, err := readLength(r)
	if err != nil {
		return h, 0, buf, err
	}
	if n > maxHeader {
		return h, 0, buf, fmt.Errorf("%w: its header is %d bytes long, above the limit of %d", errFormat, n, maxHeader)
	}
	if buf, err = readInto(buf, r, n); err != nil {
		return h, 0, buf, err
	}
	if h, err = parseHeader(buf); err != nil {
		return h, 0, buf, err
	}
	data, err = readLength(r)
	return h, data, buf, err
}

// parseHeader reads the fields "name=value", each behind its length.
func parseHeader(b []byte) (h header, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return h, fmt.Errorf("%w: a header field is cut", errFormat)
		}
		n := binary.LittleEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			return h, fmt.Errorf("%w: a header field of %d bytes in %d", errFormat, n, len(b)-4)
		}
		name, value, ok := bytes.Cut(b[4:4+n], []byte("="))
		if !ok {
			return h, fmt.Errorf("%w: a header field without a name", errFormat)
		}
		b = b[4+n:]
		want := 0
		switch string(name) {
		case "op":
			want = 1
		case "conn", "size":
			want = 4
		case "time":
			want = 8
		}
		if want > 0 && len(value) != want && !(string(name) == "time" && h.op != opMessage) {
			return h, fmt.Errorf("%w: header field %q has %d bytes, want %d", errFormat, name, len(value), want)
		}
		switch string(name) {
		case "op":
			h.op = value[0]
		case "conn":
			h.conn = binary.LittleEndian.Uint32(value)
		case "size":
			h.size = binary.LittleEndian.Uint32(value)
		case "time":
			if len(value) == 8 {
				h.sec, h.nsec = binary.LittleEndian.Uint32(value), binary.LittleEndian.Uint32(value[4:])
			}
		case "compression":
			h.compression = string(value)
		case "topic":
			h.topic = string(value)
		}
	}
	if h.op == 0 {
		return h, fmt.Errorf("%w: a header without its kind", errFormat)
	}
	return h, nil
}

func readLength(r io.Reader) (uint32, error) {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, early(err)
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// readInto fills buf with n bytes of r. Its memory grows by at most a mebibyte beyond what has been read.
func readInto(buf []byte, r io.Reader, n uint32) ([]byte, error) {
	const step = 1 << 20
	buf = buf[:0]
	for left := int(n); left > 0; {
		k := min(left, step)
		if free := cap(buf) - len(buf); free < k {
			grown := make([]byte, len(buf), min(int(n), 2*cap(buf)+k))
			copy(grown, buf)
			buf = grown
		}
		got, err := io.ReadFull(r, buf[len(buf):len(buf)+k])
		buf = buf[:len(buf)+got]
		if err != nil {
			return buf, early(err)
		}
		left -= k
	}
	return buf, nil
}

// early turns the end of the input within a record into io.ErrUnexpectedEOF.
func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
