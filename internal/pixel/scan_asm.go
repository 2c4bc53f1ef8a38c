//go:build amd64 || arm64

package pixel

import "unsafe"

var scanLanes = [16]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func newDifferArgs(dst []int32, a, b []byte, found *int64) differArgs {
	return differArgs{dst: unsafe.Pointer(unsafe.SliceData(dst)), a: unsafe.Pointer(unsafe.SliceData(a)), b: unsafe.Pointer(unsafe.SliceData(b)),
		lanes: unsafe.Pointer(&scanLanes), n: int64(len(a)), found: unsafe.Pointer(found)}
}

func newZerosArgs(src []uint16, found *int64) zerosArgs {
	return zerosArgs{src: unsafe.Pointer(unsafe.SliceData(src)), n: int64(len(src)), found: unsafe.Pointer(found)}
}
