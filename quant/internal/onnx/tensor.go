package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// The payload fields of TensorProto.
const (
	floatData  = 4
	int32Data  = 5
	int64Data  = 7
	rawData    = 9
	doubleData = 10
	uint64Data = 11
)

// tensor decodes one tensor: raw bytes are aliased, typed lists are converted, half precision is widened to float32,
// elements below 8 bits are unpacked.
func (r *reader) tensor(w *wire.Tensor) (*tensor.T, error) {
	if w.DataType < 1 || w.DataType > 255 {
		return nil, fmt.Errorf("element type %d", w.DataType)
	}
	d := tensor.DType(w.DataType)
	if d.Size() == 0 {
		return nil, fmt.Errorf("element type %v is not supported", d)
	}
	if len(w.Dims) > maxRank {
		return nil, fmt.Errorf("%d dimensions, more than %d", len(w.Dims), maxRank)
	}
	shape := make([]int, len(w.Dims))
	for i, v := range w.Dims {
		if v > tensor.MaxElements {
			return nil, fmt.Errorf("dimension %d is %d", i, v)
		}
		shape[i] = int(v)
	}
	n, err := tensor.Volume(shape)
	if err != nil {
		return nil, err
	}
	data, err := r.payload(w, d, n)
	if err != nil {
		return nil, err
	}
	if d.PackedBits() < 8 {
		data = tensor.Unpack(d, data, n)
	}
	t := &tensor.T{Type: d, Shape: shape, Data: tensor.Align(data, d.Size())}
	return normalize(t), nil
}

// payload is the tensor's n elements as little-endian bytes, packed where they have fewer than 8 bits.
func (r *reader) payload(w *wire.Tensor, d tensor.DType, n int) ([]byte, error) {
	want := (n*d.PackedBits() + 7) / 8
	if w.Location != 0 {
		if w.Location != 1 {
			return nil, fmt.Errorf("data location %d", w.Location)
		}
		return r.external.read(w.External, want)
	}
	if len(w.Spans) == 0 {
		if n == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("no data for %d elements", n)
	}
	number := w.Spans[0].Field
	if number == rawData {
		if len(w.Spans) > 1 {
			return nil, errors.New("more than one payload")
		}
		b := r.file[w.Spans[0].Begin:w.Spans[0].End]
		if len(b) != want {
			return nil, fmt.Errorf("%d bytes of data, want %d for shape %v of %v", len(b), want, w.Dims, d)
		}
		return b, nil
	}
	out := make([]byte, 0, min(want, 1<<16))
	for _, s := range w.Spans {
		if s.Field != number {
			return nil, errors.New("more than one kind of payload")
		}
		var err error
		if out, err = appendTyped(out, r.file[s.Begin:s.End], number, d, want); err != nil {
			return nil, err
		}
	}
	if len(out) != want {
		return nil, fmt.Errorf("%d elements, want %d for shape %v", len(out)*8/d.PackedBits(), n, w.Dims)
	}
	return out, nil
}

// appendTyped appends the elements of one packed list to out as little-endian bytes of d, at most want bytes in all.
func appendTyped(out, list []byte, number int32, d tensor.DType, want int) ([]byte, error) {
	if !listHolds(number, d) {
		return nil, fmt.Errorf("payload field %d cannot hold %v", number, d)
	}
	switch number {
	case floatData, doubleData:
		if len(list)%d.Size() != 0 || len(out)+len(list) > want {
			return nil, fmt.Errorf("%d bytes of data, want %d", len(out)+len(list), want)
		}
		return append(out, list...), nil
	}
	for len(list) > 0 {
		v, k := protowire.ConsumeVarint(list)
		if k < 0 {
			return nil, protowire.ParseError(k)
		}
		list = list[k:]
		if len(out) >= want {
			return nil, fmt.Errorf("more than %d elements", want/d.Size())
		}
		if s := int64(v); number == int32Data && !fits(s, d) {
			return nil, fmt.Errorf("element %d is %d, outside %v", len(out)/d.Size(), s, d)
		}
		switch d.Size() {
		case 1:
			out = append(out, byte(v))
		case 2:
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case 4:
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		case 8:
			out = binary.LittleEndian.AppendUint64(out, v)
		}
	}
	return out, nil
}

// listHolds is TensorProto's table of which list holds which element type.
func listHolds(number int32, d tensor.DType) bool {
	switch number {
	case floatData:
		return d == tensor.Float32
	case doubleData:
		return d == tensor.Float64
	case int64Data:
		return d == tensor.Int64
	case uint64Data:
		return d == tensor.Uint64 || d == tensor.Uint32
	case int32Data:
		switch d {
		case tensor.Int32, tensor.Int16, tensor.Int8, tensor.Uint16, tensor.Uint8, tensor.Bool, tensor.Float16, tensor.BFloat16:
			return true
		}
		return d.PackedBits() < 8 || d.IsSmallFloat()
	}
	return false
}

// fits reports whether an int32_data element lies in d's range.
func fits(v int64, d tensor.DType) bool {
	switch d {
	case tensor.Int32:
		return v >= math.MinInt32 && v <= math.MaxInt32
	case tensor.Int16:
		return v >= math.MinInt16 && v <= math.MaxInt16
	case tensor.Int8:
		return v >= math.MinInt8 && v <= math.MaxInt8
	case tensor.Uint16, tensor.Float16, tensor.BFloat16:
		return v >= 0 && v <= math.MaxUint16
	case tensor.Uint8:
		return v >= 0 && v <= math.MaxUint8
	case tensor.Bool:
		return v == 0 || v == 1
	}
	return d.PackedBits() > 8 || v >= 0 && v <= math.MaxUint8 // codes, or packed elements
}

// normalize widens half precision to float32 and makes every Bool byte 0 or 1.
func normalize(t *tensor.T) *tensor.T {
	switch t.Type {
	case tensor.Float16, tensor.BFloat16:
		return tensor.Wide(t)
	case tensor.Bool:
		bits := tensor.Aligned(len(t.Data))
		for i, b := range t.Data {
			if b != 0 {
				bits[i] = 1
			}
		}
		return &tensor.T{Type: t.Type, Shape: t.Shape, Data: bits}
	}
	return t
}
