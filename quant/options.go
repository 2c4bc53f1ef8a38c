package quant

import "github.com/depthwise/depthwise/pool"

// Options say how a network is planned. The zero value is ready to use.
type Options struct {
	// Threads is the number of goroutines that share each step, the caller's among them; 0 = one per CPU.
	Threads int
	// Pool is the goroutines that share each step, in place of Threads of the network's own. Close leaves it open; it must
	// be open as long as the network is.
	Pool *pool.Pool
	// Shapes binds inputs whose shape the model leaves open, by name, in ONNX's order. A symbol that one input binds is
	// bound in all; a symbolic first dimension that nothing binds is 1.
	Shapes map[string][]int
	// Values are values of inputs, by name, that an operator may need at load: shapes, axes, pads, scales. Where one does,
	// the inputs that it depends on become constants with these values and leave Inputs; where none does, a value is not
	// used.
	Values map[string]Value
	// Folder is where external data of a model from memory is looked for, and nowhere outside it; "" = external data is an
	// error. Load looks beside the file.
	Folder string
	// NHWC makes 4-D inputs channels-last: an input that the model declares [1, 4, H, W] is then bound as [1, H, W, 4].
	NHWC bool
	// ClassMap replaces output 0 by a uint8 map of classes, [H, W] at the size of the first image input. Logits are
	// upsampled linearly (half-pixel centres) and the greatest channel taken, the first of equals.
	ClassMap bool
	// Inputs names values inside the graph that become further inputs behind the model's own, in this order: what reads
	// them reads what the caller gives.
	Inputs []string
	// Outputs names values inside the graph, in the file's names, that become further outputs behind the model's own, in
	// this order. What is asked for is computed as it is without being asked for, but is not fused away.
	Outputs []string
	// Margin also computes [Network.Margin], for which the class map must come from 8-bit logits with one scale.
	Margin bool
	// Disable names CPU features or kernel variants not to use; "simd" disables all of them.
	Disable []string
	// MaxBytes bounds the memory of activations, inputs and outputs; 0 = 1 GiB.
	MaxBytes int
	// Memory is an arena that several networks share; nil = the network has its own.
	Memory *Memory
}

// Value is an array given at load. The network may keep Data, which must not be changed until Close.
type Value struct {
	Type  DType
	Shape []int
	Data  []byte // row-major, little-endian
}
