package png

import (
	"bytes"
	"image"
	"image/color"
	stdpng "image/png"
	"math/rand/v2"
	"testing"
)

// images are one small image of each kind that image/png writes, with noise and flat parts.
func images(w, h int, seed uint64) map[string]image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	b := image.Rect(0, 0, w, h)
	g, g16, rgba, nrgba := image.NewGray(b), image.NewGray16(b), image.NewRGBA(b), image.NewNRGBA(b)
	rgba64, nrgba64 := image.NewRGBA64(b), image.NewNRGBA64(b)
	set := map[string]image.Image{"gray": g, "gray16": g16, "rgba": rgba, "nrgba": nrgba, "rgba64": rgba64, "nrgba64": nrgba64}
	for _, n := range []int{2, 4, 16, 200, 256} {
		pal := make(color.Palette, n)
		for i := range pal {
			pal[i] = color.RGBA{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 255}
		}
		p := image.NewPaletted(b, pal)
		for i := range p.Pix {
			p.Pix[i] = byte(r.IntN(n))
		}
		set["palette"+string(rune('0'+n%10))+string(rune('a'+n%26))] = p
	}
	for y := range h {
		for x := range w {
			v := r.Uint64()
			if y%3 == 0 {
				v = uint64(x * 0x0101010101)
			}
			g.SetGray(x, y, color.Gray{byte(v)})
			g16.SetGray16(x, y, color.Gray16{uint16(v)})
			rgba.SetRGBA(x, y, color.RGBA{byte(v), byte(v >> 8), byte(v >> 16), 255})
			nrgba.SetNRGBA(x, y, color.NRGBA{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
			rgba64.SetRGBA64(x, y, color.RGBA64{uint16(v), uint16(v >> 8), uint16(v >> 16), 65535})
			nrgba64.SetNRGBA64(x, y, color.NRGBA64{uint16(v), uint16(v >> 8), uint16(v >> 16), uint16(v >> 24)})
		}
	}
	return set
}

// reference decodes with image/png alone.
func reference(t testing.TB, file []byte) (rgb []byte, gray []uint16, ok bool) {
	img, err := stdpng.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, nil, false
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			var c color.NRGBA64
			switch img := img.(type) { // the stored samples, before any conversion through alpha
			case *image.NRGBA:
				p := img.NRGBAAt(x, y)
				c = color.NRGBA64{R: uint16(p.R) * 257, G: uint16(p.G) * 257, B: uint16(p.B) * 257}
			case *image.NRGBA64:
				c = img.NRGBA64At(x, y)
			case *image.Paletted:
				switch p := img.At(x, y).(type) {
				case color.NRGBA:
					c = color.NRGBA64{R: uint16(p.R) * 257, G: uint16(p.G) * 257, B: uint16(p.B) * 257}
				default:
					c = color.NRGBA64Model.Convert(p).(color.NRGBA64)
				}
			default:
				c = color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
			}
			rgb = append(rgb, byte(c.R>>8), byte(c.G>>8), byte(c.B>>8))
			gray = append(gray, c.R)
		}
	}
	return rgb, gray, true
}

// compare holds the decoder to image/png on one file: same verdict, same pixels.
func compare(t testing.TB, d *Decoder, file []byte) {
	t.Helper()
	h, err := d.Header(file)
	if err != nil || h.Width*h.Height > 1<<22 {
		if err != nil && h != (Header{}) {
			t.Fatalf("error %v with a header %v", err, h)
		}
		return // the standard library has no bounds on size
	}
	want, gray, ok := reference(t, file)
	rgb := make([]byte, 3*h.Width*h.Height)
	err = d.RGB(rgb, file)
	if ok != (err == nil) {
		t.Fatalf("%v %d×%d: image/png ok = %v, ours: %v", h, h.Width, h.Height, ok, err)
	}
	if ok && !bytes.Equal(rgb, want) {
		t.Fatalf("%v %d×%d: pixels differ", h, h.Width, h.Height)
	}
	if h.Type == Gray && h.Bits == 16 {
		depth := make([]uint16, h.Width*h.Height)
		err := d.Gray16(depth, file)
		if ok != (err == nil) {
			t.Fatalf("%v: image/png ok = %v, ours: %v", h, ok, err)
		}
		for i := range gray {
			if depth[i] != gray[i] {
				t.Fatalf("%v: sample %d is %d, image/png has %d", h, i, depth[i], gray[i])
			}
		}
	}
}

func TestEqualsImagePNG(t *testing.T) {
	var d Decoder
	for _, size := range [][2]int{{1, 1}, {2, 3}, {3, 2}, {7, 5}, {8, 8}, {9, 1}, {1, 9}, {33, 17}, {64, 48}} {
		for name, img := range images(size[0], size[1], 7) {
			for _, level := range []stdpng.CompressionLevel{stdpng.DefaultCompression, stdpng.NoCompression, stdpng.BestSpeed} {
				var buf bytes.Buffer
				if err := (&stdpng.Encoder{CompressionLevel: level}).Encode(&buf, img); err != nil {
					t.Fatal(err)
				}
				t.Log(name, size)
				compare(t, &d, buf.Bytes())
			}
		}
	}
}
