package capturetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// cases are the suite, in the order of what they presuppose.
var cases = []testCase{
	{"calibration", "Calibration is fixed for the source's life, and describes two cameras that can exist", calibration},
	{"sizes", "images have the sizes of the calibration, without padding; labels are empty or of the colour image's size", sizes},
	{"order", "pairs come in order: Seq counts up, with gaps only where pairs were lost, and times do not go back", order},
	{"reuse", "Next fills dst, reusing its memory", reuse},
	{"other-sizes", "Next fills dst whatever it held before, and leaves nothing of it", otherSizes},
	{"no-aliasing", "the caller owns the pair: the source neither keeps nor shares its memory", noAliasing},
	{"same-again", "a recording delivers the same pairs each time that it is opened", sameAgain},
	{"allocations", "a steady Next allocates no more than the source declares", allocations},
	{"eof", "io.EOF ends a recording, and stays", eof},
	{"cancelled", "Next returns ctx.Err() when ctx has ended, and the source can be asked again", cancelled},
	{"cancel", "a ctx that ends while Next waits ends the wait", cancel},
	{"close", "Close frees what the source holds, and closing twice is harmless", closeTwice},
	{"next-after-close", "Next of a closed source is an error, not a pair and not the end of a recording", nextAfterClose},
	{"close-unblocks", "Close ends a waiting Next", closeUnblocks},
	{"goroutines", "Close frees what the source holds: no goroutine outlives it", goroutines},
}

func calibration(b *bench) {
	src := b.source()
	first := src.Calibration()
	if err := first.Validate(); err != nil {
		b.broken("%v", err)
	}
	var pair capture.Pair
	b.next(src, &pair)
	if got := src.Calibration(); got != first {
		b.broken("after a pair, Calibration returns %+v, before %+v", got, first)
	}
	src.Close()
	if got := src.Calibration(); got != first {
		b.broken("after Close, Calibration returns %+v, before %+v", got, first)
	}
}

func sizes(b *bench) {
	src := b.source()
	c := src.Calibration()
	var pair capture.Pair
	for i := range b.some(8) {
		b.next(src, &pair)
		b.checkSizes(i, c, &pair)
	}
}

func (b *bench) checkSizes(i int, c capture.Calibration, p *capture.Pair) {
	b.Helper()
	if p.Color.Width != c.Color.Width || p.Color.Height != c.Color.Height {
		b.broken("pair %d: the colour image is %dx%d, the calibration says %dx%d", i, p.Color.Width, p.Color.Height, c.Color.Width, c.Color.Height)
	}
	if n := 3 * p.Color.Width * p.Color.Height; len(p.Color.Pix) != n {
		b.broken("pair %d: the colour image has %d bytes, want %d", i, len(p.Color.Pix), n)
	}
	if p.Depth.Width != c.Depth.Width || p.Depth.Height != c.Depth.Height {
		b.broken("pair %d: the depth image is %dx%d, the calibration says %dx%d", i, p.Depth.Width, p.Depth.Height, c.Depth.Width, c.Depth.Height)
	}
	if n := p.Depth.Width * p.Depth.Height; len(p.Depth.Pix) != n {
		b.broken("pair %d: the depth image has %d readings, want %d", i, len(p.Depth.Pix), n)
	}
	if len(p.Labels.Pix) == 0 {
		return
	}
	if n := p.Labels.Width * p.Labels.Height; p.Labels.Width != p.Color.Width || p.Labels.Height != p.Color.Height || len(p.Labels.Pix) != n {
		b.broken("pair %d: the labels are %dx%d with %d pixels, want the colour image's %dx%d",
			i, p.Labels.Width, p.Labels.Height, len(p.Labels.Pix), p.Color.Width, p.Color.Height)
	}
}

func order(b *bench) {
	src := b.source()
	var last, pair capture.Pair
	for i := range b.some(30) {
		b.next(src, &pair)
		switch {
		case i == 0 && pair.Seq != 0 && !b.o.Fresh:
			b.broken("the first pair has Seq %d, want 0", pair.Seq)
		case i > 0 && pair.Seq <= last.Seq:
			b.broken("Seq %d comes after Seq %d", pair.Seq, last.Seq)
		case i > 0 && pair.ColorTime < last.ColorTime:
			b.broken("pair %d: colour time %v comes after %v", i, pair.ColorTime, last.ColorTime)
		case i > 0 && pair.DepthTime < last.DepthTime:
			b.broken("pair %d: depth time %v comes after %v", i, pair.DepthTime, last.DepthTime)
		}
		last.Seq, last.ColorTime, last.DepthTime = pair.Seq, pair.ColorTime, pair.DepthTime
	}
}

func reuse(b *bench) {
	src := b.source()
	var pair capture.Pair
	b.next(src, &pair)
	color, depth := &pair.Color.Pix[0], &pair.Depth.Pix[0]
	for i := range b.some(5) - 1 {
		b.next(src, &pair)
		if &pair.Color.Pix[0] != color {
			b.broken("pair %d: the colour image moved to new memory although the old was large enough", i+1)
		}
		if &pair.Depth.Pix[0] != depth {
			b.broken("pair %d: the depth image moved to new memory although the old was large enough", i+1)
		}
	}
}

// poison fills the whole of a pair's memory with what no source delivers.
func poison(p *capture.Pair, width, height int) {
	p.Seq, p.ColorTime, p.DepthTime = 1<<63, -1<<62, -1<<61
	p.Color.Resize(width, height)
	p.Depth.Resize(width, height)
	p.Labels.Resize(width, height)
	for i := range p.Color.Pix {
		p.Color.Pix[i] = 0xa5
	}
	for i := range p.Depth.Pix {
		p.Depth.Pix[i] = 0xa5a5
	}
	for i := range p.Labels.Pix {
		p.Labels.Pix[i] = 0xa5
	}
}

func otherSizes(b *bench) {
	src := b.source()
	c := src.Calibration()
	var clean capture.Source
	if !b.o.Fresh {
		clean = b.source()
	}
	w, h := c.Color.Width, c.Color.Height
	var want capture.Pair
	for i, size := range [][2]int{{w * 2, h * 2}, {1, 1}, {0, 0}, {w, h}}[:b.some(4)] {
		var pair capture.Pair
		poison(&pair, size[0], size[1])
		b.next(src, &pair)
		b.checkSizes(i, c, &pair)
		if len(pair.Labels.Pix) > 0 && len(pair.Labels.Pix) == size[0]*size[1] && allEqual(pair.Labels.Pix, 0xa5) {
			b.broken("pair %d: the labels are those that dst held before", i)
		}
		if clean == nil {
			continue
		}
		want = capture.Pair{}
		b.next(clean, &want)
		if what := difference(&pair, &want); what != "" {
			b.broken("pair %d: into a dst that held %dx%d images, %s differs from a pair in new memory", i, size[0], size[1], what)
		}
	}
}

func allEqual(s []uint8, v uint8) bool {
	return !slices.ContainsFunc(s, func(x uint8) bool { return x != v })
}

// difference names the first field in which two pairs differ.
func difference(a, b *capture.Pair) string {
	switch {
	case a.Seq != b.Seq:
		return "Seq"
	case a.ColorTime != b.ColorTime:
		return "ColorTime"
	case a.DepthTime != b.DepthTime:
		return "DepthTime"
	case a.Color.Width != b.Color.Width || a.Color.Height != b.Color.Height || !slices.Equal(a.Color.Pix, b.Color.Pix):
		return "Color"
	case a.Depth.Width != b.Depth.Width || a.Depth.Height != b.Depth.Height || !slices.Equal(a.Depth.Pix, b.Depth.Pix):
		return "Depth"
	case !slices.Equal(a.Labels.Pix, b.Labels.Pix):
		return "Labels"
	}
	return ""
}

func clone(p *capture.Pair) *capture.Pair {
	c := *p
	c.Color.Pix, c.Depth.Pix, c.Labels.Pix = slices.Clone(p.Color.Pix), slices.Clone(p.Depth.Pix), slices.Clone(p.Labels.Pix)
	return &c
}

func noAliasing(b *bench) {
	if n := b.some(4); n < 4 {
		b.Skipf("needs 4 pairs, the source has %d", n)
	}
	src := b.source()
	var first, second capture.Pair
	b.next(src, &first)
	kept := clone(&first)
	b.next(src, &second)
	if what := difference(&first, kept); what != "" {
		b.broken("filling a second dst changed %s of the first", what)
	}
	if &first.Color.Pix[0] == &second.Color.Pix[0] || &first.Depth.Pix[0] == &second.Depth.Pix[0] {
		b.broken("two dst share memory")
	}
	// What the caller writes into its pair must not come back.
	poison(&first, first.Color.Width, first.Color.Height)
	poison(&second, second.Color.Width, second.Color.Height)
	var third capture.Pair
	b.next(src, &third)
	if allEqual(third.Color.Pix, 0xa5) {
		b.broken("the third pair is what the caller wrote into the first two")
	}
	if b.o.Fresh {
		return
	}
	clean := b.source()
	var want capture.Pair
	for range 3 {
		b.next(clean, &want)
	}
	if what := difference(&third, &want); what != "" {
		b.broken("writing into earlier pairs changed %s of a later one", what)
	}
}

func sameAgain(b *bench) {
	if b.o.Fresh {
		b.Skipf("the source is live")
	}
	one, two := b.source(), b.source()
	var p, q capture.Pair
	for i := range b.some(5) {
		b.next(one, &p)
		b.next(two, &q)
		if what := difference(&p, &q); what != "" {
			b.broken("pair %d: %s differs between two sources", i, what)
		}
	}
}

func allocations(b *bench) {
	const warm, runs = 3, 5
	if b.o.Allocs < 0 {
		b.Skipf("the source declares no bound")
	}
	if n := b.some(warm + runs + 1); n < warm+runs+1 {
		b.Skipf("needs %d pairs, the source has %d", warm+runs+1, n)
	}
	src := b.source()
	var pair capture.Pair
	for range warm {
		b.next(src, &pair)
	}
	var failed error
	var n float64
	b.within("Next", func() {
		n = testing.AllocsPerRun(runs, func() {
			if err := src.Next(context.Background(), &pair); err != nil {
				failed = err
			}
		})
	})
	if failed != nil {
		b.Fatalf("Next: %v, want a pair", failed)
	}
	if n > float64(b.o.Allocs) {
		b.broken("a steady Next makes %v allocations, want at most %d", n, b.o.Allocs)
	}
}

func eof(b *bench) {
	if b.o.Pairs == 0 {
		b.Skipf("the source does not end")
	}
	src := b.source()
	var pair capture.Pair
	var err error
	next := func() { err = src.Next(context.Background(), &pair) }
	for i := range b.o.Pairs {
		if b.within("Next", next); err != nil {
			b.broken("after %d of %d pairs: %v", i, b.o.Pairs, err)
		}
	}
	for i := range 3 {
		// Compared with ==: that is how callers loop.
		if b.within("Next", next); err != io.EOF {
			b.broken("call %d after the last pair returns %v, want io.EOF itself", i+1, err)
		}
	}
}

func cancelled(b *bench) {
	src := b.source()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var pair capture.Pair
	var err error
	b.within("Next with a ctx that has ended", func() { err = src.Next(ctx, &pair) })
	if !errors.Is(err, context.Canceled) {
		b.broken("Next with a ctx that has ended returns %v, want context.Canceled", err)
	}
	b.next(src, &pair)
	if !b.o.Fresh && pair.Seq != 0 {
		b.broken("the call with an ended ctx lost a pair: the next has Seq %d, want 0", pair.Seq)
	}
}
