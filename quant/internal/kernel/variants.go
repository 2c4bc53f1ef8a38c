package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// convVariant is one way of running a convolution.
type convVariant struct {
	name  string
	needs Feature
	takes func(*PackedConv) bool          // whether it can run this one; nil for the generic one, which runs all
	pack  func(*PackedConv) packedWeights // nil = nothing to pack
	run   func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte)

	scratch func(p *PackedConv, w int) int // bytes beyond the generic kernel's; nil = none
}

// packedWeights is weights, biases and scales in one variant's order.
type packedWeights struct {
	weights []int8
	bias    []int32
	scale   []float32
	pad     []byte // a run of the input's zero point, for taps outside the map
}

// Set is the kernels that one network uses: of each operation, the variants left after the CPU and the user's choice.
type Set struct {
	conv []convVariant
	add  []addVariant
	peak *peakVariant
}

// Variant describes one kernel of the table.
type Variant struct {
	Name  string
	Needs []string // CPU features
	Have  bool     // this CPU has them
}

// Variants lists the kernels compiled for this architecture, best first within an operation.
func Variants() []Variant {
	var list []Variant
	for _, v := range convTable {
		list = append(list, Variant{Name: v.name, Needs: v.needs.names(), Have: features().has(v.needs)})
	}
	return append(list, Variant{Name: convGeneric.name, Have: true})
}

// Choose makes the set for this CPU without the features or variants named in disable. "simd" disables every variant.
// An unknown name is an error.
func Choose(disable []string) (*Set, error) {
	have := features()
	var off []string
	for _, name := range disable {
		f, isFeature := featureByName(name)
		isVariant := slices.ContainsFunc(convTable, func(v convVariant) bool { return v.name == name })
		switch {
		case name == "simd":
			have = 0
		case isFeature:
			have &^= f
		case isVariant:
			off = append(off, name)
		default:
			return nil, fmt.Errorf("kernel: disable %q: not a CPU feature (%s) nor a variant", name, strings.Join(FeatureNames(), ", "))
		}
	}
	s := &Set{}
	for _, v := range convTable {
		if have.has(v.needs) && !slices.Contains(off, v.name) {
			s.conv = append(s.conv, v)
		}
	}
	for i := range peakTable {
		if v := &peakTable[i]; s.peak == nil && have.has(v.needs) {
			s.peak = v
		}
	}
	return s, nil
}
