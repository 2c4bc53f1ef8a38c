package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Native is the type of activations that the variants of this architecture take: VPDPBUSD multiplies u8 by s8.
const Native = U8

// convTable is the architecture's convolutions, best first.
var convTable = []convVariant{
	{name: "pointwise_8x48_avx512vnni", needs: AVX512VNNI, takes: takesPointwise, pack: packGroups,
		run: runPointwise(pointwiseAVX512VNNI)},
	{name: "first_8x32_avx512vnni", needs: AVX512VNNI, takes: takesFirst, pack: packGroups,
		run: runFirst(firstAVX512VNNI), scratch: scratchFirst},
	{name: "dense_4x64_avx512vnni", needs: AVX512VNNI, takes: takesDense, pack: packDense,
		run: runDense(denseAVX512VNNI), scratch: scratchDense},
	{name: "depthwise3x3s1_8x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise3x3(1),
		pack: packDepthwise3x3, run: runDepthwise3x3(depthwise3x3s1AVX512VNNI, depthwise3x3s1TwoRowsAVX512VNNI)},
	{name: "depthwise3x3s2_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise3x3(2),
		pack: packDepthwise3x3, run: runDepthwise3x3(depthwise3x3s2AVX512VNNI, nil)},
	{name: "depthwise_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise, pack: packDepthwise,
		run: runDepthwise(depthwiseAnyAVX512VNNI), scratch: scratchDepthwise},
}

var addTable = []addVariant{
	{"add_16_avx512vnni", AVX512VNNI, takesAdd, runAdd(addAVX512VNNI)},
}

var lookupTable = []lookupVariant{
	{"lookup_64_avx512vnni", AVX512VNNI, runLookup(lookupAVX512VBMI)},
}

var resizeTable = []resizeVariant{
	{"resize_4x16_avx512vnni", AVX512VNNI, runResize(resizeAVX512VNNI)},
}

var argmaxTable = []argmaxVariant{
	{"resize-argmax_32_avx512vnni", AVX512VNNI, runResizeArgMax(resizeArgMaxAVX512VNNI)},
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
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI && x.HasAVX512VBMI && x.HasAVX512VBMI2 {
		f |= AVX512VNNI
	}
	return f
}

// peakTable is the loops that measure the limit, best first.
var peakTable = []peakVariant{
	{"peak_avx512vnni", AVX512VNNI, 24 * 64, runPeak(peakAVX512VNNI)},
}

func runPeak(kernel func(*peakArgs)) func(int, *[16]int32) {
	return func(rounds int, sum *[16]int32) {
		kernel(&peakArgs{rounds: int64(rounds), sum: unsafe.Pointer(sum)})
	}
}
