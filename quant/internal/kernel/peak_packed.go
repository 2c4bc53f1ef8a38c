//go:build amd64 || arm64

package kernel

import "unsafe"

func runPeak(kernel func(*peakArgs)) func(int, *[16]int32) {
	return func(rounds int, sum *[16]int32) {
		kernel(&peakArgs{rounds: int64(rounds), sum: unsafe.Pointer(sum)})
	}
}
