package runtime

import (
	"math/bits"
	"time"
)

// Latency collects durations in buckets of at most 1.6 % width, without allocating, and answers percentiles. The zero
// value is ready. Durations are kept from 1 ns to about 2¹⁶ s.
type Latency struct {
	buckets [48 << latencyBits]uint32
	count   uint64
	sum     time.Duration
	max     time.Duration
}

const latencyBits = 6 // 64 buckets to a factor of two

// Add counts one duration.
func (l *Latency) Add(d time.Duration) {
	d = max(d, 1)
	l.buckets[latencyBucket(uint64(d))]++
	l.count++
	l.sum += d
	l.max = max(l.max, d)
}

// Count is the number of durations.
func (l *Latency) Count() uint64 { return l.count }

// Mean is the average, 0 of none.
func (l *Latency) Mean() time.Duration {
	if l.count == 0 {
		return 0
	}
	return l.sum / time.Duration(l.count)
}

// Percentile is the smallest bucket's upper bound that at least p of 100 durations do not exceed; 0 of none.
func (l *Latency) Percentile(p float64) time.Duration {
	need := uint64(float64(l.count)*p/100 + 0.999999)
	var seen uint64
	for i, n := range &l.buckets {
		if seen += uint64(n); seen >= max(need, 1) {
			if i == len(l.buckets)-1 {
				return l.max // the last bucket has no upper bound
			}
			return min(latencyBound(i), l.max)
		}
	}
	return l.max
}

// latencyBucket is the position of the highest bit, and the six bits after it.
func latencyBucket(v uint64) int {
	e := bits.Len64(v) - 1
	if e < latencyBits {
		return int(v)
	}
	i := (e-latencyBits+1)<<latencyBits + int(v>>(e-latencyBits))&(1<<latencyBits-1)
	return min(i, 48<<latencyBits-1)
}

// latencyBound is the largest value of a bucket.
func latencyBound(i int) time.Duration {
	if i < 1<<latencyBits {
		return time.Duration(i)
	}
	e := i>>latencyBits - 1
	low := uint64(1<<latencyBits+i&(1<<latencyBits-1)) << e
	return time.Duration(low + 1<<e - 1)
}
