// Package jpeg decodes the JPEG files of RGB-D recordings into RGB memory that the caller owns. The decoder is the
// standard library's, so that the pixels are the same on every CPU; it allocates for each image.
package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"io"

	"github.com/depthwise/depthwise/capture/internal/png"
	"github.com/depthwise/depthwise/internal/pixel"
)

// IsJPEG tells whether a file begins as a JPEG does.
func IsJPEG(file []byte) bool { return len(file) >= 2 && file[0] == 0xff && file[1] == 0xd8 }

// Size is the size of the image in a file, within the bounds that png.MaxSide and png.MaxPixels set for all images.
func Size(r io.Reader) (width, height int, err error) {
	c, err := stdjpeg.DecodeConfig(r)
	if err != nil {
		return 0, 0, torn(err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > png.MaxSide || c.Height > png.MaxSide || c.Width*c.Height > png.MaxPixels {
		return 0, 0, fmt.Errorf("image is %d×%d, more than %d a side or %d pixels", c.Width, c.Height, png.MaxSide, png.MaxPixels)
	}
	return c.Width, c.Height, nil
}

// RGB decodes a file of a width × height image into dst, 3 bytes a pixel.
func RGB(dst []byte, width, height int, file []byte) error {
	img, err := stdjpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return torn(err)
	}
	if img.Bounds().Dx() != width || img.Bounds().Dy() != height || len(dst) != 3*width*height {
		return errors.New("its size changes inside")
	}
	rgb(dst, img)
	return nil
}

// torn turns an end of data in the middle of an image into png.ErrTruncated.
func torn(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return png.ErrTruncated
	}
	return err
}

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
	pixel.YCbCr(row[:3*len(luma)], luma, img.Cb[c:], img.Cr[c:], shift)
}
