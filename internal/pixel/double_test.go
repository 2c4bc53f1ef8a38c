package pixel

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestDouble(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for n := range 200 {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		in := bytes.Clone(src)
		dst, generic := bytes.Repeat([]byte{guard}, 64+2*n+64), make([]byte, 2*n)
		Double(dst[64:64+2*n:64+2*n], src)
		double(generic, src)
		for i := range src {
			if dst[64+2*i] != src[i] || dst[65+2*i] != src[i] {
				t.Fatalf("%d bytes: byte %d becomes %d %d, want %d twice", n, i, dst[64+2*i], dst[65+2*i], src[i])
			}
		}
		if !bytes.Equal(generic, dst[64:64+2*n]) {
			t.Fatalf("%d bytes: the generic version differs", n)
		}
		if !bytes.Equal(dst[:64], bytes.Repeat([]byte{guard}, 64)) || !bytes.Equal(dst[64+2*n:], bytes.Repeat([]byte{guard}, 64)) {
			t.Fatalf("%d bytes: written outside", n)
		}
		if !bytes.Equal(in, src) {
			t.Fatalf("%d bytes: input changed", n)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a length that does not fit: no panic")
		}
	}()
	Double(make([]byte, 5), make([]byte, 2))
}
