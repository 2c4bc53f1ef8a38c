package pixel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// colorOf and depthOf are the definitions, a pixel at a time.
func colorOf(top, bottom []byte, i, k int) byte {
	return byte((int(top[6*i+k]) + int(top[6*i+3+k]) + int(bottom[6*i+k]) + int(bottom[6*i+3+k]) + 2) / 4)
}

func depthOf(box [4]uint16) int {
	r, sum, n := 0, 0, 0
	for _, d := range box {
		if r == 0 {
			r = int(d)
		}
	}
	for _, d := range box {
		if d != 0 && 32*max(int(d)-r, r-int(d)) <= r {
			sum, n = sum+int(d), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return (sum + n/2) / n
}

const guard = 0x5a

// Halving is as defined at every length, within its row alone.
func TestHalveColor(t *testing.T) {
	eachHalve(t, testHalveColor)
}

// eachHalve runs a test with each variant that this CPU can run, and without any.
func eachHalve(t *testing.T, test func(t *testing.T)) {
	best := halveFor
	defer func() { halveFor = best }()
	for i := range halveTable {
		if v := &halveTable[i]; v.ok() {
			halveFor = func() *halveVariant { return v }
			t.Run(v.name, test)
		}
	}
	halveFor = func() *halveVariant { return nil }
	t.Run("generic", test)
}

func testHalveColor(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 70 {
		for _, step := range []int{3, 4} {
			for _, bgr := range []bool{false, true} {
				top, bottom := make([]byte, 6*n), make([]byte, 6*n)
				for i := range top {
					top[i], bottom[i] = byte(r.Uint32()), byte(r.Uint32())
					if n%3 == 0 { // the largest sums
						top[i], bottom[i] = 255-byte(r.IntN(2)), 255-byte(r.IntN(2))
					}
				}
				in := slices.Concat(top, bottom)
				dst := bytes.Repeat([]byte{guard}, 64+step*n+64)
				HalveColor(dst[64:64+step*n:64+step*n], step, top, bottom, bgr)
				for i := range n {
					for k := range 3 {
						from := k
						if bgr {
							from = 2 - k
						}
						if got, want := dst[64+step*i+k], colorOf(top, bottom, i, from); got != want {
							t.Fatalf("%d pixels, step %d, bgr %v: channel %d of pixel %d is %d, want %d", n, step, bgr, k, i, got, want)
						}
					}
				}
				if !bytes.Equal(dst[:64], bytes.Repeat([]byte{guard}, 64)) || !bytes.Equal(dst[64+step*n:], bytes.Repeat([]byte{guard}, 64)) {
					t.Fatalf("%d pixels, step %d: written outside", n, step)
				}
				if !bytes.Equal(in, slices.Concat(top, bottom)) {
					t.Fatalf("%d pixels: input changed", n)
				}
			}
		}
	}
}

// A table cannot show a mean of 16 bits, so two tables do.
func TestHalveDepth(t *testing.T) {
	eachHalve(t, testHalveDepth)
}

func testHalveDepth(t *testing.T) {
	var low, high [1 << 16]uint8
	for i := range low {
		low[i], high[i] = uint8(i), uint8(i>>8)
	}
	r := rand.New(rand.NewPCG(2, 2))
	met := map[string]int{}
	for round := range 400 {
		n := round % 200
		top, bottom := make([]uint16, 2*n), make([]uint16, 2*n)
		for i := range n { // about one value, so that some agree, at the border of it, holes, extremes
			base := []int{1 + r.IntN(100), 600 + r.IntN(5000), 65535 - r.IntN(3000), 32 * r.IntN(2000)}[r.IntN(4)]
			for _, p := range []*uint16{&top[2*i], &top[2*i+1], &bottom[2*i], &bottom[2*i+1]} {
				*p = uint16(min(max(base+[]int{0, base / 32, -base / 32, base/32 + 1, -base/32 - 1, r.IntN(9) - 4, 70000}[r.IntN(7)], 0), 65535))
				if r.IntN(4) == 0 {
					*p = 0
				}
			}
		}
		in := slices.Concat(top, bottom)
		for _, step := range []int{1, 4} {
			size := 0
			if n > 0 {
				size = step*(n-1) + 1
			}
			a, b := bytes.Repeat([]byte{guard}, 64+size+64), make([]byte, size)
			HalveDepth(a[64:64+size:64+size], step, top, bottom, &low)
			HalveDepth(b, step, top, bottom, &high)
			for i := range a {
				at := i - 64
				if at < 0 || at >= size || at%step != 0 {
					if a[i] != guard {
						t.Fatalf("%d pixels, step %d: byte %d is written", n, step, at)
					}
					continue
				}
				x := at / step
				box := [4]uint16{top[2*x], top[2*x+1], bottom[2*x], bottom[2*x+1]}
				got, want := int(a[i])|int(b[at])<<8, depthOf(box)
				if got != want {
					t.Fatalf("%d pixels, step %d: mean of %d at %d is %d, want %d", n, step, box, x, got, want)
				}
				met[fmt.Sprint(want == 0, want > 60000)]++
			}
		}
		if !slices.Equal(in, slices.Concat(top, bottom)) {
			t.Fatal("input changed")
		}
	}
	if len(met) != 3 {
		t.Errorf("met %v", met)
	}
}

// The generic versions make the same, whatever this CPU can run.
func TestHalveGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var table [1 << 16]uint8
	for i := range table {
		table[i] = uint8(r.Uint32())
	}
	for n := range 60 {
		top, bottom, colorTop, colorBottom := make([]uint16, 2*n), make([]uint16, 2*n), make([]byte, 6*n), make([]byte, 6*n)
		for i := range top {
			top[i], bottom[i] = uint16(1000+r.IntN(64))*uint16(r.IntN(2)), uint16(1000+r.IntN(64))
		}
		for i := range colorTop {
			colorTop[i], colorBottom[i] = byte(r.Uint32()), byte(r.Uint32())
		}
		a, b := make([]byte, 3*n), make([]byte, 3*n)
		HalveColor(a, 3, colorTop, colorBottom, false)
		halveColor(b, 3, colorTop, colorBottom)
		if !bytes.Equal(a, b) {
			t.Fatalf("%d pixels: colour differs", n)
		}
		a, b = a[:n], b[:n]
		HalveDepth(a, 1, top, bottom, &table)
		halveDepth(b, 1, top, bottom, &table)
		if !bytes.Equal(a, b) {
			t.Fatalf("%d pixels: depth differs", n)
		}
	}
}

func TestHalveRefusesBrokenShapes(t *testing.T) {
	var table [1 << 16]uint8
	for name, f := range map[string]func(){
		"step":         func() { HalveColor(make([]byte, 100), 5, make([]byte, 12), make([]byte, 12), false) },
		"rows":         func() { HalveColor(make([]byte, 100), 4, make([]byte, 12), make([]byte, 6), false) },
		"odd":          func() { HalveColor(make([]byte, 100), 4, make([]byte, 13), make([]byte, 13), false) },
		"short":        func() { HalveColor(make([]byte, 7), 4, make([]byte, 12), make([]byte, 12), false) },
		"depth step":   func() { HalveDepth(make([]byte, 100), 0, make([]uint16, 4), make([]uint16, 4), &table) },
		"depth rows":   func() { HalveDepth(make([]byte, 100), 1, make([]uint16, 4), make([]uint16, 2), &table) },
		"depth odd":    func() { HalveDepth(make([]byte, 100), 1, make([]uint16, 5), make([]uint16, 5), &table) },
		"depth length": func() { HalveDepth(make([]byte, 4), 4, make([]uint16, 4), make([]uint16, 4), &table) },
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

func BenchmarkHalve(b *testing.B) {
	const width, height = 640, 480
	r := rand.New(rand.NewPCG(4, 4))
	var table [1 << 16]uint8
	for i := range table {
		table[i] = uint8(i >> 4)
	}
	color, depth, dst := make([]byte, 3*width*height), make([]uint16, width*height), make([]byte, width*height)
	for i := range depth {
		depth[i] = uint16(900 + 2*(i%width) + r.IntN(30))
		if r.IntN(20) == 0 {
			depth[i] = 0
		}
	}
	best := halveFor
	defer func() { halveFor = best }()
	for i := range halveTable {
		v := &halveTable[i]
		if !v.ok() {
			continue
		}
		halveFor = func() *halveVariant { return v }
		b.Run(v.name+"/color", func(b *testing.B) {
			for b.Loop() {
				for y := 0; y < height; y += 2 {
					HalveColor(dst[y*width:], 4, color[3*y*width:3*(y+1)*width], color[3*(y+1)*width:3*(y+2)*width], false)
				}
			}
		})
		b.Run(v.name+"/depth", func(b *testing.B) {
			for b.Loop() {
				for y := 0; y < height; y += 2 {
					HalveDepth(dst[y*width+3:], 4, depth[y*width:(y+1)*width], depth[(y+1)*width:(y+2)*width], &table)
				}
			}
		})
	}
}
