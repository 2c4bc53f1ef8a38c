package png

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
)

// inflater decompresses a zlib stream (RFC 1950, RFC 1951) that lies in memory into memory of exactly its size. To know
// both ends beforehand is what makes it faster than a streaming reader: 64 bits are loaded at a time, and a match is
// copied within the output.
type inflater struct {
	lit  [1 << (litWidth + 1)]uint32  // 2342 entries are the most that 288 codes of 15 bits need
	dist [1 << (distWidth + 1)]uint32 // 402 are the most for 32
	code [1 << codeWidth]uint32
	lens [288 + 32]uint8

	src       []byte
	pos       int    // next byte of src
	bits      uint64 // the stream's next bits, the first lowest; above n they repeat what lies at pos
	n         uint   // how many of them count
	dst       []byte
	out       int
	fixedCode bool // lit and dist hold the fixed codes
}

const (
	litWidth, distWidth, codeWidth = 11, 8, 7

	// What the fast loop may read and write without looking: a refill of 8 bytes per turn and one more, and a longest
	// match that is copied in whole words after three literals.
	srcMargin = 16
	dstMargin = 3 + 258 + 8
)

var (
	errStream   = errors.New("invalid deflate stream")
	errTooMuch  = errors.New("more pixels than the header says")
	errTrailing = errors.New("data after the pixels")
)

// zlib fills dst from src.
func (z *inflater) zlib(dst, src []byte) error {
	if len(src) < 6 {
		return ErrTruncated
	}
	// Method 8 with a window of at most 32 KiB, no preset dictionary, check bits (RFC 1950, 2.2).
	if h := uint(src[0])<<8 | uint(src[1]); src[0]&15 != 8 || src[0]>>4 > 7 || src[1]&32 != 0 || h%31 != 0 {
		return errors.New("invalid zlib header")
	}
	z.src, z.pos, z.bits, z.n, z.dst, z.out = src, 2, 0, 0, dst, 0
	err := z.blocks()
	rest := src[z.pos:]
	z.src, z.dst = nil, nil
	switch {
	case err != nil:
		return err
	case z.out != len(dst) || len(rest) < 4:
		return ErrTruncated
	case binary.BigEndian.Uint32(rest) != adler32.Checksum(dst):
		return errors.New("pixels have a wrong checksum")
	case len(rest) > 4:
		return errTrailing
	}
	return nil
}

// blocks reads to the end of the last block and leaves pos at the byte after it.
func (z *inflater) blocks() error {
	for last := false; !last; {
		head, err := z.take(3)
		if err != nil {
			return err
		}
		last = head&1 != 0
		switch head >> 1 {
		case 0:
			err = z.stored()
		case 1:
			if err = z.fixed(); err == nil {
				err = z.block()
			}
		case 2:
			if err = z.dynamic(); err == nil {
				err = z.block()
			}
		default:
			err = errStream
		}
		if err != nil {
			return err
		}
	}
	z.align()
	return nil
}

// fill loads bytes one by one while they fit.
func (z *inflater) fill() {
	for z.n <= 56 && z.pos < len(z.src) {
		z.bits |= uint64(z.src[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
}

// take consumes n bits, at most 16.
func (z *inflater) take(n uint) (uint, error) {
	if z.n < n {
		if z.fill(); z.n < n {
			return 0, ErrTruncated
		}
	}
	v := uint(z.bits) & (1<<n - 1)
	z.drop(n)
	return v, nil
}

func (z *inflater) drop(n uint) {
	z.bits >>= n
	z.n -= n
}

// align gives back the whole bytes that are loaded and drops the rest of the byte before.
func (z *inflater) align() {
	z.pos -= int(z.n / 8)
	z.bits, z.n = 0, 0
}

func (z *inflater) stored() error {
	z.align()
	if len(z.src)-z.pos < 4 {
		return ErrTruncated
	}
	n := int(binary.LittleEndian.Uint16(z.src[z.pos:]))
	if n != int(^binary.LittleEndian.Uint16(z.src[z.pos+2:])) {
		return errStream
	}
	z.pos += 4
	if len(z.src)-z.pos < n {
		return ErrTruncated
	}
	if len(z.dst)-z.out < n {
		return errTooMuch
	}
	copy(z.dst[z.out:], z.src[z.pos:z.pos+n])
	z.pos += n
	z.out += n
	return nil
}

// fixed sets the codes of RFC 1951, 3.2.6.
func (z *inflater) fixed() error {
	if z.fixedCode {
		return nil
	}
	z.fixedCode = true
	for i := range 288 {
		n := 8
		switch {
		case i >= 144 && i < 256:
			n = 9
		case i >= 256 && i < 280:
			n = 7
		}
		z.lens[i] = uint8(n)
	}
	for i := range 32 {
		z.lens[288+i] = 5
	}
	if err := build(z.lit[:], litWidth, z.lens[:288], &literals); err != nil {
		return err
	}
	return build(z.dist[:], distWidth, z.lens[288:], &distances)
}

// codeOrder is the order in which the lengths of the code length code are sent (RFC 1951, 3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of RFC 1951, 3.2.7.
func (z *inflater) dynamic() error {
	z.fixedCode = false
	head, err := z.take(14)
	if err != nil {
		return err
	}
	nlit, ndist, ncode := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if nlit > 286 || ndist > 30 {
		return errStream
	}
	var lens [19]uint8
	for i := range ncode {
		v, err := z.take(3)
		if err != nil {
			return err
		}
		lens[codeOrder[i]] = uint8(v)
	}
	if err := build(z.code[:], codeWidth, lens[:], &literals); err != nil {
		return err
	}
	for i := 0; i < nlit+ndist; {
		z.fill()
		e := z.code[z.bits&(1<<codeWidth-1)]
		n := uint(e & 31)
		if e == 0 {
			return errStream
		}
		if n > z.n {
			return ErrTruncated
		}
		z.drop(n)
		sym := uint8(e >> valueShift)
		if sym < 16 {
			z.lens[i] = sym
			i++
			continue
		}
		var repeat, extra uint
		var value uint8
		switch sym {
		case 16:
			if i == 0 {
				return errStream
			}
			repeat, extra, value = 3, 2, z.lens[i-1]
		case 17:
			repeat, extra = 3, 3
		default:
			repeat, extra = 11, 7
		}
		more, err := z.take(extra)
		if err != nil {
			return err
		}
		for range repeat + more {
			if i == nlit+ndist {
				return errStream
			}
			z.lens[i] = value
			i++
		}
	}
	if err := build(z.lit[:], litWidth, z.lens[:nlit], &literals); err != nil {
		return err
	}
	return build(z.dist[:], distWidth, z.lens[nlit:nlit+ndist], &distances)
}

// block reads symbols up to the end of the block: fast while both ends are far, then with care.
func (z *inflater) block() error {
	for {
		if len(z.src)-z.pos >= srcMargin && len(z.dst)-z.out >= dstMargin {
			if end, err := z.fast(); end || err != nil {
				return err
			}
		}
		if end, err := z.careful(); end || err != nil {
			return err
		}
	}
}

// careful reads one symbol.
func (z *inflater) careful() (end bool, err error) {
	z.fill()
	e := z.lit[z.bits&(1<<litWidth-1)]
	if e&flagSub != 0 {
		e = z.lit[uint64(e>>valueShift&0x7fff)+z.bits>>litWidth&(1<<(e>>extraShift&15)-1)]
	}
	n := uint(e & 31)
	if n > z.n {
		return false, ErrTruncated
	}
	z.drop(n)
	switch {
	case e&flagLiteral != 0:
		if z.out == len(z.dst) {
			return false, errTooMuch
		}
		z.dst[z.out] = byte(e >> valueShift)
		z.out++
		return false, nil
	case e&flagEnd != 0:
		return true, nil
	case e == 0:
		return false, z.stray()
	}
	more, err := z.take(uint(e >> extraShift & 15))
	if err != nil {
		return false, err
	}
	length := int(e>>valueShift&0x7fff) + int(more)
	z.fill()
	e = z.dist[z.bits&(1<<distWidth-1)]
	if e&flagSub != 0 {
		e = z.dist[uint64(e>>valueShift&0x7fff)+z.bits>>distWidth&(1<<(e>>extraShift&15)-1)]
	}
	if n = uint(e & 31); n > z.n {
		return false, ErrTruncated
	}
	if e == 0 {
		return false, z.stray()
	}
	z.drop(n)
	if more, err = z.take(uint(e >> extraShift & 15)); err != nil {
		return false, err
	}
	distance := int(e>>valueShift&0x7fff) + int(more)
	if distance > z.out {
		return false, errStream
	}
	if length > len(z.dst)-z.out {
		return false, errTooMuch
	}
	for range length {
		z.dst[z.out] = z.dst[z.out-distance]
		z.out++
	}
	return false, nil
}

// stray is the error of bits that no code has: at the end of the data they may be only a part of one.
func (z *inflater) stray() error {
	if z.n < maxCode && z.pos == len(z.src) {
		return ErrTruncated
	}
	return errStream
}

// fast reads symbols without looking at the ends, which the caller has found far enough for one turn.
func (z *inflater) fast() (end bool, err error) {
	src, dst := z.src, z.dst
	pos, out, bits, n := z.pos, z.out, z.bits, z.n
	lit, dist := &z.lit, &z.dist
	srcEnd, dstEnd := len(src)-srcMargin, len(dst)-dstMargin
	for pos <= srcEnd && out <= dstEnd {
		bits |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := lit[bits&(1<<litWidth-1)]
		if e&flagLiteral != 0 {
			dst[out] = byte(e >> valueShift)
			out++
			bits >>= e & 31
			n -= uint(e & 31)
			if e = lit[bits&(1<<litWidth-1)]; e&flagLiteral != 0 {
				dst[out] = byte(e >> valueShift)
				out++
				bits >>= e & 31
				n -= uint(e & 31)
				if e = lit[bits&(1<<litWidth-1)]; e&flagLiteral != 0 {
					dst[out] = byte(e >> valueShift)
					out++
					bits >>= e & 31
					n -= uint(e & 31)
					continue
				}
			}
			// a length and a distance need up to 15 + 5 + 15 + 13 bits
			bits |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int(63-n) >> 3
			n |= 56
		}
		if e&flagSub != 0 {
			e = lit[(uint64(e>>valueShift&0x7fff)+bits>>litWidth&(1<<(e>>extraShift&15)-1))&uint64(len(lit)-1)]
			if e&flagLiteral != 0 {
				dst[out] = byte(e >> valueShift)
				out++
				bits >>= e & 31
				n -= uint(e & 31)
				continue
			}
		}
		if e&flagEnd != 0 || e == 0 {
			bits >>= e & 31
			n -= uint(e & 31)
			end = e != 0
			if !end {
				err = errStream
			}
			break
		}
		bits >>= e & 31
		extra := e >> extraShift & 15
		length := int(e>>valueShift&0x7fff) + int(bits&(1<<extra-1))
		bits >>= extra
		n -= uint(e&31) + uint(extra)

		e = dist[bits&(1<<distWidth-1)]
		if e&flagSub != 0 {
			e = dist[(uint64(e>>valueShift&0x7fff)+bits>>distWidth&(1<<(e>>extraShift&15)-1))&uint64(len(dist)-1)]
		}
		if e == 0 {
			err = errStream
			break
		}
		bits >>= e & 31
		extra = e >> extraShift & 15
		distance := int(e>>valueShift&0x7fff) + int(bits&(1<<extra-1))
		bits >>= extra
		n -= uint(e&31) + uint(extra)
		if distance > out {
			err = errStream
			break
		}
		from, to := out-distance, out+length
		if distance >= 8 {
			for o := out; o < to; o += 8 {
				binary.LittleEndian.PutUint64(dst[o:], binary.LittleEndian.Uint64(dst[from:]))
				from += 8
			}
		} else {
			for o := out; o < to; o++ {
				dst[o] = dst[from]
				from++
			}
		}
		out = to
	}
	z.pos, z.out, z.bits, z.n = pos, out, bits, n
	return end, err
}
