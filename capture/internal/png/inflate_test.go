package png

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"
)

// texts are inputs that lead deflate to all its kinds of blocks and codes.
func texts() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out [][]byte
	for _, n := range []int{0, 1, 2, 7, 258, 259, 300, 1000, 40_000, 200_000} {
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
		for level := zlib.HuffmanOnly; level <= 9; level++ {
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
	for _, text := range texts()[:35] {
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
