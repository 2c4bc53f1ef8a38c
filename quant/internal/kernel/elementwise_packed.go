//go:build amd64 || arm64

package kernel

import "unsafe"

// takesAdd leaves to the generic kernel scales with which a sum could leave int32.
func takesAdd(p *PackedAdd) bool {
	return p.a.Type == Native && !p.a.Multiply && p.a.ScaleA < 1<<16 && p.a.ScaleB < 1<<16
}

// takesMul is the same for products: 255² × 2¹⁵ is inside int32.
func takesMul(p *PackedAdd) bool { return p.a.Type == Native && p.a.Multiply && p.a.ScaleA < 1<<15 }

// unpacked is the order of the dwords of 64 bytes that were packed twice within 128-bit lanes.
var unpacked = [16]int32{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}

// runAdd gives the kernel rows; b may be one pixel.
func runAdd(kernel func(*addArgs)) func(p *PackedAdd, dst, a, b *Map, y0, y1 int) {
	return func(p *PackedAdd, dst, a, b *Map, y0, y1 int) {
		scales := [4]float32{p.a.ScaleA, p.a.ScaleB, p.k}
		if p.a.Multiply {
			scales = [4]float32{p.a.ScaleA, float32(p.a.ZeroA), float32(p.a.ZeroB), float32(p.a.Zero - p.a.Offset)}
		}
		args := addArgs{
			blocks: int64(Blocks(a.W)), cells: int64(Cells(a.C)), dstBlock: int64(dst.Block), aBlock: int64(a.Block), bBlock: int64(b.Block),
			offset: int64(p.a.Offset), lo: int64(p.lo), hi: int64(p.hi),
			scales: unsafe.Pointer(&scales), order: unsafe.Pointer(&unpacked),
		}
		row := b.Row
		if b.H != a.H || b.W != a.W {
			args.bBlock, row = 0, 0
		}
		for y := y0; y < y1; y++ {
			args.dst, args.a = unsafe.Pointer(&dst.Data[y*dst.Row]), unsafe.Pointer(&a.Data[y*a.Row])
			args.b = unsafe.Pointer(&b.Data[y*row])
			kernel(hide(&args))
		}
		if p.a.Table != nil {
			p.set.table(dst, dst, p.a.Table, y0, y1)
		}
	}
}

// runLookup does the same for a table.
func runLookup(kernel func(*tableArgs)) func(dst, src *Map, table *[256]byte, y0, y1 int) {
	return func(dst, src *Map, table *[256]byte, y0, y1 int) {
		n, blocks := Cells(src.C)*Cell, Blocks(src.W)
		if src.Block == n && dst.Block == n {
			n, blocks = n*blocks, 1
		}
		if blocks == 1 && src.Row == n && dst.Row == n {
			n, y1 = n*(y1-y0), min(y0+1, y1)
		}
		args := tableArgs{bytes: int64(n), table: unsafe.Pointer(table)}
		for y := y0; y < y1; y++ {
			for i := range blocks {
				args.dst, args.src = unsafe.Pointer(&dst.Data[y*dst.Row+i*dst.Block]), unsafe.Pointer(&src.Data[y*src.Row+i*src.Block])
				kernel(hide(&args))
			}
		}
	}
}

// runSum sums whole maps, 16 channels a call.
func runSum(kernel func(*sumArgs)) func(src *Map, c int, sums *[16]int32) {
	return func(src *Map, c int, sums *[16]int32) {
		a := sumArgs{
			src: unsafe.Pointer(&src.Data[c/4*Cell]), rows: int64(src.H), row: int64(src.Row), blocks: int64(Blocks(src.W)),
			srcBlock: int64(src.Block), cells: int64(min(Cells(src.C)-c/4, 4)), keep: int64(uint32(0xffffffff) >> (8 * (-src.W & 3))),
			sums: unsafe.Pointer(sums),
		}
		kernel(hide(&a))
	}
}

// maxChunk is the blocks of a call: the offsets live on the stack.
const maxChunk = 16

// runMax points a kernel at the source rows and pixels of each window. A tap outside the map is replaced by the nearest
// one inside, which the window has too.
func runMax(kernel func(*maxArgs)) func(dst, src *Map, p *Pool, y0, y1 int) {
	return func(dst, src *Map, p *Pool, y0, y1 int) {
		var offsets [maxPoolWindow * 4 * maxChunk]int64
		var rows [maxPoolWindow]unsafe.Pointer
		a := maxArgs{cells: int64(Cells(dst.C)), dstBlock: int64(dst.Block), tapsY: int64(p.KH), tapsX: int64(p.KW),
			rows: unsafe.Pointer(&rows), offsets: unsafe.Pointer(&offsets)}
		for b := 0; b < Blocks(dst.W); b += maxChunk {
			n := min(maxChunk, Blocks(dst.W)-b)
			for kx := range p.KW {
				for i := range 4 * n {
					x := (4*b+i)*p.StrideX + kx - p.PadLeft
					offsets[kx*4*n+i] = int64(src.Offset(0, min(max(x, 0), src.W-1), 0))
				}
			}
			a.blocks = int64(n)
			for y := y0; y < y1; y++ {
				for ky := range p.KH {
					sy := min(max(y*p.StrideY+ky-p.PadTop, 0), src.H-1)
					rows[ky] = unsafe.Pointer(&src.Data[sy*src.Row])
				}
				a.dst = unsafe.Pointer(&dst.Data[y*dst.Row+b*dst.Block])
				kernel(hide(&a))
			}
		}
	}
}

// runPlanes makes cells of rows of 4 planes, rows without gaps as one; what is left of a row after its whole blocks is
// copied in Go.
func runPlanes(kernel func(*planesArgs)) func(dst *Map, src []byte, flip byte, y0, y1 int) {
	return func(dst *Map, src []byte, flip byte, y0, y1 int) {
		whole := dst.W / 4
		a := planesArgs{plane: int64(dst.H * dst.W), blocks: int64(whole), dstBlock: int64(dst.Block), flip: int64(flip)}
		if y0 < y1 && 4*whole == dst.W && dst.Row == whole*dst.Block {
			a.blocks *= int64(y1 - y0)
			a.dst, a.src = unsafe.Pointer(&dst.Data[y0*dst.Row]), unsafe.Pointer(&src[y0*dst.W])
			kernel(hide(&a))
			return
		}
		for y := y0; y < y1; y++ {
			if whole > 0 {
				a.dst, a.src = unsafe.Pointer(&dst.Data[y*dst.Row]), unsafe.Pointer(&src[y*dst.W])
				kernel(hide(&a))
			}
			for x := 4 * whole; x < dst.W; x++ {
				for c := range 4 {
					dst.Data[dst.Offset(y, x, c)] = src[(c*dst.H+y)*dst.W+x] ^ flip
				}
			}
		}
	}
}
