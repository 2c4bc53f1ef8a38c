//go:build amd64 || arm64

package pixel

import "unsafe"

// steps are the lanes' numbers.
var steps = [longest]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// args is what the kernels take. They must not be called through a variable, or a and slow would be allocated.
func (g *Glide) args(slow *int64, pix []uint16, lo, hi int, runs []Run, src []uint16) glideArgs {
	a := glideArgs{
		pix: unsafe.Pointer(unsafe.SliceData(pix)), src: unsafe.Pointer(&src[0]), inverse: unsafe.Pointer(g.Inverse),
		runs: unsafe.Pointer(&runs[0]), steps: unsafe.Pointer(&steps[0]),
		width: int64(g.Width), lo: int64(lo), hi: int64(hi),
		n: int64(len(src)), length: int64(g.Length), closer: 65535 - int64(g.Slack), wider: 2 * int64(g.Slack),
		offset: int64(g.Offset), columns: 2, slow: unsafe.Pointer(slow),
	}
	if g.Columns > 2 {
		a.columns = 3
	}
	a.room = a.width - 3
	if g.Bent {
		a.bent = 1
	}
	return a
}
