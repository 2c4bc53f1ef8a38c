// Package runtime turns pairs into masks: preprocess, infer, emit.
//
// Its one idea is that a frame is integers from the camera to the mask. [Preprocess] resizes colour and depth and
// encodes depth as one byte, so that an early-fused pixel is the four bytes R, G, B, D; a [Student] is a quantized
// network together with what its metadata says about classes, input and depth encoding; a [Pipeline] pulls pairs from a
// source, lets capture and inference overlap, and accounts for every pair: a mask, or a drop with its reason.
//
//	student, err := runtime.OpenStudent("tabletop.onnx", runtime.StudentOptions{Threads: 2})
//	if err != nil { … }
//	defer student.Close()
//	p := runtime.Pipeline{Source: src, Student: student, Emit: encoder.Encode}
//	summary, err := p.Run(ctx)
//
// The exact arithmetic of preprocessing, which training in Python repeats byte for byte, is docs/preprocess.md; the
// vectors that hold both sides to it are testdata/preprocess.
//
// A steady frame allocates nothing. The package shadows the standard one of its name: no file imports both.
package runtime
