package pixel

import (
	"encoding/binary"
	"math/bits"
)

// Differing writes the indices at which a and b differ into dst, in order, and returns how many there are. dst is as long
// as a and b, which are shorter than 2³¹.
func Differing(dst []int32, a, b []byte) int {
	if len(b) != len(a) || len(dst) < len(a) {
		panic("pixel: differing: broken shape")
	}
	done, n := 0, 0
	if v := scanFor(); v != nil && len(a) >= 64 {
		done = len(a) &^ 63
		n = v.differ(dst[:done], a[:done], b[:done])
	}
	return n + differing(dst[n:], a[done:], b[done:], done)
}

// differing is the generic version, eight bytes at a time. The first index is that of a[0].
func differing(dst []int32, a, b []byte, first int) (n int) {
	b = b[:len(a)]
	i := 0
	for ; i+8 <= len(a); i += 8 {
		d := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
		for d != 0 {
			at := bits.TrailingZeros64(d) &^ 7
			d &^= 0xff << at
			dst[n] = int32(first + i + at>>3)
			n++
		}
	}
	for ; i < len(a); i++ {
		if a[i] != b[i] {
			dst[n] = int32(first + i)
			n++
		}
	}
	return n
}

// zerosAtOnce bounds what the kernels count in 16 bits.
const zerosAtOnce = 1 << 16

// Zeros returns how many of the numbers are 0.
func Zeros(src []uint16) (n int) {
	if v := scanFor(); v != nil {
		for len(src) >= 32 {
			done := min(len(src)&^31, zerosAtOnce)
			n += v.zeros(src[:done])
			src = src[done:]
		}
	}
	return n + zeros(src)
}

// zeros is the generic version, without a branch.
func zeros(src []uint16) (n int) {
	for _, v := range src {
		n += int((uint32(v) - 1) >> 31)
	}
	return n
}

// The bytes that RunCode writes for a count at most, and that it may use beyond.
const (
	RunCodeBytes = 7
	RunCodeSlack = 64
)

// RunCode writes counts in the COCO API's code of run lengths (maskApi.c) into dst, and returns its bytes: from the fourth
// on each count as its difference to the one two before, in groups of 5 bits, low first, bit 5 where more follow, bit 4 of
// the last as the sign, plus 48. Counts are at least 0; len(dst) ≥ RunCodeBytes·len(counts) + RunCodeSlack.
func RunCode(dst []byte, counts []int32) int {
	if len(dst) < RunCodeBytes*len(counts)+RunCodeSlack {
		panic("pixel: run code: broken shape")
	}
	i := min(3, len(counts))
	at := runCode(dst, counts, 0, i)
	if v := scanFor(); v != nil && v.code != nil && len(counts) >= i+8 {
		n := (len(counts) - i) &^ 7
		at += v.code(dst[at:], counts[i-2:i+n])
		i += n
	}
	return at + runCode(dst[at:], counts, i, len(counts))
}

// runCode is the generic version, for the counts from first to end.
func runCode(dst []byte, counts []int32, first, end int) (at int) {
	for i := first; i < end; i++ {
		v := counts[i]
		if i > 2 {
			v -= counts[i-2]
		}
		if uint32(v+16) < 32 { // most are one group
			dst[at] = byte(v&0x1f) + 48
			at++
			continue
		}
		x := uint64(int64(v))
		n := (bits.Len32(uint32(v^v>>31)) + 5) / 5
		x = x&0xfffff | x<<12&(0xfffff<<32) // groups in bytes of their own
		x = x&0x3ff000003ff | x<<6&0x3ff000003ff0000
		x = x&0x1f001f001f001f | x<<3&0x1f001f001f001f00
		binary.LittleEndian.PutUint64(dst[at:], x+following[n])
		at += n
	}
	return at
}

// following[n] is what is added to n groups: 48, and the mark that more follow to all but the last.
var following = [RunCodeBytes + 1]uint64{0, 0x30, 0x3050, 0x305050, 0x30505050, 0x3050505050, 0x305050505050, 0x30505050505050}
