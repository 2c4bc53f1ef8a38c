package png

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds of an image that this package reads or writes. A camera's frame is far below both.
const (
	MaxSide   = 16384
	MaxPixels = 64 << 20
)

// ErrTruncated tells that the file ends before its image does, as after a power cut.
var ErrTruncated = errors.New("truncated")

// ColorType is the kind of a PNG's samples (PNG specification, 11.2.1 IHDR).
type ColorType uint8

const (
	Gray      ColorType = 0
	RGB       ColorType = 2
	Palette   ColorType = 3
	GrayAlpha ColorType = 4
	RGBA      ColorType = 6
)

func (c ColorType) String() string {
	switch c {
	case Gray:
		return "gray"
	case RGB:
		return "RGB"
	case Palette:
		return "palette"
	case GrayAlpha:
		return "gray with alpha"
	case RGBA:
		return "RGBA"
	}
	return fmt.Sprintf("color type %d", uint8(c))
}

// samples is the number of samples of one pixel.
func (c ColorType) samples() int {
	switch c {
	case RGB:
		return 3
	case GrayAlpha:
		return 2
	case RGBA:
		return 4
	}
	return 1
}

// Header is what IHDR says.
type Header struct {
	Width, Height int
	Bits          int // per sample: 1, 2, 4, 8 or 16
	Type          ColorType
	Interlaced    bool
}

// String names the kind of image, for messages: "8-bit RGB".
func (h Header) String() string { return fmt.Sprintf("%d-bit %v", h.Bits, h.Type) }

// rowBytes is the length of a row without its filter byte.
func (h Header) rowBytes() int { return (h.Width*h.Bits*h.Type.samples() + 7) / 8 }

// pixelBytes is the distance to the byte that filters call "left" (PNG specification, 9.2).
func (h Header) pixelBytes() int { return (h.Bits*h.Type.samples() + 7) / 8 }

const signature = "\x89PNG\r\n\x1a\n"

// IsPNG tells whether a file begins as a PNG does.
func IsPNG(file []byte) bool {
	return len(file) >= len(signature) && string(file[:len(signature)]) == signature
}

// ParseHeader reads signature and IHDR from the first 33 bytes of a file, and refuses sizes above the bounds.
func ParseHeader(file []byte) (Header, error) {
	if !IsPNG(file) {
		if len(file) < len(signature) && string(file) == signature[:len(file)] {
			return Header{}, ErrTruncated
		}
		return Header{}, errors.New("not a PNG file")
	}
	name, body, _, err := nextChunk(file[len(signature):])
	if err != nil {
		return Header{}, err
	}
	if name != "IHDR" || len(body) != 13 {
		return Header{}, errors.New("PNG does not begin with IHDR")
	}
	w, h := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	if w == 0 || h == 0 {
		return Header{}, fmt.Errorf("image is %d×%d", w, h)
	}
	if w > MaxSide || h > MaxSide || uint64(w)*uint64(h) > MaxPixels {
		return Header{}, fmt.Errorf("image is %d×%d, more than %d a side or %d pixels", w, h, MaxSide, MaxPixels)
	}
	hd := Header{Width: int(w), Height: int(h), Bits: int(body[8]), Type: ColorType(body[9]), Interlaced: body[12] == 1}
	if !validKind(hd.Bits, hd.Type) {
		return Header{}, fmt.Errorf("%v is no kind of PNG", hd)
	}
	if body[10] != 0 || body[11] != 0 || body[12] > 1 {
		return Header{}, errors.New("unknown compression, filter or interlace method")
	}
	return hd, nil
}

// validKind is table 12 of the PNG specification: the bit depths that each colour type allows.
func validKind(bits int, c ColorType) bool {
	switch c {
	case Gray:
		return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16
	case Palette:
		return bits == 1 || bits == 2 || bits == 4 || bits == 8
	case RGB, GrayAlpha, RGBA:
		return bits == 8 || bits == 16
	}
	return false
}
