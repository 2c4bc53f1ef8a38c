package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// The tables convTable, addTable, lookupTable, resizeTable, nearestTable, realTable, argmaxTable, marginTable, sumTable, maxTable,
// planesTable and peakTable (table_*.go) list an
// architecture's variants, best first. To add a kernel is to add a line: choice, tests, benchmarks and reports follow.

// convVariant is one way of running a convolution.
type convVariant struct {
	name  string
	needs Feature
	takes func(*PackedConv) bool          // whether it can run this one; nil for the generic one, which runs all
	pack  func(*PackedConv) packedWeights // nil = nothing to pack
	run   func(p *PackedConv, dst, src *Map, y0, y1 int, scratch []byte)

	scratch func(p *PackedConv, w int) int // bytes beyond the generic kernel's; nil = none
	pairs   bool                           // see PairsRows
}

// packedWeights is weights, biases and scales in one variant's order.
type packedWeights struct {
	weights []int8
	bias    []int32
	scale   []float32
	ramp    []float32 // see packRamp; nil = none
	near    bool      // see packNear
	pad     []byte    // a run of the input's zero point, for taps outside the map
	lanes   int       // of a depthwise convolution: products an output that the instructions form, those with padding too
}

// lookupVariant is one way of applying a table.
type lookupVariant struct {
	name  string
	needs Feature
	run   func(dst, src *Map, table *[256]byte, y0, y1 int)
}

// resizeVariant is one way of enlarging by 2, 4 or 8 (Resize.factor), or of a nearest resize.
type resizeVariant struct {
	name  string
	needs Feature
	run   func(dst, src *Map, r *Resize, y0, y1 int, scratch []byte)
}

// argmaxVariant is one way of enlarging by 2 or more with argmax.
type argmaxVariant struct {
	name  string
	needs Feature
	run   func(dst []byte, src *Map, r *Resize, y0, y1 int, scratch []byte)
}

// realVariant is one way of resizing real values.
type realVariant struct {
	name  string
	needs Feature
	takes func(r *Resize, scale float32) bool // whether it can run r with a result of this scale; nil = any
	pairs bool                                // see PairsRows
	run   func(dst, src *Map, r *Resize, out *RealOut, lo, hi int32, y0, y1 int, scratch []byte)
}

// marginVariant is one way of making margins of a map that is resized.
type marginVariant struct {
	name  string
	needs Feature
	run   func(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32)
}

// sumVariant is one way of summing 16 channels, from c on, over a whole map of fewer than 2²² pixels.
type sumVariant struct {
	name  string
	needs Feature
	run   func(src *Map, c int, sums *[16]int32)
}

// maxVariant is one way of pooling maxima with a window that Pool.fits.
type maxVariant struct {
	name  string
	needs Feature
	run   func(dst, src *Map, p *Pool, y0, y1 int)
}

// planesVariant is one way of turning 4 planes into cells.
type planesVariant struct {
	name  string
	needs Feature
	run   func(dst *Map, src []byte, flip byte, y0, y1 int)
}

// Set is the kernels that one network uses: of each operation, the variants left after the CPU and the user's choice.
type Set struct {
	conv    []convVariant
	add     []addVariant
	lookup  *lookupVariant
	resize  *resizeVariant
	nearest *resizeVariant
	argmax  *argmaxVariant
	margin  *marginVariant
	real    []realVariant
	sum     *sumVariant
	max     *maxVariant
	planes  *planesVariant
	peak    *peakVariant
}

// Variant describes one kernel of the tables.
type Variant struct {
	Name  string
	Needs []string // CPU features
	Have  bool     // this CPU has them
}

// Variants lists the kernels compiled for this architecture, best first within an operation; the generic ones, which
// every operation has, are left out.
func Variants() []Variant {
	var list []Variant
	each(func(name string, needs Feature) {
		list = append(list, Variant{Name: name, Needs: needs.names(), Have: features().has(needs)})
	})
	return list
}

// each visits all tables.
func each(visit func(name string, needs Feature)) {
	for _, v := range convTable {
		visit(v.name, v.needs)
	}
	for _, v := range addTable {
		visit(v.name, v.needs)
	}
	for _, v := range lookupTable {
		visit(v.name, v.needs)
	}
	for _, v := range resizeTable {
		visit(v.name, v.needs)
	}
	for _, v := range nearestTable {
		visit(v.name, v.needs)
	}
	for _, v := range argmaxTable {
		visit(v.name, v.needs)
	}
	for _, v := range marginTable {
		visit(v.name, v.needs)
	}
	for _, v := range realTable {
		visit(v.name, v.needs)
	}
	for _, v := range sumTable {
		visit(v.name, v.needs)
	}
	for _, v := range maxTable {
		visit(v.name, v.needs)
	}
	for _, v := range planesTable {
		visit(v.name, v.needs)
	}
	for _, v := range peakTable {
		visit(v.name, v.needs)
	}
}

// Choose makes the set for this CPU without the features or variants named in disable. "simd" disables every variant.
// An unknown name is an error.
func Choose(disable []string) (*Set, error) {
	have := features()
	for _, name := range disable {
		f, isFeature := featureByName(name)
		switch {
		case name == "simd":
			have = 0
		case isFeature:
			have &^= f
		case !isVariant(name):
			return nil, fmt.Errorf("kernel: disable %q: neither a CPU feature (%s) nor a variant", name, strings.Join(FeatureNames(), ", "))
		}
	}
	on := func(name string, needs Feature) bool {
		return have.has(needs) && have != 0 && !slices.Contains(disable, name)
	}
	s := &Set{}
	for _, v := range convTable {
		if on(v.name, v.needs) {
			s.conv = append(s.conv, v)
		}
	}
	for _, v := range addTable {
		if on(v.name, v.needs) {
			s.add = append(s.add, v)
		}
	}
	for _, v := range realTable {
		if on(v.name, v.needs) {
			s.real = append(s.real, v)
		}
	}
	s.lookup = first(lookupTable, func(v *lookupVariant) bool { return on(v.name, v.needs) })
	s.resize = first(resizeTable, func(v *resizeVariant) bool { return on(v.name, v.needs) })
	s.nearest = first(nearestTable, func(v *resizeVariant) bool { return on(v.name, v.needs) })
	s.planes = first(planesTable, func(v *planesVariant) bool { return on(v.name, v.needs) })
	s.sum = first(sumTable, func(v *sumVariant) bool { return on(v.name, v.needs) })
	s.max = first(maxTable, func(v *maxVariant) bool { return on(v.name, v.needs) })
	s.argmax = first(argmaxTable, func(v *argmaxVariant) bool { return on(v.name, v.needs) })
	s.margin = first(marginTable, func(v *marginVariant) bool { return on(v.name, v.needs) })
	s.peak = first(peakTable, func(v *peakVariant) bool { return on(v.name, v.needs) })
	return s, nil
}

func isVariant(name string) bool {
	found := false
	each(func(n string, _ Feature) { found = found || n == name })
	return found
}

// first is the first entry of a table that ok accepts, or nil.
func first[V any](table []V, ok func(*V) bool) *V {
	for i := range table {
		if ok(&table[i]) {
			return &table[i]
		}
	}
	return nil
}
