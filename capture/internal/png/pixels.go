package png

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	stdpng "image/png"
)

// Gray16 decodes a 16-bit gray file into dst, which has one element a pixel. Any other kind of file is an error.
func (d *Decoder) Gray16(dst []uint16, file []byte) error {
	h, err := d.check(file, len(dst), 1)
	if err != nil {
		return err
	}
	if h.Type != Gray || h.Bits != 16 {
		return fmt.Errorf("%v PNG, 16-bit gray required", h)
	}
	fast := d.rows(file, func(y int, row []byte) { gray16(dst[y*h.Width:(y+1)*h.Width], row) })
	return d.judge(fast, file, func(img image.Image) error {
		for i, o := 0, 0; i < h.Height; i++ {
			for x := 0; x < h.Width; x, o = x+1, o+1 {
				dst[o] = stored(img, x, i).R
			}
		}
		return nil
	})
}

// RGB decodes any colour or gray file into dst, 3 bytes a pixel. 16-bit samples keep their high byte; alpha is
// dropped, the colour under it kept as stored.
func (d *Decoder) RGB(dst []byte, file []byte) error {
	h, err := d.check(file, len(dst), 3)
	if err != nil {
		return err
	}
	n := 3 * h.Width
	fast := d.rows(file, func(y int, row []byte) { d.rgb(dst[y*n:(y+1)*n], row) })
	return d.judge(fast, file, func(img image.Image) error {
		for y, o := 0, 0; y < h.Height; y++ {
			for x := 0; x < h.Width; x, o = x+1, o+3 {
				c := stored(img, x, y)
				dst[o], dst[o+1], dst[o+2] = byte(c.R>>8), byte(c.G>>8), byte(c.B>>8)
			}
		}
		return nil
	})
}

// Index decodes a gray or palette file of at most 8 bits into dst, one byte a pixel: the sample as stored, which in a
// palette file is the index and in a 1-, 2- or 4-bit gray file is not stretched.
func (d *Decoder) Index(dst []uint8, file []byte) error {
	h, err := d.check(file, len(dst), 1)
	if err != nil {
		return err
	}
	if (h.Type != Gray && h.Type != Palette) || h.Bits > 8 {
		return fmt.Errorf("%v PNG, 8-bit gray or palette required", h)
	}
	fast := d.rows(file, func(y int, row []byte) { spread(dst[y*h.Width:(y+1)*h.Width], row, h.Bits) })
	return d.judge(fast, file, func(img image.Image) error {
		for y, o := 0, 0; y < h.Height; y++ {
			for x := 0; x < h.Width; x, o = x+1, o+1 {
				if p, ok := img.(*image.Paletted); ok {
					dst[o] = p.ColorIndexAt(x, y)
				} else {
					dst[o] = byte(stored(img, x, y).R>>8) / byte(255/(1<<h.Bits-1))
				}
			}
		}
		return nil
	})
}

// check compares the size that file states with the caller's memory.
func (d *Decoder) check(file []byte, have, perPixel int) (Header, error) {
	h, err := ParseHeader(file)
	if err == nil && have != h.Width*h.Height*perPixel {
		err = fmt.Errorf("image is %d×%d, memory is for %d pixels", h.Width, h.Height, have/perPixel)
	}
	return h, err
}

// judge asks image/png about a file that the fast way refused. When both refuse it, our words are the clearer ones.
func (d *Decoder) judge(fast error, file []byte, fill func(image.Image) error) error {
	if fast == nil || errors.Is(fast, ErrTruncated) {
		return fast
	}
	if d.enough() != nil {
		return fast
	}
	img, err := stdpng.Decode(bytes.NewReader(file))
	if err != nil {
		return fast
	}
	return fill(img)
}

// stored is the sample of an image as its file has it: colours are not weakened by their alpha.
func stored(img image.Image, x, y int) color.NRGBA64 {
	switch c := img.At(x, y).(type) {
	case color.NRGBA64:
		return c
	case color.NRGBA:
		return color.NRGBA64{R: uint16(c.R) * 257, G: uint16(c.G) * 257, B: uint16(c.B) * 257, A: uint16(c.A) * 257}
	default:
		return color.NRGBA64Model.Convert(c).(color.NRGBA64)
	}
}

// gray16 joins big-endian samples.
func gray16(dst []uint16, row []byte) {
	row = row[:2*len(dst)]
	for i := range dst {
		dst[i] = uint16(row[2*i])<<8 | uint16(row[2*i+1])
	}
}

// rgb converts one row of any kind.
func (d *Decoder) rgb(dst, row []byte) {
	step, wide := d.h.Type.samples(), d.h.Bits/8
	switch {
	case d.h.Type == RGB && wide == 1:
		copy(dst, row)
	case d.h.Type == RGB || d.h.Type == RGBA:
		for o, i := 0, 0; o < len(dst); o, i = o+3, i+step*wide {
			dst[o], dst[o+1], dst[o+2] = row[i], row[i+wide], row[i+2*wide]
		}
	case wide >= 1 && d.h.Type != Palette:
		for o, i := 0, 0; o < len(dst); o, i = o+3, i+step*wide {
			dst[o], dst[o+1], dst[o+2] = row[i], row[i], row[i]
		}
	default:
		idx := dst[2*len(dst)/3:] // spread into the last third, then read ahead of what is written
		spread(idx, row, d.h.Bits)
		stretch := byte(255 / (1<<d.h.Bits - 1))
		for x, o := 0, 0; o < len(dst); x, o = x+1, o+3 {
			if v := idx[x]; d.h.Type == Palette {
				dst[o], dst[o+1], dst[o+2] = d.palette[3*int(v)], d.palette[3*int(v)+1], d.palette[3*int(v)+2]
			} else {
				dst[o], dst[o+1], dst[o+2] = v*stretch, v*stretch, v*stretch
			}
		}
	}
}

// spread unpacks samples of 1, 2, 4 or 8 bits, the leftmost in the high bits.
func spread(dst, row []byte, bits int) {
	if bits == 8 {
		copy(dst, row)
		return
	}
	per := 8 / bits
	for x := range dst {
		dst[x] = row[x/per] >> (8 - bits - x%per*bits) & (1<<bits - 1)
	}
}
