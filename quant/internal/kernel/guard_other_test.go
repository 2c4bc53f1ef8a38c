//go:build !linux

package kernel

import "testing"

// guarded is n bytes with canaries on both sides; guard pages are tested on Linux.
func guarded(t testing.TB, n int, high bool) []byte {
	const canary, margin = 0xA5, 64
	mem := make([]byte, n+2*margin)
	for i := range mem {
		mem[i] = canary
	}
	t.Cleanup(func() {
		for i, v := range mem {
			if (i < margin || i >= margin+n) && v != canary {
				t.Errorf("byte %d beside a buffer of %d was overwritten", i-margin, n)
				break
			}
		}
	})
	return mem[margin : margin+n : margin+n]
}
