//go:build amd64 || arm64

package kernel

import "unsafe"

// takesAdd leaves products to the generic kernel, and scales with which a sum could leave int32.
func takesAdd(p *PackedAdd) bool {
	return p.a.Type == Native && !p.a.Multiply && p.a.ScaleA < 1<<16 && p.a.ScaleB < 1<<16
}

// runAdd gives the kernel whole rows where the maps have no gaps, else blocks.
func runAdd(kernel func(*addArgs)) func(p *PackedAdd, dst, a, b *Map, y0, y1 int) {
	return func(p *PackedAdd, dst, a, b *Map, y0, y1 int) {
		if b.H != a.H || b.W != a.W {
			addRunGeneric(p, dst, a, b, y0, y1)
			return
		}
		scales := [2]float32{p.a.ScaleA, p.a.ScaleB}
		n, blocks := Cells(a.C)*Cell, Blocks(a.W)
		if a.Block == n && b.Block == n && dst.Block == n {
			n, blocks = n*blocks, 1
		}
		args := addArgs{
			bytes: int64(n), zeroA: int64(p.a.ZeroA), zeroB: int64(p.a.ZeroB), zero: int64(p.a.Zero), lo: int64(p.lo),
			hi: int64(p.hi), scales: unsafe.Pointer(&scales),
		}
		for y := y0; y < y1; y++ {
			for i := range blocks {
				args.dst = unsafe.Pointer(&dst.Data[y*dst.Row+i*dst.Block])
				args.a = unsafe.Pointer(&a.Data[y*a.Row+i*a.Block])
				args.b = unsafe.Pointer(&b.Data[y*b.Row+i*b.Block])
				kernel(&args)
			}
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
		args := tableArgs{bytes: int64(n), table: unsafe.Pointer(table)}
		for y := y0; y < y1; y++ {
			for i := range blocks {
				args.dst, args.src = unsafe.Pointer(&dst.Data[y*dst.Row+i*dst.Block]), unsafe.Pointer(&src.Data[y*src.Row+i*src.Block])
				kernel(&args)
			}
		}
	}
}
