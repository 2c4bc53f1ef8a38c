package kernel

// EnlargedAdd is a [PackedAdd] whose first operand is a map that [Set.ResizeReal] enlarges to twice the size: a decoder's step
// up. It gives the bytes of the two, one after the other, but the enlarged map is never stored. Running it changes
// nothing in it; Table may be set before.
type EnlargedAdd struct {
	Table       *[256]byte // over the sum
	add         *PackedAdd
	resize      *Resize
	out         RealOut
	least, most int32 // of what is enlarged
	run         *enlargedVariant
}

// enlargedVariant is one way of running an EnlargedAdd.
type enlargedVariant struct {
	name  string
	needs Feature
	takes func(*EnlargedAdd) bool
	run   func(p *EnlargedAdd, dst, src, other *Map, y0, y1 int, scratch []byte)
}

// PackEnlargedAdd picks the set's best variant for the sum p of a map that r and out make, p's operand a, and of another
// one. It is nil where no variant runs it: then the two are steps of their own.
func (s *Set) PackEnlargedAdd(p *PackedAdd, r *Resize, out RealOut) *EnlargedAdd {
	if s.enlarged == nil {
		return nil
	}
	e := &EnlargedAdd{add: p, resize: r, out: out.Prepared(r), Table: p.a.Table, run: s.enlarged}
	e.least, e.most, _ = (&Requant{Zero: out.Zero, Min: out.Min, Max: out.Max}).bounds(Native)
	if !e.run.takes(e) {
		return nil
	}
	return e
}

// Kernel is the name of the variant that runs it.
func (e *EnlargedAdd) Kernel() string { return e.run.name }

// Run computes rows [y0, y1) of dst, which may be other itself: the sum of src, enlarged, and other. It needs [Resize.Scratch]
// bytes.
func (e *EnlargedAdd) Run(dst, src, other *Map, y0, y1 int, scratch []byte) {
	e.resize.check("enlarged add", src, y0, y1)
	e.resize.checkScratch("enlarged add", src.C, scratch)
	dst.checkRows("enlarged add", y0, y1)
	other.check("enlarged add")
	same("enlarged add", dst, other)
	if dst.H != e.resize.OutH || dst.W != e.resize.OutW || dst.C != src.C || dst.Type != Native || src.Type != Native || other.Type != Native {
		panic("kernel: enlarged add: maps of other sizes or types")
	}
	e.run.run(e, dst, src, other, y0, y1, scratch)
	if e.Table != nil {
		e.add.set.table(dst, dst, e.Table, y0, y1)
	}
}
