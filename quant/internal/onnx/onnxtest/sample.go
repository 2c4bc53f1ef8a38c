package onnxtest

// Element types.
const (
	F32 = 1
	U8  = 2
	S8  = 3
	I32 = 6
	I64 = 7
)

// Sample is a small int8 segmentation network: uint8 [1, 4, 8, 8] → stride-2 convolution with ReLU, depthwise
// convolution with hard swish, residual add, upsample ×2, argmax. It has one of each thing that a planner fuses.
func Sample() *Model {
	m := New(17).Input("image", U8, 1, 4, 8, 8).Meta("depthwise.format", "1")
	m.Init("s1", F32, Float32s(0.0078125)).Init("z0", U8, []byte{0}).Init("z7", U8, []byte{7}).Init("zs", S8, []byte{0})
	m.Init("sa", F32, Float32s(0.02)).Init("sb", F32, Float32s(0.03)).Init("sc", F32, Float32s(0.04))
	weight := func(name string, n int, dims ...int) {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(i*37%101 - 50)
		}
		m.Init(name, S8, raw, dims...)
		scale := make([]float32, dims[0])
		for i := range scale {
			scale[i] = 0.004 + 0.001*float32(i%3)
		}
		m.Init(name+" scale", F32, Float32s(scale...), dims[0]).Init(name+" zero", S8, make([]byte, dims[0]), dims[0])
		m.Node("DequantizeLinear", []string{name, name + " scale", name + " zero"}, []string{name + " real"}, "axis", 0)
	}
	weight("w1", 8*4*9, 8, 4, 3, 3)
	weight("w2", 8*9, 8, 1, 3, 3)
	weight("w3", 3*8, 3, 8, 1, 1)
	m.Init("b1", I32, Int32s(100, -200, 300, -400, 500, -600, 700, -800), 8)
	m.Init("b1 scale", F32, Float32s(3.125e-05, 3.90625e-05, 4.6875e-05, 3.125e-05, 3.90625e-05, 4.6875e-05, 3.125e-05, 3.90625e-05), 8)
	m.Node("DequantizeLinear", []string{"b1", "b1 scale"}, []string{"b1 real"}, "axis", 0)
	dq := func(from, scale, zero, to string) {
		m.Node("DequantizeLinear", []string{from, scale, zero}, []string{to})
	}
	q := func(from, scale, zero, to string) {
		m.Node("QuantizeLinear", []string{from, scale, zero}, []string{to})
	}
	dq("image", "s1", "z0", "x")
	m.Node("Conv", []string{"x", "w1 real", "b1 real"}, []string{"c1"}, "strides", []int{2, 2}, "pads", []int{1, 1, 1, 1})
	m.Node("Relu", []string{"c1"}, []string{"r1"})
	q("r1", "sa", "z0", "r1 q")
	dq("r1 q", "sa", "z0", "r1 d")
	m.Node("Conv", []string{"r1 d", "w2 real"}, []string{"c2"}, "group", 8, "pads", []int{1, 1, 1, 1})
	q("c2", "sb", "z7", "c2 q")
	dq("c2 q", "sb", "z7", "c2 d")
	m.Node("HardSwish", []string{"c2 d"}, []string{"h2"})
	q("h2", "sb", "z7", "h2 q")
	dq("h2 q", "sb", "z7", "h2 d")
	m.Node("Add", []string{"h2 d", "r1 d"}, []string{"a"})
	q("a", "sc", "z7", "a q")
	dq("a q", "sc", "z7", "a d")
	m.Node("Conv", []string{"a d", "w3 real"}, []string{"c3"})
	q("c3", "sc", "z7", "c3 q")
	dq("c3 q", "sc", "z7", "logits")
	m.Init("up", F32, Float32s(1, 1, 2, 2), 4)
	m.Node("Resize", []string{"logits", "", "up"}, []string{"full"}, "mode", "linear")
	m.Node("ArgMax", []string{"full"}, []string{"top"}, "axis", 1, "keepdims", 0)
	m.Node("Cast", []string{"top"}, []string{"classes"}, "to", U8)
	return m.Output("classes", U8)
}
