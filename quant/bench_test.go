package quant_test

import (
	"os"
	"testing"

	"github.com/depthwise/depthwise/quant"
)

// BenchmarkRun runs the golden networks, and $DEPTHWISE_MODEL if it names a model, on 1 and 2 threads.
func BenchmarkRun(b *testing.B) {
	models := map[string]string{}
	for _, dir := range goldens(b) {
		models[dir] = dir + "/model.onnx"
	}
	if path := os.Getenv("DEPTHWISE_MODEL"); path != "" {
		models = map[string]string{path: path}
	}
	for name, path := range models {
		for threads, label := range []string{"1", "2"} {
			b.Run(name+"/threads="+label, func(b *testing.B) {
				net, err := quant.Load(path, quant.Options{Threads: threads + 1, NHWC: true})
				if err != nil {
					b.Fatal(err)
				}
				defer net.Close()
				b.ReportAllocs()
				for b.Loop() {
					net.Run()
				}
				b.ReportMetric(float64(net.MACs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
