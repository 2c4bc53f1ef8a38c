package kernel

import "golang.org/x/sys/cpu"

// Native is the type of activations that the variants of this architecture take: VPDPBUSD multiplies u8 by s8.
const Native = U8

// convTable is the architecture's convolutions, best first.
var convTable = []convVariant{
	{"pointwise_8x48_avx512vnni", AVX512 | AVX512VNNI, takesPointwise, packGroups, runPointwise(pointwiseAVX512VNNI)},
}

func detect() Feature {
	var f Feature
	x := &cpu.X86
	if x.HasAVX2 {
		f |= AVX2
	}
	if x.HasAVXVNNI {
		f |= AVXVNNI
	}
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ {
		f |= AVX512
		if x.HasAVX512VNNI {
			f |= AVX512VNNI
		}
	}
	return f
}
