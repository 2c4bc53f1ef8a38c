package synth

import (
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// BenchmarkFrame renders 640 × 480 pairs on one goroutine, each of another scene, its composition included.
func BenchmarkFrame(b *testing.B) {
	for _, scene := range scenes {
		b.Run(scene, func(b *testing.B) {
			c, err := Open("seed=1,cut=1,threads=1,scene=" + scene)
			if err != nil {
				b.Fatal(err)
			}
			var p capture.Pair
			for i := range b.N {
				c.Frame(i%32, &p)
			}
		})
	}
}
