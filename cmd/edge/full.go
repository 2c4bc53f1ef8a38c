package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/depthwise/depthwise/internal/disk"
	"github.com/depthwise/depthwise/runtime"
)

// onFull keeps an output whole when the disk is full: what was begun is taken back, and with shed what does not fit is
// left out until there is room again.
type onFull struct {
	file   *os.File // nil: a folder, whose files are whole or not there, or a stream
	stream bool     // what is written goes on from what was: its header is written once
	shed   bool
	log    *slog.Logger
	began  bool   // something was written
	lost   uint64 // in a row
}

// write does one write of frame seq.
func (f *onFull) write(seq uint64, do func() error) error {
	at := f.end()
	err := do()
	if err == nil {
		f.began = true
		if f.lost > 0 {
			f.log.Info("there is room on the disk again", "shed", f.lost)
			f.lost = 0
		}
		return nil
	}
	if at >= 0 { // whole or not at all; a file that cannot go back is left as it is
		if e := f.file.Truncate(at); e == nil {
			f.file.Seek(at, io.SeekStart)
		}
	}
	// The header of a stream that was not written once will not come again, and nobody can take back what is in a pipe.
	if !f.shed || !disk.Full(err) || f.stream && !f.began {
		return err
	}
	if f.lost++; f.lost == 1 {
		f.log.Warn("the disk is full: masks are shed", "from", seq)
	}
	return fmt.Errorf("%w: %w", runtime.ErrShed, err)
}

// end is where the next write begins, if that is the file's end and so can be taken back; else −1.
func (f *onFull) end() int64 {
	if f.file == nil {
		return -1
	}
	info, err := f.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	if at, err := f.file.Seek(0, io.SeekCurrent); err != nil || at != info.Size() && !appends(f.file) {
		return -1
	}
	return info.Size()
}
