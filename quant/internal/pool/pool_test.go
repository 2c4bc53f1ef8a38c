package pool_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/quant/internal/pool"
)

// Every unit is worked on exactly once, in stripes that begin at multiples of align, by workers within bounds.
func TestRunCoversEveryUnit(t *testing.T) {
	for threads := 1; threads <= 5; threads++ {
		p := pool.New(threads)
		if p.Threads() != threads {
			t.Fatalf("%d threads, want %d", p.Threads(), threads)
		}
		for units := range 40 {
			for align := 1; align <= 4; align++ {
				seen := make([]atomic.Int32, units)
				p.Run(units, align, func(worker, lo, hi int) {
					if worker < 0 || worker >= threads || lo%align != 0 || lo >= hi || hi > units {
						t.Errorf("%d threads, %d units by %d: worker %d, %d…%d", threads, units, align, worker, lo, hi)
						return
					}
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if n := seen[i].Load(); n != 1 {
						t.Fatalf("%d threads, %d units by %d: unit %d was done %d times", threads, units, align, i, n)
					}
				}
			}
		}
		p.Close()
	}
}

// Thousands of runs, some after a pause in which the workers park, lose no wake-up.
func TestRunAfterPause(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	var total atomic.Int64
	for i := range 3000 {
		if i%500 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
		p.Run(9, 1, func(_, lo, hi int) { total.Add(int64(hi - lo)) })
	}
	if total.Load() != 9*3000 {
		t.Errorf("%d units, want %d", total.Load(), 9*3000)
	}
}

// Close ends every worker, parked or not.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := pool.New(4)
		p.Run(8, 1, func(_, _, _ int) {})
		p.Close()
		p.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestRunAllocatesNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	f := func(_, _, _ int) {}
	if n := testing.AllocsPerRun(100, func() { p.Run(10, 2, f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A worker that hangs on one chunk leaves the rest of its stripe to the others.
func TestOthersTakeOver(t *testing.T) {
	const units = 64
	for late := range 2 {
		p := pool.New(2)
		var done atomic.Int32
		var stuck atomic.Bool
		p.Run(units, 1, func(worker, lo, hi int) {
			if worker == late && !stuck.Swap(true) {
				mine := int32(hi - lo)
				for end := time.Now().Add(10 * time.Second); done.Load() < units-mine; runtime.Gosched() {
					if time.Now().After(end) {
						t.Errorf("worker %d holds %d…%d, %d of %d units done by others", late, lo, hi, done.Load(), units-mine)
						break
					}
				}
			}
			done.Add(int32(hi - lo))
		})
		if done.Load() != units {
			t.Errorf("%d units done", done.Load())
		}
		p.Close()
	}
}
