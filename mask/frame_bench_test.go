package mask

import (
	"io"
	"math/rand/v2"
	"testing"
)

func blobs(w, h int) *Mask {
	m := &Mask{Mode: Paired}
	m.Resize(w, h)
	clear(m.Classes)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		x0, y0, rx, ry := r.IntN(w), r.IntN(h), 5+r.IntN(w/6), 5+r.IntN(h/6)
		for y := max(0, y0-ry); y < min(h, y0+ry); y++ {
			for x := max(0, x0-rx); x < min(w, x0+rx); x++ {
				dx, dy := float64(x-x0)/float64(rx), float64(y-y0)/float64(ry)
				if dx*dx+dy*dy < 1 {
					m.Classes[y*w+x] = uint8(i % 3)
				}
			}
		}
	}
	return m
}

func BenchmarkParts(b *testing.B) {
	small := blobs(320, 240)
	var big Mask
	small.ScaleTo(&big, 640, 480)
	e, _ := NewEncoder(io.Discard, "ndjson", Options{Palette: Palette{}})
	var r runLengths
	b.Run("scale", func(b *testing.B) {
		for b.Loop() {
			small.ScaleTo(&big, 640, 480)
		}
	})
	b.Run("scale 848x480", func(b *testing.B) {
		var big Mask
		for b.Loop() {
			small.ScaleTo(&big, 848, 480)
		}
	})
	b.Run("ndjson", func(b *testing.B) {
		for b.Loop() {
			e.Encode(&big, Image{})
		}
	})
	b.Run("turns", func(b *testing.B) {
		for b.Loop() {
			r.from = append(r.from[:0], make([]int32, 641)...)
			r.findTurns(big.Classes, 640, 480)
		}
	})
	b.Run("rle", func(b *testing.B) {
		for b.Loop() {
			r.encode(big.Classes, 640, 480)
		}
	})
	b.Log(len(r.turns))
}
