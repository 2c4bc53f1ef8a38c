package quant_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

const int4, float8 = 22, 17 // ONNX's element types

// fewBits is a convolution of bytes whose weights are int8 or packed int4 of the same values.
func fewBits(typ int) []byte {
	m := ot.New(21).Input("x", ot.U8, 1, 4, 6, 6).Init("s", ot.F32, ot.Float32s(0.02)).Init("z", ot.U8, []byte{7})
	var values, packed []byte
	for i := range 8 * 4 * 9 {
		values = append(values, byte(int8(i*5%16-8)))
	}
	for i := 0; i < len(values); i += 2 {
		packed = append(packed, values[i]&15|values[i+1]<<4)
	}
	zero := []byte{1}
	if typ == int4 {
		values = packed
	}
	m.Init("w", typ, values, 8, 4, 3, 3).Init("ws", ot.F32, ot.Float32s(0.1)).Init("wz", typ, zero)
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xd"}).Node("DequantizeLinear", []string{"w", "ws", "wz"}, []string{"wd"})
	m.Node("Conv", []string{"xd", "wd"}, []string{"c"}).Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
	return m.Output("y", ot.U8).Bytes()
}

// Weights of 4 bits run in the integer kernels, as int8 ones of the same values do.
func TestFourBits(t *testing.T) {
	var results [][]byte
	var steps []string
	for _, typ := range []int{ot.S8, int4} {
		net, err := quant.Parse(fewBits(typ), quant.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range net.Inputs()[0].Bytes() {
			net.Inputs()[0].Bytes()[i] = byte(i * 37)
		}
		net.Run()
		results = append(results, slices.Clone(net.Outputs()[0].Bytes()))
		s := ""
		for _, step := range net.Steps() {
			s += step.Op + " "
		}
		steps = append(steps, s)
		net.Close()
	}
	if !bytes.Equal(results[0], results[1]) {
		t.Errorf("int8 %v, int4 %v", results[0][:8], results[1][:8])
	}
	if steps[0] != steps[1] {
		t.Errorf("int8 runs as %s, int4 as %s", steps[0], steps[1])
	}
}

// Quantizing to 4 bits saturates at 4 bits, not at the byte that holds them; 8-bit floats are rounded.
func TestQuantizeToFewBits(t *testing.T) {
	for typ, want := range map[int][]float32{int4: {-8, 7, 2, -1, 0}, float8: {-448, 448, 2.25, -1.25, 0.125}} {
		m := ot.New(21).Input("x", ot.F32, 5).Init("s", ot.F32, ot.Float32s(1)).Init("z", typ, []byte{0})
		m.Node("QuantizeLinear", []string{"x", "s", "z"}, []string{"q"}).Node("DequantizeLinear", []string{"q", "s", "z"}, []string{"y"})
		net, err := quant.Parse(m.Output("y", ot.F32).Bytes(), quant.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		copy(net.Inputs()[0].Float32s(), []float32{-500, 1e9, 2.25, -1.25, 0.125})
		net.Run()
		if got := net.Outputs()[0].Float32s(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("type %d: %v, want %v", typ, got, want)
		}
		net.Close()
	}
}
