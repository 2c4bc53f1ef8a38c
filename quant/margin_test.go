package quant

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/models"
)

// TestMargin looks at the margins of the shipped student where classes meet; kernel.TestMargin holds the numbers.
func TestMargin(t *testing.T) {
	shipped, err := models.Open(models.Default)
	if err != nil {
		t.Skip(err)
	}
	for _, o := range []Options{{Threads: 1, NHWC: true, ClassMap: true, Margin: true}, {Threads: 3, NHWC: true, Margin: true}} {
		n, err := Parse(shipped.ONNX, o)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		rng := rand.New(rand.NewPCG(3, 4))
		in := n.Inputs()[0].Bytes()
		for y := range 240 { // blobs, so that classes change
			for x := range 320 {
				for c := range 4 {
					in[(y*320+x)*4+c] = byte(128 + 100*math.Sin(float64(x*(c+1))/40)*math.Cos(float64(y)/30) + float64(rng.IntN(20)))
				}
			}
		}
		if err := n.Run(); err != nil {
			t.Fatal(err)
		}
		margin, classes := n.Margin(), n.Outputs()[0].Uint8s()
		if len(margin) != len(classes) {
			t.Fatalf("%d margins of %d pixels", len(margin), len(classes))
		}
		seen, sum := map[uint8]bool{}, 0
		for _, m := range margin {
			seen[m] = true
			sum += int(m)
		}
		if len(seen) < 20 {
			t.Errorf("only %d different margins", len(seen))
		}
		// Along a border between classes the lead passes through 0: it is small on both sides of it.
		borders, small := 0, 0
		for y := range 240 {
			for x := 1; x < 320; x++ {
				if i := y*320 + x; classes[i] != classes[i-1] {
					borders++
					if min(margin[i], margin[i-1]) < 64 {
						small++
					}
				}
			}
		}
		if borders < 100 || small*100 < borders*95 {
			t.Errorf("%d of %d borders have a small margin; the mean is %d", small, borders, sum/len(margin))
		}
		if a := testing.AllocsPerRun(2, func() { n.Run() }); a != 0 {
			t.Errorf("%v allocations", a)
		}
	}
	if _, err := Load("testdata/golden/deeplab-float32/model.onnx", Options{Margin: true}); err == nil || !strings.Contains(err.Error(), "margin: the network has no class map") {
		t.Errorf("a network without classes: %v", err)
	}
}
