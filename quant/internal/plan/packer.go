package plan

import (
	"math/rand/v2"
	"slices"
	"sort"
)

// packer places buffers in one order after another and keeps the best.
type packer struct {
	index   map[*Buffer]int
	sizes   []int
	beside  [][]int32 // which others live at a step that a buffer lives at
	at      []int     // offsets in the order being tried, -1 = not placed yet
	taken   []stretch // of the neighbours of the buffer being placed
	work    int       // stretches looked at
	total   int       // the best order's arena, -1 before the first
	order   []int32   // the best order
	lowest  bool      // it takes the lowest gap, not the smallest
	offsets []int     // what it gives
}

// stretch is bytes [from, to) of the arena.
type stretch struct{ from, to int }

// maxPairs bounds the pairs of buffers that live together. A real network has thousands.
const maxPairs = 1 << 20

// newPacker is nil where more than maxPairs live together.
func newPacker(buffers []*Buffer) *packer {
	n := len(buffers)
	p := &packer{index: make(map[*Buffer]int, n), sizes: make([]int, n), beside: make([][]int32, n), at: make([]int, n),
		offsets: make([]int, n)}
	byTime := make([]int32, n)
	for i, b := range buffers {
		p.index[b], p.sizes[i], byTime[i] = i, aligned(b.Size), int32(i)
	}
	sort.SliceStable(byTime, func(i, j int) bool { return buffers[byTime[i]].first < buffers[byTime[j]].first })
	pairs := 0
	for k, i := range byTime {
		for _, j := range byTime[k+1:] {
			if buffers[j].first > buffers[i].last {
				break
			}
			p.beside[i] = append(p.beside[i], j)
			p.beside[j] = append(p.beside[j], i)
			if pairs++; pairs > maxPairs {
				return nil
			}
		}
	}
	if n > 0 {
		p.total = -1
	}
	return p
}

// try places the buffers in an order and keeps it where its arena is the smallest yet.
func (p *packer) try(buffers []*Buffer, lowest bool) {
	order := make([]int32, len(buffers))
	for k, b := range buffers {
		order[k] = int32(p.index[b])
	}
	if total := p.place(order, lowest); p.total < 0 || total < p.total {
		p.keep(order, lowest, total)
	}
}

func (p *packer) keep(order []int32, lowest bool, total int) {
	p.total, p.lowest = total, lowest
	p.order = append(p.order[:0], order...)
	copy(p.offsets, p.at)
}

// place gives offsets in the given order and returns the arena's size.
func (p *packer) place(order []int32, lowest bool) int {
	for i := range p.at {
		p.at[i] = -1
	}
	total := 0
	for _, i := range order {
		p.at[i] = p.gap(i, lowest)
		total = max(total, p.at[i]+p.sizes[i])
	}
	return total
}

// gap finds a place for buffer i between its neighbours that have theirs.
func (p *packer) gap(i int32, lowest bool) int {
	p.taken = p.taken[:0]
	for _, j := range p.beside[i] {
		if p.at[j] >= 0 {
			p.taken = append(p.taken, stretch{p.at[j], p.at[j] + p.sizes[j]})
		}
	}
	p.work += len(p.beside[i]) + len(p.taken)
	slices.SortFunc(p.taken, func(a, b stretch) int { return a.from - b.from })
	at, least, free := -1, 0, 0
	for _, t := range p.taken {
		if room := t.from - free; room >= p.sizes[i] && (at < 0 || room < least) {
			at, least = free, room
			if lowest {
				return at
			}
		}
		free = max(free, t.to)
	}
	if at < 0 {
		return free
	}
	return at
}

// maxWork bounds the search, in stretches looked at: some 10 ms of a laptop's processor.
const maxWork = 1 << 22

// search climbs from the best order: a buffer that reaches the arena's end was placed too late, so it moves before one of
// those that it lives with, or one of those behind it. It ends at the lower bound, or when its work is done.
func (p *packer) search(bound int) {
	random := rand.New(rand.NewPCG(1, uint64(len(p.sizes))))
	order := append([]int32(nil), p.order...)
	total, position, at := p.total, make([]int, len(order)), append([]int(nil), p.offsets...) // of the order climbed from
	var earlier []int32
	for p.work = 0; p.total > bound && p.work < maxWork; {
		for k, i := range order {
			position[i] = k
		}
		top := p.top(order, at, total)
		earlier = earlier[:0]
		for _, j := range p.beside[top] {
			if position[j] < position[top] {
				earlier = append(earlier, j)
			}
		}
		if len(earlier) == 0 { // it alone is as large as the arena
			return
		}
		from, to := position[top], position[earlier[random.IntN(len(earlier))]]
		if random.IntN(2) == 0 {
			from, to = to, from
		}
		shift(order, from, to)
		if now := p.place(order, p.lowest); now > total {
			shift(order, to, from)
		} else {
			total = now
			copy(at, p.at)
			if now < p.total {
				p.keep(order, p.lowest, now)
			}
		}
	}
}

// shift moves one of a list to another place.
func shift(order []int32, from, to int) {
	i := order[from]
	if from < to {
		copy(order[from:to], order[from+1:to+1])
	} else {
		copy(order[to+1:from+1], order[to:from])
	}
	order[to] = i
}

// top is the first buffer in an order that reaches the arena's end.
func (p *packer) top(order []int32, at []int, total int) int32 {
	for _, i := range order {
		if at[i]+p.sizes[i] == total {
			return i
		}
	}
	return order[len(order)-1]
}
