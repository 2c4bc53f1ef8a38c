package quant

import (
	"github.com/depthwise/depthwise/quant/internal/plan"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Tensor is an input or output of a network. Its memory is the network's and stays in place until Close: inputs keep
// what the caller wrote, outputs hold the last Run's result.
type Tensor struct {
	Name  string
	Type  DType
	Shape []int // as bound: channels-last for a 4-D input under Options.NHWC, else ONNX's order
	data  []byte
}

func newTensor(b *plan.Buffer) *Tensor {
	shape := append([]int(nil), b.Shape...)
	if b.Form == plan.NHWC {
		shape = []int{shape[0], shape[2], shape[3], shape[1]}
	}
	return &Tensor{Name: b.Name, Type: b.Type, Shape: shape, data: b.Data}
}

// Bytes is the tensor's memory: row-major, little-endian elements.
func (t *Tensor) Bytes() []byte { return t.data }

// Len is the number of elements.
func (t *Tensor) Len() int { return len(t.data) / t.Type.Size() }

// Uint8s views the elements of a Uint8 or Bool tensor. Like its siblings it panics on a tensor whose elements have
// another size, and gives nonsense on one of another kind.
func (t *Tensor) Uint8s() []uint8 { return view[uint8](t) }

// Int8s views the elements of an Int8 tensor.
func (t *Tensor) Int8s() []int8 { return view[int8](t) }

// Int32s views the elements of an Int32 tensor.
func (t *Tensor) Int32s() []int32 { return view[int32](t) }

// Int64s views the elements of an Int64 tensor.
func (t *Tensor) Int64s() []int64 { return view[int64](t) }

// Float32s views the elements of a Float32 tensor.
func (t *Tensor) Float32s() []float32 { return view[float32](t) }

func view[E tensor.Elem](t *Tensor) []E {
	return tensor.View[E](&tensor.T{Type: t.Type, Shape: t.Shape, Data: t.data})
}
