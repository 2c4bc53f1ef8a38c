package kernel

import "unsafe"

// hide is p, without the compiler seeing that it is: what p points at stays on the stack although it goes to a kernel
// through a function value, which escape analysis takes to keep it. No kernel keeps a pointer after it returns.
func hide[T any](p *T) *T {
	address := uintptr(unsafe.Pointer(p))
	return *(**T)(unsafe.Pointer(&address))
}
