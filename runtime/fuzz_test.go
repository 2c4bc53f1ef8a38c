package runtime

import (
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/pool"
)

// FuzzParseMetadata reads any values of the keys that are parsed, and uses what comes of them.
func FuzzParseMetadata(f *testing.F) {
	f.Add("1", `["background","table"]`, `["#202020","#4c9a6a"]`, "255", "320x240", "rgb", `{"kind":"inverse","near":0.4,"far":8}`, `["color"]`)
	f.Add("", "", "", "", "", "", "", "")
	f.Add("1", `["a"]`, `[]`, "0", "1x1", "bgr", `{"kind":"linear","near":1e-300,"far":1e300}`, `[]`)
	f.Fuzz(func(t *testing.T, format, classes, palette, void, input, order, depth, modalities string) {
		m, err := ParseMetadata(map[string]string{
			"depthwise.format": format, "depthwise.classes": classes, "depthwise.palette": palette, "depthwise.void": void,
			"depthwise.input": input, "depthwise.color_order": order, "depthwise.depth": depth, "depthwise.modalities": modalities,
		}, MetadataOptions{})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "runtime: metadata ") {
				t.Errorf("error %v", err)
			}
			return
		}
		for id := range 256 {
			m.Palette.Name(uint8(id))
			m.Palette.Color(uint8(id))
		}
		if m.Depth == (DepthEncoding{}) {
			return
		}
		table, err := NewDepthTable(m.Depth, 0.001)
		if err != nil {
			t.Fatal(err)
		}
		for r := 2; r < len(table); r += 97 {
			if table[r] == 0 || table[r] > table[r-1] {
				t.Fatalf("%+v: reading %d becomes %d, %d becomes %d", m.Depth, r-1, table[r-1], r, table[r])
			}
		}
	})
}

// FuzzPreprocess makes images of any sizes, and holds a pixel of the result to the definition.
func FuzzPreprocess(f *testing.F) {
	f.Add(uint8(16), uint8(12), uint8(8), uint8(6), uint32(1))
	f.Add(uint8(3), uint8(50), uint8(8), uint8(6), uint32(2))
	f.Fuzz(func(t *testing.T, inW, inH, outW, outH uint8, seed uint32) {
		w, h, ow, oh := int(inW)%70+1, int(inH)%70+1, int(outW)%40+1, int(outH)%40+1
		c := goldenCase{ColorSize: [2]int{w, h}, Size: [2]int{ow, oh}}.filled(int(seed % 1000))
		p := goldenPair(c)
		workers := pool.New(int(seed%3) + 1)
		defer workers.Close()
		pre, err := NewPreprocess(PreprocessOptions{Width: ow, Height: oh, ColorWidth: w, ColorHeight: h, DepthWidth: w, DepthHeight: h,
			Depth: c.Depth, DepthScale: c.DepthScale, Pool: workers})
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 4*ow*oh)
		if err := pre.Fused(out, &p.Color, &p.Depth); err != nil {
			t.Fatal(err)
		}
		x, y := int(seed>>8)%ow, int(seed>>16)%oh
		got := out[4*(y*ow+x):]
		for k := range 3 {
			if want := oracleColor(&p.Color, ow, oh, x, y, k); got[k] != want {
				t.Errorf("%d×%d to %d×%d: pixel (%d, %d) channel %d is %d, want %d", w, h, ow, oh, x, y, k, got[k], want)
			}
		}
		if want := pre.table[oracleDepth(&capture.Depth{Width: w, Height: h, Pix: p.Depth.Pix}, ow, oh, x, y)]; got[3] != want {
			t.Errorf("%d×%d to %d×%d: depth byte at (%d, %d) is %d, want %d", w, h, ow, oh, x, y, got[3], want)
		}
	})
}
