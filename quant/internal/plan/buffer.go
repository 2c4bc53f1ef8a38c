package plan

import (
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Form is how a buffer's bytes are laid out.
type Form uint8

const (
	Plain Form = iota // row-major, the model's type
	Inner             // one kernel.Map per image, type kernel.Native; 8-bit values of rank 4 (or 2: [N, C] is N 1×1 maps)
	NHWC              // channels-last bytes of a bound input
)

func (f Form) String() string { return [...]string{"plain", "inner", "nhwc"}[f] }

// Place is where a buffer's memory comes from.
type Place uint8

const (
	InArena Place = iota
	IsInput
	IsOutput
	IsConstant
)

// Buffer is one form of one value.
type Buffer struct {
	Name   string
	Type   tensor.DType
	Shape  []int // the value's shape, in ONNX order whatever the form
	Form   Form
	Size   int // bytes
	Place  Place
	Offset int     // in the arena
	Of     *Buffer // the buffer whose bytes this one shares, nil for its own
	// Channel is, for an inner buffer that is a slice of Of's channels, 1 + the first of them; 0 = all of Of's bytes.
	Channel int

	first, last int // steps that write it first and read it last
	Data        []byte
	tensor      tensor.T
	maps        []kernel.Map
}

// Root is the buffer that owns the bytes.
func (b *Buffer) Root() *Buffer {
	for b.Of != nil {
		b = b.Of
	}
	return b
}

// Tensor is the plain view; its memory is set once the plan is bound.
func (b *Buffer) Tensor() *tensor.T { return &b.tensor }

// dims are the image count, height, width and channels of an inner buffer.
func dims(shape []int) (n, h, w, c int) {
	if len(shape) == 2 {
		return shape[0], 1, 1, shape[1]
	}
	return shape[0], shape[2], shape[3], shape[1]
}

// whole reports whether the buffer is all of its root's bytes.
func (b *Buffer) whole() bool {
	for ; b.Of != nil; b = b.Of {
		if b.Channel > 0 || b.Size != b.Of.Size {
			return false
		}
	}
	return true
}

// isMap reports whether a shape has an inner form.
func isMap(shape []int) bool {
	if len(shape) != 4 && len(shape) != 2 {
		return false
	}
	for _, d := range shape {
		if d < 1 {
			return false
		}
	}
	return true
}

// layout is one image of an inner buffer, without memory.
func layout(shape []int) kernel.Map {
	_, h, w, c := dims(shape)
	return kernel.NewMap(h, w, c, kernel.Native)
}

// flip is what turns a byte of type t into one of kernel.Native, and back.
func flip(t tensor.DType) byte {
	if (t == tensor.Int8) != (kernel.Native == kernel.S8) {
		return 0x80
	}
	return 0
}

// native is zero point z of type t in kernel.Native's range.
func native(t tensor.DType, z int) int {
	switch {
	case flip(t) == 0:
		return z
	case t == tensor.Int8:
		return z + 128
	}
	return z - 128
}

// attach points the buffer's views at its memory.
func (b *Buffer) attach(data []byte) {
	b.Data = data
	b.tensor = tensor.T{Type: b.Type, Shape: b.Shape, Data: data}
	if b.Form != Inner {
		return
	}
	if b.Channel > 0 {
		for i := range b.Of.maps {
			b.maps = append(b.maps, b.Of.maps[i].Slice(b.Channel-1, b.Shape[1]))
		}
		return
	}
	m := layout(b.Shape)
	size := m.Size()
	for i := range b.Shape[0] {
		m.Data = data[i*size : (i+1)*size]
		b.maps = append(b.maps, m)
	}
}
