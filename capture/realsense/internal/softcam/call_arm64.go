//go:build realsense && (linux || darwin)

package softcam

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// call calls f with scalars, a structure by value behind them, and more scalars.
func call(f uintptr, before []uintptr, structure []uint64, after ...uintptr) uintptr {
	args := append(append([]uintptr(nil), before...), uintptr(unsafe.Pointer(&structure[0])))
	r, _, _ := purego.SyscallN(f, append(args, after...)...)
	runtime.KeepAlive(structure)
	return r
}
