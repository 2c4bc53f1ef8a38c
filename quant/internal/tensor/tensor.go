package tensor

import (
	"fmt"
	"unsafe"
)

// MaxElements bounds the volume of any tensor: beyond it a model is refused before memory is taken.
const MaxElements = 1 << 28

// T is a tensor in row-major order.
type T struct {
	Type  DType
	Shape []int
	Data  []byte // len = Volume(Shape)·Type.Size(), little-endian
}

// Volume is the number of elements of a shape, or an error when a dimension is negative or the product exceeds
// MaxElements. An empty shape is a scalar: volume 1.
func Volume(shape []int) (int, error) {
	v := 1
	zero := false
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("dimension %d is negative", d)
		}
		if d == 0 {
			zero = true
			continue
		}
		if d > MaxElements/v {
			return 0, fmt.Errorf("shape %v has more than %d elements", shape, MaxElements)
		}
		v *= d
	}
	if zero {
		return 0, nil
	}
	return v, nil
}

// New makes a zeroed tensor.
func New(d DType, shape ...int) (*T, error) {
	n, err := Volume(shape)
	if err != nil {
		return nil, err
	}
	if d.Size() == 0 {
		return nil, fmt.Errorf("%v has no fixed size", d)
	}
	return &T{Type: d, Shape: shape, Data: Aligned(n * d.Size())}, nil
}

// Len is the number of elements.
func (t *T) Len() int {
	if s := t.Type.Size(); s > 0 {
		return len(t.Data) / s
	}
	return 0
}

// Elem is a Go type that a view can have.
type Elem interface {
	~float32 | ~float64 | ~uint8 | ~int8 | ~uint16 | ~int16 | ~uint32 | ~int32 | ~uint64 | ~int64 | ~bool
}

// View is the tensor's elements as E, aliasing its bytes. E's size must be the tensor's element size.
func View[E Elem](t *T) []E {
	var e E
	size := int(unsafe.Sizeof(e))
	if size != t.Type.Size() {
		panic(fmt.Sprintf("tensor: view of %d-byte elements onto %v", size, t.Type))
	}
	return Cast[E](t.Data)
}

// Cast is bytes as elements, aliasing them. The bytes must be aligned to E.
func Cast[E Elem](b []byte) []E {
	var e E
	size := int(unsafe.Sizeof(e))
	if len(b) < size {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%uintptr(size) != 0 {
		panic("tensor: view of unaligned bytes")
	}
	return unsafe.Slice((*E)(p), len(b)/size)
}

// Bytes is a slice of elements as bytes, aliasing them.
func Bytes[E Elem](s []E) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// From makes a tensor around a slice, sharing its memory. The slice's length must be the shape's volume.
func From[E Elem](d DType, s []E, shape ...int) *T {
	t := &T{Type: d, Shape: shape, Data: Bytes(s)}
	if n, err := Volume(shape); err != nil || n != t.Len() {
		panic(fmt.Sprintf("tensor: %d elements in shape %v", len(s), shape))
	}
	return t
}

// Aligned is n zeroed bytes that begin on a 64-byte border, a cache line and the widest vector register.
func Aligned(n int) []byte {
	b := make([]byte, n+63)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63)
	return b[off : off+n : off+n]
}

// Align is b itself when it is aligned to elements of the given size, else a copy that is.
func Align(b []byte, size int) []byte {
	if size <= 1 || len(b) == 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%uintptr(size) == 0 {
		return b
	}
	c := Aligned(len(b))
	copy(c, b)
	return c
}

// Equal reports whether two shapes are the same.
func Equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
