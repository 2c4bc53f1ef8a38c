package ops

import "strings"

// builders by domain, then operator. The empty domain is ai.onnx.
var builders = map[string]map[string]builder{
	"": {
		"Add": buildArithmetic, "Sub": buildArithmetic, "Mul": buildArithmetic, "Div": buildArithmetic, "Mod": buildArithmetic,
		"Pow": buildPow, "Min": buildVariadic, "Max": buildVariadic, "Sum": buildVariadic, "Mean": buildVariadic,
		"Equal": buildCompare, "Less": buildCompare, "LessOrEqual": buildCompare, "Greater": buildCompare,
		"GreaterOrEqual": buildCompare, "And": buildLogic, "Or": buildLogic, "Xor": buildLogic, "Not": buildNot,
		"IsNaN": buildTest, "IsInf": buildTest, "Where": buildWhere, "PRelu": buildPRelu, "Clip": buildClip,
		"Cast": buildCast, "CastLike": buildCast, "BitCast": buildBitCast,

		"Relu": buildUnary, "LeakyRelu": buildUnary, "ThresholdedRelu": buildUnary, "Elu": buildUnary, "Selu": buildUnary,
		"Celu": buildUnary, "HardSigmoid": buildUnary, "HardSwish": buildUnary, "Swish": buildUnary, "Gelu": buildUnary,
		"Sigmoid": buildUnary, "Tanh": buildUnary, "Erf": buildUnary, "Exp": buildUnary, "Log": buildUnary,
		"Softplus": buildUnary, "Sqrt": buildUnary, "Abs": buildUnary, "Neg": buildUnary, "Floor": buildUnary,
		"Ceil": buildUnary, "Round": buildUnary, "Reciprocal": buildUnary, "Softsign": buildUnary, "Mish": buildUnary,
		"Sign": buildUnary, "Shrink": buildUnary, "Sin": buildUnary, "Cos": buildUnary, "Tan": buildUnary,
		"Asin": buildUnary, "Acos": buildUnary, "Atan": buildUnary, "Sinh": buildUnary, "Cosh": buildUnary,
		"Asinh": buildUnary, "Acosh": buildUnary, "Atanh": buildUnary,
		"BitwiseAnd": buildBitwise, "BitwiseOr": buildBitwise, "BitwiseXor": buildBitwise, "BitShift": buildBitwise,
		"BitwiseNot": buildBitwiseNot,

		"Conv": buildConv, "ConvTranspose": buildConvTranspose, "MatMul": buildMatMul, "Gemm": buildGemm,
		"ConvInteger": buildConvInteger, "MatMulInteger": buildMatMulInteger, "Einsum": buildEinsum,
		"MaxPool": buildPool, "AveragePool": buildPool, "GlobalAveragePool": buildPool, "GlobalMaxPool": buildPool,
		"ReduceMean": buildReduce, "ReduceSum": buildReduce, "ReduceMax": buildReduce, "ReduceMin": buildReduce,
		"ReduceProd": buildReduce, "ReduceL1": buildReduce, "ReduceL2": buildReduce, "ReduceSumSquare": buildReduce,
		"ArgMax": buildArg, "ArgMin": buildArg, "Softmax": buildSoftmax, "LogSoftmax": buildSoftmax,
		"BatchNormalization": buildBatchNorm, "InstanceNormalization": buildInstanceNorm,
		"GroupNormalization": buildGroupNorm, "LayerNormalization": buildLayerNorm, "LRN": buildLRN,
		"RMSNormalization": buildLayerNorm, "SimplifiedLayerNormalization": buildLayerNorm, "LpNormalization": buildLpNorm,
		"MeanVarianceNormalization": buildMeanVariance, "ReduceLogSum": buildReduce, "ReduceLogSumExp": buildReduce,
		"LpPool": buildLpPool, "GlobalLpPool": buildLpPool, "MaxUnpool": buildMaxUnpool, "Col2Im": buildCol2Im,
		"DeformConv": buildDeformConv, "CenterCropPad": buildCenterCropPad,
		"GridSample": buildGridSample, "AffineGrid": buildAffineGrid,

		"Identity": buildIdentity, "Dropout": buildIdentity, "Reshape": buildReshape, "Flatten": buildFlatten,
		"Squeeze": buildSqueeze, "Unsqueeze": buildUnsqueeze, "Shape": buildShape, "Size": buildShape,
		"Constant": buildConstant, "ConstantOfShape": buildConstantOfShape, "Range": buildRange,
		"Transpose": buildTranspose, "Concat": buildConcat, "Split": buildSplit, "Slice": buildSlice, "Pad": buildPad,
		"Expand": buildExpand, "Tile": buildTile, "DepthToSpace": buildDepthSpace, "SpaceToDepth": buildDepthSpace,
		"GatherElements": buildGatherElements, "GatherND": buildGatherND, "ScatterElements": buildScatterElements,
		"Scatter": buildScatterElements, "ScatterND": buildScatterND, "OneHot": buildOneHot, "NonZero": buildNonZero,
		"Compress": buildCompress, "CumSum": buildCumulative, "CumProd": buildCumulative, "TopK": buildTopK,
		"Trilu": buildTrilu, "EyeLike": buildEyeLike, "Hardmax": buildHardmax, "ReverseSequence": buildReverseSequence,
		"Gather": buildGather, "Resize": buildResize, "Upsample": buildResize,

		"QuantizeLinear": buildQuantize, "DequantizeLinear": buildDequantize, "DynamicQuantizeLinear": buildDynamicQuantize,
	},
	Border: {Widen: buildWiden, Narrow: buildNarrow},
	"com.microsoft": {
		"QuantizeLinear": buildQuantize, "DequantizeLinear": buildDequantize, "Gelu": buildUnary, "QuickGelu": buildUnary,
	},
}

// lookup finds an operator's builder, nil when there is none.
func lookup(domain, op string) builder {
	return builders[domain][op]
}

// Names lists the operators of a domain, in no order.
func Names(domain string) []string {
	var list []string
	for name := range builders[domain] {
		list = append(list, name)
	}
	return list
}

// Qualified is an operator's name with its domain, as errors print it.
func Qualified(domain, op string) string {
	if domain == "" {
		return op
	}
	return strings.Join([]string{domain, op}, ".")
}
