package runtime

import (
	"fmt"
	"maps"
	"slices"

	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/quant"
)

// Coder is a [Model] that also gives codes of the frame that Infer ran on last.
type Coder interface {
	// Codes appends the codes to dst, sorted by modality.
	Codes(dst []mask.Code) []mask.Code
}

var _ Coder = (*Student)(nil)

// codeBits is the length of a code.
const codeBits = 64

// codeOutput is the network's output of one modality's code.
type codeOutput struct {
	modality string
	tensor   *quant.Tensor // float32, 64 numbers
}

// bindCodes finds the outputs that the metadata calls codes.
func (s *Student) bindCodes(outputs []*quant.Tensor) error {
	for _, modality := range slices.Sorted(maps.Keys(s.meta.Codes)) {
		name := s.meta.Codes[modality]
		i := slices.IndexFunc(outputs, func(t *quant.Tensor) bool { return t.Name == name })
		if i < 0 {
			return fmt.Errorf("runtime: student: its metadata says that output %q is the code of %s; there is no such output", name, modality)
		}
		t := outputs[i]
		if t.Type != quant.Float32 || t.Len() != codeBits {
			return fmt.Errorf("runtime: student: output %q, the code of %s, is %v %v, want %d numbers of float32", name, modality, t.Type, t.Shape, codeBits)
		}
		s.codes = append(s.codes, codeOutput{modality, t})
	}
	return nil
}

// Codes appends the codes of the frame that Infer ran on last: bit i is 1 where number i of the output is not negative.
func (s *Student) Codes(dst []mask.Code) []mask.Code {
	for _, c := range s.codes {
		dst = append(dst, mask.Code{Modality: c.modality, Bits: signs(c.tensor.Float32s())})
	}
	return dst
}

// signs has bit i set where v[i] ≥ 0; len(v) = 64.
func signs(v []float32) (bits uint64) {
	for i, x := range v {
		if x >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}

// seen drops the code of a modality that the mask was made without: it would be the code of nothing.
func seen(codes []mask.Code, mode mask.Mode) []mask.Code {
	return slices.DeleteFunc(codes, func(c mask.Code) bool {
		return c.Modality == "color" && mode == mask.DepthOnly || c.Modality == "depth" && mode == mask.ColorOnly
	})
}
