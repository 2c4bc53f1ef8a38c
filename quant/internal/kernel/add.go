package kernel

import (
	"fmt"
	"math"
)

// Add is the residual add of two quantized maps, and, with Multiply, their product. With a, b and dst as the model has
// them (Offset below the bytes' values, and so are the zero points), in float32:
//
//	t = fma(a, ScaleA, fma(b, ScaleB, k)),  k = Zero − fma(ScaleA, ZeroA, ScaleB·ZeroB), each operation rounded by itself
//	t = float32((a − ZeroA)·(b − ZeroB)) × ScaleA + Zero                              (Multiply; each operation rounded)
//	dst = clamp(roundHalfEven(t), Min, Max), then Table
//
// The fused multiply-add is ONNX Runtime's (core/mlas/lib/qladd.cpp, and qlmul.cpp adds Zero before rounding, too); with it ties
// fall as they do there, which also makes the order of a and b matter. b may be a 1×1 map, which then goes with every pixel: the scale of a
// squeeze-and-excite block, or a context added to a whole map.
type Add struct {
	ZeroA, ZeroB   int
	ScaleA, ScaleB float32 // scale of a (of b) / scale of dst; with Multiply ScaleA is scale of a × scale of b / scale of dst
	Multiply       bool
	Zero, Min, Max int // of dst, as in Requant
	Table          *[256]byte
	Type           Type // of all three; zero points and range are values of this type
	Offset         int  // what Type's values are above the model's: 128 for an s8 model in u8, -128 for a u8 model in s8
}

// PackedAdd is an Add ready to run. It is read-only.
type PackedAdd struct {
	a      Add
	k      float32 // the constant of the sum
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
	model := func(zero int) float32 { return float32(zero - a.Offset) }
	p.k = model(a.Zero) - fma(a.ScaleA, model(a.ZeroA), float32(a.ScaleB*model(a.ZeroB)))
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
				va, vb := p.a.Type.value(a.Data[a.Offset(y, x, c)]), p.a.Type.value(b.Data[b.Offset(by, bx, c)])
				dst.Data[dst.Offset(y, x, c)] = p.one(va, vb)
			}
		}
	}
}

func (p *PackedAdd) one(va, vb int32) byte {
	var r int32
	if p.a.Multiply {
		product := (va - int32(p.a.ZeroA)) * (vb - int32(p.a.ZeroB))
		t := float32(float32(product)*p.a.ScaleA) + float32(p.a.Zero-p.a.Offset)
		r = roundBounded(t) + int32(p.a.Offset)
	} else {
		offset := int32(p.a.Offset)
		t := fma(float32(va-offset), p.a.ScaleA, fma(float32(vb-offset), p.a.ScaleB, p.k))
		r = roundBounded(t) + offset
	}
	v := byte(min(max(r, p.lo), p.hi))
	if p.a.Table != nil {
		v = p.a.Table[v]
	}
	return v
}

// One computes one byte from one of a and one of b.
func (p *PackedAdd) One(a, b byte) byte { return p.one(p.a.Type.value(a), p.a.Type.value(b)) }

// fma is x·y + z rounded once to float32. The product is exact in float64; the sum is rounded to odd there (Boldo and
// Melquiond, "Emulation of a FMA and correctly rounded sums", 2008), after which rounding again does no harm.
func fma(x, y, z float32) float32 {
	p, c := float64(float64(x)*float64(y)), float64(z)
	s := p + c
	t := s - p
	if low := (p - (s - t)) + (c - t); low != 0 && math.Float64bits(s)&1 == 0 {
		s = math.Nextafter(s, math.Inf(int(math.Copysign(1, low))))
	}
	return float32(s)
}
