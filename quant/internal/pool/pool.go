// Package pool runs one function over ranges of units on a fixed set of goroutines.
//
// The one idea: a network's step is split into one contiguous stripe per worker, so that neighbouring rows stay in one
// core's cache, and between steps the workers spin for a few microseconds, because the next step follows at once; only
// then do they park. Between frames everything is parked.
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
	workers []*worker // without the caller
	job     Func
	pending atomic.Int32
	closed  sync.WaitGroup
}

type worker struct {
	turn   atomic.Uint32 // even: idle; odd: a job waits or runs
	parked atomic.Bool
	wake   chan struct{}
	lo, hi int
	_      [64]byte // no two workers' words share a cache line
}

// spins is how often a worker looks for the next step before it parks: some microseconds, the gap between two steps.
const spins = 2000

// New starts threads−1 workers beside the caller. Fewer than 1 means one per CPU.
func New(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{}
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

// Run calls f over [0, units) in stripes whose borders are multiples of align, and returns when all are done.
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
	p.job = f
	p.pending.Store(int32(n - 1))
	for i := 1; i < n; i++ {
		w := p.workers[i-1]
		w.lo, w.hi = blocks*i/n*align, min(blocks*(i+1)/n*align, units)
		w.turn.Add(1)
		if w.parked.Swap(false) {
			w.wake <- struct{}{}
		}
	}
	f(0, 0, blocks/n*align)
	for i := 0; p.pending.Load() > 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
}

func (p *Pool) work(w *worker, number int) {
	defer p.closed.Done()
	for {
		for i := 0; w.turn.Load()&1 == 0; i++ {
			if i < spins {
				continue
			}
			w.parked.Store(true)
			// The job may have come between the look and the flag: then take the flag back, or the wake-up.
			if w.turn.Load()&1 == 1 && w.parked.Swap(false) {
				break
			}
			<-w.wake
			i = 0
		}
		if w.lo < 0 {
			return
		}
		p.job(number, w.lo, w.hi)
		w.turn.Add(1)
		p.pending.Add(-1)
	}
}

// Close ends the workers. Run must not be called afterwards.
func (p *Pool) Close() {
	for _, w := range p.workers {
		w.lo = -1
		w.turn.Add(1)
		if w.parked.Swap(false) {
			w.wake <- struct{}{}
		}
	}
	p.closed.Wait()
	p.workers = nil
}
