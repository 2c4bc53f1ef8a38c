// Package pixel holds loops over images that are worth instructions of their own: those that a frame passes through
// between the camera and the student. Each has a generic version in Go, always compiled and never clever, and variants
// for one instruction set, generated from C intrinsics in _c by the generator of quant/internal/kernel. Every variant
// gives the generic version's bytes.
//
// The assembly is made by
//
//	go generate ./internal/pixel
//
// A kernel takes one pointer to a struct of 8-byte fields, calls nothing, has no constants in memory and little stack.
// The checked wrappers panic on a broken shape, which never reaches assembly.
package pixel

// The assembly is made by clang 19 (Debian's clang-19 and llvm-19 packages; another version makes other bytes).
//go:generate go run ../../quant/internal/kernel/asmgen
