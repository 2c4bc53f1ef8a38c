package kernel

import (
	"syscall"
	"testing"
)

// guarded is n bytes that end right before (high) or begin right after an unreadable page: a kernel that reads one byte
// too far dies. Canary bytes fill the rest of its own pages.
func guarded(t testing.TB, n int, high bool) []byte {
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	if size > 0 {
		if err := syscall.Mprotect(mem[page:page+size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			t.Fatal(err)
		}
	}
	at := page
	if high {
		at = page + size - n
	}
	inner := mem[page : page+size]
	const canary = 0xA5
	for i := range inner {
		inner[i] = canary
	}
	t.Cleanup(func() {
		for i, v := range inner {
			if (i < at-page || i >= at-page+n) && v != canary {
				t.Errorf("byte %d beside a buffer of %d was overwritten", i-(at-page), n)
				break
			}
		}
		syscall.Munmap(mem)
	})
	return mem[at : at+n : at+n]
}
