package quant_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// A value that lies inside a concatenation, and is requantized to itself on the way, is read rightly by all others:
// x ↑2 → q → concat with y, and q itself given out.
func TestValueInsideAConcatenation(t *testing.T) {
	const c, h, w = 8, 3, 5
	m := ot.New(17).Input("x", ot.U8, 1, c, h, w).Input("y", ot.U8, 1, c, 2*h, 2*w)
	m.Init("s", ot.F32, ot.Float32s(0.1)).Init("z", ot.U8, []byte{7}).Init("k", ot.F32, ot.Float32s(1, 1, 2, 2), 4)
	dq := func(from, to string) { m.Node("DequantizeLinear", []string{from, "s", "z"}, []string{to}) }
	q := func(from, to string) { m.Node("QuantizeLinear", []string{from, "s", "z"}, []string{to}) }
	dq("x", "xr")
	dq("y", "yr")
	m.Node("Resize", []string{"xr", "", "k"}, []string{"up"}, "mode", "nearest", "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor")
	q("up", "uq")
	dq("uq", "ur")
	m.Node("Concat", []string{"yr", "ur"}, []string{"joined"}, "axis", 1)
	q("joined", "all")
	m.Output("all", ot.U8).Output("uq", ot.U8)

	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	x, y := net.Inputs()[0].Uint8s(), net.Inputs()[1].Uint8s()
	for i := range x {
		x[i] = uint8(i * 3)
	}
	for i := range y {
		y[i] = uint8(i * 5)
	}
	net.Run()
	all, up := net.Outputs()[0].Uint8s(), net.Outputs()[1].Uint8s()
	for k := range c {
		for i := range 2 * h {
			for j := range 2 * w {
				at := (k*2*h+i)*2*w + j
				want := x[(k*h+i/2)*w+j/2]
				if up[at] != want || all[len(y)+at] != want || all[at] != y[at] {
					t.Fatalf("channel %d row %d pixel %d: alone %d, joined %d, want %d; beside it %d, want %d", k, i, j,
						up[at], all[len(y)+at], want, all[at], y[at])
				}
			}
		}
	}
}

// A concatenation with a part that is not 8 bits leaves the makers of its other parts as they are: conv → q → concat with a
// real constant → another scale.
func TestConcatenationWithARealPart(t *testing.T) {
	const c, h, w = 4, 3, 5
	m := ot.New(17).Input("x", ot.U8, 1, c, h, w).Init("one", ot.F32, ot.Float32s(make([]float32, h*w)...), 1, 1, h, w)
	m.Init("s1", ot.F32, ot.Float32s(0.125)).Init("s2", ot.F32, ot.Float32s(0.25)).Init("s3", ot.F32, ot.Float32s(1)).Init("z", ot.U8, []byte{0})
	m.Node("DequantizeLinear", []string{"x", "s1", "z"}, []string{"xr"})
	double := make([]byte, c*c) // twice each channel itself
	for i := range c {
		double[i*c+i] = 2
	}
	m.Init("w", ot.S8, double, c, c, 1, 1).Init("z8", ot.S8, []byte{0})
	m.Node("DequantizeLinear", []string{"w", "s3", "z8"}, []string{"wr"})
	m.Node("Conv", []string{"xr", "wr"}, []string{"sum"})
	m.Node("QuantizeLinear", []string{"sum", "s2", "z"}, []string{"q"})
	m.Node("DequantizeLinear", []string{"q", "s2", "z"}, []string{"r"})
	m.Node("Concat", []string{"r", "one"}, []string{"joined"}, "axis", 1)
	m.Node("QuantizeLinear", []string{"joined", "s3", "z"}, []string{"all"})
	m.Output("all", ot.U8)
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	x := net.Inputs()[0].Uint8s()
	for i := range x {
		x[i] = uint8(i * 4)
	}
	net.Run()
	all := net.Outputs()[0].Uint8s()
	for i, b := range x {
		if all[i] != b/4 {
			t.Fatalf("byte %d of %d: %d, want %d", i, b, all[i], b/4)
		}
	}
	for i, b := range all[len(x):] {
		if b != 0 {
			t.Fatalf("byte %d of the constant part is %d, want 0", i, b)
		}
	}
}

// A model from memory reads its weights from the folder that the options name, and from nowhere else.
func TestWeightsInAFolder(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "w"), ot.Float32s(1, 2, 3, 4), 0o644); err != nil {
		t.Fatal(err)
	}
	m := ot.New(17).Input("x", ot.F32, 4).Node("Add", []string{"x", "w"}, []string{"y"}).Output("y", ot.F32)
	m.Graph = m.Graph.Put(5, ot.Message{}.Int(1, 4).Int(2, ot.F32).Put(8, []byte("w")).Int(14, 1).
		Put(13, ot.Message{}.Put(1, []byte("location")).Put(2, []byte("w"))))
	if _, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1}); err == nil {
		t.Error("weights were found without a folder")
	}
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	net.Run()
	if y := net.Outputs()[0].Float32s(); y[0] != 1 || y[3] != 4 {
		t.Errorf("%v, want 1 2 3 4", y)
	}
}
