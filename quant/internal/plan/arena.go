package plan

import (
	"math"
	"sort"
)

// alignment of every buffer in the arena: a cache line, and the widest vector register.
const alignment = 64

func aligned(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

// Arena says how well the arena is packed.
type Arena struct {
	Bytes      int // the arena's size
	LowerBound int // the largest sum of buffers that live at one step: no arena can be smaller
	Buffers    int
}

// lifetimes sets each buffer's first and last step, on the buffers that own bytes.
func lifetimes(steps []*Step) []*Buffer {
	var owned []*Buffer
	seen := map[*Buffer]bool{}
	for i, s := range steps {
		for _, list := range [][]*Buffer{s.Out, s.In} {
			for _, b := range list {
				if b == nil {
					continue
				}
				r := b.Root()
				if !seen[r] {
					seen[r] = true
					r.first = i
					if r.Place == InArena {
						owned = append(owned, r)
					}
				}
				r.last = i
			}
		}
	}
	return owned
}

// maxExact bounds the quadratic placement; beyond it buffers are placed in order of time.
const maxExact = 4000

// place gives each buffer an offset: largest first, each in the smallest gap between the buffers that live with it
// (the greedy-by-size heuristic of Pisarchyk and Lee, 2020, section 5.2, with best fit).
func place(buffers []*Buffer, steps int) Arena {
	a := Arena{Buffers: len(buffers), LowerBound: lowerBound(buffers, steps)}
	order := append([]*Buffer(nil), buffers...)
	if len(order) > maxExact {
		return placeByTime(order, a)
	}
	sort.SliceStable(order, func(i, j int) bool { return order[i].Size > order[j].Size })
	best := -1
	offsets := make([]int, len(order))
	peak := peakStep(buffers, steps)
	atPeak := func(b *Buffer) bool { return b.first <= peak && peak <= b.last }
	// Several heuristics, the best one wins.
	for _, less := range []func(a, b *Buffer) bool{
		nil, // largest first, as sorted
		func(a, b *Buffer) bool { return a.last-a.first > b.last-b.first },
		func(a, b *Buffer) bool { return atPeak(a) && !atPeak(b) },
		func(a, b *Buffer) bool { return a.Size*(a.last-a.first+1) > b.Size*(b.last-b.first+1) },
		func(a, b *Buffer) bool { return a.first < b.first },
		func(a, b *Buffer) bool { return a.last > b.last },
	} {
		sort.SliceStable(order, func(i, j int) bool { return order[i].Size > order[j].Size })
		if less != nil {
			sort.SliceStable(order, func(i, j int) bool { return less(order[i], order[j]) })
		}
		total := greedy(order)
		if best < 0 || total < best {
			best = total
			for i, b := range buffers {
				offsets[i] = b.Offset
			}
		}
		if best == a.LowerBound {
			break
		}
	}
	for i, b := range buffers {
		b.Offset = offsets[i]
	}
	a.Bytes = max(best, 0)
	return a
}

// greedy places buffers in the given order and returns the arena's size.
func greedy(order []*Buffer) int {
	total := 0
	var placed []*Buffer // by offset
	for _, b := range order {
		size := aligned(b.Size)
		at, gap, free := -1, 0, 0
		for _, p := range placed {
			if p.first > b.last || p.last < b.first {
				continue
			}
			if room := p.Offset - free; room >= size && (at < 0 || room < gap) {
				at, gap = free, room
			}
			free = max(free, p.Offset+aligned(p.Size))
		}
		if at < 0 {
			at = free
		}
		b.Offset = at
		total = max(total, at+size)
		i := sort.Search(len(placed), func(i int) bool { return placed[i].Offset >= at })
		placed = append(placed, nil)
		copy(placed[i+1:], placed[i:])
		placed[i] = b
	}
	return total
}

// placeByTime gives each buffer the first free stretch when its turn comes, and the end of the arena where more than
// maxExact others live with it: looking for a stretch among them is quadratic work, which no real network asks for.
func placeByTime(order []*Buffer, a Arena) Arena {
	sort.SliceStable(order, func(i, j int) bool { return order[i].first < order[j].first })
	var live []*Buffer // by offset
	soonest := 0       // the step after which the first of them dies
	for _, b := range order {
		if soonest < b.first {
			kept := live[:0]
			soonest = math.MaxInt
			for _, p := range live {
				if p.last >= b.first {
					kept = append(kept, p)
					soonest = min(soonest, p.last)
				}
			}
			live = kept
		}
		soonest = min(soonest, b.last)
		size, at := aligned(b.Size), 0
		if len(live) > maxExact {
			b.Offset = a.Bytes
			a.Bytes += size
			live = append(live, b)
			continue
		}
		i := 0
		for ; i < len(live); i++ {
			if live[i].Offset-at >= size {
				break
			}
			at = max(at, live[i].Offset+aligned(live[i].Size))
		}
		b.Offset = at
		a.Bytes = max(a.Bytes, at+size)
		live = append(live, nil)
		copy(live[i+1:], live[i:])
		live[i] = b
	}
	return a
}

// peakStep is a step at which as many bytes live as lowerBound says.
func peakStep(buffers []*Buffer, steps int) int {
	change := make([]int, steps+1)
	for _, b := range buffers {
		change[b.first] += aligned(b.Size)
		change[b.last+1] -= aligned(b.Size)
	}
	top, sum, at := 0, 0, 0
	for i, c := range change {
		if sum += c; sum > top {
			top, at = sum, i
		}
	}
	return at
}

// lowerBound is the largest sum of sizes that live at one step.
func lowerBound(buffers []*Buffer, steps int) int {
	change := make([]int, steps+1)
	for _, b := range buffers {
		change[b.first] += aligned(b.Size)
		change[b.last+1] -= aligned(b.Size)
	}
	top, sum := 0, 0
	for _, c := range change {
		sum += c
		top = max(top, sum)
	}
	return top
}
