package pixel

import (
	"bytes"
	"image/color"
	"math/rand/v2"
	"testing"
)

// Rows of every length are as the specification has them, byte by byte.
func TestUnpaeth(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for n := range 90 {
		for _, size := range []int{2, 3} {
			buf, above := bytes.Repeat([]byte{guard}, 32+n+32), make([]byte, n)
			for i := range n {
				buf[32+i], above[i] = byte(r.Uint32()), byte(r.Uint32())
				if n%3 == 0 { // ties, and the largest differences
					above[i] = byte(r.IntN(2) * 255)
				}
			}
			want := bytes.Clone(buf[32 : 32+n])
			for i := range n / size * size {
				a, c := 0, 0
				if i >= size {
					a, c = int(want[i-size]), int(above[i-size])
				}
				b := int(above[i])
				p := a + b - c
				pa, pb, pc := max(p-a, a-p), max(p-b, b-p), max(p-c, c-p)
				switch {
				case pa <= pb && pa <= pc:
					want[i] += byte(a)
				case pb <= pc:
					want[i] += byte(b)
				default:
					want[i] += byte(c)
				}
			}
			in := bytes.Clone(above)
			Unpaeth(buf[32:32+n:32+n], above, size)
			if !bytes.Equal(buf[32:32+n], want) {
				t.Fatalf("%d bytes in pixels of %d: %v, want %v", n, size, buf[32:32+n], want)
			}
			if !bytes.Equal(buf[:32], bytes.Repeat([]byte{guard}, 32)) || !bytes.Equal(buf[32+n:], bytes.Repeat([]byte{guard}, 32)) || !bytes.Equal(in, above) {
				t.Fatalf("%d bytes in pixels of %d: written outside", n, size)
			}
		}
	}
}

func TestYCbCr(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for n := range 60 {
		for shift := range 3 {
			for range 8 {
				plane := func(n int) []byte {
					b := make([]byte, n)
					for i := range b {
						b[i] = byte(r.Uint32())
						if r.IntN(3) == 0 {
							b[i] = byte(r.IntN(2) * 255)
						}
					}
					return b
				}
				y, cb, cr := plane(n), plane((n+(1<<shift)-1)>>shift), plane((n+(1<<shift)-1)>>shift)
				dst := bytes.Repeat([]byte{guard}, 32+3*n+32)
				YCbCr(dst[32:32+3*n:32+3*n], y, cb, cr, shift)
				for x := range n {
					var want [3]byte
					want[0], want[1], want[2] = color.YCbCrToRGB(y[x], cb[x>>shift], cr[x>>shift])
					if got := [3]byte(dst[32+3*x:]); got != want {
						t.Fatalf("%d pixels, shift %d: pixel %d is %v, want %v", n, shift, x, got, want)
					}
				}
				if !bytes.Equal(dst[:32], bytes.Repeat([]byte{guard}, 32)) || !bytes.Equal(dst[32+3*n:], bytes.Repeat([]byte{guard}, 32)) {
					t.Fatalf("%d pixels, shift %d: written outside", n, shift)
				}
			}
		}
	}
}

func TestDecodeRefusesBrokenShapes(t *testing.T) {
	for name, f := range map[string]func(){
		"size":   func() { Unpaeth(make([]byte, 8), make([]byte, 8), 4) },
		"above":  func() { Unpaeth(make([]byte, 8), make([]byte, 9), 2) },
		"dst":    func() { YCbCr(make([]byte, 8), make([]byte, 3), make([]byte, 3), make([]byte, 3), 0) },
		"chroma": func() { YCbCr(make([]byte, 9), make([]byte, 3), make([]byte, 2), make([]byte, 1), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
