package kernel

import (
	"fmt"
	"math"
)

// Add is the residual add of two quantized maps, and, with Multiply, their product:
//
//	dst = clamp(roundHalfEven(t) + Zero, Min, Max), then Table, where in float32, each operation rounded by itself,
//	t   = float32(a − ZeroA) × ScaleA + float32(b − ZeroB) × ScaleB     (Add)
//	t   = float32((a − ZeroA) × (b − ZeroB)) × ScaleA                   (Multiply)
//
// b may be a 1×1 map, which then goes with every pixel: the scale of a squeeze-and-excite block.
type Add struct {
	ZeroA, ZeroB   int
	ScaleA, ScaleB float32 // scale of a (of b) / scale of dst; with Multiply ScaleA is scale of a × scale of b / scale of dst
	Multiply       bool
	Zero, Min, Max int // of dst, as in Requant
	Table          *[256]byte
	Type           Type // of all three
}

// PackedAdd is an Add ready to run. It is read-only.
type PackedAdd struct {
	a      Add
	lo, hi int32
	set    *Set // for the table
	run    *addVariant
}

// addVariant is one way of running an Add on maps of one shape.
type addVariant struct {
	name  string
	needs Feature
	takes func(*PackedAdd) bool
	run   func(p *PackedAdd, dst, a, b *Map, y0, y1 int)
}

// PackAdd checks a and picks the best variant of the set.
func (s *Set) PackAdd(a Add) (*PackedAdd, error) {
	p := &PackedAdd{a: a, set: s, run: &addGeneric}
	r := Requant{Zero: a.Zero, Min: a.Min, Max: a.Max}
	var err error
	if p.lo, p.hi, err = r.bounds(a.Type); err != nil {
		return nil, fmt.Errorf("kernel: add: %w", err)
	}
	for _, v := range []float32{a.ScaleA, a.ScaleB} {
		if v < 0 || math.IsInf(float64(v), 0) || v != v {
			return nil, fmt.Errorf("kernel: add: scale is %v", v)
		}
	}
	lo, hi := a.Type.Range()
	for _, z := range []int{a.ZeroA, a.ZeroB} {
		if z < int(lo) || z > int(hi) {
			return nil, fmt.Errorf("kernel: add: zero point %d is outside %v", z, a.Type)
		}
	}
	for i := range s.add {
		if s.add[i].takes(p) {
			p.run = &s.add[i]
			break
		}
	}
	return p, nil
}

// Kernel is the name of the variant that runs it.
func (p *PackedAdd) Kernel() string { return p.run.name }

// Run computes rows [y0, y1) of dst, which may be a or b itself.
func (p *PackedAdd) Run(dst, a, b *Map, y0, y1 int) {
	dst.checkRows("add", y0, y1)
	a.check("add")
	b.check("add")
	same("add", dst, a)
	pixel := b.H == 1 && b.W == 1 && b.C == a.C
	if !pixel {
		same("add", a, b)
	}
	if dst.Type != p.a.Type || a.Type != p.a.Type || b.Type != p.a.Type {
		panic(fmt.Sprintf("kernel: add: %v of %v and %v on maps of %v", dst.Type, a.Type, b.Type, p.a.Type))
	}
	p.run.run(p, dst, a, b, y0, y1)
}

var addGeneric = addVariant{name: "add_generic", run: addRunGeneric}

func addRunGeneric(p *PackedAdd, dst, a, b *Map, y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range dst.W {
			by, bx := min(y, b.H-1), min(x, b.W-1)
			for c := range dst.C {
				va := p.a.Type.value(a.Data[a.Offset(y, x, c)]) - int32(p.a.ZeroA)
				vb := p.a.Type.value(b.Data[b.Offset(by, bx, c)]) - int32(p.a.ZeroB)
				dst.Data[dst.Offset(y, x, c)] = p.one(va, vb)
			}
		}
	}
}

func (p *PackedAdd) one(va, vb int32) byte {
	var t float32
	if p.a.Multiply {
		t = float32(va*vb) * p.a.ScaleA
	} else {
		// The conversions keep the compiler from fusing a multiply-add.
		t = float32(float32(va)*p.a.ScaleA) + float32(float32(vb)*p.a.ScaleB)
	}
	v := byte(min(max(roundBounded(t)+int32(p.a.Zero), p.lo), p.hi))
	if p.a.Table != nil {
		v = p.a.Table[v]
	}
	return v
}
