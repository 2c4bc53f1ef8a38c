package main

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// setAffinity binds every thread of the process, and so those that they will start (sched_setaffinity(2)). It goes on
// until a look at the threads finds no new one.
func setAffinity(cpus []int) error {
	var set unix.CPUSet
	for _, n := range cpus {
		set.Set(n)
	}
	bound := map[int]bool{}
	for more := true; more; {
		more = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || bound[id] {
				continue
			}
			if err := unix.SchedSetaffinity(id, &set); err == unix.ESRCH {
				continue // it has ended
			} else if err != nil {
				return fmt.Errorf("the system refuses: %w", err)
			}
			bound[id], more = true, true
		}
	}
	// A processor that isn't there, or isn't ours, is left out silently by the system: say so instead.
	var got unix.CPUSet
	if err := unix.SchedGetaffinity(0, &got); err != nil {
		return err
	}
	for _, n := range cpus {
		if !got.IsSet(n) {
			return fmt.Errorf("there is no processor %d for this process", n)
		}
	}
	return nil
}
