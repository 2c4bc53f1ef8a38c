package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// kill makes some channels of c what quantizers make of dead ones, and one that only looks dead.
func kill(r *rand.Rand, c *Conv) {
	depth := c.KH * c.KW * c.In / max(c.Groups, 1)
	for n := range c.Out {
		weights := c.Weights[n*depth : (n+1)*depth]
		switch r.IntN(5) {
		case 0: // weights that were too small for any scale
			clear(weights)
			c.Requant.Scale[n] = 1 + 20*r.Float32()
		case 1: // a scale so small that the bias fills its integer
			c.Bias[n] = (math.MaxInt32 - 400000) * (2*r.Int32N(2) - 1)
			c.Requant.Scale[n] = 256 * r.Float32() / math.MaxInt32
			for i := range weights {
				weights[i] = int8(r.IntN(3) - 1)
			}
		case 2: // the same with a bias on the border of two outputs: it is alive
			c.Requant.Scale[n] = 1e-7
			c.Bias[n] = int32(20.5 / float64(c.Requant.Scale[n]))
		}
	}
}

// TestSettle holds convolutions with dead channels to the generic kernel, byte for byte, and their inputs to what they were.
func TestSettle(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 4))
	set, err := Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	settled := 0
	for i := range rounds(600) {
		c := anyConv(r)
		if i%2 == 0 {
			c = depthwiseShape(r, 3, 1+r.IntN(2))
		}
		c.Type = Type(r.IntN(2))
		c = randomConv(r, c)
		kill(r, &c)
		weights, scales := slices.Clone(c.Weights), slices.Clone(c.Requant.Scale)
		generic, err := newPackedConv(c)
		if err != nil {
			t.Fatal(err)
		}
		generic.with(&convGeneric)
		packed, err := set.PackConv(c)
		if err != nil {
			t.Fatal(err)
		}
		settled += len(packed.scale) - equal(packed.scale, generic.scale)
		h, w := (c.KH-1)*generic.c.DilationY+1+r.IntN(5), (c.KW-1)*generic.c.DilationX+1+r.IntN(9)
		src := newTestMap(t, r, h, w, c.In, c.Type, picker(r))
		oh := outSize(h, c.KH, generic.c.StrideY, generic.c.DilationY, c.PadTop, c.PadTop)
		ow := outSize(w, c.KW, generic.c.StrideX, generic.c.DilationX, c.PadLeft, c.PadLeft)
		want, got := newTestMap(t, r, oh, ow, c.Out, c.Type, picker(r)), newTestMap(t, r, oh, ow, c.Out, c.Type, picker(r))
		generic.Run(&want, &src, 0, oh, make([]byte, generic.Scratch(ow)))
		packed.Run(&got, &src, 0, oh, make([]byte, packed.Scratch(ow)))
		for y := range oh {
			for x := range ow {
				for n := range c.Out {
					if a, b := got.Data[got.Offset(y, x, n)], want.Data[want.Offset(y, x, n)]; a != b {
						t.Fatalf("case %d %s, %s: (%d, %d, %d) is %d, want %d", i, packed.Kernel(), describe(&c, &src), y, x, n, a, b)
					}
				}
			}
		}
		if !slices.Equal(weights, c.Weights) || !slices.Equal(scales, c.Requant.Scale) {
			t.Fatal("the caller's weights or scales were changed")
		}
	}
	if settled < 200 {
		t.Errorf("only %d channels were dead", settled)
	}
}

func equal(a, b []float32) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

// TestDeadChannelKeepsTheKernel is why there is settle: a weight scale of 1 on zeros must not cost the layer its kernel.
func TestDeadChannelKeepsTheKernel(t *testing.T) {
	set, err := Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	c := randomConv(r, Conv{In: 32, Out: 32, Groups: 32, KH: 3, KW: 3, PadTop: 1, PadLeft: 1, Type: Native})
	alive, err := set.PackConv(c)
	if err != nil {
		t.Fatal(err)
	}
	clear(c.Weights[9:18])
	c.Requant.Scale[1], c.Bias[1] = 3, 40
	dead, err := set.PackConv(c)
	if err != nil {
		t.Fatal(err)
	}
	if dead.Kernel() != alive.Kernel() {
		t.Errorf("a dead channel turns %s into %s", alive.Kernel(), dead.Kernel())
	}
	c.Weights[10] = 1
	c.Requant.Min, c.Requant.Max, c.Bias[1] = 0, 0, 0
	loud, err := set.PackConv(c)
	if err != nil {
		t.Fatal(err)
	}
	if loud.Kernel() != alive.Kernel() {
		t.Errorf("a channel with small sums and a scale of 3 turns %s into %s", alive.Kernel(), loud.Kernel())
	}
	c.Weights[10], c.Bias[1], c.Requant.Scale[1] = 127, int32(127*c.Zero-16000), 1e5
	risky, err := set.PackConv(c)
	if err != nil {
		t.Fatal(err)
	}
	if risky.Kernel() != convGeneric.name {
		t.Errorf("a channel whose products leave int32 runs %s", risky.Kernel())
	}
}
