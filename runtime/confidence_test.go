package runtime

import (
	"math"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/quant"
)

func TestConfidence(t *testing.T) {
	for _, test := range []struct {
		below float64
		void  int // margins below it are void
	}{{0, 0}, {0.4, 0}, {0.5, 0}, {0.6, 13}, {0.75, 36}, {0.99, 148}, {0.9999, 255}} {
		c := newConfidence(test.below)
		var classes, margin []uint8
		for m := range 256 {
			classes, margin = append(classes, 1), append(margin, uint8(m))
		}
		c.weigh(classes, margin, 255)
		sum := 0.0
		for m := range 256 {
			p := 1 / (1 + math.Exp(-float64(m)/quant.MarginUnit))
			sum += p
			if void := classes[m] == 255; void != (m < test.void) {
				t.Errorf("below %v: margin %d, confidence %.4f, is void: %v", test.below, m, p, void)
			}
		}
		if math.Abs(c.mean-sum/256) > 1e-6 {
			t.Errorf("mean %v, want %v", c.mean, sum/256)
		}
	}
}

// TestVoidBelow runs the shipped student with and without, on the same pair: what is not void keeps its class, and what
// is has a margin below the bound.
func TestVoidBelow(t *testing.T) {
	m, err := models.Open(models.Default)
	if err != nil {
		t.Skip(err)
	}
	in := capture.Intrinsics{Width: 320, Height: 240, Fx: 300, Fy: 300, Cx: 160, Cy: 120}
	cal := capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: 0.001}
	var p capture.Pair
	p.Color.Resize(320, 240)
	p.Depth.Resize(320, 240)
	for i := range p.Depth.Pix {
		x, y := i%320, i/320
		p.Depth.Pix[i] = uint16(700 + 4*(240-y))
		copy(p.Color.Pix[3*i:], []byte{byte(x), byte(y), byte(x * y / 90)})
	}
	var memory quant.Memory
	classes := map[float64][]uint8{}
	for _, below := range []float64{0, 0.6, 0.9} {
		s, err := NewStudent(m.ONNX, StudentOptions{Threads: 1, VoidBelow: below, Margin: below == 0, Memory: &memory})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Prepare(cal); err != nil {
			t.Fatal(err)
		}
		if err := s.Preprocess(&p); err != nil {
			t.Fatal(err)
		}
		got, err := s.Infer()
		if err != nil {
			t.Fatal(err)
		}
		classes[below] = append([]uint8(nil), got...)
		if c := s.Confidence(); c < 0.5 || c > 1 {
			t.Errorf("confidence %v", c)
		}
		void := 0
		for i, v := range got {
			sure := 1/(1+math.Exp(-float64(s.Margin()[i])/quant.MarginUnit)) >= below
			if v == 255 {
				void++
			}
			if (v == 255) == sure || sure && v != classes[0][i] {
				t.Fatalf("below %v: pixel %d is %d, was %d, margin %d", below, i, v, classes[0][i], s.Margin()[i])
			}
		}
		if (void > 0) != (below > 0) {
			t.Errorf("below %v: %d void pixels", below, void)
		}
	}
	if _, err := NewStudent(m.ONNX, StudentOptions{VoidBelow: 1}); err == nil {
		t.Error("a confidence of 1 is accepted")
	}
}

func TestHoles(t *testing.T) {
	d := capture.Depth{Width: 6, Height: 4, Pix: make([]uint16, 24)}
	for i := range d.Pix {
		d.Pix[i] = uint16(i % 5 * 16383) // 0, 5, 10, 15, 20 have none
	}
	var m mask.Mask
	for _, size := range [][2]int{{6, 4}, {3, 2}, {12, 8}, {5, 3}} {
		for _, plane := range []bool{true, false} {
			m.Resize(size[0], size[1])
			Holes(&m, &d, plane)
			want, deep := 0, mask.Mask{Width: 6, Height: 4, Classes: make([]uint8, 24)}
			for i, v := range d.Pix {
				deep.Classes[i] = uint8(min(v, 1))
			}
			var scaled mask.Mask // a mask of the readings scales the same way
			deep.ScaleTo(&scaled, size[0], size[1])
			for i, v := range scaled.Classes {
				if v == 0 {
					want++
				}
				if plane && (m.Holes[i] == 1) != (v == 0) {
					t.Errorf("%v: pixel %d", size, i)
				}
			}
			if m.NoDepth != want || plane != (len(m.Holes) > 0) {
				t.Errorf("%v: %d pixels, want %d", size, m.NoDepth, want)
			}
		}
	}
}
