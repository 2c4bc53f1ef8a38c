// Package pool shares loops between a fixed set of goroutines: rows of an image, stripes of a network's step.
//
// The one idea: a frame wakes the workers once. All that a frame goes through — registration, preprocessing, the steps of
// the network, the mask — takes one pool, and between two loops the workers look out for the next one for a fifth of a
// millisecond before they park, because to wake a parked one takes about half as long. Between frames everything is parked.
//
// A loop is split into one contiguous stripe per worker, so that neighbouring rows stay in one core's cache, and each worker
// takes its stripe in a few chunks. One that is done takes chunks of the others': a worker that is late, descheduled or on a
// slower core (big.LITTLE) holds nobody up for longer than a chunk.
//
//	p := pool.New(2)
//	defer p.Close()
//	p.Run(240, 2, func(worker, lo, hi int) { … }) // rows lo … hi−1; lo is even
//
// Any goroutines may share a pool: one that finds it in use does its loop alone, at once, and waits for nobody. Results do
// not depend on who does what as long as units are independent.
//
// Limits: workers are goroutines, tied to no CPU. A loop of a few microseconds is not worth sharing; its caller knows.
package pool
