package runtime

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestLatencyPercentile(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var l Latency
	if l.Percentile(50) != 0 || l.Mean() != 0 {
		t.Error("of nothing, something")
	}
	var all []time.Duration
	var sum time.Duration
	for range 5000 {
		d := time.Duration(1 + rng.ExpFloat64()*3e7)
		all, sum = append(all, d), sum+d
		l.Add(d)
	}
	slices.Sort(all)
	for _, p := range []float64{0, 1, 50, 90, 99, 99.9, 100} {
		want := all[max(0, int(float64(len(all))*p/100+0.999999)-1)]
		if got := l.Percentile(p); got < want || float64(got-want) > 0.016*float64(want) {
			t.Errorf("p%v is %v, want %v and at most 1.6 %% above", p, got, want)
		}
	}
	if l.Mean() != sum/5000 || l.Count() != 5000 {
		t.Errorf("mean %v of %d, want %v of 5000", l.Mean(), l.Count(), sum/5000)
	}
}

func TestLatencyBuckets(t *testing.T) {
	last := -1
	for v := uint64(1); v < 1<<40; v += 1 + v/97 {
		i := latencyBucket(v)
		if i < last {
			t.Fatalf("bucket of %d is %d, below %d", v, i, last)
		}
		last = i
		if hi := uint64(latencyBound(i)); hi < v || latencyBucket(hi) != i || latencyBucket(hi+1) != i+1 {
			t.Fatalf("%d is in bucket %d, whose bound is %d", v, i, hi)
		}
	}
	var l Latency
	l.Add(1 << 62)
	l.Add(-5)
	if l.Percentile(100) != 1<<62 || l.Percentile(1) != 1 {
		t.Errorf("extremes give %v and %v", l.Percentile(100), l.Percentile(1))
	}
}
