package kernel

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// layer is a convolution of a student like MobileNetV2 with a light decoder, at 320×240.
type layer struct {
	op      string
	h, w    int // of the output
	in, out int
	k, s, d int
}

var layers = []layer{
	{"first", 120, 160, 4, 16, 3, 2, 1}, {"first", 120, 160, 4, 32, 3, 2, 1},
	{"pointwise", 120, 160, 16, 16, 1, 1, 1}, {"pointwise", 120, 160, 32, 16, 1, 1, 1}, {"pointwise", 120, 160, 16, 96, 1, 1, 1},
	{"pointwise", 60, 80, 96, 24, 1, 1, 1}, {"pointwise", 60, 80, 24, 144, 1, 1, 1}, {"pointwise", 60, 80, 144, 24, 1, 1, 1},
	{"pointwise", 30, 40, 144, 32, 1, 1, 1}, {"pointwise", 30, 40, 32, 192, 1, 1, 1}, {"pointwise", 30, 40, 192, 32, 1, 1, 1},
	{"pointwise", 15, 20, 64, 384, 1, 1, 1}, {"pointwise", 15, 20, 384, 64, 1, 1, 1}, {"pointwise", 15, 20, 384, 96, 1, 1, 1},
	{"pointwise", 15, 20, 96, 576, 1, 1, 1}, {"pointwise", 15, 20, 576, 96, 1, 1, 1}, {"pointwise", 8, 10, 160, 960, 1, 1, 1},
	{"pointwise", 8, 10, 960, 160, 1, 1, 1}, {"pointwise", 8, 10, 960, 320, 1, 1, 1}, {"pointwise", 60, 80, 64, 64, 1, 1, 1},
	{"pointwise", 60, 80, 48, 3, 1, 1, 1},
	{"depthwise", 120, 160, 32, 32, 3, 1, 1}, {"depthwise", 60, 80, 96, 96, 3, 2, 1}, {"depthwise", 60, 80, 144, 144, 3, 1, 1},
	{"depthwise", 30, 40, 144, 144, 3, 2, 1}, {"depthwise", 30, 40, 192, 192, 3, 1, 1}, {"depthwise", 15, 20, 384, 384, 3, 1, 1},
	{"depthwise", 15, 20, 576, 576, 3, 1, 2}, {"depthwise", 8, 10, 960, 960, 3, 1, 1}, {"depthwise", 30, 40, 72, 72, 5, 1, 1},
	{"dense", 60, 80, 48, 48, 3, 1, 1}, {"dense", 30, 40, 64, 64, 3, 1, 1},
}

func (l layer) String() string {
	return fmt.Sprintf("%s/%dx%dx%d-%d_k%ds%dd%d", l.op, l.h, l.w, l.in, l.out, l.k, l.s, l.d)
}

func (l layer) conv(r *rand.Rand) Conv {
	c := Conv{In: l.in, Out: l.out, KH: l.k, KW: l.k, StrideY: l.s, StrideX: l.s, DilationY: l.d, DilationX: l.d, Type: Native}
	c.PadTop, c.PadLeft = l.k/2*l.d, l.k/2*l.d
	if l.op == "depthwise" {
		c.Groups = l.in
	}
	c = randomConv(r, c)
	c.Requant.Table, c.Requant.Min, c.Requant.Max = nil, 0, 0 // as a student's: a zero point, no clamp of its own
	return c
}

func BenchmarkConv(b *testing.B) {
	for _, l := range layers {
		for i := range convTable {
			v := &convTable[i]
			c := l.conv(rand.New(rand.NewPCG(1, 1)))
			p, err := newPackedConv(c)
			if err != nil {
				b.Fatal(err)
			}
			if !features().has(v.needs) || !v.takes(p) {
				continue
			}
			b.Run(l.String()+"/"+v.name[strings.Index(v.name, "_")+1:], func(b *testing.B) {
				p.with(v)
				src, dst := NewMap(l.h*l.s, l.w*l.s, l.in, Native), NewMap(l.h, l.w, l.out, Native)
				src.Data, dst.Data = make([]byte, src.Size()), make([]byte, dst.Size())
				scratch := make([]byte, p.Scratch(dst.W))
				best := time.Duration(1<<63 - 1)
				for b.Loop() {
					start := time.Now()
					p.Run(&dst, &src, 0, dst.H, scratch)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(p.MACs(l.h, l.w))/best.Seconds()/1e9, "best-GMAC/s")
			})
		}
	}
}

func BenchmarkPeak(b *testing.B) {
	s, err := Choose(nil)
	if err != nil {
		b.Fatal(err)
	}
	var peak float64
	for b.Loop() {
		peak = max(peak, s.Peak())
	}
	b.ReportMetric(peak/1e9, "GMAC/s")
}
