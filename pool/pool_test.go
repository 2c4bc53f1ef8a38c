package pool_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/pool"
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

// alone tells whether a Run came in one call for all units, on the caller's goroutine.
func alone(t *testing.T, run func(units, align int, f pool.Func)) bool {
	t.Helper()
	calls, mine := 0, goroutine()
	run(40, 2, func(worker, lo, hi int) {
		if calls++; worker != 0 || lo != 0 || hi != 40 || goroutine() != mine {
			t.Errorf("worker %d on goroutine %s does %d…%d", worker, goroutine(), lo, hi)
		}
	})
	return calls == 1
}

// goroutine names the goroutine that calls it.
func goroutine() string {
	stack := make([]byte, 64)
	return strings.Fields(string(stack[:runtime.Stack(stack, false)]))[1]
}

// Without a pool, and after Close, the caller does all.
func TestAlone(t *testing.T) {
	var none *pool.Pool
	closed := pool.New(3)
	closed.Close()
	for name, p := range map[string]*pool.Pool{"none": none, "one": pool.New(1), "closed": closed} {
		if !alone(t, p.Run) {
			t.Errorf("%s: not one call", name)
		}
		turn := p.Turn()
		if !alone(t, turn.Run) {
			t.Errorf("%s: not one call in a turn", name)
		}
		turn.End()
		p.Run(0, 1, func(_, _, _ int) { t.Errorf("%s: called for no units", name) })
		p.Close()
	}
	if n := none.Threads(); n != 1 {
		t.Errorf("a nil pool has %d threads", n)
	}
	if n := closed.Threads(); n != 3 {
		t.Errorf("a closed pool of 3 has %d threads", n)
	}
}

// While one goroutine has the pool, in a Run or between two of a Turn, another does its work alone and waits for nothing;
// afterwards it gets the workers again.
func TestBusyPoolWaitsForNobody(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	turn := p.Turn()
	if !alone(t, p.Run) {
		t.Error("in another's turn: not one call")
	}
	var inside atomic.Int32
	turn.Run(3, 1, func(_, lo, hi int) {
		inside.Add(1)
		for end := time.Now().Add(10 * time.Second); inside.Load() < 3; runtime.Gosched() { // the turn has all three
			if time.Now().After(end) {
				t.Errorf("%d workers came", inside.Load())
				break
			}
		}
		if lo == 0 && !alone(t, p.Run) {
			t.Error("in another's run: not one call")
		}
	})
	turn.End()
	var workers [3]atomic.Int32
	p.Run(3, 1, func(worker, _, _ int) {
		workers[worker].Add(1)
		for end := time.Now().Add(10 * time.Second); workers[0].Load()*workers[1].Load()*workers[2].Load() == 0; runtime.Gosched() {
			if time.Now().After(end) {
				t.Error("the pool was not given back whole")
				break
			}
		}
	})
}

// Goroutines that share a pool each get their own work done, whoever has the workers.
func TestShared(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			seen := make([]atomic.Int32, 50)
			for i := range 2000 {
				turn := p.Turn()
				for range 1 + i%3 {
					turn.Run(len(seen), 1, func(_, lo, hi int) {
						for k := lo; k < hi; k++ {
							seen[k].Add(1)
						}
					})
				}
				turn.End()
				for k := range seen {
					if n := seen[k].Swap(0); int(n) != 1+i%3 {
						t.Errorf("unit %d was done %d times of %d", k, n, 1+i%3)
						return
					}
				}
			}
		})
	}
	wait.Wait()
}

// A panic on any worker ends the Run with that panic, after the others have left; the pool works on.
func TestPanicsAreHandedOn(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for broken := range 3 {
		for range 5 {
			var inside atomic.Int32
			func() {
				defer func() {
					v, ok := recover().(*pool.Panic)
					if !ok || v.Worker != broken || v.Value != "broken" || !strings.Contains(string(v.Stack), "TestPanicsAreHandedOn") {
						t.Errorf("worker %d's panic came as %v", broken, v)
					}
					if n := inside.Load(); n != 0 {
						t.Errorf("%d workers are still inside", n)
					}
				}()
				var come atomic.Int32
				p.Run(3, 1, func(worker, _, _ int) {
					inside.Add(1)
					defer inside.Add(-1)
					come.Add(1)
					for come.Load() < 3 { // each of the three has one unit
						runtime.Gosched()
					}
					if worker == broken {
						panic("broken")
					}
					time.Sleep(time.Millisecond)
				})
				t.Error("the panic was lost")
			}()
			var done atomic.Int32
			p.Run(9, 1, func(_, lo, hi int) { done.Add(int32(hi - lo)) })
			if done.Load() != 9 {
				t.Errorf("%d of 9 units after a panic", done.Load())
			}
		}
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
