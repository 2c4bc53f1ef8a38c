package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// balanced checks what every run promises.
func balanced(t *testing.T, s *Summary) {
	t.Helper()
	if s.Frames != s.Masks+s.Drops.Total() {
		t.Errorf("%d frames, but %d masks and %d drops: %v", s.Frames, s.Masks, s.Drops.Total(), s.Drops.Map())
	}
	if s.Infer.Count() != s.Masks || s.Frame.Count() != s.Masks {
		t.Errorf("%d masks, but %d and %d latencies", s.Masks, s.Infer.Count(), s.Frame.Count())
	}
}

func TestReplayKeepsEveryFrameInOrder(t *testing.T) {
	for _, size := range []string{"camera", "model", "spread"} {
		var seen []uint64
		p := pipe(counting(100), newFakeModel(), func(m *mask.Mask, pair *capture.Pair) error {
			seen = append(seen, m.Seq)
			w, h := 8, 6
			switch size {
			case "model":
				w, h = 4, 3
			case "spread":
				if len(m.Classes) != 12 || m.Grid != (mask.Grid{Width: 4, Height: 3}) {
					t.Fatalf("mask of frame %d has %d classes under %v", m.Seq, len(m.Classes), m.Grid)
				}
				var pixels mask.Mask
				m.ScaleTo(&pixels, m.Width, m.Height)
				m = &pixels
			}
			if m.Width != w || m.Height != h || len(m.Classes) != w*h || m.Seq != pair.Seq {
				t.Fatalf("mask of frame %d is %d×%d", m.Seq, m.Width, m.Height)
			}
			for _, c := range m.Classes {
				if c != uint8(m.Seq) {
					t.Fatalf("mask of frame %d has class %d", m.Seq, c)
				}
			}
			if m.Skew != 2*time.Millisecond || m.Mode != mask.Paired || m.Model != "fake" || m.Frame <= 0 {
				t.Fatalf("mask of frame %d says %v %v %v %v", m.Seq, m.Skew, m.Mode, m.Model, m.Frame)
			}
			return nil
		})
		p.ModelSize, p.Spread = size == "model", size == "spread"
		sum, err := p.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		balanced(t, sum)
		if sum.Frames != 100 || sum.Masks != 100 || len(seen) != 100 {
			t.Errorf("%d frames, %d masks, %d seen", sum.Frames, sum.Masks, len(seen))
		}
		for i, s := range seen {
			if s != uint64(i) {
				t.Fatalf("mask %d is of frame %d", i, s)
			}
		}
	}
}

// TestReadingOverlapsInference holds the model on each frame until the next pair has been read.
func TestReadingOverlapsInference(t *testing.T) {
	for _, live := range []bool{false, true} {
		const frames = 5
		read := make(chan int, frames+1)
		src := counting(frames)
		step := src.step
		src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
			err := step(ctx, n, dst)
			read <- n
			return err
		}
		next := 0
		m := newFakeModel()
		m.infer = func(first uint8) error {
			for next <= int(first)+1 {
				select {
				case next = <-read:
					next++
				case <-time.After(20 * time.Second):
					return fmt.Errorf("pair %d is not read while the model works on %d", first+1, first)
				}
			}
			return nil
		}
		p := pipe(src, m, ignore)
		p.Live = live
		sum, err := p.Run(t.Context())
		if err != nil || sum.Masks == 0 || !live && sum.Masks != frames {
			t.Errorf("live %v: %d masks, %v", live, sum.Masks, err)
		}
	}
}

func TestFramesLimit(t *testing.T) {
	p := pipe(counting(100), newFakeModel(), ignore)
	p.Frames = 7
	sum, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if balanced(t, sum); sum.Masks != 7 {
		t.Errorf("%d masks of 7", sum.Masks)
	}
}

// TestLiveNewestWins holds the model on one frame until more have arrived, and expects the newest one next.
func TestLiveNewestWins(t *testing.T) {
	src := counting(50)
	given := make(chan int)
	step := src.step
	src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		if n == 1 || n == 20 {
			given <- n // frames before this one have been handed on
		}
		return step(ctx, n, dst)
	}
	m := newFakeModel()
	m.infer = func(first uint8) error {
		if first == 0 {
			<-given // frame 0 has been taken, then
			<-given // 1 to 19 arrive during the work on it
		}
		return nil
	}
	var seen []uint64
	p := pipe(src, m, func(m *mask.Mask, _ *capture.Pair) error {
		seen = append(seen, m.Seq)
		return nil
	})
	p.Live = true
	sum, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, sum)
	if len(seen) < 2 || seen[0] != 0 || seen[1] < 19 {
		t.Errorf("masks of frames %v: after 0 the newest was 19", seen)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i] <= seen[i-1] {
			t.Fatalf("frame %d after %d", seen[i], seen[i-1])
		}
	}
	if seen[len(seen)-1] != 49 {
		t.Errorf("the last frame was not worked on: %v", seen)
	}
	if sum.Frames != 50 || sum.Drops[DropSuperseded] != 50-sum.Masks {
		t.Errorf("%d frames, drops %v", sum.Frames, sum.Drops.Map())
	}
}

// TestRunsAreBalanced runs random scripts of everything that can go wrong, and expects every frame to be accounted for.
func TestRunsAreBalanced(t *testing.T) {
	bad := errors.New("bad cable")
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		src := &fakeSource{cal: small()}
		seq, want := uint64(0), map[Drop]uint64{}
		delivered := uint64(0)
		src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if n == 60 {
				return io.EOF
			}
			switch rng.IntN(12) {
			case 0: // an error that uses up a number
				seq++
				want[DropUnreadable]++
				return bad
			case 1: // one that does not
				want[DropUnreadable]++
				return bad
			case 2:
				gap := 1 + rng.Uint64N(3)
				seq += gap
			case 3:
				fill(dst, src.cal, seq)
				dst.Color.Resize(7, 6)
				seq++
				return nil
			case 4:
				fill(dst, src.cal, seq)
				dst.Depth.Pix = dst.Depth.Pix[:5]
				seq++
				return nil
			}
			fill(dst, src.cal, seq)
			seq++
			delivered++
			return nil
		}
		m := newFakeModel()
		m.infer = func(first uint8) error {
			if first%13 == 5 {
				return bad
			}
			return nil
		}
		p := pipe(src, m, func(m *mask.Mask, _ *capture.Pair) error {
			if seed%5 == 4 && m.Seq > 40 {
				return bad
			}
			return nil
		})
		p.Live = seed%2 == 1
		p.OnError = Skip
		if seed%7 == 6 {
			p.OnError = Stop
		}
		ctx, cancel := context.WithCancel(t.Context())
		if seed%11 == 10 {
			time.AfterFunc(time.Duration(seed)*time.Microsecond, cancel)
		}
		sum, err := p.Run(ctx)
		cancel()
		balanced(t, sum)
		if err == nil && seed%11 != 10 {
			if sum.Drops[DropUnreadable] != want[DropUnreadable] {
				t.Errorf("seed %d: %d unreadable, want %d", seed, sum.Drops[DropUnreadable], want[DropUnreadable])
			}
			if got := sum.Masks + sum.Drops[DropSuperseded] + sum.Drops[DropInference]; got != delivered {
				t.Errorf("seed %d: %d pairs, %d accounted for: %v", seed, delivered, got, sum.Drops.Map())
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: error %v", seed, err)
		}
	}
}

func TestStopNamesTheFailure(t *testing.T) {
	bad := errors.New("bad cable")
	source := counting(10)
	step := source.step
	source.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		if n == 5 {
			return bad
		}
		return step(ctx, n, dst)
	}
	sum, err := pipe(source, newFakeModel(), ignore).Run(t.Context())
	if !errors.Is(err, bad) || sum.Masks != 5 || sum.Drops[DropUnreadable] != 1 {
		t.Errorf("error %v after %d masks, %v", err, sum.Masks, sum.Drops.Map())
	}
	balanced(t, sum)

	sizes := counting(10)
	step2 := sizes.step
	sizes.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		err := step2(ctx, n, dst)
		if n == 3 {
			dst.Color.Resize(9, 9)
		}
		return err
	}
	sum, err = pipe(sizes, newFakeModel(), ignore).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "frame 3: colour image is 9×9") {
		t.Errorf("error %v", err)
	}
	balanced(t, sum)
}

// skipping is a source that leaves every pair out whose number ends in 3 or 4.
type skipping struct {
	*fakeSource
	left uint64
}

func (s *skipping) Skipped() uint64 { return s.left }

func TestSourceThatSkips(t *testing.T) {
	s := &skipping{fakeSource: &fakeSource{cal: small()}}
	seq := uint64(0)
	s.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		for seq%10 == 3 || seq%10 == 4 {
			s.left++
			seq++
		}
		if seq == 25 {
			return io.EOF
		}
		fill(dst, s.cal, seq)
		seq++
		if seq == 17 {
			seq += 2 // 17 and 18 are lost, not skipped
		}
		return nil
	}
	sum, err := pipe(s, newFakeModel(), ignore).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if balanced(t, sum); sum.Frames != 25 || sum.Drops[DropUnreadable] != 6 || sum.Drops[DropLost] != 2 {
		t.Errorf("%d frames, drops %v, want 25 with 6 unreadable and 2 lost", sum.Frames, sum.Drops.Map())
	}
}

func TestSkipGivesUpOnADeadSource(t *testing.T) {
	bad := errors.New("no device")
	src := &fakeSource{cal: small(), step: func(context.Context, int, *capture.Pair) error { return bad }}
	p := pipe(src, newFakeModel(), ignore)
	p.OnError = Skip
	sum, err := p.Run(t.Context())
	if !errors.Is(err, bad) || sum.Drops[DropUnreadable] != maxErrors {
		t.Errorf("error %v, drops %v", err, sum.Drops.Map())
	}
	balanced(t, sum)
}

func TestClosedPipeEndsTheRun(t *testing.T) {
	n := 0
	sum, err := pipe(counting(1<<30), newFakeModel(), func(*mask.Mask, *capture.Pair) error {
		if n++; n == 4 {
			return fmt.Errorf("mask: write: %w", syscall.EPIPE)
		}
		return nil
	}).Run(t.Context())
	if !errors.Is(err, syscall.EPIPE) || sum.Masks != 3 || sum.Drops[DropUnwritten] != 1 {
		t.Errorf("error %v, %d masks, %v", err, sum.Masks, sum.Drops.Map())
	}
	balanced(t, sum)
}

type testKey struct{}

func TestCancelEndsAStalledSource(t *testing.T) {
	// The source gives three pairs; when their masks are out it ends the context, and stalls.
	stall := func(release <-chan struct{}, heed bool) *fakeSource {
		src := counting(1 << 30)
		step := src.step
		src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
			if n < 3 {
				return step(ctx, n, dst)
			}
			ctx.Value(testKey{}).(func())()
			if heed {
				<-ctx.Done()
				return ctx.Err()
			}
			<-release
			return io.ErrClosedPipe
		}
		return src
	}
	run := func(src *fakeSource) (*Summary, error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := make(chan struct{}, 3)
		ctx = context.WithValue(ctx, testKey{}, func() {
			for range 3 {
				<-out
			}
			cancel()
		})
		p := pipe(src, newFakeModel(), func(*mask.Mask, *capture.Pair) error {
			out <- struct{}{}
			return nil
		})
		p.Grace = 20 * time.Millisecond
		return p.Run(ctx)
	}
	sum, err := run(stall(nil, true))
	if err != nil || sum.Masks != 3 {
		t.Errorf("a source that heeds its context: error %v, %d masks", err, sum.Masks)
	}
	balanced(t, sum)

	closed := make(chan struct{})
	src := stall(closed, false)
	src.close = func() { close(closed) }
	if sum, err = run(src); err != nil || sum.Masks != 3 {
		t.Errorf("a source that only Close ends: error %v, %d masks", err, sum.Masks)
	}
	balanced(t, sum)

	never := make(chan struct{})
	if sum, err = run(stall(never, false)); !errors.Is(err, ErrStuck) || sum.Masks != 3 {
		t.Errorf("a source that nothing ends: error %v, %d masks", err, sum.Masks)
	}
	balanced(t, sum)
	close(never)
}

func TestPanicsAreErrors(t *testing.T) {
	src := counting(10)
	step := src.step
	src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		if n == 4 {
			panic("driver")
		}
		return step(ctx, n, dst)
	}
	broken := newFakeModel()
	broken.infer = func(first uint8) error {
		if first == 4 {
			panic("kernel")
		}
		return nil
	}
	for stage, p := range map[string]*Pipeline{
		"capture":   pipe(src, newFakeModel(), ignore),
		"inference": pipe(counting(10), broken, ignore),
	} {
		sum, err := p.Run(t.Context())
		var e *PanicError
		if !errors.As(err, &e) || e.Stage != stage || len(e.Stack) == 0 || sum.Masks != 4 {
			t.Errorf("%s: error %v after %d masks", stage, err, sum.Masks)
		}
		balanced(t, sum)
	}
}

// TestRegistersDepth gives the pipeline cameras apart, and expects depth at the colour image's size.
func TestRegistersDepth(t *testing.T) {
	cal := small()
	cal.Depth = capture.Intrinsics{Width: 16, Height: 12, Fx: 16, Fy: 16, Cx: 7.5, Cy: 5.5}
	src := counting(5)
	src.cal = cal
	seen := 0
	p := pipe(src, newFakeModel(), func(_ *mask.Mask, pair *capture.Pair) error {
		if pair.Depth.Width != 8 || pair.Depth.Height != 6 || pair.Depth.Pix[3*8+4] != 1000 {
			t.Errorf("frame %d: depth is %d×%d, %d in the middle", pair.Seq, pair.Depth.Width, pair.Depth.Height, pair.Depth.Pix[3*8+4])
		}
		seen++
		return nil
	})
	sum, err := p.Run(t.Context())
	if err != nil || seen != 5 {
		t.Errorf("error %v, %d masks", err, seen)
	}
	balanced(t, sum)
}

func TestPipelineRefuses(t *testing.T) {
	m := newFakeModel()
	for name, p := range map[string]*Pipeline{
		"nothing":  {},
		"OnError":  func() *Pipeline { p := pipe(counting(1), m, ignore); p.OnError = "perhaps"; return p }(),
		"no model": {Source: counting(1), Policy: Always{Model: m}, Emit: ignore},
	} {
		if _, err := p.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	other := pipe(counting(3), m, ignore)
	other.Policy = Always{Model: newFakeModel()}
	sum, err := other.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not in Models") {
		t.Errorf("a model from nowhere: %v", err)
	}
	balanced(t, sum)
}

// TestSteadyFrameAllocatesNothing drives one frame at a time through all stages.
func TestSteadyFrameAllocatesNothing(t *testing.T) {
	cal := small()
	cal.Depth = capture.Intrinsics{Width: 16, Height: 12, Fx: 16, Fy: 16, Cx: 7.5, Cy: 5.5}
	for _, live := range []bool{false, true} {
		ask, done := make(chan struct{}), make(chan struct{})
		src := &fakeSource{cal: cal, step: func(ctx context.Context, n int, dst *capture.Pair) error {
			if _, ok := <-ask; !ok {
				return io.EOF
			}
			return fill(dst, cal, uint64(n))
		}}
		p := pipe(src, newFakeModel(), func(*mask.Mask, *capture.Pair) error {
			done <- struct{}{}
			return nil
		})
		p.Live = live
		ended := make(chan error)
		go func() {
			_, err := p.Run(context.Background())
			ended <- err
		}()
		frame := func() {
			ask <- struct{}{}
			<-done
		}
		for range 10 { // every slot has grown
			frame()
		}
		if n := testing.AllocsPerRun(100, frame); n != 0 {
			t.Errorf("live %v: %v allocations per frame", live, n)
		}
		close(ask)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
