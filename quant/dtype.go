package quant

import "github.com/depthwise/depthwise/quant/internal/tensor"

// DType is an element type, numbered as in ONNX.
type DType = tensor.DType

// The element types of inputs and outputs.
const (
	Float32 = tensor.Float32
	Float64 = tensor.Float64
	Uint8   = tensor.Uint8
	Int8    = tensor.Int8
	Uint16  = tensor.Uint16
	Int16   = tensor.Int16
	Uint32  = tensor.Uint32
	Int32   = tensor.Int32
	Uint64  = tensor.Uint64
	Int64   = tensor.Int64
	Bool    = tensor.Bool
	// Half precision is for inputs and outputs alone: the network computes in Float32.
	Float16  = tensor.Float16  // IEEE 754 binary16, two bytes an element
	BFloat16 = tensor.BFloat16 // the upper half of a Float32
	// Types below 8 bits are one element a byte: integers as the int8 or uint8 of the same value, floats of at most 8 bits
	// as their bits.
	Int4           = tensor.Int4
	Uint4          = tensor.Uint4
	Int2           = tensor.Int2
	Uint2          = tensor.Uint2
	Float8E4M3FN   = tensor.Float8E4M3FN
	Float8E4M3FNUZ = tensor.Float8E4M3FNUZ
	Float8E5M2     = tensor.Float8E5M2
	Float8E5M2FNUZ = tensor.Float8E5M2FNUZ
	Float8E8M0     = tensor.Float8E8M0
	Float4E2M1     = tensor.Float4E2M1
)
