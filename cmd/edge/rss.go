package main

import (
	"bytes"
	"os"
	"strconv"
)

// peakRSS is the largest resident memory of this process so far in bytes, 0 where the system does not tell it in
// /proc/self/status (proc(5), VmHWM). getrusage's number would include the parent's memory before exec.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(status, []byte("\nVmHWM:"))
	if !ok {
		return 0
	}
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	kb, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}
