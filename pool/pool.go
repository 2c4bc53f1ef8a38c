package pool

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Func works on units [lo, hi) as worker number worker, 0 to Threads − 1. No two calls of one Run have the same number at
// the same time, so it may choose memory by that number. It must not run the pool of its own caller again, but for other
// work: that is then done alone.
type Func func(worker, lo, hi int)

// Pool is a fixed set of workers. A nil Pool is the caller's goroutine alone.
type Pool struct {
	taken   sync.Mutex // by the Turn that has the workers
	job     Func
	align   int
	units   int
	stripes []stripe
	workers []*worker // without the caller
	failed  atomic.Pointer[Panic]
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
	least int64    // of a chunk
	_     [40]byte // no two stripes share a cache line
}

// portions is how many of the least chunks a stripe has.
const portions = 8

// chunk takes half of what is left of the stripe: the first chunk is large, and the last ones are small, so that all workers
// end together.
func (s *stripe) chunk() (lo, hi int64, ok bool) {
	for {
		lo = s.next.Load()
		left := s.end - lo
		if left <= 0 {
			return 0, 0, false
		}
		hi = lo + min(max((left+1)/2, s.least), left)
		if s.next.CompareAndSwap(lo, hi) {
			return lo, hi, true
		}
	}
}

type worker struct {
	parked atomic.Bool
	ended  atomic.Bool
	wake   chan struct{}
	_      [64]byte
}

// Panic is what Run panics with when a Func did, on whichever goroutine.
type Panic struct {
	Worker int    // number of the worker
	Value  any    // what the Func panicked with
	Stack  []byte // where, as [debug.Stack] has it
}

// Error says what happened, with the stack.
func (p *Panic) Error() string {
	return fmt.Sprintf("pool: worker %d: %v\n%s", p.Worker, p.Value, p.Stack)
}

// New starts threads−1 workers beside the caller. Fewer than 1 means as many as Go runs at once.
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

// Threads is the number of workers, the caller among them. It stays what it was after Close.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return len(p.stripes)
}

// Run calls f over [0, units) in ranges whose borders are multiples of align, and returns when all are done. If another
// goroutine is using the pool, or it is closed, the caller's does all in one call as worker 0. A panic of f is handed on to
// the caller, as a *Panic unless the caller was alone; other units may then have been done or not. Run allocates nothing.
func (p *Pool) Run(units, align int, f Func) {
	t := p.Turn()
	defer t.End()
	t.Run(units, align, f)
}

// Turn is the use of a pool for several Runs in a row.
type Turn struct {
	p *Pool // nil: alone
}

// Turn takes the pool until End, so that no other goroutine gets it between two Runs. If another has it, the Turn's Runs
// are done by the caller alone. It never waits.
func (p *Pool) Turn() Turn {
	if p == nil || len(p.stripes) == 1 || !p.taken.TryLock() {
		return Turn{}
	}
	return Turn{p}
}

// End gives the pool back.
func (t Turn) End() {
	if t.p != nil {
		t.p.taken.Unlock()
	}
}

// Run is [Pool.Run] within the turn.
func (t Turn) Run(units, align int, f Func) {
	if units <= 0 {
		return
	}
	p := t.p
	if p == nil || len(p.workers) == 0 || units <= align {
		f(0, 0, units)
		return
	}
	blocks := (units + align - 1) / align
	n := min(len(p.workers)+1, blocks)
	p.job, p.align, p.units = f, align, units
	for i := range p.stripes {
		s := &p.stripes[i]
		lo, hi := blocks*min(i, n)/n, blocks*min(i+1, n)/n
		s.end, s.least = int64(hi), int64((hi-lo+portions-1)/portions)
		s.next.Store(int64(lo))
	}
	p.open.Store(true)
	p.epoch.Add(1)
	for _, w := range p.workers[:n-1] {
		w.rouse()
	}
	p.take(0)
	// All chunks are taken, or the caller's part has panicked. Nobody enters after this, and who is inside finishes.
	p.open.Store(false)
	for i := 0; p.inside.Load() > 0; i++ {
		if i > patience {
			runtime.Gosched()
		}
	}
	p.job = nil // and with it what the caller's function holds
	if p.failed.Load() != nil {
		panic(p.failed.Swap(nil))
	}
}

// take works on chunks of the worker's own stripe, then of the others'.
func (p *Pool) take(number int) {
	defer p.caught(number)
	for i := range p.stripes {
		s := &p.stripes[(number+i)%len(p.stripes)]
		for {
			lo, hi, ok := s.chunk()
			if !ok {
				break
			}
			p.job(number, int(lo)*p.align, min(int(hi)*p.align, p.units))
		}
	}
}

// caught keeps the first panic of a job for its caller.
func (p *Pool) caught(number int) {
	if v := recover(); v != nil {
		p.failed.CompareAndSwap(nil, &Panic{number, v, debug.Stack()})
	}
}

// How long a worker looks for the next job before it parks. Looks are counted between two readings of the clock, and
// others that wait for a CPU may go first now and then.
const (
	patience = 4096                   // looks between two readings of the clock: one to ten microseconds
	politely = 16                     // readings between two yields
	watch    = 200 * time.Microsecond // from the end of a job
)

// await returns when the epoch is no longer seen.
func (p *Pool) await(w *worker, seen uint32) {
	var began time.Time
	for i := 1; p.epoch.Load() == seen; i++ {
		switch {
		case i%patience != 0:
		case i == patience:
			began = time.Now()
		case time.Since(began) > watch:
			w.parked.Store(true)
			// The job may have come between the look and the flag: then take the flag back, or the wake-up.
			if p.epoch.Load() != seen && w.parked.Swap(false) {
				return
			}
			<-w.wake
		case i%(patience*politely) == 0:
			runtime.Gosched()
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
	for seen := uint32(0); ; {
		p.await(w, seen)
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

// Close ends the workers, after a turn that another goroutine has. Closing twice does nothing.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	p.taken.Lock()
	defer p.taken.Unlock()
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
