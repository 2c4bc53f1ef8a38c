//go:build realsense && (linux || darwin)

package realsense

import (
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// An image is a frame in our memory.
type image struct {
	pic     rs2.Picture // whose Data is ours
	arrived time.Duration
	order   uint64
	dropped uint64 // images of its stream that were lost here before it
}

// take copies a picture, reusing memory.
func (m *image) take(p *rs2.Picture) {
	data := append(m.pic.Data[:0], p.Data...)
	m.pic = *p
	m.pic.Data = data
}

// A queue holds images between the library's threads and Next, a bounded number of each stream. A full one loses its
// oldest image, or, if it must not lose any, lets the library wait.
type queue struct {
	mu     sync.Mutex
	room   sync.Cond
	wake   chan struct{} // has one when there is news
	rings  [2]ring       // colour, depth
	order  uint64
	waits  bool // instead of losing
	closed bool
}

// A ring is one stream's images, oldest first.
type ring struct {
	slots   []image
	head, n int
	in      uint64 // images that came
	dropped uint64 // of which were lost here
}

func newQueue(depth int, waits bool) *queue {
	q := &queue{wake: make(chan struct{}, 1), waits: waits}
	q.room.L = &q.mu
	for i := range q.rings {
		q.rings[i].slots = make([]image, depth)
	}
	return q
}

// push copies a picture of stream i.
func (q *queue) push(i int, p *rs2.Picture, arrived time.Duration) {
	q.mu.Lock()
	r := &q.rings[i]
	for q.waits && !q.closed && r.n == len(r.slots) {
		q.room.Wait()
	}
	if q.closed {
		q.mu.Unlock()
		return
	}
	r.in++
	if r.n == len(r.slots) {
		r.head = (r.head + 1) % len(r.slots)
		r.n--
		r.dropped++
	}
	m := &r.slots[(r.head+r.n)%len(r.slots)]
	m.take(p)
	m.arrived, m.order = arrived, q.order
	q.order++
	r.n++
	q.mu.Unlock()
	q.signal()
}

// signal tells Next that there is news.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop swaps the image that came first into dst.
func (q *queue) pop(dst *image) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first *ring
	for i := range q.rings {
		if r := &q.rings[i]; r.n > 0 && (first == nil || r.slots[r.head].order < first.slots[first.head].order) {
			first = r
		}
	}
	if first == nil {
		return false
	}
	m := &first.slots[first.head]
	*dst, *m = *m, *dst
	dst.dropped = first.dropped // all of them older
	first.head = (first.head + 1) % len(first.slots)
	first.n--
	q.room.Broadcast()
	return true
}

// waiting tells whether an image waits.
func (q *queue) waiting() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rings[0].n+q.rings[1].n > 0
}

// close lets go whoever waits; what comes is not taken.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.room.Broadcast()
	q.signal()
}

// counts are the images that came, and that were lost here, of stream i.
func (q *queue) counts(i int) (in, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rings[i].in, q.rings[i].dropped
}
