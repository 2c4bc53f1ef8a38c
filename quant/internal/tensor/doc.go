// Package tensor holds the plain tensors of quant: an element type, a shape and little-endian bytes in row-major (ONNX)
// order, with typed views onto those bytes.
//
//	t, err := tensor.New(tensor.Float32, 1, 3, 4, 4)
//	pixels := tensor.View[float32](t) // aliases t.Data
//
// Sizes are checked before memory is taken: a shape whose volume passes [MaxElements] is an error. Views need a
// little-endian machine and data aligned to the element, which New and Align guarantee.
package tensor
