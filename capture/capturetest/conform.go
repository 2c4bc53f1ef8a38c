package capturetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Options tell [Conform] what it cannot know of a source. The zero value suits an endless one.
type Options struct {
	// Pairs is how many pairs a freshly opened source delivers before io.EOF. 0 means that it does not end by itself,
	// or not within reach of a test.
	Pairs int
	// Fresh tells that two sources that are opened one after the other do not deliver the same pairs: a live camera.
	// Cases that compare the two are skipped.
	Fresh bool
	// Allocs is how many allocations a steady Next may make: 0 for a source that decodes nothing, negative where the
	// case is to be skipped.
	Allocs int
	// Patience is how long the suite waits for what ought to be prompt; default 10 s, which only a hang exceeds.
	Patience time.Duration
}

// Conform runs every case of the suite as a subtest. Open returns a new source each time, at its beginning, and may
// fail t; Conform closes what it opens. A source of which opens block until a pair is due is tested as it is: the cases
// never rely on how long that takes, but a whole run takes a few dozen pairs.
func Conform(t *testing.T, open func(t testing.TB) capture.Source, o Options) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.try(t, &bench{reporter: t, open: func() capture.Source { return open(t) }, o: o.withDefaults()})
		})
	}
}

func (o Options) withDefaults() Options {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	return o
}

// reporter is what the suite needs of a *testing.T, so that its own tests can watch it fail. FailNow and SkipNow do not
// return.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// A testCase is one promise of capture.Source.
type testCase struct {
	name    string
	promise string // in the words of the documentation
	run     func(b *bench)
}

func (c testCase) try(r reporter, b *bench) {
	r.Helper()
	b.promise = c.promise
	defer b.close()
	c.run(b)
}

// A bench is what a case works with.
type bench struct {
	reporter
	o       Options
	open    func() capture.Source
	opened  []capture.Source
	promise string
}

// source opens a source, which is closed when the case ends.
func (b *bench) source() capture.Source {
	b.Helper()
	src := b.open()
	if src == nil {
		b.Fatalf("open returned nil")
	}
	b.opened = append(b.opened, src)
	return src
}

func (b *bench) close() {
	for _, src := range b.opened {
		src.Close()
	}
}

// broken fails the case: what was seen, and the promise that it breaks.
func (b *bench) broken(format string, args ...any) {
	b.Helper()
	b.Fatalf("%s\n\tpromise: %s", fmt.Sprintf(format, args...), b.promise)
}

// next pulls a pair and fails the case on an error or when the source takes longer than the patience.
func (b *bench) next(src capture.Source, dst *capture.Pair) {
	b.Helper()
	var err error
	b.within("Next", func() { err = src.Next(context.Background(), dst) })
	if err != nil {
		b.broken("Next: %v, want a pair", err)
	}
}

// some is how many pairs a case may pull, at most n.
func (b *bench) some(n int) int {
	if b.o.Pairs > 0 {
		return min(n, b.o.Pairs)
	}
	return n
}

// within runs f in a goroutine and fails the case if it has not returned when the patience ends.
func (b *bench) within(what string, f func()) {
	b.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(b.o.Patience):
		b.broken("%s has not returned after %v", what, b.o.Patience)
	}
}
