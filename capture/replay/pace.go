package replay

import (
	"context"
	"time"
)

// maxGap shortens what a recording's clock may jump, so that a broken time does not hold a paced replay for years.
const maxGap = 10 * time.Second

// pacer says when each pair is due: at its recorded time after the first pair's, or at a fixed rate. A caller that
// falls behind gets the following pairs without a wait until it has caught up; none is left out.
type pacer struct {
	fps   float64 // 0 = recorded times
	now   func() time.Time
	after func(d time.Duration) (c <-chan time.Time, stop func())

	began bool
	start time.Time     // of the first pair
	due   time.Duration // of pair n, after start
	n     uint64
	last  time.Duration // recorded time of pair n
}

// wait waits until pair n, recorded at t, is due. It is false when ctx or closed ended first; asked again for the same
// pair, it waits for the same moment.
func (p *pacer) wait(ctx context.Context, closed <-chan struct{}, n uint64, t time.Duration) bool {
	switch {
	case !p.began:
		p.began, p.start, p.n, p.last = true, p.now(), n, t
	case n != p.n && p.fps > 0:
		p.due, p.n = time.Duration(float64(n)*float64(time.Second)/p.fps), n
	case n != p.n:
		p.due += min(max(t-p.last, 0), maxGap)
		p.n, p.last = n, t
	}
	left := p.due - p.now().Sub(p.start)
	if left <= 0 {
		return true
	}
	c, stop := p.after(left)
	defer stop()
	select {
	case <-c:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// sleep is the real clock of a pacer.
func sleep(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
