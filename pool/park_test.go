package pool

import (
	"runtime"
	"testing"
	"time"
)

// Between frames nothing spins: some time after a job every worker is parked, whether it had a part in the job or not, and
// the next job wakes those that it needs.
func TestWorkersPark(t *testing.T) {
	p := New(4)
	defer p.Close()
	for _, units := range []int{0, 1, 2, 4, 100} {
		done := 0
		p.Run(units, 1, func(worker, lo, hi int) {
			if worker == 0 {
				done += hi - lo
			}
		})
		if done > units {
			t.Errorf("%d of %d units", done, units)
		}
		for i, w := range p.workers {
			for end := time.Now().Add(10 * time.Second); !w.parked.Load(); runtime.Gosched() {
				if time.Now().After(end) {
					t.Fatalf("after a job of %d units worker %d does not park", units, i+1)
				}
			}
		}
	}
}
