package replay

import (
	"context"
	"runtime"
	"sync"

	"github.com/depthwise/depthwise/capture"
)

// ahead reads pairs before they are asked for. Its slots form a ring: Next hands a free slot its next pair in order and
// takes the slots back in the same order, so that the memory is bounded and the order kept whoever is the faster. The
// goroutines start with the first Next, or with Start.
type ahead struct {
	r       *Recording
	threads int
	slots   []slot
	jobs    chan int // slots to fill; as long as the ring, so that handing out never waits
	issued  uint64   // pairs handed out
	taken   uint64   // pairs taken back

	quit    chan struct{}
	mu      sync.Mutex // guards the start of workers against stop
	started bool
	stopped bool
	workers sync.WaitGroup
}

type slot struct {
	e    *entry
	pair capture.Pair
	err  error
	done chan struct{} // one message when the worker has finished
}

// maxAhead bounds the memory of the pairs read ahead where Options.Ahead does not.
const maxAhead = 256 << 20

// aheadOf gives the goroutines and the slots that the options ask for; no slot means that Next reads by itself.
func aheadOf(o Options, cal capture.Calibration) (threads, depth int) {
	if o.Threads < 0 {
		return 0, 0
	}
	if threads = min(o.Threads, 64); threads == 0 {
		threads = min(runtime.GOMAXPROCS(0), 4)
	}
	if depth = min(o.Ahead, 4096); depth <= 0 {
		pair := 4*cal.Color.Width*cal.Color.Height + 2*cal.Depth.Width*cal.Depth.Height
		depth = min(max(maxAhead/pair, 1), threads) // a pair is copied as soon as it is asked for, and its slot is at work again
	}
	return min(threads, depth), depth
}

func newAhead(r *Recording, threads, depth int) *ahead {
	a := &ahead{r: r, threads: threads, slots: make([]slot, depth), jobs: make(chan int, depth), quit: make(chan struct{})}
	for i := range a.slots {
		a.slots[i].done = make(chan struct{}, 1)
	}
	return a
}

// fill hands out as many pairs as there are free slots.
func (a *ahead) fill() {
	if !a.started {
		a.start()
	}
	n, depth := uint64(len(a.r.entries)), uint64(len(a.slots))
	for a.issued < a.taken+depth && (a.issued < n || a.r.o.Loop) {
		i := int(a.issued % depth)
		a.slots[i].e = &a.r.entries[a.issued%n]
		a.jobs <- i
		a.issued++
	}
}

// take waits for the next pair in order and copies it to dst; ok is false when ctx or the recording ended first.
func (a *ahead) take(ctx context.Context, dst *capture.Pair) (ok bool, err error) {
	s := &a.slots[a.taken%uint64(len(a.slots))]
	select {
	case <-s.done:
	case <-ctx.Done():
		return false, nil
	case <-a.quit:
		return false, nil
	}
	a.taken++
	if s.err != nil {
		return true, s.err
	}
	dst.CopyFrom(&s.pair)
	return true, nil
}

func (a *ahead) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return
	}
	a.started = true
	for range a.threads {
		a.workers.Add(1)
		go a.work()
	}
}

// work reads pairs until stop.
func (a *ahead) work() {
	defer a.workers.Done()
	r := reader{dir: a.r.dir, cal: a.r.cal}
	for {
		select {
		case <-a.quit:
			return
		default:
		}
		select {
		case <-a.quit:
			return
		case i := <-a.jobs:
			s := &a.slots[i]
			s.err = r.pair(s.e, &s.pair)
			s.done <- struct{}{}
		}
	}
}

// stop ends the workers after the pair each is at.
func (a *ahead) stop() {
	a.mu.Lock()
	a.stopped = true
	close(a.quit)
	a.mu.Unlock()
	a.workers.Wait()
}
