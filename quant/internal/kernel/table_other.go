//go:build !amd64 && !arm64

package kernel

// Native is the type of activations that the variants of this architecture take.
const Native = U8

var convTable []convVariant

var (
	addTable     []addVariant
	lookupTable  []lookupVariant
	resizeTable  []resizeVariant
	nearestTable []resizeVariant
	planesTable  []planesVariant
	realTable    []realVariant
	sumTable     []sumVariant
	maxTable     []maxVariant
	argmaxTable  []argmaxVariant
	marginTable  []marginVariant
)

var peakTable []peakVariant

func detect() Feature { return 0 }
