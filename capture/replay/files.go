package replay

import (
	"cmp"
	"slices"
)

// Files names the files of the pair with this sequence number, relative to the recording's folder, with forward
// slashes; label is empty where there is none. ok is false when the recording has no such pair in its first pass.
func (r *Recording) Files(seq uint64) (color, depth, label string, ok bool) {
	i, ok := slices.BinarySearchFunc(r.entries, seq, func(e entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	if !ok {
		return "", "", "", false
	}
	e := &r.entries[i]
	return e.color, e.depth, e.label, true
}

// Dir is the folder that was opened.
func (r *Recording) Dir() string { return r.dir }

// Skipped is the number of pairs that Next left out so far under Skip.
func (r *Recording) Skipped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats.Skipped
}
