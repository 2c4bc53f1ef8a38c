//go:build amd64 || arm64

package pixel

import "unsafe"

// glideSteps is what the kernels need of each column: its distance from the middle one, the parabola, its number, and the number of
// the one before.
var glideSteps = func() (s [4][BlockWidth]int16) {
	for k := range BlockWidth {
		s[0][k], s[1][k], s[2][k], s[3][k] = half(k), bow(k), int16(k), int16(max(k-1, 0))
	}
	return s
}()

// glideWork is room that the kernels work in: 35 vectors and 5 for each row, and readings of a block.
type glideWork struct {
	vectors [(35 + 5*16) * BlockWidth]int16
	last    [16 * BlockWidth]uint16
	slow    int64 // not 0: some readings were not drawn
}

// args is what the kernels take. They must not be called through a variable, or a and w would be allocated.
func (g *Glide) args(w *glideWork, pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) glideArgs {
	a := glideArgs{
		pix: unsafe.Pointer(unsafe.SliceData(pix)), src: unsafe.Pointer(&src[0]),
		blocks: unsafe.Pointer(&blocks[0]), steps: unsafe.Pointer(&glideSteps),
		width: int64(g.Width), lo: int64(lo), hi: int64(hi), n: int64(n), count: int64(n / BlockWidth),
		first: int64(first), end: int64(end), row: int64(1 << 15 / g.Rows), frac: int64(g.Frac), fine: int64(g.Fine), near: int64(g.Near),
		offset: int64(g.Offset), share: g.Share, shift: g.Shift,
		slow: unsafe.Pointer(&w.slow), work: unsafe.Pointer(&w.vectors),
	}
	if g.Bent {
		a.bent = 1
	}
	return a
}

// rest is a for what whole blocks left over of each row: drawn as a whole block again, with readings of 0 behind. It has
// no blocks where nothing is left over.
func (a glideArgs) rest(w *glideWork, blocks []Block, src []uint16, n, rows int) glideArgs {
	rest := n % BlockWidth
	if a.count = 0; rest == 0 {
		return a
	}
	for j := range rows {
		copy(w.last[j*BlockWidth:], src[(j+1)*n-rest:(j+1)*n])
	}
	a.src, a.blocks, a.n, a.count = unsafe.Pointer(&w.last), unsafe.Pointer(&blocks[n/BlockWidth]), BlockWidth, 1
	return a
}
