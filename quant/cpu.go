package quant

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/quant/internal/kernel"
)

// Kernel is one way of computing an operation that this binary has for its architecture.
type Kernel struct {
	Name  string   `json:"name"`  // as in Step.Kernel
	Needs []string `json:"needs"` // CPU features
	Have  bool     `json:"have"`  // this CPU has them
}

// Kernels lists the kernels compiled for this architecture, best first within an operation.
func Kernels() []Kernel {
	var list []Kernel
	for _, v := range kernel.Variants() {
		list = append(list, Kernel{v.Name, v.Needs, v.Have})
	}
	return list
}

// Features names what this CPU offers of what kernels can use, and all that kernels can use on any architecture.
func Features() (have, known []string) { return kernel.Features(), kernel.FeatureNames() }

// Peak measures for a fraction of a second how many multiply-accumulates a second the given number of threads reach
// together with the best dot-product instruction that is not disabled, on registers alone: the limit of any network. With
// AVX2 alone it is of products of 16 bits and their sums. It is 0 where there is no such instruction.
func Peak(threads int, disable []string) (float64, error) {
	set, err := kernel.Choose(disable)
	if err != nil {
		return 0, err
	}
	sums := make([]float64, max(threads, 1))
	var wait sync.WaitGroup
	for i := range sums {
		wait.Go(func() { sums[i] = set.Peak() })
	}
	wait.Wait()
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total, nil
}

// Clock measures the cycles a second of one core, by a chain of integer operations of one cycle each. Peak of one thread
// divided by it is the multiply-accumulates a cycle.
func Clock() float64 { return kernel.Clock() }

// Barrier measures what sharing a step costs: from the start of one that every one of the given number of threads must
// reach, and none leaves before, to its end, while steps follow at once; the best of several runs.
func Barrier(threads int) time.Duration {
	const steps = 100
	p := pool.New(threads)
	defer p.Close()
	all := int64(p.Threads())
	var arrived atomic.Int64
	meet := func(int, int, int) {
		last := (arrived.Add(1) + all - 1) / all * all
		for i := 1; arrived.Load() < last; i++ {
			if i%1024 == 0 {
				runtime.Gosched() // there may be fewer CPUs
			}
		}
	}
	best := time.Duration(math.MaxInt64)
	begin := time.Now()
	for i := 0; i < 200 && (i == 0 || time.Since(begin) < 100*time.Millisecond); i++ {
		start := time.Now()
		for range steps {
			p.Run(p.Threads(), 1, meet)
		}
		best = min(best, time.Since(start)/steps)
	}
	return best
}
