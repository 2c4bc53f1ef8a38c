package quant_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// convCase is a random quantized convolution.
type convCase struct {
	n, in, out, groups, kh, kw, sy, sx, dy, dx int
	h, w                                       int
	pads                                       [4]int // top, left, bottom, right
	signed, unsignedWeights, perChannel        bool
	xZero, yZero, wZero                        int
	xScale, yScale                             float32
	scale                                      []float32
	weights                                    []byte
	bias                                       []int32
}

func randomConv(r *rand.Rand) *convCase {
	c := &convCase{n: 1 + r.IntN(2), in: 1 + r.IntN(20), out: 1 + r.IntN(20), groups: 1, kh: 1 + r.IntN(5), kw: 1 + r.IntN(5),
		sy: 1 + r.IntN(3), sx: 1 + r.IntN(3), dy: 1 + r.IntN(2), dx: 1 + r.IntN(2), h: 9 + r.IntN(9), w: 9 + r.IntN(9),
		signed: r.IntN(2) == 0, perChannel: r.IntN(2) == 0, xScale: 0.02}
	switch r.IntN(6) {
	case 3: // groups of any size, which the planner merges
		c.groups = 2 + r.IntN(9)
		c.in, c.out = c.groups*(1+r.IntN(5)), c.groups*(1+r.IntN(5))
	case 0:
		c.groups, c.out = c.in, c.in
	case 1:
		c.groups = 2 + r.IntN(2)
		c.in, c.out = c.in*c.groups, c.out*c.groups
	case 2:
		c.groups, c.in, c.out = 2, 8, 16 // whole cells a group
	}
	c.unsignedWeights = !c.signed && r.IntN(3) == 0
	if c.unsignedWeights {
		c.wZero = r.IntN(256)
	}
	for i := range c.pads {
		c.pads[i] = r.IntN(3)
	}
	low := 0
	if c.signed {
		low = -128
	}
	c.xZero, c.yZero = low+r.IntN(256), low+r.IntN(256)
	depth := c.in / c.groups * c.kh * c.kw
	c.weights = make([]byte, c.out*depth)
	for i := range c.weights {
		c.weights[i] = byte(r.Uint32())
	}
	c.scale = make([]float32, 1)
	if c.perChannel {
		c.scale = make([]float32, c.out)
	}
	for i := range c.scale {
		c.scale[i] = 0.001 + 0.01*r.Float32()
	}
	c.yScale = float32(0.02 * 0.006 * 70 * 70 * math.Sqrt(float64(depth)) / 50)
	for range c.out {
		c.bias = append(c.bias, int32(r.IntN(8000)-4000))
	}
	return c
}

func (c *convCase) size() (oh, ow int) {
	return (c.h+c.pads[0]+c.pads[2]-(c.kh-1)*c.dy-1)/c.sy + 1, (c.w+c.pads[1]+c.pads[3]-(c.kw-1)*c.dx-1)/c.sx + 1
}

func (c *convCase) model() []byte {
	t, wt := ot.U8, ot.S8
	if c.signed {
		t = ot.S8
	}
	if c.unsignedWeights {
		wt = ot.U8
	}
	zeros := make([]byte, len(c.scale))
	for i := range zeros {
		zeros[i] = byte(c.wZero)
	}
	m := ot.New(17).Input("x", t, c.n, c.in, c.h, c.w).Init("w", wt, c.weights, c.out, c.in/c.groups, c.kh, c.kw)
	m.Init("xs", ot.F32, ot.Float32s(c.xScale)).Init("xz", t, []byte{byte(c.xZero)}).Init("ys", ot.F32, ot.Float32s(c.yScale)).Init("yz", t, []byte{byte(c.yZero)})
	m.Init("ws", ot.F32, ot.Float32s(c.scale...), len(c.scale)).Init("wz", wt, zeros, len(zeros)).Init("b", ot.I32, ot.Int32s(c.bias...), c.out)
	m.Node("QLinearConv", []string{"x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"}, []string{"y"}, "group", c.groups,
		"strides", []int{c.sy, c.sx}, "dilations", []int{c.dy, c.dx}, "pads", c.pads[:])
	return m.Output("y", t).Bytes()
}

// want is the definition, one output at a time.
func (c *convCase) want(x []byte) []byte {
	oh, ow := c.size()
	ig, og := c.in/c.groups, c.out/c.groups
	value := func(b byte, signed bool) int32 {
		if signed {
			return int32(int8(b))
		}
		return int32(b)
	}
	out := make([]byte, 0, c.n*c.out*oh*ow)
	for i := range c.n * c.out * oh * ow {
		ox, oy, o, n := i%ow, i/ow%oh, i/(ow*oh)%c.out, i/(ow*oh*c.out)
		acc := c.bias[o]
		for ch := range ig {
			for ky := range c.kh {
				for kx := range c.kw {
					y, xx := oy*c.sy+ky*c.dy-c.pads[0], ox*c.sx+kx*c.dx-c.pads[1]
					if y < 0 || xx < 0 || y >= c.h || xx >= c.w {
						continue
					}
					q := value(x[((n*c.in+o/og*ig+ch)*c.h+y)*c.w+xx], c.signed) - int32(c.xZero)
					w := value(c.weights[((o*ig+ch)*c.kh+ky)*c.kw+kx], !c.unsignedWeights) - int32(c.wZero)
					acc += q * w
				}
			}
		}
		scale := c.xScale * c.scale[o%len(c.scale)] / c.yScale
		v := math.RoundToEven(float64(float32(acc)*scale)) + float64(c.yZero)
		if c.signed {
			out = append(out, byte(int8(min(max(v, -128), 127))))
		} else {
			out = append(out, byte(min(max(v, 0), 255)))
		}
	}
	return out
}

// TestConvolutions holds planned convolutions against the definition: groups, strides, dilations, asymmetric pads, both
// types, per-tensor and per-channel scales, zero points, with and without SIMD, on 1 to 3 workers.
func TestConvolutions(t *testing.T) {
	for seed := range uint64(250) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := randomConv(r)
		if oh, ow := c.size(); oh < 1 || ow < 1 || (c.kh-1)*c.dy >= c.h+c.pads[0]+c.pads[2] || (c.kw-1)*c.dx >= c.w+c.pads[1]+c.pads[3] {
			continue
		}
		o := quant.Options{Threads: 1 + r.IntN(3)}
		if r.IntN(2) == 0 {
			o.Disable = []string{"simd"}
		}
		net, err := quant.Parse(c.model(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		x := net.Inputs()[0].Bytes()
		for i := range x {
			x[i] = byte(r.Uint32())
		}
		net.Run()
		want := c.want(x)
		got := net.Outputs()[0].Bytes()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("seed %d, %+v: output %d of %v is %d, want %d", seed, o, i, net.Outputs()[0].Shape, got[i], want[i])
				break
			}
		}
		net.Close()
	}
}

// quantized is a model DequantizeLinear → op → QuantizeLinear on uint8 maps; with plain, the outer nodes are cut off and
// the operator stays in float32, on inputs that the caller dequantizes.
func quantized(op string, plain bool, shapes [][]int, weights []byte, wShape []int, attrs ...any) []byte {
	m := ot.New(17).Init("s", ot.F32, ot.Float32s(0.02)).Init("z", ot.U8, []byte{110}).Init("ys", ot.F32, ot.Float32s(0.05)).Init("yz", ot.U8, []byte{90})
	var in []string
	for i, s := range shapes {
		name := fmt.Sprint("x", i)
		if plain {
			m.Input(name, ot.F32, s...)
			in = append(in, name)
			continue
		}
		m.Input(name, ot.U8, s...)
		m.Node("DequantizeLinear", []string{name, "s", "z"}, []string{name + "d"})
		in = append(in, name+"d")
	}
	if weights != nil {
		m.Init("w", ot.S8, weights, wShape...).Init("ws", ot.F32, ot.Float32s(0.004))
		m.Node("DequantizeLinear", []string{"w", "ws"}, []string{"wd"})
		in = append(in, "wd")
	}
	// "Add, Relu" is an Add and then a Relu; Clip is to −1 … 1.5.
	ops := strings.Split(op, ", ")
	for i, name := range ops {
		out := "f" + strings.Repeat("'", len(ops)-1-i)
		switch {
		case name == "Resize":
			m.Init("k", ot.F32, ot.Float32s(1, 1, 2, 3), 4).Node(name, append(in, "", "k"), []string{out}, "mode", "linear")
		case i == 0 && name == "Clip":
			m.Node(name, in, []string{out})
		case i == 0:
			m.Node(name, in, []string{out}, attrs...)
		case name == "Clip":
			m.Init("low", ot.F32, ot.Float32s(-1)).Init("high", ot.F32, ot.Float32s(1.5)).Node(name, []string{out + "'", "low", "high"}, []string{out})
		default:
			m.Node(name, []string{out + "'"}, []string{out})
		}
	}
	if plain {
		return m.Output("f", ot.F32).Bytes()
	}
	return m.Node("QuantizeLinear", []string{"f", "ys", "yz"}, []string{"y"}).Output("y", ot.U8).Bytes()
}

// TestAgainstFloat holds integer operators against the same operator in float32, quantized afterwards: equal but where
// the real value lies on the border between two codes.
func TestAgainstFloat(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	map1 := []int{1, 12, 11, 13}
	for _, c := range []struct {
		name    string
		op      string
		shapes  [][]int
		weights []byte
		wShape  []int
		attrs   []any
		integer string // the kernel path that must be taken
	}{
		{"add", "Add", [][]int{map1, map1}, nil, nil, nil, "add"},
		{"mul", "Mul", [][]int{map1, map1}, nil, nil, nil, "mul"},
		{"add and relu", "Add, Relu", [][]int{map1, map1}, nil, nil, nil, "add"},
		{"add and clip", "Add, Clip", [][]int{map1, map1}, nil, nil, nil, "add"},
		{"clip and relu", "Mul, Clip, Relu", [][]int{map1, map1}, nil, nil, nil, "mul"},
		{"gemm and clip", "Gemm, Clip", [][]int{{3, 20}}, random(20 * 7), []int{20, 7}, nil, "gemm"},
		{"transposed and relu", "ConvTranspose, Relu", [][]int{map1}, random(12 * 6 * 4), []int{12, 6, 2, 2}, []any{"strides", []int{2, 2}}, "conv transpose"},
		{"resize and clip", "Resize, Clip", [][]int{map1}, nil, nil, nil, "resize"},
		{"tanh of clip", "Clip, Tanh", [][]int{map1}, nil, nil, nil, "table"},
		{"mul by a pixel", "Mul", [][]int{map1, {1, 12, 1, 1}}, nil, nil, nil, "mul"},
		{"concat", "Concat", [][]int{map1, {1, 5, 11, 13}, {1, 8, 11, 13}}, nil, nil, []any{"axis", 1}, "concat"},
		{"average pool", "AveragePool", [][]int{map1}, nil, nil, []any{"kernel_shape", []int{3, 2}, "strides", []int{2, 1}, "pads", []int{1, 0, 1, 1}}, "average pool"},
		{"average pool inside", "AveragePool", [][]int{map1}, nil, nil, []any{"kernel_shape", []int{3, 2}, "strides", []int{2, 1}}, "average pool"},
		{"average pool of padding", "AveragePool", [][]int{map1}, nil, nil, []any{"kernel_shape", []int{3, 3}, "strides", []int{2, 2}, "pads", []int{1, 1, 1, 1}, "count_include_pad", 1}, "average pool"},
		{"global average pool", "GlobalAveragePool", [][]int{map1}, nil, nil, nil, "average pool"},
		{"max pool", "MaxPool", [][]int{map1}, nil, nil, []any{"kernel_shape", []int{3, 3}, "strides", []int{2, 2}, "pads", []int{1, 1, 1, 1}}, "max pool"},
		{"mean", "ReduceMean", [][]int{map1}, nil, nil, []any{"axes", []int{2, 3}}, "average pool"},
		{"hard swish", "HardSwish", [][]int{map1}, nil, nil, nil, "table"},
		{"sigmoid", "Sigmoid", [][]int{map1}, nil, nil, nil, "table"},
		{"gemm", "Gemm", [][]int{{3, 20}}, random(20 * 7), []int{20, 7}, nil, "gemm"},
		{"gemm transposed", "Gemm", [][]int{{3, 20}}, random(20 * 7), []int{7, 20}, []any{"transB", 1}, "gemm"},
		{"matmul of rows", "MatMul", [][]int{{2, 6, 9}}, random(9 * 5), []int{9, 5}, nil, "gemm"},
		{"matmul of a prime of rows", "MatMul", [][]int{{1, 1, 67, 9}}, random(9 * 6), []int{9, 6}, nil, "gemm"},
		{"matmul and clip", "MatMul, Clip", [][]int{{3, 24, 20}}, random(20 * 7), []int{20, 7}, nil, "gemm"},
		{"matmul", "MatMul", [][]int{{2, 9}}, random(9 * 5), []int{9, 5}, nil, "gemm"},
		{"transposed 2×2", "ConvTranspose", [][]int{map1}, random(12 * 6 * 4), []int{12, 6, 2, 2}, []any{"strides", []int{2, 2}}, "conv transpose"},
		{"transposed 3×3", "ConvTranspose", [][]int{map1}, random(12 * 6 * 9), []int{12, 6, 3, 3}, []any{"strides", []int{2, 2}, "pads", []int{1, 1, 1, 1}, "output_padding", []int{1, 1}}, "conv transpose"},
		{"transposed 4×4 by 2×1", "ConvTranspose", [][]int{map1}, random(12 * 5 * 12), []int{12, 5, 4, 3}, []any{"strides", []int{2, 1}, "pads", []int{1, 2, 1, 0}}, "conv transpose"},
		{"transposed, stride beyond the kernel", "ConvTranspose", [][]int{map1}, random(12 * 4), []int{12, 4, 1, 1}, []any{"strides", []int{3, 3}}, "conv transpose"},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, err := quant.Parse(quantized(c.op, false, c.shapes, c.weights, c.wShape, c.attrs...), quant.Options{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			ref, err := quant.Parse(quantized(c.op, true, c.shapes, c.weights, c.wShape, c.attrs...), quant.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer ref.Close()
			for i, in := range net.Inputs() {
				copy(in.Uint8s(), random(in.Len()))
				for k, q := range in.Uint8s() {
					ref.Inputs()[i].Float32s()[k] = float32(int(q)-110) * 0.02
				}
			}
			net.Run()
			ref.Run()
			found := false
			for _, s := range net.Steps() {
				found = found || s.Op == c.integer
			}
			if !found {
				t.Errorf("no step %q in %+v", c.integer, net.Steps())
			}
			got := net.Outputs()[0].Uint8s()
			for i, f := range ref.Outputs()[0].Float32s() {
				v := float64(f) / 0.05
				want := min(max(math.RoundToEven(v)+90, 0), 255)
				border := math.Abs(v-math.Floor(v)-0.5) < 1e-3
				if d := math.Abs(float64(got[i]) - want); d > 1 || d > 0 && !border {
					t.Fatalf("value %d is %d, want %v (real %v)", i, got[i], want, f)
				}
			}
		})
	}
}
