package capture

// share is a run of rows of blocks that one worker draws.
type share struct {
	first, last int  // rows of blocks: [first, last)
	drawn       band // colour rows that they touch
	empty       band // colour rows that are emptied before
}

// split divides the rows of blocks into shares, of which the even ones can be drawn at the same time, and after them the odd
// ones: no two touch the same colour row. Each colour row is emptied once, by the one share that is the first to touch it.
// Reach is the colour rows that each row of blocks can touch, in rising order but for rows that touch none.
func split(reach []band, height int) (shares [2][]share) {
	for size := 1; ; size *= 2 {
		shares = [2][]share{}
		for first := 0; first < len(reach); first += size {
			s := share{first: first, last: min(first+size, len(reach))}
			for _, b := range reach[s.first:s.last] {
				s.drawn = s.drawn.with(b)
			}
			n := first / size % 2
			shares[n] = append(shares[n], s)
		}
		empty(shares[0], shares[1], height)
		if apart(shares[0]) && apart(shares[1]) {
			return shares
		}
	}
}

// empty has each even share empty what it touches, and each odd one what is left between the even ones.
func empty(even, odd []share, height int) {
	at := 0
	for i := range even {
		s := &even[i]
		s.empty = band{at, at}
		if !s.drawn.none() {
			if s.empty = s.drawn; i == 0 {
				s.empty.lo = 0
			} else {
				odd[i-1].empty = band{at, max(at, s.drawn.lo)}
			}
			at = max(at, s.drawn.hi)
		}
	}
	switch {
	case len(odd) == len(even):
		odd[len(odd)-1].empty = band{at, height}
	case len(even) > 0:
		even[len(even)-1].empty.hi = height
	}
}

// apart tells whether no two of the shares touch the same colour row.
func apart(shares []share) bool {
	at := 0
	for _, s := range shares {
		b := s.drawn.with(s.empty)
		if b.none() {
			continue
		}
		if b.lo < at {
			return false
		}
		at = b.hi
	}
	return true
}

func (b band) none() bool { return b.lo >= b.hi }

// with is the band from the first row of the two to the last.
func (b band) with(a band) band {
	switch {
	case a.none():
		return b
	case b.none():
		return a
	}
	return band{min(a.lo, b.lo), max(a.hi, b.hi)}
}
