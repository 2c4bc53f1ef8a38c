package main

import (
	"runtime"
	"strconv"
	"strings"
)

// cpuFlags choose the processors that a command computes on.
type cpuFlags struct {
	CPUs string `name:"cpus" placeholder:"LIST" help:"Processors to compute on, such as 4-7 or 0,2: the fast ones of a big.LITTLE. Linux only."`
}

// apply keeps the whole process on the listed processors, with as many threads by default. It is called before anything
// computes.
func (f *cpuFlags) apply() error {
	if f.CPUs == "" {
		return nil
	}
	list, err := parseCPUs(f.CPUs)
	if err != nil {
		return err
	}
	if err := setAffinity(list); err != nil {
		return usagef("--cpus %s: %v", f.CPUs, err)
	}
	runtime.GOMAXPROCS(len(list))
	return nil
}

// maxCPU is the number that processors' numbers stay below: the size of the system's set.
const maxCPU = 1024

// parseCPUs reads numbers and ranges between commas; each number counts once.
func parseCPUs(text string) ([]int, error) {
	var list []int
	seen := map[int]bool{}
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil || a < 0 || b < a || b >= maxCPU {
			return nil, usagef("--cpus %q: want numbers from 0 to %d and ranges, such as 0,2 or 4-7", text, maxCPU-1)
		}
		for n := a; n <= b; n++ {
			if !seen[n] {
				seen[n] = true
				list = append(list, n)
			}
		}
	}
	return list, nil
}
