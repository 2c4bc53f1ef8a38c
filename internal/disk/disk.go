// Package disk tells what ails a disk, for every package that writes recordings or masks.
package disk

import (
	"errors"
	"syscall"
)

// Full tells whether err means that there is no room: on the disk, in the quota, or in the size that a file may have.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
