package pixel

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded is at least n numbers between two pages that can neither be read nor written.
func guarded(t testing.TB, n int) []uint16 {
	page := syscall.Getpagesize()
	size := (2*n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	if err := syscall.Mprotect(mem[page:page+size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(&mem[page])), size/2)
}
