package kernel

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzConv draws one convolution from the input's two numbers for every variant that this CPU has, and holds it against
// the generic kernel as TestConvVariants does.
func FuzzConv(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		for i := range convTable {
			v := &convTable[i]
			if !features().has(v.needs) {
				continue
			}
			r := rand.New(rand.NewPCG(a, b))
			op, _, _ := strings.Cut(v.name, "_")
			testConvVariant(t, r, v, convShapes[op](r))
		}
	})
}
