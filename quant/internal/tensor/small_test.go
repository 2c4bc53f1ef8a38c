package tensor

import (
	"bytes"
	"math"
	"testing"
)

var small = []DType{Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float4E2M1}

// Every code stands for a value that is stored as that code, values rise with codes, and a value between two codes goes to
// the nearer one, in the middle to the even one.
func TestSmallFloats(t *testing.T) {
	for _, d := range small {
		m := minifloats[d]
		for i := range 2 * int(m.sign()) {
			b := byte(i)
			v := SmallToFloat(d, b)
			back := FloatToSmall(d, v, false)
			if v != v {
				if w := SmallToFloat(d, back); w == w {
					t.Errorf("%v: NaN of code %#x is stored as %v", d, b, w)
				}
				continue
			}
			if back != b {
				t.Errorf("%v: code %#x is %v, stored as %#x", d, b, v, back)
			}
		}
		for c := range m.most {
			lo, hi := SmallToFloat(d, c), SmallToFloat(d, c+1)
			if !(lo < hi) {
				t.Fatalf("%v: codes %#x, %#x are %v, %v", d, c, c+1, lo, hi)
			}
			mid := (lo + hi) / 2
			for x, want := range map[float32]byte{mid: c + c&1, math.Nextafter32(mid, 0): c, math.Nextafter32(mid, 1e9): c + 1} {
				if got := FloatToSmall(d, x, true); got != want {
					t.Errorf("%v: %v is stored as %#x, want %#x", d, x, got, want)
				}
				wantNeg := want | m.sign()
				if want == 0 && m.unsignedZero {
					wantNeg = 0
				}
				if got := FloatToSmall(d, -x, true); got != wantNeg {
					t.Errorf("%v: %v is stored as %#x, want %#x", d, -x, got, wantNeg)
				}
			}
		}
	}
}

// The ends of the ranges, with and without saturation.
func TestSmallFloatEnds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		d        DType
		x        float32
		sat, not byte
	}{
		{Float8E4M3FN, 448, 0x7e, 0x7e}, {Float8E4M3FN, 464, 0x7e, 0x7e}, {Float8E4M3FN, 465, 0x7e, 0x7f}, {Float8E4M3FN, -1e9, 0xfe, 0xff},
		{Float8E4M3FN, inf, 0x7e, 0x7f}, {Float8E4M3FN, nan, 0x7f, 0x7f}, {Float8E4M3FN, 0x1p-9, 0x01, 0x01}, {Float8E4M3FN, 0x1p-10, 0, 0},
		{Float8E4M3FNUZ, 240, 0x7f, 0x7f}, {Float8E4M3FNUZ, 248, 0x7f, 0x80}, {Float8E4M3FNUZ, -inf, 0xff, 0x80}, {Float8E4M3FNUZ, nan, 0x80, 0x80},
		{Float8E5M2, 57344, 0x7b, 0x7b}, {Float8E5M2, 61440, 0x7b, 0x7c}, {Float8E5M2, -inf, 0xfb, 0xfc}, {Float8E5M2, 61439, 0x7b, 0x7b},
		{Float8E5M2FNUZ, 57344, 0x7f, 0x7f}, {Float8E5M2FNUZ, 1e9, 0x7f, 0x80},
		{Float4E2M1, 6, 7, 7}, {Float4E2M1, 1e9, 7, 7}, {Float4E2M1, -inf, 15, 15}, {Float4E2M1, 2.5, 4, 4}, {Float4E2M1, 3.5, 6, 6},
		{Float8E8M0, 1, 127, 127}, {Float8E8M0, 3, 129, 129}, {Float8E8M0, nan, 255, 255}, {Float8E8M0, inf, 254, 255}, {Float8E8M0, 0, 0, 0},
	} {
		if s, n := FloatToSmall(c.d, c.x, true), FloatToSmall(c.d, c.x, false); s != c.sat || n != c.not {
			t.Errorf("%v of %v is %#x, or %#x without saturation; want %#x, %#x", c.d, c.x, s, n, c.sat, c.not)
		}
	}
	if v := SmallToFloat(Float8E5M2, 0xfc); !math.IsInf(float64(v), -1) {
		t.Errorf("-Inf is %v", v)
	}
	for mode, want := range map[string][3]byte{"up": {129, 129, 128}, "down": {128, 128, 128}, "nearest": {129, 128, 128}} {
		for i, x := range []float32{3, 2.9, 2} {
			if got := FloatToExponent(x, true, mode); got != want[i] {
				t.Errorf("%v %s is 2^%d, want 2^%d", x, mode, int(got)-127, int(want[i])-127)
			}
		}
	}
}

func TestUnpack(t *testing.T) {
	packed := []byte{0xf8, 0x17, 0x05}
	for _, c := range []struct {
		d    DType
		n    int
		want []byte
	}{
		{Int4, 5, []byte{0xf8, 0xff, 7, 1, 5}}, {Uint4, 6, []byte{8, 15, 7, 1, 5, 0}}, {Float4E2M1, 3, []byte{8, 15, 7}},
		{Int2, 5, []byte{0, 0xfe, 0xff, 0xff, 0xff}}, {Uint2, 9, []byte{0, 2, 3, 3, 3, 1, 1, 0, 1}}, {Int4, 0, nil},
	} {
		if got := Unpack(c.d, packed, c.n); !bytes.Equal(got, c.want) {
			t.Errorf("%v: % x, want % x", c.d, got, c.want)
		}
	}
}
