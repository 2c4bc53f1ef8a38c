package pixel

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// scanVariants are all of the table that this CPU can run; nil stands for the generic versions.
func scanVariants(t *testing.T) []*scanVariant {
	list := []*scanVariant{nil}
	for i := range scanTable {
		if scanTable[i].ok() {
			list = append(list, &scanTable[i])
		} else {
			t.Logf("%s: not on this CPU", scanTable[i].name)
		}
	}
	return list
}

func (v *scanVariant) String() string {
	if v == nil {
		return "generic"
	}
	return v.name
}

func TestDiffering(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	for _, v := range scanVariants(t) {
		for n := range 400 {
			a := make([]byte, n)
			for i := range a {
				a[i] = byte(r.Uint32())
			}
			b := bytes.Clone(a)
			every := []int{1, 2, 30, 300}[n%4]
			var want []int32
			for i := range b {
				if r.IntN(every) == 0 {
					b[i] ^= 1 << r.IntN(8)
					want = append(want, int32(i))
				}
			}
			inA, inB := bytes.Clone(a), bytes.Clone(b)
			dst := slices.Repeat([]int32{-7}, 32+n+32)
			out, got := dst[32:32+n:32+n], 0
			switch {
			case v == nil:
				got = differing(out, a, b, 0)
			case n%64 != 0:
				got = Differing(out, a, b) // of the best variant, and the rest
			default:
				got = v.differ(out, a, b)
			}
			if !slices.Equal(out[:got], want) {
				t.Fatalf("%v, %d bytes: %v, want %v", v, n, out[:got], want)
			}
			if !slices.Equal(dst[:32], slices.Repeat([]int32{-7}, 32)) || !slices.Equal(dst[32+n:], slices.Repeat([]int32{-7}, 32)) {
				t.Fatalf("%v, %d bytes: written outside", v, n)
			}
			if !bytes.Equal(a, inA) || !bytes.Equal(b, inB) {
				t.Fatalf("%v, %d bytes: input changed", v, n)
			}
		}
	}
}

func TestZeros(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	lengths := []int{zerosAtOnce, zerosAtOnce + 32, 3*zerosAtOnce + 45}
	for n := range 200 {
		lengths = append(lengths, n)
	}
	for _, v := range scanVariants(t) {
		for _, n := range lengths {
			for _, every := range []int{1, 3, 100} { // of one in so many is 0; the others are the nearest to it, and the furthest
				src := make([]uint16, n)
				want := 0
				for i := range src {
					if r.IntN(every) == 0 {
						want++
					} else {
						src[i] = []uint16{1, 0x100, 0x8000, 0xffff}[r.IntN(4)]
					}
				}
				got := 0
				switch {
				case v == nil:
					got = zeros(src)
				case n%32 != 0 || n > zerosAtOnce:
					got = Zeros(src)
				default:
					got = v.zeros(src)
				}
				if got != want {
					t.Fatalf("%v, %d numbers: %d are 0, want %d", v, n, got, want)
				}
			}
		}
	}
}

// cocoCode is rleToString of the COCO API's maskApi.c, number by number.
func cocoCode(counts []int32) (code []byte) {
	for i, v := range counts {
		x := int64(v)
		if i > 2 {
			x -= int64(counts[i-2])
		}
		for more := true; more; {
			c := x & 0x1f
			x >>= 5
			if more = x != 0; c&0x10 != 0 {
				more = x != -1
			}
			if more {
				c |= 0x20
			}
			code = append(code, byte(c+48))
		}
	}
	return code
}

func TestRunCode(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 13))
	const most = 1<<31 - 1
	edges := []int32{0, 1, 15, 16, 17, 511, 512, 1<<14 - 1, 1 << 14, 1<<19 - 1, 1 << 19, 1<<24 - 1, 1 << 24, 1<<29 - 1, 1 << 29, most - 1, most}
	for _, v := range scanVariants(t) {
		for n := range 300 {
			counts := make([]int32, n)
			for i := range counts {
				switch n % 3 {
				case 0:
					counts[i] = int32(r.IntN(40))
				case 1:
					counts[i] = int32(r.Uint32()) & most >> r.IntN(31)
				default:
					counts[i] = edges[r.IntN(len(edges))]
				}
			}
			in, want := slices.Clone(counts), cocoCode(counts)
			room := RunCodeBytes*n + RunCodeSlack
			dst := bytes.Repeat([]byte{guard}, 32+room+32)
			out, at := dst[32:32+room:32+room], 0
			switch {
			case v == nil || v.code == nil:
				at = runCode(out, counts, 0, n)
			case n < 11:
				at = RunCode(out, counts)
			default:
				end := 3 + (n-3)&^7
				at = runCode(out, counts, 0, 3)
				at += v.code(out[at:], counts[1:end])
				at += runCode(out[at:], counts, end, n)
			}
			if !bytes.Equal(out[:at], want) {
				t.Fatalf("%v, %d counts: %q, want %q", v, n, out[:at], want)
			}
			if whole := make([]byte, room); !bytes.Equal(whole[:RunCode(whole, counts)], want) {
				t.Fatalf("RunCode of %d counts: %q, want %q", n, whole, want)
			}
			if !bytes.Equal(dst[:32], bytes.Repeat([]byte{guard}, 32)) || !bytes.Equal(dst[32+room:], bytes.Repeat([]byte{guard}, 32)) {
				t.Fatalf("%v, %d counts: written outside", v, n)
			}
			if !slices.Equal(counts, in) {
				t.Fatalf("%v, %d counts: input changed", v, n)
			}
		}
	}
}

func TestScanRefusesBrokenShapes(t *testing.T) {
	for name, f := range map[string]func(){
		"b":    func() { Differing(make([]int32, 9), make([]byte, 9), make([]byte, 8)) },
		"dst":  func() { Differing(make([]int32, 8), make([]byte, 9), make([]byte, 9)) },
		"code": func() { RunCode(make([]byte, RunCodeBytes*3+RunCodeSlack-1), make([]int32, 3)) },
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

func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(14, 14))
	row, above := make([]byte, 4096), make([]byte, 4096)
	for i := range row {
		if r.IntN(30) == 0 {
			row[i] = 1
		}
	}
	places := make([]int32, 4096)
	depth := make([]uint16, 640*480)
	counts := make([]int32, 4000)
	for i := range counts {
		counts[i] = int32(100 + r.IntN(12)*(1+r.IntN(10)/9*20))
	}
	code := make([]byte, RunCodeBytes*len(counts)+RunCodeSlack)
	for name, f := range map[string][2]func(){
		"differing": {func() { differing(places, row, above, 0) }, func() { Differing(places, row, above) }},
		"zeros":     {func() { zeros(depth) }, func() { Zeros(depth) }},
		"code":      {func() { runCode(code, counts, 0, len(counts)) }, func() { RunCode(code, counts) }},
	} {
		for i, kind := range []string{"generic", "best"} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				for b.Loop() {
					f[i]()
				}
			})
		}
	}
}
