package tensor

import "fmt"

// DType is an element type, numbered as in ONNX's TensorProto.DataType.
type DType uint8

// The element types that quant reads. Float16 and BFloat16 are widened to Float32 when a model is read.
const (
	Undefined DType = 0
	Float32   DType = 1
	Uint8     DType = 2
	Int8      DType = 3
	Uint16    DType = 4
	Int16     DType = 5
	Int32     DType = 6
	Int64     DType = 7
	String    DType = 8
	Bool      DType = 9
	Float16   DType = 10
	Float64   DType = 11
	Uint32    DType = 12
	Uint64    DType = 13
	BFloat16  DType = 16

	// One element a byte; files pack those of fewer than 8 bits.
	Float8E4M3FN   DType = 17
	Float8E4M3FNUZ DType = 18
	Float8E5M2     DType = 19
	Float8E5M2FNUZ DType = 20
	Uint4          DType = 21
	Int4           DType = 22
	Float4E2M1     DType = 23
	Float8E8M0     DType = 24
	Uint2          DType = 25
	Int2           DType = 26
)

var dtypes = map[DType]struct {
	name string
	size int
}{
	Float32: {"float32", 4}, Uint8: {"uint8", 1}, Int8: {"int8", 1}, Uint16: {"uint16", 2}, Int16: {"int16", 2},
	Int32: {"int32", 4}, Int64: {"int64", 8}, Bool: {"bool", 1}, Float16: {"float16", 2}, Float64: {"float64", 8},
	Uint32: {"uint32", 4}, Uint64: {"uint64", 8}, BFloat16: {"bfloat16", 2},
	Float8E4M3FN: {"float8_e4m3fn", 1}, Float8E4M3FNUZ: {"float8_e4m3fnuz", 1}, Float8E5M2: {"float8_e5m2", 1},
	Float8E5M2FNUZ: {"float8_e5m2fnuz", 1}, Uint4: {"uint4", 1}, Int4: {"int4", 1}, Float4E2M1: {"float4_e2m1fn", 1},
	Float8E8M0: {"float8_e8m0fnu", 1}, Uint2: {"uint2", 1}, Int2: {"int2", 1},
}

// Size is the number of bytes of one element, 0 when the type has no fixed size or is unknown.
func (d DType) Size() int { return dtypes[d].size }

// String is the type's name, such as "float32", or "type 99" when quant does not know it.
func (d DType) String() string {
	if e, ok := dtypes[d]; ok {
		return e.name
	}
	if d == String {
		return "string"
	}
	return fmt.Sprintf("type %d", uint8(d))
}

// IsInt8 reports whether the type is one of the two that the integer path computes with.
func (d DType) IsInt8() bool { return d == Uint8 || d == Int8 }
