package jpeg

import (
	"image"
	"math/rand/v2"
	"testing"
)

// TestRGB holds the row-wise conversion to image's own, pixel by pixel, for all kinds of images that JPEG gives.
func TestRGB(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	fill := func(planes ...[]byte) {
		for _, p := range planes {
			for i := range p {
				p[i] = byte(r.Uint32())
			}
		}
	}
	for _, size := range []image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(0, 0, 17, 5), image.Rect(0, 0, 8, 9)} {
		var all []image.Image
		for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
			img := image.NewYCbCr(size, ratio)
			fill(img.Y, img.Cb, img.Cr)
			all = append(all, img)
			if w := size.Dx(); w > 8 { // JPEG's images are parts of larger ones
				all = append(all, img.SubImage(image.Rect(0, 0, w-3, size.Dy()-1)))
			}
		}
		gray, cmyk := image.NewGray(size), image.NewCMYK(size)
		fill(gray.Pix, cmyk.Pix)
		for _, img := range append(all, gray, cmyk) {
			w, h := img.Bounds().Dx(), img.Bounds().Dy()
			got := make([]byte, 3*w*h)
			rgb(got, img)
			for i := range w * h {
				r, g, b, _ := img.At(i%w, i/w).RGBA()
				if want := [3]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; want != [3]byte(got[3*i:]) {
					t.Fatalf("%T %d×%d: pixel %d is %v, want %v", img, w, h, i, got[3*i:3*i+3], want)
				}
			}
		}
	}
}
