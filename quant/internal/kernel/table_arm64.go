package kernel

import "golang.org/x/sys/cpu"

// Native is the type of activations that the variants of this architecture take: SDOT and SMULL multiply s8 by s8.
const Native = S8

// convTable is the architecture's convolutions, best first.
var convTable = []convVariant{
	{name: "pointwise_4x16_i8mm", needs: I8MM | DotProd, takes: takesPointwise, pack: packMatrix, run: runPointwise(pointwiseI8MM)},
	{name: "pointwise_4x16_dotprod", needs: DotProd, takes: takesPointwise, pack: packGroups, run: runPointwise(pointwiseDotProd)},
	{name: "pointwise_4x8_neon", needs: NEON, takes: takesPointwise, pack: packGroups, run: runPointwise(pointwiseNEON)},
	{name: "first_4x16_dotprod", needs: DotProd, takes: takesFirst, pack: packGroups, run: runFirst(firstDotProd, false), scratch: scratchFirst},
	{name: "first_4x8_neon", needs: NEON, takes: takesFirst, pack: packGroups, run: runFirst(firstNEON, false), scratch: scratchFirst},
	{name: "dense_4x16_dotprod", needs: DotProd, takes: takesDense, pack: packDense, run: runDense(denseDotProd), scratch: scratchDense},
	{name: "dense_4x8_neon", needs: NEON, takes: takesDense, pack: packDense, run: runDense(denseNEON), scratch: scratchDense},
	{name: "depthwise3x3s1_8x4_dotprod", needs: DotProd, takes: takesDepthwise3x3(1), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s1DotProd, two: depthwise3x3s1TwoRowsDotProd})},
	{name: "depthwise3x3s1_4x4_neon", needs: NEON, takes: takesDepthwise3x3(1), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s1NEON})},
	{name: "depthwise3x3s2_4x4_dotprod", needs: DotProd, takes: takesDepthwise3x3(2), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s2DotProd})},
	{name: "depthwise3x3s2_4x4_neon", needs: NEON, takes: takesDepthwise3x3(2), pack: packDepthwise3x3,
		run: runDepthwise3x3(depthwiseKernels{one: depthwise3x3s2NEON})},
	{name: "depthwise_4x4_dotprod", needs: DotProd, takes: takesDepthwise, pack: packDepthwise,
		run: runDepthwise(depthwiseAnyDotProd), scratch: scratchDepthwise},
	{name: "depthwise_4x4_neon", needs: NEON, takes: takesDepthwise, pack: packDepthwise,
		run: runDepthwise(depthwiseAnyNEON), scratch: scratchDepthwise},
}

var (
	addTable     = []addVariant{{"add_16_neon", NEON, takesAdd, runAdd(addNEON)}, {"mul_16_neon", NEON, takesMul, runAdd(mulNEON)}}
	lookupTable  = []lookupVariant{{"lookup_16_neon", NEON, runLookup(lookupNEON)}}
	resizeTable  = []resizeVariant{{"resize_4x4_neon", NEON, runResize(resizeNEON)}}
	nearestTable = []resizeVariant{{"nearest_4x4_neon", NEON, runNearest(nearestNEON)}}
	planesTable  = []planesVariant{{"planes_4_neon", NEON, runPlanes(planesNEON)}}
	realTable    = []realVariant{{"resize-real_4x4_neon", NEON, nil, false, runReal(resizeRealNEON)}}
	sumTable     = []sumVariant{{"sum_4x4_neon", NEON, runSum(sumNEON)}}
	maxTable     = []maxVariant{{"max_4x4_neon", NEON, runMax(maxNEON)}}
	argmaxTable  = []argmaxVariant{{"resize-argmax_4_neon", NEON, runResizeArgMax(resizeArgMaxNEON)}}
	marginTable  = []marginVariant{{"margin_16_neon", NEON, runMargin(marginNEON)}}
)

// peakTable is the loops that measure the limit, best first.
var peakTable = []peakVariant{
	{"peak_i8mm", I8MM | DotProd, 24 * 32, runPeak(peakI8MM)},
	{"peak_dotprod", DotProd, 24 * 16, runPeak(peakDotProd)},
	{"peak_neon", NEON, 10 * 16, runPeak(peakNEON)},
}

func detect() Feature {
	var f Feature
	if cpu.ARM64.HasASIMD {
		f |= NEON
	}
	if cpu.ARM64.HasASIMDDP {
		f |= DotProd
	}
	if cpu.ARM64.HasI8MM {
		f |= I8MM
	}
	return f
}
