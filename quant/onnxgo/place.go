package onnxgo

import (
	"errors"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/depthwise/depthwise/quant"
	raw "github.com/depthwise/depthwise/quant/internal/tensor"
)

// place is one input or output of the network in onnx-go's types.
type place struct {
	input bool
	data  []byte        // the network's memory
	own   *tensor.Dense // a view of it
	from  *tensor.Dense // what an input was set to, nil before
}

func newPlace(t *quant.Tensor, input bool) (place, error) {
	p := place{input: input, data: t.Bytes()}
	var backing any
	switch t.Type {
	case quant.Float32:
		backing = raw.Cast[float32](p.data)
	case quant.Float64:
		backing = raw.Cast[float64](p.data)
	case quant.Uint8:
		backing = raw.Cast[uint8](p.data)
	case quant.Int8:
		backing = raw.Cast[int8](p.data)
	case quant.Uint16:
		backing = raw.Cast[uint16](p.data)
	case quant.Int16:
		backing = raw.Cast[int16](p.data)
	case quant.Uint32:
		backing = raw.Cast[uint32](p.data)
	case quant.Int32:
		backing = raw.Cast[int32](p.data)
	case quant.Uint64:
		backing = raw.Cast[uint64](p.data)
	case quant.Int64:
		backing = raw.Cast[int64](p.data)
	case quant.Bool:
		backing = raw.Cast[bool](p.data)
	default:
		return p, fmt.Errorf("element type %v has no tensor here", t.Type)
	}
	if t.Len() == 0 {
		return p, errors.New("it has no elements")
	}
	shape := t.Shape
	if len(shape) == 0 {
		shape = []int{1} // a scalar's tensor would hold a copy
	}
	p.own = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
	return p, nil
}

// set checks and keeps an input's tensor.
func (p *place) set(t tensor.Tensor) error {
	d, ok := t.(*tensor.Dense)
	switch {
	case !ok || d == nil:
		return fmt.Errorf("a tensor of Go type %T, want *tensor.Dense", t)
	case d.Dtype() != p.own.Dtype():
		return fmt.Errorf("a tensor of %v, want %v", d.Dtype(), p.own.Dtype())
	case !d.Shape().Eq(p.own.Shape()):
		return fmt.Errorf("a tensor of shape %v, want %v", d.Shape(), p.own.Shape())
	case d.DataOrder().IsColMajor():
		return errors.New("a column-major tensor, want row-major")
	case d.IsMasked():
		return errors.New("a masked tensor")
	}
	p.from = d
	return nil
}

// fetch copies the elements that an input was set to into the network, in the order of its shape.
func (p *place) fetch() (err error) {
	if p.from == nil {
		return nil
	}
	defer func() { // gorgonia's tensors panic on views that they cannot walk
		if fault := recover(); fault != nil {
			err = fmt.Errorf("cannot read the tensor: %v", fault)
		}
	}()
	d := p.from
	if !d.Shape().Eq(p.own.Shape()) { // reshaped since
		return fmt.Errorf("a tensor of shape %v, want %v", d.Shape(), p.own.Shape())
	}
	if d.RequiresIterator() {
		if d, _ = d.Materialize().(*tensor.Dense); d == nil {
			return errors.New("cannot read a view of the tensor")
		}
	}
	from, err := elements(d.Data())
	if err != nil {
		return err
	}
	if len(from) != len(p.data) {
		return fmt.Errorf("%d bytes of data, want %d", len(from), len(p.data))
	}
	copy(p.data, from)
	return nil
}

// elements are a backing slice's bytes.
func elements(backing any) ([]byte, error) {
	switch s := backing.(type) {
	case []float32:
		return raw.Bytes(s), nil
	case []float64:
		return raw.Bytes(s), nil
	case []uint8:
		return raw.Bytes(s), nil
	case []int8:
		return raw.Bytes(s), nil
	case []uint16:
		return raw.Bytes(s), nil
	case []int16:
		return raw.Bytes(s), nil
	case []uint32:
		return raw.Bytes(s), nil
	case []int32:
		return raw.Bytes(s), nil
	case []uint64:
		return raw.Bytes(s), nil
	case []int64:
		return raw.Bytes(s), nil
	case []bool:
		return raw.Bytes(s), nil
	}
	return nil, fmt.Errorf("backing of Go type %T", backing)
}
