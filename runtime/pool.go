package runtime

import (
	"fmt"
	"sync"
)

// pool runs a function over bands of rows on a fixed set of goroutines, without allocating. Worker 0 is the caller.
type pool struct {
	work []chan band // to workers 1…
	wait sync.WaitGroup
	fail []any // what a worker's function panicked with
	once sync.Once
}

type band struct {
	f      func(worker, first, end int)
	lo, hi int
}

func newPool(threads int) *pool {
	p := &pool{fail: make([]any, max(threads, 1))}
	for i := 1; i < threads; i++ {
		c := make(chan band)
		p.work = append(p.work, c)
		go func() {
			for b := range c {
				p.one(i, b)
				p.wait.Done()
			}
		}()
	}
	return p
}

func (p *pool) workers() int { return len(p.work) + 1 }

// rows calls f for bands that together cover rows [0, n), and returns when all are done. A panic in a worker's band is
// handed on to the caller.
func (p *pool) rows(n int, f func(worker, first, end int)) {
	k := min(p.workers(), max(n, 1))
	p.wait.Add(k - 1)
	for i := 1; i < k; i++ {
		p.work[i-1] <- band{f, n * i / k, n * (i + 1) / k}
	}
	p.one(0, band{f, 0, n / k})
	p.wait.Wait()
	for i, e := range p.fail {
		if e != nil {
			clear(p.fail)
			panic(fmt.Sprintf("runtime: preprocess worker %d: %v", i, e))
		}
	}
}

func (p *pool) one(worker int, b band) {
	defer func() {
		if e := recover(); e != nil {
			p.fail[worker] = e
		}
	}()
	b.f(worker, b.lo, b.hi)
}

func (p *pool) close() {
	p.once.Do(func() {
		for _, c := range p.work {
			close(c)
		}
	})
}
