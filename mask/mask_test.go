package mask

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 20 {
		m := &Mask{}
		m.Resize(n, 1)
		var want [256]int
		for i := range m.Classes {
			m.Classes[i] = uint8(rng.IntN(4) * 85)
			want[m.Classes[i]]++
		}
		if got := m.Count(); got != want {
			t.Errorf("%d pixels: %v, want %v", n, got, want)
		}
	}
}

func TestScaleToTakesTheNearestPixel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		src := &Mask{Seq: 7, Mode: ColorOnly, Reason: "depth lost"}
		src.Resize(1+rng.IntN(40), 1+rng.IntN(40))
		for i := range src.Classes {
			src.Classes[i] = uint8(rng.IntN(256))
		}
		w, h := 1+rng.IntN(80), 1+rng.IntN(80)
		var dst Mask
		src.ScaleTo(&dst, w, h)
		if dst.Width != w || dst.Height != h || len(dst.Classes) != w*h || dst.Seq != 7 || dst.Reason != "depth lost" {
			t.Fatalf("facts or size lost: %d × %d, %q", dst.Width, dst.Height, dst.Reason)
		}
		for y := range h {
			for x := range w {
				// ⌊(x + ½)·from/to⌋ in exact fractions: 2·sx ≤ (2x+1)·from/to < 2·sx + 2.
				sx, sy := (2*x+1)*src.Width/(2*w), (2*y+1)*src.Height/(2*h)
				if got, want := dst.Classes[y*w+x], src.Classes[sy*src.Width+sx]; got != want {
					t.Fatalf("%d × %d to %d × %d: pixel (%d, %d) is %d, want %d of (%d, %d)", src.Width, src.Height, w, h, x, y, got, want, sx, sy)
				}
			}
		}
	}
}

func TestScaleToKnownRows(t *testing.T) {
	for _, c := range []struct {
		in, want string
	}{
		{"abcd", "abcd"}, {"abcd", "aabbccdd"}, {"abcd", "bd"}, {"abc", "aabcc"}, {"abcde", "ace"}, {"a", "aaa"},
	} {
		src := &Mask{Width: len(c.in), Height: 1, Classes: []byte(c.in)}
		var dst Mask
		src.ScaleTo(&dst, len(c.want), 1)
		if string(dst.Classes) != c.want {
			t.Errorf("%s: %s, want %s", c.in, dst.Classes, c.want)
		}
	}
}

func TestNewPalette(t *testing.T) {
	many := make([]string, 257)
	for _, c := range []struct {
		names, colors []string
		void          uint8
		fault         string
	}{
		{nil, nil, 255, "no classes"},
		{many, nil, 255, "do not fit"},
		{[]string{"a", "b"}, nil, 1, `void id 1 is the id of class "b"`},
		{[]string{"a", "b"}, []string{"#000000"}, 255, "1 colours for 2 classes"},
		{[]string{"a", "a"}, nil, 255, "class 1"},
		{[]string{"a", ""}, nil, 255, "class 1"},
		{[]string{"void"}, nil, 255, "reserved"},
		{[]string{"a"}, []string{"#12345g"}, 255, "#rrggbb"},
		{[]string{"a"}, []string{"1234567"}, 255, "#rrggbb"},
		{[]string{"a"}, []string{"#+12345"}, 255, "#rrggbb"},
	} {
		_, err := NewPalette(c.names, c.colors, c.void)
		if err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%d names: error %v, want one with %q", len(c.names), err, c.fault)
		}
	}
	p := testPalette(t)
	if p.Name(1) != "table" || p.Name(255) != "void" || p.Name(17) != "class17" {
		t.Errorf("names %q %q %q", p.Name(1), p.Name(255), p.Name(17))
	}
	if p.Color(2) != (RGB{255, 159, 67}) || p.Color(2).String() != "#ff9f43" {
		t.Errorf("colour %v", p.Color(2))
	}
	// The first colours of the PASCAL VOC map, from its development kit.
	for i, want := range []RGB{{0, 0, 0}, {128, 0, 0}, {0, 128, 0}, {128, 128, 0}, {0, 0, 128}, {128, 0, 128}, {0, 128, 128}, {128, 128, 128}, {64, 0, 0}, {192, 0, 0}} {
		if got := madeUp(i); got != want {
			t.Errorf("colour %d is %v, want %v", i, got, want)
		}
	}
}

// A mask that is scaled into again and again keeps nothing of the sizes before.
func TestScaleToOtherSizes(t *testing.T) {
	var dst Mask
	for _, s := range [][4]int{{5, 3, 12, 7}, {7, 4, 12, 7}, {12, 7, 12, 7}, {6, 2, 12, 7}, {30, 9, 12, 7}, {7, 4, 9, 5}, {7, 4, 40, 5}} {
		m := &Mask{}
		m.Resize(s[0], s[1])
		for i := range m.Classes {
			m.Classes[i] = uint8(i * 37)
		}
		m.ScaleTo(&dst, s[2], s[3])
		for y := range s[3] {
			for x := range s[2] {
				want := m.Classes[(2*y+1)*s[1]/(2*s[3])*s[0]+(2*x+1)*s[0]/(2*s[2])]
				if got := dst.Classes[y*s[2]+x]; got != want {
					t.Fatalf("%v: class at (%d, %d) is %d, want %d", s, x, y, got, want)
				}
			}
		}
	}
}

// What is not painted stays the image, and what follows it has its outline.
func TestBlendBesideUnpainted(t *testing.T) {
	b := &blender{}
	b.color[1], b.weight[1], b.outline[1] = RGB{200, 100, 50}, 128, true
	m := &Mask{Width: 6, Height: 2, Classes: []uint8{1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0}}
	im := Image{Width: 6, Height: 2, Pix: make([]byte, 36)}
	for i := range im.Pix {
		im.Pix[i] = byte(10 * i)
	}
	got, _, _ := b.paint(m, im)
	for i := range 12 {
		for c := range 3 {
			p, k := im.Pix[3*i+c], [3]byte{200, 100, 50}[c]
			want := p
			if m.Classes[i] == 1 {
				want = byte((int(p) + int(k) + 1) / 2)
				if x := i % 6; x > 0 && m.Classes[i-1] != 1 {
					want = k
				}
			}
			if got[3*i+c] != want {
				t.Errorf("pixel %d channel %d is %d, want %d", i, c, got[3*i+c], want)
			}
		}
	}
}
