package main

import (
	"bufio"
	"os"
	"runtime"
	"strings"
)

// cpuName is the processor's name, where the system tells it in a file, else its architecture.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		key, value, _ := strings.Cut(s.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name", "Model":
			return strings.TrimSpace(value)
		}
	}
	if name, err := os.ReadFile("/proc/device-tree/model"); err == nil {
		return strings.Trim(string(name), "\x00\n")
	}
	return runtime.GOARCH
}

// defaultThreads is how many threads compute when no flag says so: one per CPU that this process may use.
func defaultThreads() int { return runtime.GOMAXPROCS(0) }

// allocations counts the heap allocations of this process so far.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
