package quant

// Options say how a network is planned. The zero value is ready to use.
type Options struct {
	// Threads is the number of goroutines that share each step, the caller's among them; 0 = one per CPU.
	Threads int
	// Shapes binds inputs whose shape the model leaves open, by name, in ONNX's order. A symbolic first dimension
	// that is not bound is 1.
	Shapes map[string][]int
	// NHWC makes 4-D inputs channels-last: an input that the model declares [1, 4, H, W] is then bound as [1, H, W, 4].
	NHWC bool
	// ClassMap replaces output 0 by a uint8 map of classes, [H, W] at the size of the first image input. Logits are
	// upsampled linearly (half-pixel centres) and the greatest channel taken, the first of equals.
	ClassMap bool
	// Disable names CPU features or kernel variants not to use; "simd" disables all of them.
	Disable []string
	// MaxBytes bounds the memory of activations, inputs and outputs; 0 = 1 GiB.
	MaxBytes int
}
