package runtime

import "github.com/depthwise/depthwise/capture"

// sequence follows a source's numbers: which pairs never came, which come late or twice.
type sequence struct {
	next uint64 // one above the highest number so far
	seen uint64 // bit i: number next−1−i came, or was used up by an error
}

// window is how far back a late number is recognised. One from further back is a source that begins anew.
const window = 64

// arrive takes a number. excused is how many numbers before it errors may have used up. It returns how many pairs are
// missing for the first time, whether this one was taken for missing before, and whether it comes after a higher one.
func (s *sequence) arrive(n, excused uint64) (missing uint64, found, late bool) {
	if n >= s.next {
		gap := n - s.next
		used := min(gap, excused)
		s.shift(used, 1<<min(used, 63)-1)
		s.shift(gap-used+1, 1)
		return gap - used, false, false
	}
	back := s.next - 1 - n
	if back >= window {
		*s = sequence{next: n + 1, seen: 1}
		return 0, false, false
	}
	found = s.seen>>back&1 == 0
	s.seen |= 1 << back
	return 0, found, true
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

// arrival counts the pair and those before it that never came, and makes its number go on where the source began anew.
// It tells whether a later one came before.
func (r *runner) arrival(p *capture.Pair) (late bool) {
	before := r.seq.next
	missing, found, late := r.seq.arrive(p.Seq, r.failed)
	r.failed, r.inHand = 0, true
	if !late && r.seq.next <= before { // anew: from here on above all that left
		r.base += before - p.Seq
	}
	p.Seq += r.base
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Frames += missing
	r.sum.Drops[DropLost] += missing
	if found { // it was counted then, as lost
		r.sum.Drops[DropLost]--
	} else {
		r.sum.Frames++
	}
	return late
}
