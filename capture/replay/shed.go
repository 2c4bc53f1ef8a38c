package replay

import (
	"os"
	"path/filepath"

	"github.com/depthwise/depthwise/internal/disk"
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

// ends are the sizes of the index files.
func (w *Writer) ends() (ends [3]int64) {
	for i, f := range w.index {
		ends[i], _ = f.Seek(0, 2)
	}
	return ends
}

// takeBack makes as if a pair that found no room had never come. A recording that cannot be put right keeps its error.
func (w *Writer) takeBack(p *writing, written int, ends [3]int64) {
	if w.written > written || !disk.Full(w.err) {
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
