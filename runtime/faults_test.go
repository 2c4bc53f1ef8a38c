package runtime

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
)

// faulty runs 30 pairs with faults through a pipeline, and returns what came of it.
func faulty(t *testing.T, live bool, on OnError, faults ...capturetest.Fault) (*Summary, []uint64, error) {
	t.Helper()
	src := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pairs: 30}), faults...)
	defer src.Close()
	var seen []uint64
	p := pipe(src, newFakeModel(), func(m *mask.Mask, pair *capture.Pair) error {
		seen = append(seen, m.Seq)
		return nil
	})
	p.Live, p.OnError = live, on
	sum, err := p.Run(t.Context())
	balanced(t, sum)
	return sum, seen, err
}

// TestFaults gives each fault to a pipeline that replays with Skip, and says what has to come of it.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		fault capturetest.Fault
		masks uint64
		drops Drops
	}{
		{capturetest.Fault{Kind: capturetest.Stall, At: 5, For: 5 * time.Millisecond}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.Drop, At: 5, Count: 4}, 26, Drops{DropLost: 4}},
		{capturetest.Fault{Kind: capturetest.Duplicate, At: 5, Count: 2}, 30, Drops{DropLate: 2}},
		{capturetest.Fault{Kind: capturetest.Reorder, At: 5}, 29, Drops{DropLate: 1}},
		{capturetest.Fault{Kind: capturetest.Tear, At: 5}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.Unplug, At: 5, Count: 3}, 27, Drops{DropUnreadable: 3}},
		{capturetest.Fault{Kind: capturetest.WrongSize, At: 5, Count: 2}, 28, Drops{DropSize: 2}},
		{capturetest.Fault{Kind: capturetest.Freeze, At: 5, Count: 2}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.ClockJump, At: 5, For: -time.Second}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.Blind, At: 5, Count: 9}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.Dark, At: 5, Count: 9}, 30, Drops{}},
		{capturetest.Fault{Kind: capturetest.LoseDepth, At: 5, Count: 2}, 28, Drops{DropUnpaired: 2}},
		{capturetest.Fault{Kind: capturetest.LoseColor, At: 5, Count: 2}, 28, Drops{DropUnpaired: 2}},
		{capturetest.Fault{Kind: capturetest.Corrupt, At: 5, Count: 2}, 30, Drops{}},
	} {
		t.Run(test.fault.Kind.String(), func(t *testing.T) {
			sum, _, err := faulty(t, false, Skip, test.fault)
			if err != nil || sum.Masks != test.masks || sum.Drops != test.drops {
				t.Errorf("error %v, %d masks, drops %v; want %d masks, drops %v", err, sum.Masks, sum.Drops.Map(), test.masks, test.drops.Map())
			}
		})
	}
}

func TestFaultsStop(t *testing.T) {
	sum, seen, err := faulty(t, false, Stop, capturetest.Fault{Kind: capturetest.Unplug, At: 7})
	if !errors.Is(err, capturetest.ErrUnplugged) || len(seen) != 7 || sum.Drops[DropUnreadable] != 1 {
		t.Errorf("error %v after %d masks, drops %v", err, len(seen), sum.Drops.Map())
	}
}

// TestMasksNeverGoBack expects a run to pass over pairs that come late or twice.
func TestMasksNeverGoBack(t *testing.T) {
	for seed := range uint64(40) {
		faults := capturetest.RandomFaults(seed, 6, 30, capturetest.Reorder, capturetest.Duplicate, capturetest.Drop, capturetest.Unplug)
		sum, seen, err := faulty(t, seed%2 == 0, Skip, faults...)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := 1; i < len(seen); i++ {
			if seen[i] <= seen[i-1] {
				t.Fatalf("seed %d: frame %d after %d; drops %v", seed, seen[i], seen[i-1], sum.Drops.Map())
			}
		}
	}
}

// TestBeginsAnew has a source start again at 0 several times: its frames go on above those before.
func TestBeginsAnew(t *testing.T) {
	src := &fakeSource{cal: small()}
	src.step = func(_ context.Context, n int, dst *capture.Pair) error {
		if n == 400 {
			return io.EOF
		}
		return fill(dst, src.cal, uint64(n%100))
	}
	last := -1
	p := pipe(src, newFakeModel(), func(m *mask.Mask, p *capture.Pair) error {
		if int(m.Seq) != last+1 || m.Seq != p.Seq {
			t.Fatalf("frame %d after %d", m.Seq, last)
		}
		last = int(m.Seq)
		return nil
	})
	sum, err := p.Run(t.Context())
	if balanced(t, sum); err != nil || sum.Masks != 400 {
		t.Errorf("%v, %d masks, drops %v", err, sum.Masks, sum.Drops.Map())
	}
}

// TestRandomFaultsAreBalanced throws everything at the pipeline at once; faulty checks the balance.
func TestRandomFaultsAreBalanced(t *testing.T) {
	for seed := range uint64(100) {
		sum, _, err := faulty(t, seed%2 == 0, Skip, capturetest.RandomFaults(seed, 8, 30)...)
		if err != nil || sum.Frames < 20 {
			t.Fatalf("seed %d: error %v, %d frames", seed, err, sum.Frames)
		}
	}
}

// TestStallEndsWithTheContext stalls for ever.
func TestStallEndsWithTheContext(t *testing.T) {
	src := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{}), capturetest.Fault{Kind: capturetest.Stall, At: 3})
	defer src.Close()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	p := pipe(src, newFakeModel(), func(*mask.Mask, *capture.Pair) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	sum, err := p.Run(ctx)
	if err != nil || sum.Masks != 3 {
		t.Errorf("error %v, %d masks", err, sum.Masks)
	}
	balanced(t, sum)
}
