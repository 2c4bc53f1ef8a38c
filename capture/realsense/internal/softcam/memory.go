//go:build realsense && (linux || darwin)

package softcam

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// pointer is an address of Go memory for C, which must be on the heap and be kept alive by the caller.
func pointer[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// invoke calls a function with scalars.
func invoke(f uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(f, args...)
	return r
}

// text is a string for C, which lives as long as the camera.
func (c *Camera) text(s string) uintptr {
	b := append([]byte(s), 0)
	c.texts = append(c.texts, b)
	return pointer(&b[0])
}

// copyTo copies into C's memory.
func copyTo(p uintptr, data []byte) {
	copy(unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), len(data)), data)
}
