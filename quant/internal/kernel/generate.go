package kernel

// The assembly is made by clang 19 (Debian's clang-19 and llvm-19 packages; another version makes other bytes).
//go:generate go run ./asmgen
