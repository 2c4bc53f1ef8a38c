package replay

import (
	"image"
	"image/color"
)

// rgb converts a decoded JPEG, which is YCbCr, gray, RGB or CMYK and begins at (0, 0).
func rgb(dst []byte, img image.Image) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for y := range h {
		row := dst[3*y*w : 3*(y+1)*w]
		switch img := img.(type) {
		case *image.YCbCr:
			ycbcr(row, img, y)
		case *image.Gray:
			for x, v := range img.Pix[y*img.Stride : y*img.Stride+w] {
				row[3*x], row[3*x+1], row[3*x+2] = v, v, v
			}
		default:
			for x := range w {
				r, g, b, _ := img.At(x, y).RGBA()
				row[3*x], row[3*x+1], row[3*x+2] = byte(r>>8), byte(g>>8), byte(b>>8)
			}
		}
	}
}

// ycbcr converts one row; a column of chroma serves one, two or four columns of luma.
func ycbcr(row []byte, img *image.YCbCr, y int) {
	shift := 0
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	luma := img.Y[img.YOffset(0, y):][:len(row)/3]
	c := img.COffset(0, y)
	cb, cr := img.Cb[c:], img.Cr[c:]
	for x, v := range luma {
		row[0], row[1], row[2] = color.YCbCrToRGB(v, cb[x>>shift], cr[x>>shift])
		row = row[3:]
	}
}
