package kernel

import "golang.org/x/sys/cpu"

// Native is the type of activations that the variants of this architecture take: SDOT and SMULL multiply s8 by s8.
const Native = S8

// convTable is the architecture's convolutions, best first.
var convTable = []convVariant{}

var (
	addTable    []addVariant
	lookupTable []lookupVariant
	resizeTable []resizeVariant
	argmaxTable []argmaxVariant
)

var peakTable []peakVariant

func detect() Feature {
	var f Feature
	if cpu.ARM64.HasASIMD {
		f |= NEON
	}
	if cpu.ARM64.HasASIMDDP {
		f |= DotProd
	}
	return f
}
