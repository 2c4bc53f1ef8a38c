package runtime

import "math/bits"

// tap is what one output position reads along one axis: weight[k] of source position first+k. The weights of a tap sum
// to its axis's total.
type tap struct {
	first  int
	weight []uint32
}

// axis holds the taps of every output position along one axis of a colour resize.
type axis struct {
	taps  []tap
	total uint64
}

// newAxis prepares the taps from in source pixels to out output pixels.
//
// Shrinking is the exact area average: on a grid of in·out cells the source pixel i covers [i·out, (i+1)·out) and the
// output pixel j covers [j·in, (j+1)·in); a weight is the number of common cells, the total is in. Enlarging is linear
// between half-pixel centres: c = (2j+1)·in − out is the output's centre measured from the centre of source pixel 0 in
// units of 1/(2·out) of a pixel; the two neighbours weigh 2·out − f and f with f = c mod 2·out, outside the image the
// border pixel repeats. Both are divided by their greatest common divisor, which changes no result.
func newAxis(in, out int) axis {
	if out <= in {
		return areaAxis(in, out)
	}
	return linearAxis(in, out)
}

func areaAxis(in, out int) axis {
	g := gcd(in, out)
	in, out = in/g, out/g
	period := make([]tap, out) // the taps of output j+out are those of j, moved by in
	for j := range period {
		first := j * in / out
		last := ((j+1)*in - 1) / out
		w := make([]uint32, 0, last-first+1)
		for i := first; i <= last; i++ {
			w = append(w, uint32(min((i+1)*out, (j+1)*in)-max(i*out, j*in)))
		}
		period[j] = tap{first, w}
	}
	a := axis{taps: make([]tap, out*g), total: uint64(in)}
	for j := range a.taps {
		a.taps[j] = tap{period[j%out].first + j/out*in, period[j%out].weight}
	}
	return a
}

func linearAxis(in, out int) axis {
	unit := 2 * out
	g := gcd(unit, gcd(2*in, in-out)) // divides c for every j, and the unit
	a := axis{taps: make([]tap, out), total: uint64(unit / g)}
	for j := range a.taps {
		c := (2*j+1)*in - out
		i := (c+unit)/unit - 1 // floor, c > −unit
		f := c - i*unit
		switch {
		case i < 0:
			a.taps[j] = tap{0, []uint32{uint32(unit / g)}}
		case i+1 >= in || f == 0:
			a.taps[j] = tap{i, []uint32{uint32(unit / g)}}
		default:
			a.taps[j] = tap{i, []uint32{uint32((unit - f) / g), uint32(f / g)}}
		}
	}
	return a
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

// divider divides n < 256·t by t, rounding half up, with one multiplication where that is exact: for n/t with
// m = ⌈2^k/t⌉ the error n·(m·t − 2^k)/(t·2^k) stays below 1/t while n·t < 2^k, and n·m fits 64 bits.
type divider struct {
	half, m uint64
	k       uint
	t       uint64 // divides the plain way when not 0
}

func newDivider(t uint64) divider {
	k := uint(8 + 2*bits.Len64(t))
	if k > 55 {
		return divider{half: t / 2, t: t}
	}
	return divider{half: t / 2, m: (1<<k + t - 1) / t, k: k}
}

func (d *divider) round(n uint64) uint8 {
	if d.t != 0 {
		return uint8((n + d.half) / d.t)
	}
	return uint8((n + d.half) * d.m >> d.k)
}
