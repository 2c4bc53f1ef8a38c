package kernel

import "golang.org/x/sys/cpu"

// Native is the type of activations that the variants of this architecture take: VPDPBUSD multiplies u8 by s8.
const Native = U8

// convTable is the architecture's convolutions, best first within a kind: a kernel for less comes before one for more.
var convTable = []convVariant{
	{name: "pointwise_4x48_avx512vnni", needs: AVX512VNNI, takes: takesPointwise, pack: packNear(packRamp(packPixels)),
		run: runPointwise(pointwiseAVX512VNNI)},
	{name: "pointwise_4x16_avxvnni", needs: AVXVNNI | AVX2, takes: takesPointwise, pack: packGroups,
		run: runPointwise(pointwiseAVXVNNI)},
	{name: "pointwise_4x16_avx2", needs: AVX2, takes: takesPointwise, pack: packWords(packGroups),
		run: runPointwise(pointwiseAVX2)},
	{name: "first_4x32_avx512vnni", needs: AVX512VNNI, takes: takesFirst, pack: packRamp(packGroups),
		run: runFirst(firstAVX512VNNI, true), scratch: scratchFirst},
	{name: "first_4x16_avxvnni", needs: AVXVNNI | AVX2, takes: takesFirst, pack: packGroups,
		run: runFirst(firstAVXVNNI, false), scratch: scratchFirst},
	{name: "first_4x16_avx2", needs: AVX2, takes: takesFirst, pack: packWords(packGroups),
		run: runFirst(firstAVX2, false), scratch: scratchFirst},
	{name: "dense_4x64_avx512vnni", needs: AVX512VNNI, takes: takesDense, pack: packRamp(packDense),
		run: runDense(denseAVX512VNNI), scratch: scratchDense},
	{name: "dense_4x16_avxvnni", needs: AVXVNNI | AVX2, takes: takesDense, pack: packDense,
		run: runDense(denseAVXVNNI), scratch: scratchDense},
	{name: "dense_4x16_avx2", needs: AVX2, takes: takesDense, pack: packWords(packDense),
		run: runDense(denseAVX2), scratch: scratchDense},
	{name: "depthwise3x3s1_8x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise3x3(1), pack: packRamp(packDepthwiseHalves),
		run: runDepthwise3x3(depthwiseKernels{depthwise3x3s1AVX512VNNI, depthwise3x3s1TwoRowsAVX512VNNI, depthwise3x3s1HalvesAVX512VNNI}), pairs: true},
	{name: "depthwise3x3s1_4x8_avxvnni", needs: AVXVNNI | AVX2, takes: takesDepthwise3x3(1), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s1AVXVNNI})},
	{name: "depthwise3x3s1_4x8_avx2", needs: AVX2, takes: takesDepthwise3x3(1), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s1AVX2})},
	{name: "depthwise3x3s2_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise3x3(2), pack: packRamp(packDepthwise3x3),
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s2AVX512VNNI})},
	{name: "depthwise3x3s2_4x8_avxvnni", needs: AVXVNNI | AVX2, takes: takesDepthwise3x3(2), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s2AVXVNNI})},
	{name: "depthwise3x3s2_4x8_avx2", needs: AVX2, takes: takesDepthwise3x3(2), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s2AVX2})},
	{name: "depthwise3x3dilated_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise3x3Dilated, pack: packRamp(packDepthwiseColumns),
		run: runDepthwiseWide(depthwise3x3DilatedAVX512VNNI)},
	{name: "depthwise5x5s1_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise5x5(1), pack: packRamp(packDepthwise5x5),
		run: runDepthwiseWide(depthwise5x5s1AVX512VNNI)},
	{name: "depthwise5x5s2_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise5x5(2), pack: packRamp(packDepthwise5x5),
		run: runDepthwiseWide(depthwise5x5s2AVX512VNNI)},
	{name: "depthwise-wide-s1_8x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwiseWide(1), pack: packRamp(packDepthwiseWide),
		run: runDepthwiseWide(depthwiseWideS1AVX512VNNI)},
	{name: "depthwise-wide-s2_8x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwiseWide(2), pack: packRamp(packDepthwiseWide),
		run: runDepthwiseWide(depthwiseWideS2AVX512VNNI)},
	{name: "depthwise-s1_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwiseShift, pack: packRamp(packDepthwise),
		run: runDepthwiseShift(depthwiseShiftAVX512VNNI), scratch: scratchDepthwiseShift},
	{name: "depthwise_4x16_avx512vnni", needs: AVX512VNNI, takes: takesDepthwise, pack: packRamp(packDepthwise),
		run: runDepthwise(depthwiseAnyAVX512VNNI), scratch: scratchDepthwise},
	{name: "depthwise_4x8_avxvnni", needs: AVXVNNI | AVX2, takes: takesDepthwise, pack: packDepthwise,
		run: runDepthwise(depthwiseAnyAVXVNNI), scratch: scratchDepthwise},
	{name: "depthwise_4x8_avx2", needs: AVX2, takes: takesDepthwise, pack: packDepthwise,
		run: runDepthwise(depthwiseAnyAVX2), scratch: scratchDepthwise},
}

var (
	addTable = []addVariant{
		{"add_16_avx512vnni", AVX512VNNI, takesAdd, runAdd(addAVX512VNNI)},
		{"add_8_avx2", AVX2, takesAdd, runAdd(addAVX2)},
		{"mul_16_avx512vnni", AVX512VNNI, takesMul, runAdd(mulAVX512VNNI)},
		{"mul_8_avx2", AVX2, takesMul, runAdd(mulAVX2)},
	}
	lookupTable = []lookupVariant{
		{"lookup_64_avx512vnni", AVX512VNNI, runLookup(lookupAVX512VBMI)},
	}
	resizeTable = []resizeVariant{
		{"resize_4x16_avx512vnni", AVX512VNNI, runResize(resizeAVX512VNNI)},
		{"resize_4x4_avx2", AVX2, runResize(resizeAVX2)},
	}
	nearestTable = []resizeVariant{
		{"nearest_4x16_avx512vnni", AVX512VNNI, runNearest(nearestAVX512VNNI)},
		{"nearest_4x4_avx2", AVX2, runNearest(nearestAVX2)},
	}
	planesTable = []planesVariant{
		{"planes_16_avx512vnni", AVX512VNNI, runPlanes(planesAVX512VNNI)},
		{"planes_4_avx2", AVX2, runPlanes(planesAVX2)},
	}
	realTable = []realVariant{
		{"double_8x16_avx512vnni", AVX512VNNI, (*Resize).doublesReal, true, runDouble(channelsAVX512VNNI, doubleAVX512VNNI)},
		{"enlarge_4x16_avx512vnni", AVX512VNNI, (*Resize).enlarges, false, runEnlarge(floatsAVX512VNNI, enlargeAVX512VNNI)},
		{"resize-real_4x16_avx512vnni", AVX512VNNI, nil, false, runReal(resizeRealAVX512VNNI)},
		{"resize-real_4x4_avx2", AVX2, nil, false, runReal(resizeRealAVX2)},
	}
	sumTable = []sumVariant{
		{"sum_4x16_avx512vnni", AVX512VNNI, runSum(sumAVX512VNNI)},
		{"sum_4x4_avx2", AVX2, runSum(sumAVX2)},
	}
	maxTable = []maxVariant{
		{"max_4x16_avx512vnni", AVX512VNNI, runMax(maxAVX512VNNI)},
		{"max_4x4_avx2", AVX2, runMax(maxAVX2)},
	}
	argmaxTable = []argmaxVariant{
		{"resize-argmax_16_avx512vnni", AVX512VNNI, runResizeArgMax(resizeArgMaxAVX512VNNI)},
		{"resize-argmax_8_avx2", AVX2, runResizeArgMax(resizeArgMaxAVX2)},
	}
	marginTable = []marginVariant{
		{"margin_16_avx512vnni", AVX512VNNI, runMargin(marginAVX512VNNI)},
		{"margin_16_avx2", AVX2, runMargin(marginAVX2)},
	}
)

// peakTable is the loops that measure the limit, best first.
var peakTable = []peakVariant{
	{"peak_avx512vnni", AVX512VNNI, 24 * 64, runPeak(peakAVX512VNNI)},
	{"peak_avxvnni", AVXVNNI | AVX2, 12 * 32, runPeak(peakAVXVNNI)},
	{"peak_avx2", AVX2, 12 * 16, runPeak(peakAVX2)},
}

func detect() Feature {
	var f Feature
	x := &cpu.X86
	if x.HasAVX2 && x.HasFMA {
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
