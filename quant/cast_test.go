package quant_test

import (
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// A Cast to the type that a value has already comes between nothing: x → real → Cast → Relu → Cast → q is one table. The first is
// read twice more, by an operator that has it for both operands; one that is asked for stays.
func TestCastToTheSameType(t *testing.T) {
	const c, h, w = 4, 3, 5
	m := ot.New(17).Input("x", ot.U8, 1, c, h, w)
	m.Init("s", ot.F32, ot.Float32s(0.5)).Init("z", ot.U8, []byte{100})
	m.Node("DequantizeLinear", []string{"x", "s", "z"}, []string{"xr"})
	m.Node("Cast", []string{"xr"}, []string{"same"}, "to", 1)
	m.Node("Relu", []string{"same"}, []string{"positive"})
	m.Node("Cast", []string{"positive"}, []string{"again"}, "to", 1)
	m.Node("QuantizeLinear", []string{"again", "s", "z"}, []string{"y"})
	m.Node("Add", []string{"same", "same"}, []string{"double"})
	m.Node("QuantizeLinear", []string{"double", "s", "z"}, []string{"d"})
	m.Node("Cast", []string{"double"}, []string{"asked"}, "to", 1)
	m.Node("Cast", []string{"same"}, []string{"whole"}, "to", 6)
	m.Node("Cast", []string{"whole"}, []string{"wr"}, "to", 1)
	m.Output("y", ot.U8).Output("d", ot.U8).Output("asked", ot.F32).Output("wr", ot.F32)
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for _, s := range net.Steps() {
		if s.Op == "Relu" || s.Op == "QuantizeLinear" {
			t.Errorf("%s runs in real values: %v", s.Op, s.Nodes)
		}
	}
	x := net.Inputs()[0].Uint8s()
	for i := range x {
		x[i] = uint8(i * 4)
	}
	net.Run()
	y, d, asked := net.Outputs()[0].Uint8s(), net.Outputs()[1].Uint8s(), net.Outputs()[2].Float32s()
	whole := net.Outputs()[3].Float32s()
	for i, v := range x {
		twice := 2 * (int(v) - 100)
		if whole[i] != float32(twice/4) {
			t.Fatalf("of %d: %v as a whole number, want %d", v, whole[i], twice/4)
		}
		if y[i] != max(v, 100) || int(d[i]) != min(max(twice+100, 0), 255) || asked[i] != float32(twice)/2 {
			t.Fatalf("of %d: %d, %d, %v; want %d, %d, %v", v, y[i], d[i], asked[i], max(v, 100), min(max(twice+100, 0), 255), float32(twice)/2)
		}
	}
}
