package disk

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestFull(t *testing.T) {
	for err, want := range map[error]bool{syscall.ENOSPC: true, syscall.EDQUOT: true, syscall.EFBIG: true, syscall.EIO: false, os.ErrClosed: false} {
		if Full(&os.PathError{Op: "write", Path: "x", Err: err}) != want || Full(fmt.Errorf("mask: %w", err)) != want {
			t.Errorf("%v: want %v", err, want)
		}
	}
	if Full(nil) {
		t.Error("no error is taken for a full disk")
	}
}
