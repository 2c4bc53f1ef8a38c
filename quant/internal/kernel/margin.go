package kernel

import (
	"fmt"
	"math"
)

// Margin writes rows [y0, y1) of dst, OutH × OutW bytes: by how much the greatest channel of a pixel leads the second,
// floor(factor × lead), at most 255. The lead is in steps of the map, interpolated as the class map is but in integers:
// r's taps with their weights of 11 bits, so that a value stays below 2^30. r is nil for a map that is not resized.
// scratch is memory of the worker, [MarginScratch] values.
//
// Everything lies in planes, a channel after the other, so that the inner loops have nothing to choose.
func Margin(dst []byte, src *Map, r *Resize, factor float32, y0, y1 int, scratch []int32) {
	h, w := src.H, src.W
	if r != nil {
		r.check("margin", src, y0, y1)
		h, w = r.OutH, r.OutW
	} else {
		src.checkRows("margin", y0, y1)
	}
	if len(dst) < h*w || src.C < 2 || len(scratch) < MarginScratch(src, r) || !(factor > 0) {
		panic(fmt.Sprintf("kernel: margin: %d channels into %d bytes, want %d×%d; %d of scratch, factor %v", src.C, len(dst), w, h, len(scratch), factor))
	}
	n := src.W * src.C
	upper, lower, row := scratch[:n], scratch[n:2*n], scratch[2*n:3*n]
	first, second := scratch[3*n:][:w], scratch[3*n+w:][:w]
	factor /= 1 << (2 * weightBits) // exact
	last := int32(-1)
	for y := y0; y < y1; y++ {
		t := tap{a: int32(y), b: int32(y)}
		if r != nil {
			t = r.y[y]
		}
		if t.a != last {
			planes(upper, src, int(t.a))
			planes(lower, src, int(t.b))
			last = t.a
		}
		for i, a := range upper {
			row[i] = a<<weightBits + (lower[i]-a)*t.w
		}
		for x := range w {
			first[x], second[x] = math.MinInt32, math.MinInt32
		}
		for c := range src.C {
			rank(first, second, row[c*src.W:(c+1)*src.W], r)
		}
		for x, v := range first {
			dst[y*w+x] = byte(min(float32(v-second[x])*factor, 255))
		}
	}
}

// MarginScratch is how many values of scratch [Margin] needs.
func MarginScratch(src *Map, r *Resize) int {
	w := src.W
	if r != nil {
		w = r.OutW
	}
	return 3*src.W*src.C + 2*w
}

// planes takes a row of the map apart into channels.
func planes(dst []int32, src *Map, y int) {
	for x := range src.W {
		for c := range src.C {
			dst[c*src.W+x] = src.Type.value(src.Data[src.Offset(y, x, c)])
		}
	}
}

// rank puts a channel's row, interpolated, in its place among the greatest two of each pixel.
func rank(first, second, row []int32, r *Resize) {
	second = second[:len(first)]
	if r == nil {
		for x, v := range row[:len(first)] {
			v <<= weightBits
			second[x] = max(second[x], min(first[x], v))
			first[x] = max(first[x], v)
		}
		return
	}
	for x, t := range r.x[:len(first)] {
		v := row[t.a]
		v = v<<weightBits + (row[t.b]-v)*t.w
		second[x] = max(second[x], min(first[x], v))
		first[x] = max(first[x], v)
	}
}
