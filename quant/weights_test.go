package quant_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// result runs a model whose inputs are bytes 0, 37, 74, … and gives its outputs' bytes.
func result(t *testing.T, m *ot.Model) [][]byte {
	t.Helper()
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for _, in := range net.Inputs() {
		for i := range in.Bytes() {
			in.Bytes()[i] = byte(i * 37)
		}
	}
	net.Run()
	var list [][]byte
	for _, o := range net.Outputs() {
		list = append(list, slices.Clone(o.Bytes()))
	}
	return list
}

// weighted is a convolution of bytes, with a scale a channel along an axis, whose real value may be an output, too.
func weighted(axis int, outputs ...string) *ot.Model {
	m := ot.New(17).Input("x", ot.U8, 1, 4, 6, 6).Init("s", ot.F32, ot.Float32s(0.02)).Init("z", ot.U8, []byte{7})
	w := make([]byte, 8*4)
	for i := range w {
		w[i] = byte(i * 53)
	}
	m.Init("w", ot.S8, w, 8, 4, 1, 1).Init("ws", ot.F32, ot.Float32s(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08), 8)
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xd"}).Node("DequantizeLinear", []string{"w", "ws"}, []string{"wd"}, "axis", axis)
	m.Node("Conv", []string{"xd", "wd"}, []string{"c"}).Node("Relu", []string{"c"}, []string{"r"}).Node("QuantizeLinear", []string{"r", "s", "z"}, []string{"y"})
	m.Output("y", ot.U8)
	for _, o := range outputs {
		m.Output(o, ot.F32)
	}
	return m
}

// An axis counted from the end is the same axis; a real value that is an output, too, does not change what is quantized.
func TestWeightsAndOutputs(t *testing.T) {
	want := result(t, weighted(0))[0]
	if got := result(t, weighted(-4))[0]; !bytes.Equal(got, want) {
		t.Errorf("axis -4: %v, want %v", got[:8], want[:8])
	}
	for _, o := range []string{"c", "r"} {
		got := result(t, weighted(0, o))
		if len(got) != 2 || len(got[1]) != 4*len(want) {
			t.Fatalf("%s is no output", o)
		}
		for i := range want {
			v := math.Float32frombits(binary.LittleEndian.Uint32(got[1][4*i:]))
			if q := min(max(math.RoundToEven(max(float64(v), 0)/0.02)+7, 0), 255); math.Abs(q-float64(got[0][i])) > 1 {
				t.Fatalf("output %s is %v, quantized %d", o, v, got[0][i])
			}
			if d := int(got[0][i]) - int(want[i]); d < -1 || d > 1 {
				t.Fatalf("with output %s: %d, want %d", o, got[0][i], want[i])
			}
		}
	}
}

// Weights with a scale for each block of columns are what they stand for, in a product that would fit the integer kernels.
func TestBlockedWeights(t *testing.T) {
	m := ot.New(21).Input("x", ot.U8, 1, 2).Init("s", ot.F32, ot.Float32s(1)).Init("z", ot.U8, []byte{0})
	m.Init("w", ot.S8, []byte{9, 9, 9, 9, 1, 2, 1, 2}, 2, 4).Init("ws", ot.F32, ot.Float32s(1, 1, 0.5, 2), 2, 2)
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xd"}).Node("DequantizeLinear", []string{"w", "ws"}, []string{"wd"}, "axis", 1, "block_size", 2)
	m.Node("MatMul", []string{"xd", "wd"}, []string{"c"}).Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
	// Of x = (0, 37): 37 times 1, 2, 1, 2 by scales of 0.5, 0.5, 2, 2; as many scales as columns, but not theirs.
	if got := result(t, m.Output("y", ot.U8))[0]; !bytes.Equal(got, []byte{18, 37, 74, 148}) {
		t.Errorf("%v, want [18 37 74 148]", got)
	}
}

// A Pad between bytes fills with its value, not with 0.
func TestPadOfBytes(t *testing.T) {
	for value, fill := range map[float32]byte{0: 7, 1.5: 82, -1: 0} {
		m := ot.New(17).Input("x", ot.U8, 1, 1, 1, 2).Init("s", ot.F32, ot.Float32s(0.02)).Init("z", ot.U8, []byte{7})
		m.Init("p", ot.I64, ot.Int64s(0, 0, 0, 1, 0, 0, 0, 1), 8).Init("v", ot.F32, ot.Float32s(value))
		m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xd"}).Node("Pad", []string{"xd", "p", "v"}, []string{"c"})
		m.Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
		if got := result(t, m.Output("y", ot.U8))[0]; !bytes.Equal(got, []byte{fill, 0, 37, fill}) {
			t.Errorf("value %v: %v, want %v around 0 and 37", value, got, fill)
		}
	}
}

// A map that a concatenation stores at its own scale is left alone where another node reads it.
func TestConcatLeavesOthersAlone(t *testing.T) {
	model := func(concat bool) *ot.Model {
		m := weighted(0)
		m.Init("s2", ot.F32, ot.Float32s(0.05)).Node("DequantizeLinear", []string{"y", "s", "z"}, []string{"a"})
		m.Node("DequantizeLinear", []string{"y", "s", "z"}, []string{"b"}).Node("Neg", []string{"b"}, []string{"n"}).Output("n", ot.F32)
		if concat {
			m.Node("DequantizeLinear", []string{"x", "s2", "z"}, []string{"xe"}) // of another scale: else the concatenation is one of bytes
			m.Node("Concat", []string{"a", "xe"}, []string{"c2"}, "axis", 1).Node("QuantizeLinear", []string{"c2", "s2", "z"}, []string{"y2"}).Output("y2", ot.U8)
		}
		m.Graph = bytes.Replace(m.Graph, ot.Message{}.Put(12, outputOf("y", ot.U8)), nil, 1)
		return m
	}
	if want, got := result(t, model(false))[0], result(t, model(true))[0]; !bytes.Equal(got, want) {
		t.Errorf("beside a concatenation % x, alone % x", got[:16], want[:16])
	}
}

// outputOf is a graph output as onnxtest writes one.
func outputOf(name string, typ int) []byte {
	return ot.Message{}.Put(1, []byte(name)).Put(2, ot.Message{}.Put(1, ot.Message{}.Int(1, int64(typ))))
}

// Parts of a concatenation with scales of their own keep them.
func TestConcatOfTwoScales(t *testing.T) {
	m := ot.New(17).Input("x", ot.U8, 1, 1, 1, 2).Init("s", ot.F32, ot.Float32s(0.02)).Init("s2", ot.F32, ot.Float32s(0.04)).Init("z", ot.U8, []byte{7})
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"a"}).Node("DequantizeLinear", []string{"x", "s2", "z"}, []string{"b"})
	m.Node("Concat", []string{"a", "b"}, []string{"c"}, "axis", 3).Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
	if got := result(t, m.Output("y", ot.U8))[0]; !bytes.Equal(got, []byte{0, 37, 0, 67}) {
		t.Errorf("%v, want [0 37 0 67]", got)
	}
}

// A transposed convolution in groups: each output sees its own group's inputs.
func TestTransposedGroups(t *testing.T) {
	m := ot.New(17).Input("x", ot.U8, 1, 4, 1, 1).Init("s", ot.F32, ot.Float32s(1)).Init("z", ot.U8, []byte{0})
	m.Init("w", ot.S8, []byte{1, 0, 1, 0, 0, 1, 0, 0xff}, 4, 2, 1, 1).Init("ws", ot.F32, ot.Float32s(1))
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xd"}).Node("DequantizeLinear", []string{"w", "ws"}, []string{"wd"})
	m.Node("ConvTranspose", []string{"xd", "wd"}, []string{"c"}, "group", 2).Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
	if got := result(t, m.Output("y", ot.U8))[0]; !bytes.Equal(got, []byte{37, 0, 0, 0}) { // 0+37, 0, 0, 74−111
		t.Errorf("%v, want [37 0 0 0]", got)
	}
}

// A sum that broadcasts along rows is not one of two maps.
func TestBroadcastSum(t *testing.T) {
	m := ot.New(17).Input("x", ot.U8, 1, 2, 2, 2).Input("r", ot.U8, 1, 2, 1, 2).Init("s", ot.F32, ot.Float32s(1)).Init("z", ot.U8, []byte{0})
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"a"}).Node("DequantizeLinear", []string{"r", "s", "z"}, []string{"b"})
	m.Node("Relu", []string{"b"}, []string{"unused"}).Node("Add", []string{"a", "b"}, []string{"c"}).Node("QuantizeLinear", []string{"c", "s", "z"}, []string{"y"})
	if got := result(t, m.Output("y", ot.U8))[0]; !bytes.Equal(got, []byte{0, 74, 74, 148, 222, 255, 255, 114}) {
		t.Errorf("%v", got)
	}
}

// A name that a function's value would have may be taken in the graph.
func TestTakenNames(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 1).Init("F y/t", ot.F32, ot.Float32s(100))
	body := ot.New(17).Node("Neg", []string{"v"}, []string{"t"}).Node("Neg", []string{"t"}, []string{"w"})
	m.Function("f", "F", []string{"v"}, []string{"w"}, nil, body).NodeIn("f", "F", []string{"x"}, []string{"y"})
	m.Node("Add", []string{"y", "F y/t"}, []string{"sum"})
	near(t, outcome(t, m.Output("sum", ot.F32)), []float32{101})
}
