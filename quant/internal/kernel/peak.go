package kernel

import "time"

// peakRounds makes one measurement of Peak a fraction of a millisecond.
const peakRounds = 20_000

// Peak measures the dot-product limit of one core, in multiply-accumulates per second: independent chains of the best
// instruction that the set has, on registers, the best of several short runs. It is 0 where the set has none.
func (s *Set) Peak() float64 {
	if s.peak == nil {
		return 0
	}
	var sum [16]int32
	best := time.Duration(1<<63 - 1)
	for range 50 {
		start := time.Now()
		s.peak.run(peakRounds, &sum)
		best = min(best, time.Since(start))
	}
	return float64(peakRounds*s.peak.macs) / best.Seconds()
}

// peakVariant is a loop of a known number of multiply-accumulates.
type peakVariant struct {
	name  string
	needs Feature
	macs  int // per round
	run   func(rounds int, sum *[16]int32)
}

// clockRounds makes one measurement of Clock a fraction of a millisecond.
const clockRounds = 100_000

// Clock measures the cycles a second of one core while it does integer work: a chain of additions and exclusive ors, each
// of which waits for the one before and takes one cycle, the best of several short runs.
func Clock() float64 {
	best, x := time.Duration(1<<63-1), uint64(1)
	for range 20 {
		start := time.Now()
		x = chain(clockRounds, x, 3)
		best = min(best, time.Since(start))
	}
	return clockRounds * 8 / best.Seconds()
}

// chain is not inlined, or nothing would need its result.
//
//go:noinline
func chain(rounds int, x, y uint64) uint64 {
	for range rounds {
		x += y
		x ^= y
		x += y
		x ^= y
		x += y
		x ^= y
		x += y
		x ^= y
	}
	return x
}
