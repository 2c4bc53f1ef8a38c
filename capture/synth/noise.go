package synth

import "math"

const noiseSize = 256 // a power of two

// noiseTable is tileable fractal value noise in [0, 1] with mean about 1/2, made once per camera.
type noiseTable struct {
	v [noiseSize * noiseSize]float32
}

func newNoise() *noiseTable {
	r := newRNG(0x6e6f697365, 1)
	sum := make([]float64, noiseSize*noiseSize)
	amp := 1.0
	for cells := 4; cells <= noiseSize; cells *= 2 {
		lattice := make([]float64, cells*cells)
		for i := range lattice {
			lattice[i] = r.Float64() - 0.5
		}
		step := noiseSize / cells
		for y := range noiseSize {
			y0 := y / step
			fy := smooth(0, 1, float64(y%step)/float64(step))
			y1 := (y0 + 1) % cells
			for x := range noiseSize {
				x0 := x / step
				fx := smooth(0, 1, float64(x%step)/float64(step))
				x1 := (x0 + 1) % cells
				a := lerp(lattice[y0*cells+x0], lattice[y0*cells+x1], fx)
				b := lerp(lattice[y1*cells+x0], lattice[y1*cells+x1], fx)
				sum[y*noiseSize+x] += float64(amp * lerp(a, b, fy))
			}
		}
		amp *= 0.62
	}
	lo, hi := sum[0], sum[0]
	for _, s := range sum {
		lo, hi = min(lo, s), max(hi, s)
	}
	t := &noiseTable{}
	for i, s := range sum {
		t.v[i] = float32((s - lo) / (hi - lo))
	}
	return t
}

// at samples the table bilinearly; (u, v) in cells, wrapping.
func (t *noiseTable) at(u, v float64) float64 {
	fu, fv := math.Floor(u), math.Floor(v)
	x, y := int(fu)&(noiseSize-1), int(fv)&(noiseSize-1)
	fx, fy := u-fu, v-fv
	x1, y1 := (x+1)&(noiseSize-1), (y+1)&(noiseSize-1)
	a := lerp(float64(t.v[y*noiseSize+x]), float64(t.v[y*noiseSize+x1]), fx)
	b := lerp(float64(t.v[y1*noiseSize+x]), float64(t.v[y1*noiseSize+x1]), fx)
	return lerp(a, b, fy)
}

// cell is the table's entry nearest below (u, v).
func (t *noiseTable) cell(x, y int) float64 {
	return float64(t.v[(y&(noiseSize-1))*noiseSize+x&(noiseSize-1)])
}

const gaussSize = 1 << 16

// newGauss is a table of normally distributed numbers of variance 1.
func newGauss() *[gaussSize]float32 {
	r := newRNG(0x6761757373, 2)
	g := new([gaussSize]float32)
	for i := range g {
		g[i] = float32(r.norm())
	}
	return g
}
