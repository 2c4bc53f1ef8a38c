package runtime

import (
	"math"

	"github.com/depthwise/depthwise/capture"
)

// sequence follows a source's numbers: which pairs never came, which come late or twice.
type sequence struct {
	next uint64 // one above the highest number so far
	seen uint64 // bit i: number next−1−i came, or was used up by an error
}

// window is how far back a late number is recognised. One from further back is a source that begins anew.
const window = 64

// farthest is how many pairs may be missing at once, some hours of them: a number from beyond is no loss but a broken
// counter, and begins anew.
const farthest = 1 << 20

// arrival is what a number says.
type arrival struct {
	missing uint64 // so many pairs before it, for the first time
	found   bool   // it was taken for missing before
	late    bool   // it comes after a higher one
	anew    bool   // it has nothing to do with the numbers before
}

// arrive takes a number. excused is how many numbers before it errors may have used up.
func (s *sequence) arrive(n, excused uint64) arrival {
	gap, back := n-s.next, s.next-1-n
	switch {
	case n >= s.next && gap <= farthest:
		used := min(gap, excused)
		s.shift(used, 1<<min(used, 63)-1)
		s.shift(gap-used+1, 1)
		return arrival{missing: gap - used}
	case n < s.next && back < window:
		found := s.seen>>back&1 == 0
		s.seen |= 1 << back
		return arrival{found: found, late: true}
	}
	*s = sequence{next: n + 1, seen: math.MaxUint64} // nothing before it is missed
	return arrival{anew: true}
}

// shift moves on by n numbers, of which the newest have these bits.
func (s *sequence) shift(n, bits uint64) {
	s.next += n
	if n >= window {
		s.seen = 0
	} else {
		s.seen <<= n
	}
	s.seen |= bits
}

// arrives counts the pair and those before it that never came, and makes its number go on where the source began anew.
// It tells whether a later one came before.
func (r *runner) arrives(p *capture.Pair) (late bool) {
	before := r.seq.next
	a := r.seq.arrive(p.Seq, r.failed)
	r.inHand = true
	if !a.late { // one that is late says nothing about the errors since the last in order
		r.failed = 0
	}
	if a.anew { // from here on above all that left
		r.base += before - p.Seq
	}
	p.Seq += r.base
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Frames += a.missing
	r.sum.Drops[DropLost] += a.missing
	if a.found { // it was counted then, as lost
		r.sum.Drops[DropLost]--
	} else {
		r.sum.Frames++
	}
	return a.late
}
