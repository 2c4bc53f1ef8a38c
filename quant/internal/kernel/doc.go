// Package kernel holds the inner loops of an int8 network: convolution, residual add, tables, pooling, resize, and the
// conversions at a network's edges. Each has a generic version in Go, always compiled and never clever; some have
// variants for one instruction set, generated from C intrinsics in _c. Every variant gives the generic version's bytes.
//
// # The internal layout
//
// Activations live in a [Map]: rows of blocks of 4 pixels; a block is a sequence of cells; a cell is 16 bytes, 4 pixels
// × 4 channels, the channels of one pixel side by side:
//
//	byte of (y, x, c) = y·Row + (x/4)·Block + (c/4)·16 + (x%4)·4 + c%4
//
// So the 4 channels that one lane of a dot product takes are adjacent, 4 accumulator registers of 16 channels pack into
// whole cells without a permutation, and one byte shuffle inside a 16-byte register turns a cell into 4 horizontal
// neighbours per channel, which is what a depthwise convolution wants. A map with 4 channels, and a width that 4
// divides, is plain NHWC: an early-fused frame needs no conversion at all. Channels beyond C in the last cell, and
// pixels beyond W in a row's last block, hold anything; no kernel lets them reach a result. Rows and blocks have
// explicit strides, so that a slice of channels of a map is a map: concatenation needs no copy where the slices begin
// at multiples of 4.
//
// # Arithmetic
//
// acc = bias + Σ (x − zero)·w in int32, wrapping modulo 2³² (inputs are 8 bits wide, so 32,768 taps or fewer can't
// wrap before the bias). Then r = float32(acc) × scale, one IEEE multiplication; r is rounded half to even; and
// clamp(r + zero, min, max) is stored. A rounded value beyond int32 saturates. Adds, real-valued resizes and argmax are
// float32 too, each operation rounded by itself in the order that their comments give; only [Add] fuses a
// multiply-add, everywhere. All of it is the same on every CPU.
//
// Variants store the whole range of a byte; a narrower clamp and a table of an activation are one table afterwards.
// They leave to the generic kernel what they cannot do exactly: scales of 1 and more, weight zero points, the type of
// activations that is not [Native].
//
// # Choosing
//
//	set, err := kernel.Choose(nil)        // what this CPU can do
//	p, err := set.PackConv(kernel.Conv{…}) // at load: checks, packs weights, picks a variant
//	scratch := make([]byte, p.Scratch(dst.W)) // one per worker
//	p.Run(&dst, &src, y0, y1, scratch)     // rows [y0, y1) of dst; no allocation
//
// Names are op_tile_isa: the operation, the tile of pixels × channels that the innermost loop holds in registers, and
// the instruction set, as in pointwise_4x48_avx512vnni. [Variants] lists them, [Features] the CPU's.
//
// # Making
//
// The assembly is made from C intrinsics: _c/NAME.c by clang, its bytes by asmgen into NAME_ARCH.s with the mnemonics
// as comments, one Go declaration each. A kernel takes one pointer to a struct of 8-byte fields (_c/args.h, args.go),
// calls nothing, has no constants in memory and uses less than 448 bytes of stack; asmgen refuses what does not. To
// change one, edit the C, go generate, and run the tests; to add one, add a line to the architecture's table
// (table_*.go) too, and choice, tests, benchmarks and reports follow.
//
// # Limits
//
// Dimensions are positive; a broken shape panics in the checked wrapper and never reaches assembly. SIMD variants take
// activations of type [Native] only (u8 on x86, s8 on arm64): a network flips bytes by 0x80 once, at its border, and
// its zero points with them.
package kernel
