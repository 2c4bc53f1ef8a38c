package png

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// texts are inputs that lead deflate to all its kinds of blocks and codes.
func texts() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out [][]byte
	for _, n := range []int{0, 1, 2, 7, 258, 259, 300, 1000, 40_000, 70_000} {
		flat, noise, skewed, mixed := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		for i := range n {
			noise[i] = byte(r.Uint32())
			skewed[i] = byte(min(255, int(r.ExpFloat64()*3))) // long codes for the rare
			mixed[i] = byte(i)
			if i > 40 && r.IntN(10) > 0 {
				mixed[i] = mixed[i-1-r.IntN(40)]
			}
		}
		out = append(out, flat, noise, skewed, mixed, bytes.Repeat([]byte("abc"), n/3))
	}
	return out
}

func TestInflate(t *testing.T) {
	z := new(inflater)
	for i, text := range texts() {
		for _, level := range []int{zlib.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflated(text, level)
			got := make([]byte, len(text))
			if err := z.zlib(got, packed); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("text %d of %d bytes, level %d: %v", i, len(text), level, err)
			}
			if len(text) > 0 {
				if err := z.zlib(got[1:], packed); err == nil {
					t.Fatalf("text %d, level %d: fits into one byte less", i, level)
				}
			}
			if err := z.zlib(make([]byte, len(text)+1), packed); err != ErrTruncated {
				t.Fatalf("text %d, level %d: one byte more: %v", i, level, err)
			}
			for cut := 0; cut < len(packed); cut += 1 + len(packed)/50 {
				if err := z.zlib(got, packed[:cut]); err == nil {
					t.Fatalf("text %d, level %d: %d of %d bytes suffice", i, level, cut, len(packed))
				}
			}
		}
	}
}

// FuzzInflate: what the inflater accepts, the standard library accepts with the same bytes; and every stream that the
// standard library reads to its very end is accepted.
func FuzzInflate(f *testing.F) {
	for _, text := range texts()[:40] {
		f.Add(deflated(text, 6))
		f.Add(deflated(text, 1))
		f.Add(deflated(text, zlib.HuffmanOnly))
		f.Add(deflated(text, 0))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		src := bytes.NewReader(packed)
		var want []byte
		r, err := zlib.NewReader(src)
		if err == nil {
			want, err = io.ReadAll(io.LimitReader(r, 1<<20))
		}
		got := make([]byte, len(want))
		ours := new(inflater).zlib(got, packed)
		if ours == nil && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("accepted %d bytes; the standard library: %v", len(packed), err)
		}
		if err == nil && len(want) < 1<<20 && src.Len() == 0 && ours != nil {
			t.Fatalf("refused: %v", ours)
		}
	})
}

// bitWriter puts deflate's bits together, the first lowest.
type bitWriter struct {
	out  []byte
	bits uint64
	n    uint
}

func (w *bitWriter) put(v uint64, n uint) {
	w.bits |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

// code puts a Huffman code, whose highest bit comes first.
func (w *bitWriter) code(v uint16, n uint) { w.put(uint64(bits.Reverse16(v)>>(16-n)), n) }

// put symbol and extra bits of a length or distance.
func (w *bitWriter) value(s *symbols, first, last, value int, code func(sym int)) {
	for sym := last; sym >= first; sym-- {
		if base := int(s[sym] >> valueShift); base <= value {
			code(sym)
			w.put(uint64(value-base), uint(s[sym]>>extraShift&15))
			return
		}
	}
}

// fixedStream is a block of fixed codes: some zeros, then a match, then the end and some bytes more.
func fixedStream(zeros, length, distance int, tail int) []byte {
	w := bitWriter{out: []byte{0x78, 0x9c}}
	w.put(0b011, 3)
	for range zeros {
		w.code(0x30, 8)
	}
	w.value(&literals, 257, 285, length, func(sym int) {
		if sym < 280 {
			w.code(uint16(sym-256), 7)
		} else {
			w.code(uint16(0xc0+sym-280), 8)
		}
	})
	w.value(&distances, 0, 29, distance, func(sym int) { w.code(uint16(sym), 5) })
	w.put(0, 7) // end
	w.put(0, 7)
	return append(w.out, make([]byte, tail)...)
}

// TestMatch: a match that begins before the output or reaches over its end is refused, one that fits is not, far from
// the ends of both sides and near them.
func TestMatch(t *testing.T) {
	for _, zeros := range []int{1, 2, 5, 7, 8, 30, 257} {
		for _, tail := range []int{4, 100} {
			for _, length := range []int{3, 10, 257, 258} {
				for room := max(0, length-20); room < length+300; room++ {
					for _, distance := range []int{1, zeros - 1, zeros, zeros + 1, zeros + 8} {
						if distance < 1 {
							continue
						}
						dst := make([]byte, zeros+room, zeros+room+9)
						guard := dst[len(dst):cap(dst)]
						guard[0] = 7
						err := new(inflater).zlib(dst, fixedStream(zeros, length, distance, tail))
						want := err // of checksum or length
						switch {
						case distance > zeros:
							want = errStream
						case length > room:
							want = errTooMuch
						}
						if err != want || (err == errStream || err == errTooMuch) != (distance > zeros || length > room) || guard[0] != 7 {
							t.Fatalf("%d at distance %d after %d bytes, room for %d, %d more: %v", length, distance, zeros, room, tail, err)
						}
					}
				}
			}
		}
	}
	if err := new(inflater).zlib(make([]byte, 10), fixedStream(2, 3, 1, 0)[:5]); err != ErrTruncated {
		t.Errorf("cut: %v", err)
	}
}

// TestBuild: codes must fill their space, but for a lone one of one bit and for none.
func TestBuild(t *testing.T) {
	long := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}
	for _, c := range []struct {
		lens []uint8
		ok   bool
	}{
		{[]uint8{1, 1}, true}, {[]uint8{2, 1, 2}, true}, {long, true},
		{[]uint8{0, 0}, true}, {[]uint8{0, 1, 0}, true},
		{[]uint8{1, 1, 1}, false}, {[]uint8{1, 2, 2, 2}, false}, {append([]uint8{15}, long...), false},
		{[]uint8{2}, false}, {[]uint8{2, 2}, false}, {[]uint8{1, 2}, false}, {long[:15], false}, {[]uint8{1, 3, 3}, false},
	} {
		if err := build(new(inflater).lit[:], litWidth, c.lens, &literals); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.lens, err)
		}
	}
}
