package png

import (
	"errors"
	"math/bits"
)

// A decoding table has 1<<width entries for the next width bits of the stream, the first bit lowest. Codes that are
// longer lead to a table of their own behind these, named by an entry with flagSub. An entry is
//
//	bits 0–4    length of the code, of longer codes too the whole length
//	bits 5–8    extra bits that follow the code; of flagSub: index bits of the further table
//	bits 13–27  what the code says: a literal, the base of a length or distance; of flagSub: place of the table
//	bits 29–31  flags
//
// and 0 where no code leads.
const (
	flagLiteral = 1 << 31
	flagSub     = 1 << 30
	flagEnd     = 1 << 29

	extraShift = 5
	valueShift = 13

	maxCode = 15 // bits (RFC 1951, 3.2.7)
)

var errCode = errors.New("invalid code lengths")

// symbols says for each symbol what goes into its entry (RFC 1951, 3.2.5).
type symbols [288]uint32

var (
	literals  = makeLiterals()
	distances = makeDistances()
)

func makeLiterals() (s symbols) {
	for i := range 256 {
		s[i] = flagLiteral | uint32(i)<<valueShift
	}
	s[256] = flagEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(0, i/4-1))
		s[257+i] = base<<valueShift | extra<<extraShift
		base += 1 << extra
	}
	s[285] = 258 << valueShift
	return s // 286 and 287 never occur in a valid stream: they stay 0
}

func makeDistances() (s symbols) {
	base := uint32(1)
	for i := range 30 {
		extra := uint32(max(0, i/2-1))
		s[i] = base<<valueShift | extra<<extraShift
		base += 1 << extra
	}
	return s
}

// build fills table, whose first 1<<width entries are the root, for the codes of the given lengths. Codes must fill
// their space, but for a lone code of one bit and for no code at all.
func build(table []uint32, width int, lens []uint8, s *symbols) error {
	var count [maxCode + 1]int
	for _, n := range lens {
		count[n]++
	}
	count[0] = 0
	left, used := 1, 0
	for n := 1; n <= maxCode; n++ {
		left = left<<1 - count[n]
		used += count[n]
		if left < 0 {
			return errCode
		}
	}
	if left > 0 && !(used == 0 || used == 1 && count[1] == 1) {
		return errCode
	}
	var order [288]uint16
	var next [maxCode + 2]int
	for n := 1; n <= maxCode; n++ {
		next[n+1] = next[n] + count[n]
	}
	for sym, n := range lens {
		if n > 0 {
			order[next[n]] = uint16(sym)
			next[n]++
		}
	}
	clear(table[:1<<width])

	code, end := 0, 1<<width // end of all tables so far
	sub, subWidth, prefix := 0, 0, -1
	n := 1
	for i := range used {
		sym := order[i]
		for length := int(lens[sym]); n < length; n++ {
			code <<= 1
		}
		rev := int(bits.Reverse16(uint16(code)) >> (16 - n))
		entry := s[sym] | uint32(n)
		if s[sym] == 0 {
			entry = 0
		}
		if n <= width {
			for j := rev; j < 1<<width; j += 1 << n {
				table[j] = entry
			}
		} else {
			if p := rev & (1<<width - 1); p != prefix {
				prefix, sub, subWidth = p, end, n-width
				for room := 1<<subWidth - count[n]; room > 0 && width+subWidth < maxCode; {
					subWidth++
					room = room<<1 - count[width+subWidth]
				}
				end += 1 << subWidth
				if end > len(table) {
					return errCode
				}
				clear(table[sub:end])
				table[p] = flagSub | uint32(sub)<<valueShift | uint32(subWidth)<<extraShift | uint32(width)
			}
			for j := rev >> width; j < 1<<subWidth; j += 1 << (n - width) {
				table[sub+j] = entry
			}
		}
		code++
		count[n]-- // what is left of this length, for the width of further tables
	}
	return nil
}
