//go:build realsense && (linux || darwin)

package softcam

import "github.com/ebitengine/purego"

// call calls f with scalars, a structure by value behind them, and more scalars. Together there are at most six scalars;
// they are in registers, and the structure is alone on the stack, wherever it stands among them.
func call(f uintptr, before []uintptr, structure []uint64, after ...uintptr) uintptr {
	args := append(append([]uintptr(nil), before...), after...)
	for len(args) < 6 {
		args = append(args, 0)
	}
	for _, word := range structure {
		args = append(args, uintptr(word))
	}
	r, _, _ := purego.SyscallN(f, args...)
	return r
}
