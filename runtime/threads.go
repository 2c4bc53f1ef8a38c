package runtime

import goruntime "runtime"

// threads is n, or as many goroutines as Go runs at once when n is below 1.
func threads(n int) int {
	if n < 1 {
		return goruntime.GOMAXPROCS(0)
	}
	return n
}
