// Package pool runs one function over ranges of units on a fixed set of goroutines.
//
// The one idea: a network's step is split into one contiguous stripe per worker, so that neighbouring rows stay in one
// core's cache, and each worker takes its stripe in a few chunks. One that is done takes chunks of the others': a worker
// that is late, descheduled or on a slower core (big.LITTLE) holds nobody up for longer than a chunk. Between steps the
// workers spin for some microseconds, because the next step follows at once; only then do they park. Between frames
// everything is parked.
//
//	p := pool.New(2)
//	defer p.Close()
//	p.Run(240, 2, func(worker, lo, hi int) { … }) // rows lo … hi−1; lo is even
//
// Results never depend on the number of workers as long as units are independent.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Func works on units [lo, hi) as worker number worker (0 is the caller's goroutine).
type Func func(worker, lo, hi int)

// Pool is a fixed set of workers. Run must not be called by two goroutines at once.
type Pool struct {
	job     Func
	align   int
	units   int
	stripes []stripe
	workers []*worker // without the caller
	closed  sync.WaitGroup
	_       [64]byte
	epoch   atomic.Uint32 // counts jobs
	_       [64]byte      // looked at by all that spin: alone in its cache line
	open    atomic.Bool   // whether the job may be entered
	inside  atomic.Int32  // workers that may be looking at the job
	_       [64]byte
}

// stripe is one worker's part of a job, in blocks of align units.
type stripe struct {
	next  atomic.Int64
	end   int64
	chunk int64
	_     [40]byte // no two stripes share a cache line
}

type worker struct {
	parked atomic.Bool
	ended  atomic.Bool
	wake   chan struct{}
	_      [64]byte
}

// spins is how often a worker looks for the next step before it parks: some tens of microseconds, the time of a step that
// is too small to share.
const spins = 60_000

// chunks is the number of parts in which a worker takes its stripe.
const chunks = 4

// New starts threads−1 workers beside the caller. Fewer than 1 means one per CPU.
func New(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{stripes: make([]stripe, threads)}
	for i := 1; i < threads; i++ {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		p.closed.Add(1)
		go p.work(w, i)
	}
	return p
}

// Threads is the number of workers, the caller among them.
func (p *Pool) Threads() int { return len(p.workers) + 1 }

// Run calls f over [0, units) in ranges whose borders are multiples of align, and returns when all are done.
func (p *Pool) Run(units, align int, f Func) {
	if units <= 0 {
		return
	}
	blocks := (units + align - 1) / align
	n := min(len(p.workers)+1, blocks)
	if n == 1 {
		f(0, 0, units)
		return
	}
	p.job, p.align, p.units = f, align, units
	for i := range p.stripes {
		s := &p.stripes[i]
		lo, hi := blocks*min(i, n)/n, blocks*min(i+1, n)/n
		s.end, s.chunk = int64(hi), int64(max((hi-lo+chunks-1)/chunks, 1))
		s.next.Store(int64(lo))
	}
	p.open.Store(true)
	p.epoch.Add(1)
	for _, w := range p.workers[:n-1] {
		w.rouse()
	}
	p.take(0)
	// All chunks are taken. Nobody enters after this, and who is inside finishes what it has.
	p.open.Store(false)
	for i := 0; p.inside.Load() > 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
}

// take works on chunks of the worker's own stripe, then of the others'.
func (p *Pool) take(number int) {
	for i := range p.stripes {
		s := &p.stripes[(number+i)%len(p.stripes)]
		for {
			lo := s.next.Load()
			if lo >= s.end {
				break
			}
			hi := min(lo+s.chunk, s.end)
			if s.next.CompareAndSwap(lo, hi) {
				p.job(number, int(lo)*p.align, min(int(hi)*p.align, p.units))
			}
		}
	}
}

func (w *worker) rouse() {
	if w.parked.Load() && w.parked.Swap(false) {
		w.wake <- struct{}{}
	}
}

func (p *Pool) work(w *worker, number int) {
	defer p.closed.Done()
	seen := uint32(0)
	for {
		for i := 0; p.epoch.Load() == seen; i++ {
			if i < spins {
				continue
			}
			w.parked.Store(true)
			// The job may have come between the look and the flag: then take the flag back, or the wake-up.
			if p.epoch.Load() != seen && w.parked.Swap(false) {
				break
			}
			<-w.wake
			i = 0
		}
		if w.ended.Load() {
			return
		}
		seen = p.epoch.Load()
		// The caller waits for those inside after it has closed the job: whoever sees it open here may read it.
		p.inside.Add(1)
		if p.open.Load() {
			p.take(number)
		}
		p.inside.Add(-1)
	}
}

// Close ends the workers. Run must not be called afterwards.
func (p *Pool) Close() {
	for _, w := range p.workers {
		w.ended.Store(true)
	}
	p.epoch.Add(1)
	for _, w := range p.workers {
		w.rouse()
	}
	p.closed.Wait()
	p.workers = nil
}
