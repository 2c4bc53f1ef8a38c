package quant

import (
	"sync"

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
// together with the best dot-product instruction that is not disabled, on registers alone: the limit of any network.
// It is 0 where there is no such instruction.
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
