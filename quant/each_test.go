package quant_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestScalesOfChannels runs convolutions whose input has a scale for each channel, as NNCF gives depthwise ones, and a real
// bias, which no quantization rounded: y, quantized, and what it is quantized from. Integers compute them where one
// channel's scale is all that an output channel reads and the zero points agree.
func TestScalesOfChannels(t *testing.T) {
	const channels, size, yScale = 6, 7, 0.05
	for _, c := range []struct {
		name           string
		groups, out    int
		zeros          []byte
		quantized      bool
		op             string
		channelWeights bool
	}{
		{"depthwise", channels, channels, []byte{3, 3, 3, 3, 3, 3}, true, "conv", true},
		{"two outputs a channel", channels, 2 * channels, []byte{3, 3, 3, 3, 3, 3}, true, "conv", true},
		{"one scale for the weights", channels, channels, []byte{0, 0, 0, 0, 0, 0}, true, "conv", false},
		{"real", channels, channels, []byte{3, 3, 3, 3, 3, 3}, false, "conv to float", true},
		{"other zero points", channels, channels, []byte{3, 3, 3, 3, 3, 4}, true, "Conv", true},
		{"dense", 1, 4, []byte{3, 3, 3, 3, 3, 3}, true, "Conv", true},
	} {
		r := rand.New(rand.NewPCG(4, 8))
		ig := channels / c.groups
		w, x := make([]byte, c.out*ig*9), make([]byte, channels*size*size)
		for _, list := range [][]byte{w, x} {
			for i := range list {
				list[i] = byte(r.Uint32())
			}
		}
		xs, ws, bias := make([]float32, channels), make([]float32, c.out), make([]float32, c.out)
		for i := range xs {
			xs[i] = 0.002 + 0.02*r.Float32()
		}
		for i := range ws {
			ws[i], bias[i] = 0.002+0.002*r.Float32(), r.Float32()-0.5
		}
		if !c.channelWeights {
			ws = ws[:1]
		}
		m := ot.New(17).Input("x", ot.U8, 1, channels, size, size).Init("xs", ot.F32, ot.Float32s(xs...), channels).
			Init("xz", ot.U8, c.zeros, channels).Init("w", ot.S8, w, c.out, ig, 3, 3).Init("b", ot.F32, ot.Float32s(bias...), c.out).
			Init("ys", ot.F32, ot.Float32s(yScale)).Init("yz", ot.U8, []byte{128})
		if c.channelWeights {
			m.Init("ws", ot.F32, ot.Float32s(ws...), c.out).Init("wz", ot.S8, make([]byte, c.out), c.out)
		} else {
			m.Init("ws", ot.F32, ot.Float32s(ws...)).Init("wz", ot.S8, []byte{0})
		}
		m.Node("DequantizeLinear", []string{"x", "xs", "xz"}, []string{"xr"}, "axis", 1)
		m.Node("DequantizeLinear", []string{"w", "ws", "wz"}, []string{"wr"}, "axis", 0)
		m.Node("Conv", []string{"xr", "wr", "b"}, []string{"r"}, "group", c.groups, "pads", []int{1, 1, 1, 1})
		if c.quantized {
			m.Node("QuantizeLinear", []string{"r", "ys", "yz"}, []string{"y"}).Output("y", ot.U8)
		} else {
			m.Output("r", ot.F32)
		}
		net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !slices.ContainsFunc(net.Steps(), func(s quant.Step) bool { return s.Op == c.op }) {
			t.Errorf("%s: no step is %q", c.name, c.op)
		}
		copy(net.Inputs()[0].Bytes(), x)
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		out := net.Outputs()[0]
		for i := range out.Len() {
			o, py, px := i/(size*size), i/size%size, i%size
			sum := float64(bias[o])
			for k := range ig * 9 {
				ch, sy, sx := o/(c.out/c.groups)*ig+k/9, py+k%9/3-1, px+k%3-1
				if sy < 0 || sy >= size || sx < 0 || sx >= size {
					continue
				}
				v := float64(int(x[(ch*size+sy)*size+sx])-int(c.zeros[ch])) * float64(xs[ch])
				sum += v * float64(int8(w[o*ig*9+k])) * float64(ws[min(o, len(ws)-1)])
			}
			if !c.quantized {
				if got := float64(out.Float32s()[i]); math.Abs(got-sum) > 1e-5 {
					t.Fatalf("%s: value %d is %v, want %v", c.name, i, got, sum)
				}
				continue
			}
			// A bias is rounded to a step of the accumulator, at most xs·ws: a code turns only that near to a half.
			q := sum/yScale + 128
			if got := float64(out.Uint8s()[i]); math.Abs(got-min(max(q, 0), 255)) > 0.5+0.022*0.004/yScale {
				t.Fatalf("%s: code %d is %v, want %v", c.name, i, got, q)
			}
		}
		net.Close()
	}
}
