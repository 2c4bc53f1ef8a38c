package replay

import (
	"context"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// BenchmarkNext reads real pairs on the caller's goroutine: "table" is PNG and PNG, "kitchen" JPEG and PNG.
func BenchmarkNext(b *testing.B) {
	for _, name := range []string{"recordings/table", "recordings/kitchen"} {
		b.Run(name, func(b *testing.B) {
			r := open(b, realData(b, name), Options{Threads: -1, Loop: true})
			var p capture.Pair
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Next(context.Background(), &p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead takes the images of a pair apart.
func BenchmarkRead(b *testing.B) {
	dir := realData(b, "recordings/table")
	rec := open(b, dir, Options{})
	r := reader{dir: dir, cal: rec.cal}
	var p capture.Pair
	b.Run("color", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := r.color(rec.entries[0].color, &p.Color); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(p.Color.Pix)))
	})
	b.Run("depth", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := r.depth(rec.entries[0].depth, &p.Depth); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(2 * len(p.Depth.Pix)))
	})
}
