package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Native is the type of activations that the variants of this architecture take: VPDPBUSD multiplies u8 by s8.
const Native = U8

// convTable is the architecture's convolutions, best first.
var convTable = []convVariant{
	{name: "pointwise_8x48_avx512vnni", needs: AVX512 | AVX512VNNI, takes: takesPointwise, pack: packGroups,
		run: runPointwise(pointwiseAVX512VNNI)},
	{name: "first_8x32_avx512vnni", needs: AVX512 | AVX512VNNI, takes: takesFirst, pack: packGroups,
		run: runFirst(firstAVX512VNNI), scratch: scratchFirst},
	{name: "dense_4x64_avx512vnni", needs: AVX512 | AVX512VNNI, takes: takesDense, pack: packDense,
		run: runDense(denseAVX512VNNI), scratch: scratchDense},
	{name: "depthwise3x3s1_8x16_avx512vnni", needs: AVX512 | AVX512VNNI | AVX512VBMI2, takes: takesDepthwise3x3(1),
		pack: packDepthwise3x3, run: runDepthwise3x3(depthwise3x3s1AVX512VNNI, depthwise3x3s1TwoRowsAVX512VNNI)},
	{name: "depthwise3x3s2_4x16_avx512vnni", needs: AVX512 | AVX512VNNI | AVX512VBMI2, takes: takesDepthwise3x3(2),
		pack: packDepthwise3x3, run: runDepthwise3x3(depthwise3x3s2AVX512VNNI, nil)},
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
		if x.HasAVX512VBMI2 {
			f |= AVX512VBMI2
		}
	}
	return f
}

// peakTable is the loops that measure the limit, best first.
var peakTable = []peakVariant{
	{"peak_avx512vnni", AVX512 | AVX512VNNI, 24 * 64, runPeak(peakAVX512VNNI)},
}

func runPeak(kernel func(*peakArgs)) func(int, *[16]int32) {
	return func(rounds int, sum *[16]int32) {
		kernel(&peakArgs{rounds: int64(rounds), sum: unsafe.Pointer(sum)})
	}
}
