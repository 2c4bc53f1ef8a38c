package drift

import (
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// TestMatchBetweenLayers: a sum, a pool and a gate between two convolutions, with other names in the quantised graph, are found
// by what they read; two pools of one kind on the same tensor are not told apart. Others
// that read the same tensors, or one of them, are not taken for them.
func TestMatchBetweenLayers(t *testing.T) {
	f := ot.New(17).Input("x", ot.F32, 1, 2, 4, 4)
	q := ot.New(17).Input("x", ot.F32, 1, 2, 4, 4).Init("s", ot.F32, ot.Float32s(0.5)).Init("z", ot.U8, []byte{3})
	store := func(real, codes, back string) {
		q.Node("QuantizeLinear", []string{real, "s", "z"}, []string{codes}).Node("DequantizeLinear", []string{codes, "s", "z"}, []string{back})
	}
	for i, name := range []string{"a", "b"} {
		w := ot.Float32s(make([]float32, 2*2*(1+i)*(1+i))...) // of two shapes: found by these
		f.Init(name+"w", ot.F32, w, 2, 2, 1+i, 1+i).Node("Conv", []string{"x", name + "w"}, []string{name}, "pads", []int{0, 0, i, i})
		q.Init(name+"w", ot.F32, w, 2, 2, 1+i, 1+i).Node("Conv", []string{"x", name + "w"}, []string{"r" + name}, "pads", []int{0, 0, i, i})
		store("r"+name, "q"+name, "d"+name)
	}
	f.Node("Add", []string{"a", "b"}, []string{"sum"}).Node("GlobalAveragePool", []string{"sum"}, []string{"mean"}).
		Node("Sigmoid", []string{"mean"}, []string{"gate"}).Node("Mul", []string{"sum", "gate"}, []string{"y"}).
		Node("MaxPool", []string{"y"}, []string{"p1"}, "kernel_shape", []int{2, 2}).
		Node("MaxPool", []string{"y"}, []string{"p2"}, "kernel_shape", []int{3, 3}).Output("p1", ot.F32).Output("p2", ot.F32)
	f.Node("Add", []string{"a", "a"}, []string{"twice"}).Node("Sub", []string{"a", "b"}, []string{"less"}).
		Node("Mul", []string{"a", "b"}, []string{"product"}).Output("twice", ot.F32).Output("less", ot.F32).Output("product", ot.F32)
	q.Node("Add", []string{"da", "db"}, []string{"r1"})
	store("r1", "q1", "d1")
	q.Node("GlobalAveragePool", []string{"d1"}, []string{"r2"})
	store("r2", "q2", "d2")
	q.Node("Sigmoid", []string{"d2"}, []string{"r3"})
	store("r3", "q3", "d3")
	q.Node("Mul", []string{"d1", "d3"}, []string{"r4"})
	store("r4", "q4", "d4")
	for i, k := range []string{"q5", "q6"} {
		q.Node("MaxPool", []string{"d4"}, []string{"r" + k}, "kernel_shape", []int{2 + i, 2 + i})
		store("r"+k, k, "d"+k)
	}
	q.NodeIn("com.microsoft", "QLinearMul", []string{"qa", "s", "z", "qb", "s", "z", "s", "z"}, []string{"q7"}).Output("q7", ot.U8)
	q.Output("dq5", ot.F32).Output("dq6", ot.F32)
	var both [2]*structure
	for i, m := range []*ot.Model{f, q} {
		parsed, err := onnx.ParseIn(m.Bytes(), "")
		if err != nil {
			t.Fatal(err)
		}
		both[i] = read(parsed)
	}
	sites, found := match(both[0], both[1])
	want := map[string]string{"qa": "a", "qb": "b", "q1": "sum", "q2": "mean", "q3": "gate", "q4": "y", "q5": "", "q6": "", "q7": "product"}
	if len(sites) != len(want) {
		t.Errorf("%d sites, want %d", len(sites), len(want))
	}
	for i, s := range sites {
		if found[i].Name != want[s.value] || found[i].Name != "" && found[i].Match != ByPosition {
			t.Errorf("%s is %q by %q, want %q", s.value, found[i].Name, found[i].Match, want[s.value])
		}
	}
}
