package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

const magic = "\x93NUMPY"

// Bounds on what a file may ask for.
const (
	maxHeader = 1 << 16
	maxBytes  = 1<<31 - 1
	maxDims   = 32 // NumPy's own limit
)

// Array is a dense array in C order.
type Array struct {
	Type  string // NumPy's type string, such as "|u1", "<i8" or "<f4": always little-endian
	Shape []int  // empty = a scalar
	Data  []byte // little-endian
}

// sizes are the element types that Read knows, without the byte order.
var sizes = map[string]int{
	"b1": 1, "u1": 1, "i1": 1, "u2": 2, "i2": 2, "u4": 4, "i4": 4, "u8": 8, "i8": 8, "f2": 2, "f4": 4, "f8": 8,
}

// Read reads one array. Bytes after it are left unread.
func Read(r io.Reader) (Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return Array{}, fmt.Errorf("npy: read header: %w", err)
	}
	size := sizes[h.descr[1:]]
	n := size
	for _, d := range h.shape {
		if d != 0 && n > maxBytes/d {
			return Array{}, fmt.Errorf("npy: read header: shape %v of %s is over %d bytes", h.shape, h.descr, maxBytes)
		}
		n *= d
	}
	var data bytes.Buffer // grows with what is there, not with what the header says
	if got, err := io.CopyN(&data, r, int64(n)); err != nil {
		return Array{}, fmt.Errorf("npy: read data: %d of %d bytes of shape %v: %w", got, n, h.shape, unexpected(err))
	}
	a := Array{Type: "<" + h.descr[1:], Shape: h.shape, Data: data.Bytes()}
	if size == 1 {
		a.Type = "|" + h.descr[1:]
	} else if h.descr[0] == '>' {
		for at := 0; at < n; at += size {
			slices.Reverse(a.Data[at : at+size])
		}
	}
	if h.fortran {
		a.Data = rowMajor(a.Data, a.Shape, size)
	}
	return a, nil
}

// rowMajor reorders Fortran-ordered elements to C order.
func rowMajor(data []byte, shape []int, size int) []byte {
	out := make([]byte, 0, len(data))
	index := make([]int, len(shape))
	for range len(data) / size {
		at, stride := 0, size
		for d, i := range index {
			at += i * stride
			stride *= shape[d]
		}
		out = append(out, data[at:at+size]...)
		for d := len(shape) - 1; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return out
}

// Write writes a as version 1.0, its data beginning at a multiple of 64 bytes.
func Write(w io.Writer, a Array) error {
	size, ok := 0, len(a.Type) == 3
	if ok {
		size, ok = sizes[a.Type[1:]]
	}
	n := size
	for _, d := range a.Shape {
		n *= d
	}
	if !ok || n != len(a.Data) {
		return fmt.Errorf("npy: write: %d bytes are not shape %v of type %q", len(a.Data), a.Shape, a.Type)
	}
	var dims []byte
	for _, d := range a.Shape {
		dims = fmt.Appendf(dims, "%d, ", d)
	}
	if len(a.Shape) > 1 {
		dims = dims[:len(dims)-2]
	} else if len(a.Shape) == 1 {
		dims = dims[:len(dims)-1]
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", a.Type, dims)
	length := (len(magic)+4+len(head)+1+63)/64*64 - len(magic) - 4
	if length > math.MaxUint16 {
		return fmt.Errorf("npy: write: a shape of %d dimensions", len(a.Shape))
	}
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	b = fmt.Appendf(b, "%-*s\n", length-1, head)
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("npy: write: %w", err)
	}
	if _, err := w.Write(a.Data); err != nil {
		return fmt.Errorf("npy: write: %w", err)
	}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
