package kernel

import "sync"

// Feature is a set of CPU features that kernels need.
type Feature uint32

const (
	AVX2       Feature = 1 << iota // with FMA
	AVXVNNI                        // VPDPBUSD on 256-bit registers, VEX encoded
	AVX512VNNI                     // with F, BW, VL, DQ, VBMI, VBMI2: what Ice Lake and Zen 4 brought together
	NEON                           // arm64's base
	DotProd                        // SDOT
	I8MM                           // SMMLA
)

var featureNames = []string{"avx2", "avxvnni", "avx512vnni", "neon", "dotprod", "i8mm"}

// features is what the CPU and the operating system offer.
var features = sync.OnceValue(detect)

func (f Feature) has(needs Feature) bool { return f&needs == needs }

func (f Feature) names() []string {
	var list []string
	for i, name := range featureNames {
		if f&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}

// Features names what the CPU offers of what kernels can use.
func Features() []string { return features().names() }

// FeatureNames names all that kernels can use, on any architecture.
func FeatureNames() []string { return append([]string(nil), featureNames...) }

func featureByName(name string) (Feature, bool) {
	for i, n := range featureNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
