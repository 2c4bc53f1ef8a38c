package capturetest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// pull asks for pairs until Next tells an error, which comes out of the channel.
func pull(ctx context.Context, src capture.Source, got chan<- struct{}) <-chan error {
	ended := make(chan error, 1)
	go func() {
		var pair capture.Pair
		for {
			if err := src.Next(ctx, &pair); err != nil {
				ended <- err
				return
			}
			select {
			case got <- struct{}{}:
			default:
			}
		}
	}()
	return ended
}

// await returns the error that ends pull, or fails the case.
func (b *bench) await(ended <-chan error, after string) error {
	b.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(b.o.Patience):
		b.broken("Next still delivers or waits %v after %s", b.o.Patience, after)
	}
	return nil
}

func cancel(b *bench) {
	src := b.source()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	got := make(chan struct{}, 1)
	ended := pull(ctx, src, got)
	select {
	case <-got:
	case err := <-ended:
		if err == io.EOF && len(got) > 0 {
			return // a short recording was over before this case looked: there is no wait to end
		}
		b.broken("Next: %v, want a pair", err)
	case <-time.After(b.o.Patience):
		b.Fatalf("no pair within %v", b.o.Patience)
	}
	time.Sleep(5 * time.Millisecond) // now it waits for a pair, or is at work on one
	stop()
	if err := b.await(ended, "ctx ended"); err != io.EOF && !errors.Is(err, context.Canceled) {
		b.broken("Next returns %v when ctx ends, want context.Canceled", err)
	}
}

func closeTwice(b *bench) {
	for _, pairs := range []int{0, 1} {
		src := b.source()
		var pair capture.Pair
		for range pairs {
			b.next(src, &pair)
		}
		for i := range 3 {
			var err error
			b.within("Close", func() { err = src.Close() })
			if err != nil {
				b.broken("Close number %d after %d pairs: %v", i+1, pairs, err)
			}
		}
	}
}

func nextAfterClose(b *bench) {
	for _, pairs := range []int{0, 1} {
		src := b.source()
		var pair capture.Pair
		for range pairs {
			b.next(src, &pair)
		}
		src.Close()
		for range 2 {
			var err error
			b.within("Next of a closed source", func() { err = src.Next(context.Background(), &pair) })
			if err == nil {
				b.broken("Next of a closed source delivers a pair")
			}
			if err == io.EOF {
				b.broken("Next of a closed source returns io.EOF, which reads as the end of a recording")
			}
		}
	}
}

func closeUnblocks(b *bench) {
	src := b.source()
	got := make(chan struct{}, 1)
	ended := pull(context.Background(), src, got)
	select {
	case <-got:
	case err := <-ended:
		if err == io.EOF && len(got) > 0 {
			return // a short recording was over before this case looked: there is no wait to end
		}
		b.broken("Next: %v, want a pair", err)
	case <-time.After(b.o.Patience):
		b.Fatalf("no pair within %v", b.o.Patience)
	}
	time.Sleep(5 * time.Millisecond)
	b.within("Close beside a waiting Next", func() { src.Close() })
	b.await(ended, "Close")
}

func goroutines(b *bench) {
	before := runtime.NumGoroutine()
	for range 3 {
		src := b.source()
		var pair capture.Pair
		for range b.some(2) {
			b.next(src, &pair)
		}
		src.Close()
	}
	// A goroutine that was told to end needs a moment to do so.
	end := time.Now().Add(b.o.Patience)
	for runtime.NumGoroutine() > before {
		if time.Now().After(end) {
			b.broken("%d goroutines before 3 sources were opened, %d after they were closed", before, runtime.NumGoroutine())
		}
		time.Sleep(time.Millisecond)
	}
}
