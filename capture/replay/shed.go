package replay

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Shed counts the pairs that a Writer left out, by its options.
type Shed struct {
	Full int // there was no room on the disk
	Slow int // they came while the queue was full
}

// Shed returns the counts so far; after Close, the last.
func (w *Writer) Shed() Shed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shed
}

// diskFull tells whether err means that there is no room: on the disk, in the quota, or in the size that a file may have.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// ends are the sizes of the index files.
func (w *Writer) ends() (ends [3]int64) {
	for i, f := range w.index {
		ends[i], _ = f.Seek(0, 2)
	}
	return ends
}

// takeBack makes as if a pair that found no room had never come. A recording that cannot be put right keeps its error.
func (w *Writer) takeBack(p *writing, written int, ends [3]int64) {
	if w.written > written || !diskFull(w.err) {
		return
	}
	for i, f := range w.index {
		if f.Truncate(ends[i]) != nil {
			return
		}
	}
	for _, name := range []string{p.color, p.depth, p.label} {
		if name != "" {
			os.Remove(filepath.Join(w.dir, filepath.FromSlash(name)))
		}
	}
	w.err = nil
	w.shed.Full++
}
