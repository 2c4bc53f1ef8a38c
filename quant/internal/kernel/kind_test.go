package kernel

import "testing"

// TestKind: what a convolution is counted as, and the products that the kernels form for 5 × 7 outputs of it.
func TestKind(t *testing.T) {
	scale := func(n int) Requant {
		s := make([]float32, n)
		for i := range s {
			s[i] = 0.01
		}
		return Requant{Scale: s, Min: 0, Max: 127} // inside both types
	}
	for _, c := range []struct {
		in, out, groups, k, stride, dilation, pad int
		kind                                      string
		least, most                               int64 // products an output on any architecture
	}{
		{16, 24, 1, 1, 1, 1, 0, "pointwise", 16, 16},
		{16, 24, 1, 1, 2, 1, 0, "pointwise", 16, 16},
		{16, 24, 1, 3, 1, 1, 1, "dense", 144, 144},
		{16, 16, 16, 3, 1, 1, 1, "depthwise", 9, 12},
		{16, 16, 16, 3, 2, 1, 1, "depthwise", 9, 12},
		{16, 16, 16, 5, 1, 1, 2, "depthwise", 25, 40},
		{16, 32, 16, 3, 1, 1, 1, "depthwise", 9, 12},
		{16, 16, 4, 1, 1, 1, 0, "dense", 4, 4},
		{1, 8, 1, 1, 1, 1, 0, "pointwise", 1, 1},
	} {
		conv := Conv{In: c.in, Out: c.out, Groups: c.groups, KH: c.k, KW: c.k, StrideY: c.stride, StrideX: c.stride,
			DilationY: c.dilation, DilationX: c.dilation, PadTop: c.pad, PadLeft: c.pad,
			Weights: make([]int8, c.out*c.k*c.k*c.in/c.groups), Type: Native, Requant: scale(c.out)}
		for _, disable := range [][]string{nil, {"avx512vnni"}, {"avx512vnni", "avxvnni", "dotprod"}, {"simd"}} {
			set, err := Choose(disable)
			if err != nil {
				t.Fatal(err)
			}
			p, err := set.PackConv(conv)
			if err != nil {
				t.Fatal(err)
			}
			outputs := int64(5 * 7 * c.out)
			products := p.Products(5, 7)
			if p.Kind() != c.kind || p.MACs(5, 7) != outputs*c.least || products < outputs*c.least || products > outputs*c.most {
				t.Errorf("%+v by %s: %s, %d products an output", c, p.Kernel(), p.Kind(), products/outputs)
			}
			if len(disable) == 1 && disable[0] == "simd" && products != p.MACs(5, 7) {
				t.Errorf("%+v: the plain loop forms %d products an output", c, products/outputs)
			}
		}
	}
}
