package quant_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// A value that an operator needs at load makes its input a constant, through the arithmetic between them; an input that
// nobody asks for stays one.
func TestValuesFixInputs(t *testing.T) {
	model := func(dims ...int) *ot.Model {
		m := ot.New(17).Input("x", ot.F32, dims...).Input("half", ot.I64, 2).Input("more", ot.F32, 1)
		m.Init("two", ot.I64, ot.Int64s(2)).Node("Mul", []string{"half", "two"}, []string{"shape"})
		return m.Node("Reshape", []string{"x", "shape"}, []string{"r"}).Node("Add", []string{"r", "more"}, []string{"y"}).Output("y", ot.F32)
	}
	file := model(2, 3).Bytes()
	values := map[string]quant.Value{
		"half": {Type: quant.Int64, Shape: []int{2}, Data: ot.Int64s(1, 2)},
		"more": {Type: quant.Float32, Shape: []int{1}, Data: ot.Float32s(10)},
	}
	if _, err := quant.Parse(file, quant.Options{}); err == nil || !strings.Contains(err.Error(), `Reshape "Reshape r": shape depends on run-time data (inputs ["half"])`) {
		t.Errorf("without values: %v", err)
	}
	if _, err := quant.Parse(file, quant.Options{Values: values}); err == nil || !strings.Contains(err.Error(), "cannot reshape [2 3] to [2 4]") {
		t.Errorf("half = [1 2]: %v", err)
	}
	net, err := quant.Parse(model(8).Bytes(), quant.Options{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if in := net.Inputs(); len(in) != 2 || in[0].Name != "x" || in[1].Name != "more" {
		t.Fatalf("inputs %v, want x and more", in)
	}
	if s := net.Outputs()[0].Shape; len(s) != 2 || s[0] != 2 || s[1] != 4 {
		t.Errorf("shape %v, want [2 4]", s)
	}
}

// Values that don't fit are refused by name.
func TestValuesThatDoNotFit(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 4).Input("s", ot.I64, 2).Node("Reshape", []string{"x", "s"}, []string{"y"}).Output("y", ot.F32)
	for _, c := range []struct {
		v     quant.Value
		fault string
	}{
		{quant.Value{Type: quant.Int32, Shape: []int{2}, Data: make([]byte, 8)}, `input "s": fixed to int32, it is int64`},
		{quant.Value{Type: quant.Int64, Shape: []int{3}, Data: make([]byte, 24)}, `input "s": dimension 0 is 2, fixed to 3`},
		{quant.Value{Type: quant.Int64, Shape: []int{2}, Data: make([]byte, 8)}, `input "s": 8 bytes are not int64 [2]`},
		{quant.Value{Type: quant.Int64, Shape: []int{2}, Data: ot.Int64s(3, 3)}, `cannot reshape [4] to [3 3]`},
	} {
		_, err := quant.Parse(m.Bytes(), quant.Options{Values: map[string]quant.Value{"s": c.v}})
		if err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%v: %v, want %q", c.v, err, c.fault)
		}
	}
}

// A symbol bound by one input is bound in the others; two sizes for it are an error.
func TestSymbols(t *testing.T) {
	m := ot.New(17).Input("a", ot.F32, 1, 3, -1, -1).Input("b", ot.F32, 1, 1, -1, -1)
	m.Node("Mul", []string{"a", "b"}, []string{"y"}).Output("y", ot.F32)
	net, err := quant.Parse(m.Bytes(), quant.Options{Shapes: map[string][]int{"a": {1, 3, 5, 5}}})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if s := net.Inputs()[1].Shape; s[2] != 5 || s[3] != 5 {
		t.Errorf("b has shape %v, want [1 1 5 5]", s)
	}
	for want, shapes := range map[string]map[string][]int{
		`dimension 2 ("N") is symbolic: bind the input's shape`:    nil,
		`dimension 3 ("N") is bound to 6 here and to 5 elsewhere`:  {"a": {1, 3, 5, 6}},
		`input "b": dimension 2 ("N") is bound to 4 here and to 5`: {"a": {1, 3, 5, 5}, "b": {1, 1, 4, 4}},
		`input "a": dimension 1 is 3, bound to 4`:                  {"a": {1, 4, 5, 5}},
		`input "a": shape [1 3 5] bound to 4 dimensions`:           {"a": {1, 3, 5}},
		`there is no input "c" to bind a shape to`:                 {"a": {1, 3, 5, 5}, "c": {1}},
	} {
		if _, err := quant.Parse(m.Bytes(), quant.Options{Shapes: shapes}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", shapes, err, want)
		}
	}
}

// Half precision is converted at the graph's border: a float16 network takes and gives two bytes an element.
func TestHalfPrecision(t *testing.T) {
	const f16 = 10
	m := ot.New(17).Input("x", f16, 4).Init("c", f16, []byte{0x00, 0x3e}, 1) // 1.5
	m.Node("Mul", []string{"x", "c"}, []string{"y"}).Output("y", f16)
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	in, out := net.Inputs()[0], net.Outputs()[0]
	if in.Type != quant.Float16 || out.Type != quant.Float16 || out.Name != "y" || in.Name != "x" {
		t.Fatalf("%q %v to %q %v", in.Name, in.Type, out.Name, out.Type)
	}
	// 1, 2049 (which binary16 lacks, but its 1.5-fold rounds), −65504 (overflows), the least subnormal.
	for i, h := range []uint16{0x3c00, 0x6800, 0xfbff, 0x0001} {
		binary.LittleEndian.PutUint16(in.Bytes()[2*i:], h)
	}
	if err := net.Run(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint16{0x3e00, 0x6a00, 0xfc00, 0x0002} { // 1.5·2⁻²⁴ is a tie: to even, 2·2⁻²⁴
		if got := binary.LittleEndian.Uint16(out.Bytes()[2*i:]); got != want {
			t.Errorf("element %d is %04x, want %04x", i, got, want)
		}
	}
}
