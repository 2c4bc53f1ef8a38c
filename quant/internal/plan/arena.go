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
	LowerBound int // the largest sum of tensors that are held at one step: no arena can be smaller
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

// maxLive bounds the search for a stretch among buffers that live at once.
const maxLive = 4000

// place gives each buffer an offset: one after another in several orders, each in the smallest gap between the buffers that
// live with it (the greedy-by-size heuristic of Pisarchyk and Lee, 2020, section 5.2, with best fit), or in the lowest; then
// the best order is searched for a better one. The same buffers give the same offsets everywhere.
func place(buffers []*Buffer, steps int) Arena {
	a := Arena{Buffers: len(buffers)}
	p := newPacker(buffers)
	if p == nil {
		return placeByTime(append([]*Buffer(nil), buffers...), a)
	}
	floor, fullest := peak(buffers, steps)
	atPeak := func(b *Buffer) bool { return b.first <= fullest && fullest <= b.last }
	for _, less := range []func(a, b *Buffer) bool{
		func(a, b *Buffer) bool { return false }, // by size alone
		func(a, b *Buffer) bool { return a.last-a.first > b.last-b.first },
		func(a, b *Buffer) bool { return atPeak(a) && !atPeak(b) },
		func(a, b *Buffer) bool { return a.Size*(a.last-a.first+1) > b.Size*(b.last-b.first+1) },
		func(a, b *Buffer) bool { return a.first < b.first },
		func(a, b *Buffer) bool { return a.last > b.last },
	} {
		order := append([]*Buffer(nil), buffers...)
		sort.SliceStable(order, func(i, j int) bool {
			if less(order[i], order[j]) != less(order[j], order[i]) {
				return less(order[i], order[j])
			}
			return order[i].Size > order[j].Size
		})
		for _, lowest := range []bool{false, true} {
			if p.total == floor || p.work > maxWork {
				break
			}
			p.try(order, lowest)
		}
	}
	p.search(floor)
	for i, b := range buffers {
		b.Offset = p.offsets[i]
	}
	a.Bytes = p.total
	return a
}

// placeByTime gives each buffer the first free stretch when its turn comes, and the end of the arena where more than
// maxLive others live with it: looking for a stretch among them is quadratic work, which no real network asks for.
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
		if len(live) > maxLive {
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

// peak is the largest sum of sizes that live at one step, and that step.
func peak(buffers []*Buffer, steps int) (bytes, step int) {
	change := make([]int, steps+1)
	for _, b := range buffers {
		change[b.first] += aligned(b.Size)
		change[b.last+1] -= aligned(b.Size)
	}
	sum := 0
	for i, c := range change {
		if sum += c; sum > bytes {
			bytes, step = sum, i
		}
	}
	return bytes, step
}

// held is the largest sum of bytes that tensors hold at one step, however they are placed. One that is made in parts, as by
// operands of a concatenation that lie inside it, holds a part from the step that writes it on; one that a step may write
// over an operand holds no bytes of its own.
func held(steps []*Step) int {
	change, written := make([]int, len(steps)+1), map[*Buffer]int{}
	for i, s := range steps {
		for _, b := range s.Out {
			if b == nil || b.Root().Place != InArena {
				continue
			}
			r := b.Root()
			part := min(aligned(b.Size), aligned(r.Size)-written[r])
			written[r] += part
			change[i] += part
			change[r.last+1] -= part
		}
	}
	top, sum := 0, 0
	for _, c := range change {
		sum += c
		top = max(top, sum)
	}
	return top
}
