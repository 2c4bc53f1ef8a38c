package ops_test

import (
	"math"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// apply runs one operator of opset 17 on constant operands.
func apply(t *testing.T, op string, attrs onnx.Attrs, in ...*tensor.T) *tensor.T {
	t.Helper()
	n := &ops.Node{Op: op, Version: 17, Attrs: attrs, Outs: 1}
	for _, v := range in {
		n.In = append(n.In, &ops.Value{Type: v.Type, Shape: v.Shape, Const: v})
	}
	impl, err := ops.Build(n)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	out, err := tensor.New(impl.Out[0].Type, impl.Out[0].Shape...)
	if err != nil {
		t.Fatal(err)
	}
	// One unit at a time: units must not depend on each other.
	for u := range impl.Units {
		impl.Run(in, []*tensor.T{out}, u, u+1)
	}
	return out
}

func floats(v ...float32) *tensor.T { return tensor.From(tensor.Float32, v, len(v)) }

// Halves go to the even integer before the zero point is added; NaN becomes the least code; the rest saturates.
func TestQuantizeRounding(t *testing.T) {
	inf := float32(math.Inf(1))
	x := floats(0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 126.5, 1e30, -1e30, inf, -inf, float32(math.NaN()))
	got := tensor.View[uint8](apply(t, "QuantizeLinear", nil, x, floats(1), tensor.From(tensor.Uint8, []uint8{101}, 1)))
	want := []uint8{101, 103, 103, 101, 99, 101, 227, 255, 0, 255, 0, 0}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("uint8 of %v is %d, want %d", tensor.View[float32](x)[i], got[i], want[i])
		}
	}
	signed := tensor.View[int8](apply(t, "QuantizeLinear", nil, x, floats(1), tensor.From(tensor.Int8, []int8{-3}, 1)))
	for i, w := range []int8{-3, -1, -1, -3, -5, -3, 123, 127, -128, 127, -128, -128} {
		if signed[i] != w {
			t.Errorf("int8 of %v is %d, want %d", tensor.View[float32](x)[i], signed[i], w)
		}
	}
}

// Our own functions are right to float32's precision, over their range and at its ends.
func TestFunctions(t *testing.T) {
	var xs []float32
	for x := -20.0; x <= 20; x += 0.0625 {
		xs = append(xs, float32(x), float32(x*1e-3))
	}
	xs = append(xs, 0, 1e-30, -1e-30, 80, -80, 300, -300, 1, -1, 12345.678, -7e8, 3e20)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	softplus := func(x float64) float64 {
		if x > 30 {
			return x
		}
		return math.Log1p(math.Exp(x))
	}
	for op, f := range map[string]func(float64) float64{
		"Exp": math.Exp, "Tanh": math.Tanh, "Erf": math.Erf, "Sigmoid": sigmoid, "Softplus": softplus,
		"Gelu": func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) },
		"Mish": func(x float64) float64 { return x * math.Tanh(softplus(x)) },
		"Elu": func(x float64) float64 {
			if x < 0 {
				return math.Expm1(x)
			}
			return x
		},
		"HardSwish": func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) },
		"Sin":       math.Sin, "Cos": math.Cos, "Sinh": math.Sinh, "Cosh": math.Cosh, "Atan": math.Atan, "Asinh": math.Asinh,
		"Asin": math.Asin, "Acos": math.Acos, "Acosh": math.Acosh, "Atanh": math.Atanh,
	} {
		version := map[string]int{"Gelu": 20, "Mish": 18}[op]
		n := &ops.Node{Op: op, Version: max(version, 17), Outs: 1, In: []*ops.Value{{Type: tensor.Float32, Shape: []int{len(xs)}}}}
		impl, err := ops.Build(n)
		if err != nil {
			t.Fatal(err)
		}
		out := floats(make([]float32, len(xs))...)
		impl.Run([]*tensor.T{floats(xs...)}, []*tensor.T{out}, 0, impl.Units)
		for i, y := range tensor.View[float32](out) {
			want := f(float64(xs[i]))
			want = float64(float32(want)) // beyond float32's range it is infinite
			if d := math.Abs(float64(y) - want); !(d <= 2e-7*math.Abs(want)+1e-7) && float64(y) != want && (y == y || want == want) {
				t.Errorf("%s(%v) = %v, want %v", op, xs[i], y, want)
			}
		}
	}
	log := tensor.View[float32](apply(t, "Log", nil, floats(1, 2, 0.5, 1e-20, 1e20, 0)))
	for i, x := range []float64{1, 2, 0.5, 1e-20, 1e20} {
		if math.Abs(float64(log[i])-math.Log(x)) > 4e-6 {
			t.Errorf("Log(%v) = %v", x, log[i])
		}
	}
	if !math.IsInf(float64(log[5]), -1) {
		t.Errorf("Log(0) = %v", log[5])
	}
}

// A few operators whose answer fits on a line.
func TestSmall(t *testing.T) {
	grid := tensor.From(tensor.Float32, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	ints := func(v ...int64) *tensor.T { return tensor.From(tensor.Int64, v, len(v)) }
	for _, c := range []struct {
		name string
		got  *tensor.T
		want []float32
	}{
		{"transpose", apply(t, "Transpose", nil, grid), []float32{1, 4, 2, 5, 3, 6}},
		{"slice backwards", apply(t, "Slice", nil, grid, ints(-1), ints(-100), ints(1), ints(-2)), []float32{3, 1, 6, 4}},
		{"pad reflect", apply(t, "Pad", onnx.Attrs{"mode": "reflect"}, grid, ints(0, 1, 0, 2)), []float32{2, 1, 2, 3, 2, 1, 5, 4, 5, 6, 5, 4}},
		{"pad and crop", apply(t, "Pad", nil, grid, ints(0, -1, 1, 0)), []float32{2, 3, 5, 6, 0, 0}},
		{"tile", apply(t, "Tile", nil, grid, ints(1, 2)), []float32{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}},
		{"gather", apply(t, "Gather", onnx.Attrs{"axis": 1}, grid, ints(2, -3)), []float32{3, 1, 6, 4}},
		{"mean", apply(t, "ReduceMean", onnx.Attrs{"axes": []int{0}, "keepdims": 0}, grid), []float32{2.5, 3.5, 4.5}},
		{"broadcast", apply(t, "Sub", nil, grid, tensor.From(tensor.Float32, []float32{10, 20}, 2, 1)), []float32{-9, -8, -7, -16, -15, -14}},
		{"matrix product", apply(t, "MatMul", nil, grid, tensor.From(tensor.Float32, []float32{1, 0, 2, 1, 0, 3}, 3, 2)), []float32{5, 11, 14, 23}},
		{"gather elements", apply(t, "GatherElements", onnx.Attrs{"axis": 1}, grid, tensor.From(tensor.Int64, []int64{2, 0, -1, 1}, 2, 2)), []float32{3, 1, 6, 5}},
		{"gather tuples", apply(t, "GatherND", nil, grid, tensor.From(tensor.Int64, []int64{1, 0, 0, -1}, 2, 2)), []float32{4, 3}},
		{"scatter", apply(t, "ScatterElements", onnx.Attrs{"axis": 0, "reduction": "add"}, grid, tensor.From(tensor.Int64, []int64{1, 1, 0}, 1, 3), tensor.From(tensor.Float32, []float32{10, 20, 30}, 1, 3)), []float32{1, 2, 33, 14, 25, 6}},
		{"top 2", apply(t, "TopK", onnx.Attrs{"axis": 1}, grid, ints(2)), []float32{3, 2, 6, 5}},
		{"running sum", apply(t, "CumSum", onnx.Attrs{"exclusive": 1, "reverse": 1}, grid, ints(1)), []float32{5, 3, 0, 11, 6, 0}},
		{"triangle", apply(t, "Trilu", onnx.Attrs{"upper": 0}, grid, ints(-1)), []float32{0, 0, 0, 4, 0, 0}},
		{"einsum", apply(t, "Einsum", onnx.Attrs{"equation": "ij, kj -> ik"}, grid, grid), []float32{14, 32, 32, 77}},
		{"diagonal", apply(t, "Einsum", onnx.Attrs{"equation": "...ii->...i"}, tensor.From(tensor.Float32, []float32{1, 2, 3, 4}, 2, 2)), []float32{1, 4}},
		{"min of three", apply(t, "Min", nil, grid, floats(3, 3, 2), floats(4)), []float32{1, 2, 2, 3, 3, 2}},
	} {
		got := tensor.View[float32](c.got)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}
