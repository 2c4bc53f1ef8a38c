package kernel

// Lookup writes table[src] to rows [y0, y1) of dst; nil copies. The maps have one shape; dst may be src. Requantizing
// from one scale to another, and any activation, is such a table.
func (s *Set) Lookup(dst, src *Map, table *[256]byte, y0, y1 int) {
	dst.checkRows("lookup", y0, y1)
	src.check("lookup")
	same("lookup", dst, src)
	s.table(dst, src, table, y0, y1)
}

// table is Lookup without checks.
func (s *Set) table(dst, src *Map, table *[256]byte, y0, y1 int) {
	if s.lookup != nil && table != nil {
		s.lookup.run(dst, src, table, y0, y1)
		return
	}
	lookupGeneric(dst, src, table, y0, y1)
}

func lookupGeneric(dst, src *Map, table *[256]byte, y0, y1 int) {
	n := Cells(src.C) * Cell
	for y := y0; y < y1; y++ {
		for b := range Blocks(src.W) {
			d, s := dst.Data[y*dst.Row+b*dst.Block:][:n], src.Data[y*src.Row+b*src.Block:][:n]
			if table == nil {
				copy(d, s)
				continue
			}
			for i, v := range s {
				d[i] = table[v]
			}
		}
	}
}

// CopyChannels writes table[src] (nil = a copy) to channels [c, c+src.C) of rows [y0, y1) of dst: concatenation where
// the slices are not aligned to cells, or not where they are wanted.
func (s *Set) CopyChannels(dst *Map, c int, src *Map, table *[256]byte, y0, y1 int) {
	dst.checkRows("copy", y0, y1)
	src.check("copy")
	if c >= 0 && c%4 == 0 && c+src.C <= dst.C && src.C%4 == 0 {
		view := dst.Slice(c, src.C)
		s.Lookup(hide(&view), src, table, y0, y1)
		return
	}
	if c < 0 || c+src.C > dst.C || dst.H != src.H || dst.W != src.W {
		panic("kernel: copy: channels or shape outside the destination")
	}
	for y := y0; y < y1; y++ {
		for x := range src.W {
			for i := range src.C {
				v := src.Data[src.Offset(y, x, i)]
				if table != nil {
					v = table[v]
				}
				dst.Data[dst.Offset(y, x, c+i)] = v
			}
		}
	}
}
