//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// appends tells whether each write to a file goes to its end, wherever its offset is.
func appends(f *os.File) bool {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_APPEND != 0
}
