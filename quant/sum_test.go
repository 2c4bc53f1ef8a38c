package quant_test

import (
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// ONNX Runtime's QLinearAdd fuses a multiplication into its constant part, too: without that these sums, which lie within
// an ulp of a tie, round the other way. Found in a mobilenet_v2 U-Net; the results are ONNX Runtime 1.32's.
func TestSumAtATie(t *testing.T) {
	m := ot.New(17).Input("a", ot.U8, 1, 4, 1, 1).Input("b", ot.U8, 1, 4, 1, 1)
	m.Init("sa", ot.F32, ot.Float32s(0.043827544897794724)).Init("za", ot.U8, []byte{120})
	m.Init("sb", ot.F32, ot.Float32s(0.03685624524950981)).Init("zb", ot.U8, []byte{130})
	m.Init("sy", ot.F32, ot.Float32s(0.0476515032351017)).Init("zy", ot.U8, []byte{125})
	m.NodeIn("com.microsoft", "QLinearAdd", []string{"a", "sa", "za", "b", "sb", "zb", "sy", "zy"}, []string{"y"})
	net, err := quant.Parse(m.Output("y", ot.U8).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	copy(net.Inputs()[0].Uint8s(), []byte{98, 142, 120, 0})
	copy(net.Inputs()[1].Uint8s(), []byte{140, 120, 130, 255})
	net.Run()
	want := []byte{113, 138, 125, 111}
	for i, v := range net.Outputs()[0].Uint8s() {
		if v != want[i] {
			t.Errorf("sum %d is %d, want %d", i, v, want[i])
		}
	}
}
