package mcap

import (
	"github.com/depthwise/depthwise/capture"
)

// Shed says what a Writer left out, by its options.
type Shed struct {
	Full  int  // pairs for which there was no room on the disk
	Slow  int  // pairs that came while the queue was full
	NoEnd bool // there was no room for the file's summary: readers have to go through all of it
}

// Shed returns the counts so far; after Close, the last.
func (w *Writer) Shed() Shed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shed
}

// queue hands copies of pairs to a goroutine.
type queue struct {
	free, jobs chan *capture.Pair
	done       chan struct{}
}

func newQueue(n int, do func(*capture.Pair)) *queue {
	if n <= 0 {
		n = 8
	}
	q := &queue{free: make(chan *capture.Pair, n), jobs: make(chan *capture.Pair, n), done: make(chan struct{})}
	for range n {
		q.free <- new(capture.Pair)
	}
	go func() {
		defer close(q.done)
		for p := range q.jobs {
			do(p)
			q.free <- p
		}
	}()
	return q
}

// offer takes a copy of p, or reports that there is no room for one.
func (q *queue) offer(p *capture.Pair) bool {
	var s *capture.Pair
	select {
	case s = <-q.free:
	default:
		return false
	}
	s.CopyFrom(p)
	q.jobs <- s // there is room for all
	return true
}

// end waits until all are done.
func (q *queue) end() {
	close(q.jobs)
	<-q.done
}
