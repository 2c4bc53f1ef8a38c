package pixel

// Block is the polynomials by which BlockWidth × Rows neighbouring depth pixels are drawn into the colour image. Of pixel
// k of row j the patch covers, for a surface infinitely far away, the colour pixels from X + ⌊U(k, j)/2^Frac⌋ up to but
// without X + ⌊(U(k, j) + E(k))/2^Frac⌋; with f the inverse of its reading, see [Glide], its left side is at
// U + S·f + Q·f², its right one another E + G·f further. V, T, R, F and H are those of the upper and lower sides. Its depth
// is reading·(1 + Z).
//
// All is in 16 bits that wrap, in units of 2^−Frac pixel, Z of 2^−(16+Fine). The fields that end in K are what is added over
// half the columns, from the middle one on, those in J over all rows, UKK and VKK what a parabola adds in the middle of the columns. Products
// are rounded half up to a unit, see mul.
type Block struct {
	X, Y                 int32 // below 2¹⁴ in magnitude
	U, UK, UKK, UJ, UJK  int16
	V, VK, VKK, VJ, VJK  int16
	S, SK, SJ, T, TK, TJ int16
	Q, QK, QJ, R, RK, RJ int16
	E, EK, G, F, FK, H   int16
	Z, ZK, ZJ            int16  // Z is at most 2¹⁴ in magnitude over the block
	First, End           int16  // rows [First, End) are drawn, no others can be inside the image
	Low, High            uint16 // so it is with readings from Low to High
	State                int16  // Drawn, Slow or Unseen
}

// States of a block.
const (
	Drawn  = 0  // its readings are drawn
	Slow   = -1 // they are not: that there are some is told
	Unseen = 1  // no patch can be inside the image; that some are too near is told
)

// BlockWidth is the depth pixels of a block's row.
const BlockWidth = 32

// Glide draws rows of a depth image into the z-buffer of a colour image.
type Glide struct {
	Share, Shift float32 // the inverse f of reading d is Share/(d + Shift) in single precision, cut off, in units of 2⁻¹⁵
	Near         int     // readings below, but 0, are not drawn; f is below 2¹⁵ from there on, and no depth below 1, see nearest
	Rows         int     // of a block: a power of 2, 16 at most
	Width        int     // of the z-buffer
	Frac         int     // bits, 4 to 12
	Fine         int     // bits, 0 to 3
	Offset       int32   // added to depths, with a half for rounding, in units of 2^−(16+Fine); below 2³⁰ in magnitude
	Bent         bool    // Q and R are not 0
}

// nearest is the least that Near may be, so that no depth is below 1: one is at most the part 2^−(2+Fine) of its reading and
// the offset below it.
func (g *Glide) nearest() int {
	offset, part := max(0, -int(g.Offset))>>(16+g.Fine)+3, 1<<(2+g.Fine)
	return offset*part/(part-1) + 1
}

// narrowest is the least width that variants draw into.
const narrowest = 64

// mul is the product of two numbers of which one is in units of 2⁻¹⁵, rounded half up.
func mul(a, b int16) int16 { return int16((int32(a)*int32(b) + 1<<14) >> 15) }

// half is a column's distance from the middle one in halves of the width.
func half(k int) int16 { return int16((k - BlockWidth/2) << 11) }

// bow is the parabola over the columns: 0 at column 0, the most, near 1, in the middle.
func bow(k int) int16 { return int16(k * (BlockWidth - k) * 127) }

// Sides returns the sides of the patch of pixel k of row j at inverse depth f, without b's X and Y: left, right, upper,
// lower, in units of 2^−Frac pixel.
func (g *Glide) Sides(b *Block, k, j int, f int16) [4]int16 {
	kk, bb, jj := half(k), bow(k), int16(j*(1<<15/g.Rows))
	u := b.U + mul(b.UK, kk) + mul(b.UKK, bb) + mul(b.UJ+mul(b.UJK, kk), jj) + mul(b.S+mul(b.SK, kk)+mul(b.SJ, jj), f)
	v := b.V + mul(b.VK, kk) + mul(b.VKK, bb) + mul(b.VJ+mul(b.VJK, kk), jj) + mul(b.T+mul(b.TK, kk)+mul(b.TJ, jj), f)
	if g.Bent {
		f2 := mul(f, f)
		u += mul(b.Q+mul(b.QK, kk)+mul(b.QJ, jj), f2)
		v += mul(b.R+mul(b.RK, kk)+mul(b.RJ, jj), f2)
	}
	return [4]int16{u, u + b.E + mul(b.EK, kk) + mul(b.G, f), v, v + b.F + mul(b.FK, kk) + mul(b.H, f)}
}

// Inverse returns f of a reading from Near on.
func (g *Glide) Inverse(d uint16) int16 { return int16(int32(g.Share / (float32(d) + g.Shift))) }

// Depth returns the depth of pixel k of row j with reading d; it is one if 1 ≤ z ≤ 65535.
func (g *Glide) Depth(b *Block, k, j int, d uint16) (z int32) {
	e := b.Z + mul(b.ZK, half(k)) + mul(b.ZJ, int16(j*(1<<15/g.Rows)))
	return int32(d) + int32((int64(d)*int64(e)+int64(g.Offset))>>(16+g.Fine))
}

// Draw draws rows [first, end) of a row of blocks into the rows [lo, hi) of the z-buffer pix, where the nearest stays and
// 0 is none yet. Src is the readings of these rows, n each. A patch covers the pixels whose centres are inside. Depths
// that are not 1…65535 are left out. Draw tells whether it met a reading, not 0, that it does not draw: below Near and not
// out of sight, or in a slow block.
func (g *Glide) Draw(pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) (slow bool) {
	if g.Width < 1 || g.Width > 1<<14 || lo < 0 || hi > len(pix)/g.Width || hi > 1<<14 || len(pix) > 1<<31-1 || g.Near > 65535 ||
		g.Rows < 1 || g.Rows > 16 || g.Rows&(g.Rows-1) != 0 || g.Frac < 4 || g.Frac > 12 || g.Fine < 0 || g.Fine > 3 || first < 0 || end > g.Rows ||
		first > end || n < 0 || len(src) != n*(end-first) || len(blocks)*BlockWidth < n || g.Offset >= 1<<30 || g.Offset <= -1<<30 || g.Near < g.nearest() {
		panic("pixel: glide: broken shape")
	}
	v := glideFor()
	if v == nil || g.Width < narrowest || len(src) == 0 || lo >= hi {
		return g.draw(pix, lo, hi, blocks, src, n, first, end)
	}
	return v(g, pix, lo, hi, blocks, src, n, first, end)
}

// draw is the generic version of Draw.
func (g *Glide) draw(pix []uint16, lo, hi int, blocks []Block, src []uint16, n, first, end int) (slow bool) {
	for j := first; j < end; j++ {
		for x, d := range src[(j-first)*n : (j-first+1)*n] {
			b, k := &blocks[x/BlockWidth], x%BlockWidth
			switch {
			case d == 0:
			case int(d) < g.Near || b.State == Slow:
				slow = true
			case b.State == Drawn && int16(j) >= b.First && int16(j) < b.End && d >= b.Low && d <= b.High:
				if z := g.Depth(b, k, j, d); z >= 1 && z <= 65535 {
					side := g.Sides(b, k, j, g.Inverse(d))
					for i := range side {
						side[i] >>= g.Frac
					}
					g.cover(pix, lo, hi, int(b.X)+int(side[0]), int(b.X)+int(side[1]), int(b.Y)+int(side[2]), int(b.Y)+int(side[3]), uint16(z-1))
				}
			}
		}
	}
	return slow
}

// cover draws [x0, x1) × [y0, y1) at depth key+1.
func (g *Glide) cover(pix []uint16, lo, hi, x0, x1, y0, y1 int, key uint16) {
	left, right := max(x0, 0), min(x1, g.Width)
	for y := max(y0, lo); y < min(y1, hi); y++ {
		for x := left; x < right; x++ {
			if p := &pix[y*g.Width+x]; key < *p-1 { // 0, no reading yet, is the farthest
				*p = key + 1
			}
		}
	}
}
