package kernel

import (
	"fmt"
	"math"
	"slices"
)

// Conv is a 2-D convolution as a model states it. A fully connected layer is a 1×1 convolution on a 1×1 map.
//
//	dst[y][x][n] = requantize(Bias[n] + Σ over ky, kx, c of
//	    (src[y·StrideY + ky·DilationY − PadTop][x·StrideX + kx·DilationX − PadLeft][g·In/Groups + c] − Zero) ·
//	    (Weights[n][ky][kx][c] − WeightZero[n]))       with g = n / (Out/Groups)
//
// and source pixels outside the map equal to Zero, that is, adding nothing.
type Conv struct {
	In, Out              int // channels
	KH, KW               int
	StrideY, StrideX     int // 0 = 1
	DilationY, DilationX int // 0 = 1
	PadTop, PadLeft      int // the other two follow from the destination's size
	Groups               int // 0 = 1

	Weights    []int8  // OHWI: [Out][KH][KW][In/Groups]
	WeightZero []int32 // nil = 0; else one per output channel, -128 … 255 (generic kernel only)
	Bias       []int32 // one per output channel, in units of input scale × weight scale; nil = 0
	Zero       int     // the input's zero point, in the range of Type
	Type       Type    // of source and destination
	Requant    Requant
}

// PackedConv is a convolution ready to run: weights in the order its kernel reads them, zero points folded into the
// bias. It is read-only after packing; any number of goroutines may run it.
type PackedConv struct {
	c      Conv
	taps   int     // KH·KW
	depth  int     // taps·In/Groups: products per output
	bias   []int32 // Bias with the zero points folded in: acc = bias + Σ x·(w − wz)
	scale  []float32
	lo, hi int32
	after  *[256]byte // clamp to lo … hi, then Requant.Table; nil where neither changes a byte
	set    *Set       // for the table
	impl   *convVariant
	packed packedWeights // what impl's pack made
}

// Kernel is the name of the variant that runs the convolution.
func (p *PackedConv) Kernel() string { return p.impl.name }

// Kind is what reports sum convolutions by: "depthwise" where an output channel reads one input channel of several,
// "pointwise" where it reads the pixel at one place, "dense" otherwise, grouped ones too.
func (p *PackedConv) Kind() string {
	c := &p.c
	switch {
	case c.Groups > 1 && c.In == c.Groups:
		return "depthwise"
	case c.Groups == 1 && c.KH*c.KW == 1:
		return "pointwise"
	}
	return "dense"
}

// EachPixel is whether an output pixel depends on the input pixel at its place alone, so that maps of one shape may also be
// given as [Map.ByBlocks] has them.
func (p *PackedConv) EachPixel() bool { return p.c.isPointwise() }

// PairsRows is whether rows take less time two at a time, the first of them even.
func (p *PackedConv) PairsRows() bool { return p.impl.pairs }

// MACs is the number of multiply-accumulates for h × w output pixels, padding counted.
func (p *PackedConv) MACs(h, w int) int64 {
	return int64(h) * int64(w) * int64(p.c.Out) * int64(p.depth)
}

// Products is MACs with those that a depthwise kernel's dot products form with padding: instructions take 4 taps.
func (p *PackedConv) Products(h, w int) int64 {
	if p.packed.lanes == 0 {
		return p.MACs(h, w)
	}
	return int64(h) * int64(w) * int64(p.c.Out) * int64(p.packed.lanes)
}

// PackConv checks c and packs its weights for the best variant of the set that can run it.
func (s *Set) PackConv(c Conv) (*PackedConv, error) {
	p, err := newPackedConv(c)
	if err != nil {
		return nil, err
	}
	p.set = s
	p.settle()
	for i := range s.conv {
		if v := &s.conv[i]; v.takes(p) {
			return p.with(v), nil
		}
	}
	return p.with(&convGeneric), nil
}

// PackSums checks c and keeps its sums as they are, for [PackedConv.RunInt32].
func (s *Set) PackSums(c Conv) (*PackedConv, error) {
	p, err := newPackedConv(c)
	if err != nil {
		return nil, err
	}
	p.set = s
	return p.with(&convGeneric), nil
}

// settle gives every channel whose output no input can change weights of 0, and a bias and a scale of ½ that make the same
// output. Networks have dead channels, and quantizers leave them weights of 0 with a scale of 1, or a bias near 2³¹ beside
// tiny weights: both would leave the whole convolution to slower kernels.
func (p *PackedConv) settle() {
	if p.c.WeightZero != nil {
		return
	}
	zero := int32(p.c.Requant.Zero)
	var changed bool
	for n, bias := range p.bias {
		if p.scale[n] < 1 && -1<<22 < bias && bias < 1<<22 { // no kernel minds
			continue
		}
		low, high := p.reach(n)
		if low < math.MinInt32 || high > math.MaxInt32 { // sums wrap
			continue
		}
		code := requantized(int32(low), p.scale[n], zero, p.lo, p.hi)
		if code != requantized(int32(high), p.scale[n], zero, p.lo, p.hi) {
			continue
		}
		if !changed {
			p.c.Weights, p.scale, changed = slices.Clone(p.c.Weights), slices.Clone(p.scale), true
		}
		clear(p.c.Weights[n*p.depth : (n+1)*p.depth])
		p.bias[n], p.scale[n] = 2*(code-zero), 0.5
	}
}

// reach is the least and the largest sum that inputs can make of a channel, before it wraps. There are no weight zero points.
func (p *PackedConv) reach(n int) (low, high int64) {
	var all, up int // sums of weights, and of the positive ones
	for _, w := range p.c.Weights[n*p.depth : (n+1)*p.depth] {
		all += int(w)
		up += int(w &^ (w >> 7))
	}
	down := all - up
	least, most := p.c.Type.Range()
	low = int64(p.bias[n]) + int64(up)*int64(least) + int64(down)*int64(most)
	return low, int64(p.bias[n]) + int64(up)*int64(most) + int64(down)*int64(least)
}

func (p *PackedConv) with(v *convVariant) *PackedConv {
	p.impl = v
	if v.pack != nil {
		p.packed = v.pack(p)
	}
	return p
}

// Release lets go of the weights as they were given, where the kernel has packed its own. RunInt32 is lost with them.
func (p *PackedConv) Release() {
	if p.impl.pack != nil {
		p.c.Weights = nil
	}
}

func newPackedConv(c Conv) (*PackedConv, error) {
	for _, d := range []*int{&c.StrideY, &c.StrideX, &c.DilationY, &c.DilationX, &c.Groups} {
		if *d == 0 {
			*d = 1
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("kernel: conv: %w", err)
	}
	p := &PackedConv{c: c, taps: c.KH * c.KW, set: &Set{}}
	p.depth = p.taps * (c.In / c.Groups)
	var err error
	if p.lo, p.hi, err = c.Requant.bounds(c.Type); err == nil {
		p.scale, err = c.Requant.scales(c.Out)
	}
	if err != nil {
		return nil, fmt.Errorf("kernel: conv: %w", err)
	}
	p.after = c.Requant.after(c.Type, p.lo, p.hi)
	p.bias = make([]int32, c.Out)
	for n := range p.bias {
		if c.Bias != nil {
			p.bias[n] = c.Bias[n]
		}
		sum := -int32(p.depth) * p.weightZero(n)
		for _, w := range c.Weights[n*p.depth : (n+1)*p.depth] {
			sum += int32(w)
		}
		p.bias[n] -= int32(c.Zero) * sum
	}
	return p, nil
}

func (p *PackedConv) weightZero(n int) int32 {
	if p.c.WeightZero == nil {
		return 0
	}
	return p.c.WeightZero[n]
}

func (c *Conv) check() error {
	for _, d := range []struct {
		name  string
		value int
	}{{"in", c.In}, {"out", c.Out}, {"kernel height", c.KH}, {"kernel width", c.KW}, {"stride", min(c.StrideY, c.StrideX)},
		{"dilation", min(c.DilationY, c.DilationX)}, {"groups", c.Groups}} {
		if d.value <= 0 || d.value > 1<<20 {
			return fmt.Errorf("%s is %d", d.name, d.value)
		}
	}
	if c.PadTop < 0 || c.PadLeft < 0 {
		return fmt.Errorf("padding %d, %d is negative", c.PadTop, c.PadLeft)
	}
	if c.In%c.Groups != 0 || c.Out%c.Groups != 0 {
		return fmt.Errorf("%d groups do not divide %d → %d channels", c.Groups, c.In, c.Out)
	}
	depth := int64(c.KH) * int64(c.KW) * int64(c.In/c.Groups)
	if depth > math.MaxInt32/int64(c.Out) || len(c.Weights) != c.Out*int(depth) {
		return fmt.Errorf("%d weights for %d × %d × %d × %d", len(c.Weights), c.Out, c.KH, c.KW, c.In/c.Groups)
	}
	if c.Bias != nil && len(c.Bias) != c.Out {
		return fmt.Errorf("%d biases for %d channels", len(c.Bias), c.Out)
	}
	if c.WeightZero != nil && len(c.WeightZero) != c.Out {
		return fmt.Errorf("%d weight zero points for %d channels", len(c.WeightZero), c.Out)
	}
	if lo, hi := c.Type.Range(); c.Zero < int(lo) || c.Zero > int(hi) {
		return fmt.Errorf("zero point %d is outside %v", c.Zero, c.Type)
	}
	return nil
}

// Scratch is the number of bytes that [PackedConv.Run] needs for a destination of width w. Each worker brings its own.
func (p *PackedConv) Scratch(w int) int {
	if p.impl.scratch != nil {
		return max(p.impl.scratch(p, w), p.depth)
	}
	return p.depth
}

// Run computes rows [y0, y1) of dst from src. The two must not overlap. It panics on a shape that p was not packed for.
func (p *PackedConv) Run(dst, src *Map, y0, y1 int, scratch []byte) {
	p.check(dst, src, y0, y1, scratch)
	if y0 < y1 {
		p.impl.run(p, dst, src, y0, y1, scratch)
	}
}

func (p *PackedConv) check(dst, src *Map, y0, y1 int, scratch []byte) {
	src.check("conv")
	dst.checkRows("conv", y0, y1)
	if src.C != p.c.In || dst.C != p.c.Out || src.Type != p.c.Type || dst.Type != p.c.Type {
		panic(fmt.Sprintf("kernel: conv: %d %v → %d %v channels on maps of %d %v and %d %v", p.c.In, p.c.Type, p.c.Out, p.c.Type,
			src.C, src.Type, dst.C, dst.Type))
	}
	if want := p.Scratch(dst.W); len(scratch) < want {
		panic(fmt.Sprintf("kernel: conv: %d bytes of scratch, want %d", len(scratch), want))
	}
}

// RunInt32 writes the accumulators of rows [y0, y1) of a convolution that PackSums made, NHWC, to dst: len = H·W·Out of
// the whole output, h × w pixels.
// It always runs the generic kernel: heads that leave the integers are small.
func (p *PackedConv) RunInt32(dst []int32, h, w int, src *Map, y0, y1 int, scratch []byte) {
	src.check("conv")
	if src.C != p.c.In || src.Type != p.c.Type || len(dst) < h*w*p.c.Out || len(scratch) < p.depth || y0 < 0 || y1 > h {
		panic(fmt.Sprintf("kernel: conv: %d → %d channels, %d×%d, rows %d…%d, from %d channels into %d values", p.c.In, p.c.Out,
			h, w, y0, y1, src.C, len(dst)))
	}
	for y := y0; y < y1; y++ {
		for x := range w {
			p.pixel(src, y, x, scratch, func(n int, acc int32) { dst[(y*w+x)*p.c.Out+n] = acc })
		}
	}
}

// isPointwise is whether every output pixel depends on the input pixel at its place alone, all channels of it.
func (c *Conv) isPointwise() bool {
	return c.Groups == 1 && c.KH*c.KW == 1 && c.StrideY == 1 && c.StrideX == 1 && c.PadTop == 0 && c.PadLeft == 0
}
