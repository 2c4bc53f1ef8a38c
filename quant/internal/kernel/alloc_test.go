package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestNoAllocation runs each operation with the best variants, every convolution variant, and the generic kernels.
func TestNoAllocation(t *testing.T) {
	best, err := Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(40, 1))
	check := func(name string, f func()) {
		t.Helper()
		if n := testing.AllocsPerRun(5, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	makeMap := func(h, w, c int) *Map {
		m := NewMap(h, w, c, Native)
		m.Data = make([]byte, m.Size())
		return &m
	}
	for _, l := range []layer{
		{"pointwise", 4, 8, 16, 20, 1, 1, 1}, {"first", 4, 8, 4, 20, 3, 2, 1}, {"dense", 4, 8, 8, 20, 3, 1, 1}, {"depthwise", 4, 8, 20, 20, 3, 1, 1},
		{"depthwise", 4, 8, 20, 20, 3, 2, 1}, {"depthwise", 4, 8, 20, 20, 3, 1, 2}, {"depthwise", 4, 8, 20, 20, 5, 2, 1},
	} {
		c := l.conv(r)
		c.Requant.Table = new([256]byte)
		src, dst := makeMap(l.h*l.s, l.w*l.s, l.in), makeMap(l.h, l.w, l.out)
		for i := range convTable {
			p, err := newPackedConv(c)
			if err != nil {
				t.Fatal(err)
			}
			p.set = best
			if v := &convTable[i]; features().has(v.needs) && v.takes(p) {
				p.with(v)
				scratch := make([]byte, p.Scratch(dst.W))
				check(v.name, func() { p.Run(dst, src, 0, dst.H, scratch) })
			}
		}
	}
	for name, s := range map[string]*Set{"variants": best, "generic": {}} {
		a, b, wide, one := makeMap(6, 8, 20), makeMap(6, 8, 20), makeMap(6, 8, 40), makeMap(1, 1, 20)
		add, err := s.PackAdd(Add{ScaleA: 0.5, ScaleB: 0.5, Type: Native, Table: new([256]byte)})
		if err != nil {
			t.Fatal(err)
		}
		check(name+" add", func() { add.Run(a, a, b, 0, 6) })
		check(name+" add of a pixel", func() { add.Run(a, a, one, 0, 6) })
		table := new([256]byte)
		check(name+" lookup", func() { s.Lookup(a, b, table, 0, 6) })
		check(name+" copy", func() { s.CopyChannels(wide, 20, a, nil, 0, 6); s.CopyChannels(wide, 3, a, nil, 0, 6) })
		check(name+" average", func() {
			s.AvgPool(one, a, Pool{KH: 6, KW: 8, StrideY: 1, StrideX: 1}, false, 0, Requant{Scale: oneScale}, 0, 1)
		})
		mul, err := s.PackAdd(Add{ScaleA: 0.01, Multiply: true, Type: Native})
		if err != nil {
			t.Fatal(err)
		}
		check(name+" product with a pixel", func() { mul.Run(a, a, one, 0, 6) })
		check(name+" maximum", func() { s.MaxPool(a, b, Pool{KH: 3, KW: 3, StrideY: 1, StrideX: 1, PadTop: 1, PadLeft: 1}, 0, 6) })
		large, classes := makeMap(12, 16, 20), make([]byte, 12*16)
		up, _ := NewResize(6, 8, 12, 16, HalfPixel)
		near, _ := NewNearest(6, 8, 12, 16, HalfPixel, Floor)
		scratch := make([]byte, max(up.Scratch(20), near.Scratch(20)))
		check(name+" resize", func() { s.Resize(large, a, up, nil, 0, 12, scratch) })
		check(name+" nearest", func() { s.Resize(large, a, near, nil, 0, 12, scratch) })
		check(name+" real resize", func() { s.ResizeReal(large, a, up, RealOut{Scale: 1}, 0, 12, scratch) })
		check(name+" argmax", func() { s.ResizeArgMax(classes, a, up, 0, 12, scratch) })
		pixels, planes := makeMap(6, 8, 4), make([]byte, 4*6*8)
		check(name+" planes", func() { s.FromNCHW(pixels, planes, 0x80, 0, 6) })
	}
}

var oneScale = []float32{1}
