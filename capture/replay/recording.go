package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Recording is an open recording. Next belongs to one goroutine; Close and Stats may be called from any.
type Recording struct {
	dir     string
	o       Options
	cal     capture.Calibration
	entries []entry
	assumed []string

	ahead *ahead // nil: Next reads by itself
	self  reader // for that
	next  uint64 // pairs taken, over all loops
	pace  *pacer // nil: as fast as asked
	stuck error  // told for ever
	span  loopSpan

	mu     sync.Mutex
	stats  Stats
	closed chan struct{}
	once   sync.Once
}

var _ capture.Source = (*Recording)(nil)

func newRecording(p *plan, cal capture.Calibration) *Recording {
	r := &Recording{dir: p.dir, o: p.o, cal: cal, entries: p.entries, assumed: p.assumed, stats: p.stats,
		self: reader{dir: p.dir, cal: cal}, closed: make(chan struct{}), span: measure(p.entries)}
	if threads, depth := aheadOf(p.o, cal); depth > 0 {
		r.ahead = newAhead(r, threads, depth)
	}
	if p.o.Paced || p.o.FPS > 0 {
		r.pace = &pacer{fps: p.o.FPS, now: time.Now, after: sleep}
	}
	return r
}

// Calibration is the recording's own, the caller's, or assumed; see Assumed.
func (r *Recording) Calibration() capture.Calibration { return r.cal }

// Assumed says in words what the recording does not tell and was made up: its calibration, its times. Empty when
// nothing was.
func (r *Recording) Assumed() []string { return slices.Clone(r.assumed) }

// Len is the number of pairs of one pass.
func (r *Recording) Len() int { return len(r.entries) }

// Stats is a copy of the counts so far.
func (r *Recording) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Reasons, s.Problems = maps.Clone(s.Reasons), slices.Clone(s.Problems)
	return s
}

// Start begins to read ahead, where the options allow it, before the first Next, which would. Like Next it belongs to the
// goroutine that reads.
func (r *Recording) Start() {
	if r.ahead != nil {
		r.ahead.fill()
	}
}

// Next fills dst with the next pair. A broken pair is an error that names the file, told again by each later Next,
// or under Skip is left out. After Close it is an error that wraps fs.ErrClosed.
func (r *Recording) Next(ctx context.Context, dst *capture.Pair) error {
	n := uint64(len(r.entries))
	for skipped := uint64(0); ; skipped++ {
		if err := r.interrupted(ctx); err != nil {
			return err
		}
		if r.stuck != nil {
			return r.stuck
		}
		if n == 0 || r.next >= n && !r.o.Loop {
			return io.EOF
		}
		if skipped == n {
			r.stuck = fmt.Errorf("replay: %q: none of %d pairs can be read", r.dir, n)
			return r.stuck
		}
		if r.ahead != nil {
			r.ahead.fill()
		}
		e, loop := &r.entries[r.next%n], r.next/n
		shift := time.Duration(loop) * r.span.time
		if r.pace != nil && !r.pace.wait(ctx, r.closed, r.next, e.colorTime+shift) {
			continue // interrupted tells by what
		}
		var err error
		if r.ahead != nil {
			var ok bool
			if ok, err = r.ahead.take(ctx, dst); !ok {
				continue
			}
		} else {
			err = r.self.pair(e, dst)
		}
		if err != nil && r.o.OnError != Skip {
			r.stuck = err
			return err
		}
		r.next++
		r.count(err)
		if err == nil {
			dst.Seq += loop * r.span.seq
			dst.ColorTime += shift
			dst.DepthTime += shift
			return nil
		}
	}
}

// interrupted tells whether ctx or the recording has ended.
func (r *Recording) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-r.closed:
		return fmt.Errorf("replay: next %q: %w", r.dir, fs.ErrClosed)
	default:
		return nil
	}
}

// count takes a delivered or, with its error, a skipped pair into the statistics.
func (r *Recording) count(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.stats.Delivered++
		return
	}
	reason := Missing
	if f := (*frameError)(nil); errors.As(err, &f) {
		reason = f.reason
	}
	r.stats.Skipped++
	r.stats.Reasons[reason]++
	r.stats.note(err.Error())
}

// Close ends a waiting Next and the goroutines that read ahead, and waits for those.
func (r *Recording) Close() error {
	r.once.Do(func() {
		close(r.closed)
		if r.ahead != nil {
			r.ahead.stop()
		}
	})
	return nil
}

// loopSpan is what one pass adds to sequence numbers and times.
type loopSpan struct {
	seq  uint64
	time time.Duration
}

// measure makes a second pass begin one mean period after the end of the first.
func measure(entries []entry) loopSpan {
	if len(entries) == 0 {
		return loopSpan{}
	}
	var s loopSpan
	first, last := entries[0].colorTime, entries[0].colorTime
	for _, e := range entries {
		s.seq = max(s.seq, e.seq+1)
		first = min(first, e.colorTime)
		last = max(last, e.colorTime)
	}
	period := assumedPeriod
	if n := time.Duration(len(entries) - 1); n > 0 && last > first {
		period = (last - first) / n
	}
	s.time = last - first + period
	return s
}
