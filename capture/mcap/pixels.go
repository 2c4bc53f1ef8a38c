package mcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/depthwise/depthwise/capture/internal/jpeg"
	"github.com/depthwise/depthwise/capture/internal/pixel"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// sample says how a raw encoding's pixels lie in memory. The names are ROS's, which Foxglove shares.
type sample struct {
	bytes int                   // of a pixel
	kind  string                // "color", "gray", "gray16", "float32"
	rgb   func(dst, src []byte) // of a row of colour or gray
}

// sampleOf knows an encoding; in Foxglove's and ROS's messages yuv422 is UYVY.
func sampleOf(encoding string) (s sample, ok bool) {
	switch encoding {
	case "mono16", "16UC1":
		return sample{2, "gray16", nil}, true
	case "32FC1":
		return sample{4, "float32", nil}, true
	case "8UC3": // OpenCV's order
		encoding = "bgr8"
	case "8UC4":
		encoding = "bgra8"
	case "mono8", "8UC1":
		s.kind = "gray"
	}
	if s.kind == "" {
		s.kind = "color"
	}
	s.rgb, s.bytes = pixel.RGB(encoding)
	return s, s.rgb != nil
}

// check compares a raw picture's numbers with its data.
func (p *picture) check() (sample, error) {
	s, ok := sampleOf(p.encoding)
	if !ok {
		return s, fmt.Errorf("encoding %q is not read", p.encoding)
	}
	if s.kind == "color" && s.bytes == 2 && p.width%2 != 0 {
		return s, fmt.Errorf("the width %d is odd, %s has two pixels in four bytes", p.width, p.encoding)
	}
	if err := bounded(p.width, p.height); err != nil {
		return s, err
	}
	if p.step == 0 {
		p.step = p.width * s.bytes
	}
	if p.step < p.width*s.bytes || len(p.data) < (p.height-1)*p.step+p.width*s.bytes {
		return s, fmt.Errorf("%d bytes in rows of %d for %d×%d pixels of %s: %w", len(p.data), p.step, p.width, p.height, p.encoding, png.ErrTruncated)
	}
	return s, nil
}

func bounded(w, h int) error {
	if w <= 0 || h <= 0 || w > png.MaxSide || h > png.MaxSide || w*h > png.MaxPixels {
		return fmt.Errorf("image is %d×%d, more than %d a side or %d pixels", w, h, png.MaxSide, png.MaxPixels)
	}
	return nil
}

// row is row y of a raw picture.
func (p *picture) row(y, bytes int) []byte { return p.data[y*p.step:][:p.width*bytes] }

// file is the image file in a compressed picture. ROS's compressed depth puts a head of twelve bytes before it.
func (p *picture) file() []byte {
	if len(p.data) > 12 && png.IsPNG(p.data[12:]) {
		return p.data[12:]
	}
	return p.data
}

// size is the size of a picture's image.
func (p *picture) size(k kind) (w, h int, err error) {
	if k == rawImage {
		return p.width, p.height, bounded(p.width, p.height)
	}
	file := p.file()
	switch {
	case jpeg.IsJPEG(file):
		return jpeg.Size(bytes.NewReader(file))
	case png.IsPNG(file):
		hd, err := png.ParseHeader(file)
		return hd.Width, hd.Height, err
	}
	return 0, 0, fmt.Errorf("format %q: neither PNG nor JPEG", p.encoding)
}

// color fills dst, which has 3·w·h bytes.
func (p *picture) color(dst []byte, w, h int, k kind, d *png.Decoder) error {
	if k == compressedImage {
		if file := p.file(); jpeg.IsJPEG(file) {
			return jpeg.RGB(dst, w, h, file)
		}
		return d.RGB(dst, p.file())
	}
	s, err := p.check()
	if err != nil {
		return err
	}
	if s.rgb == nil {
		return fmt.Errorf("encoding %q is no colour", p.encoding)
	}
	for y := range h {
		s.rgb(dst[3*w*y:3*w*(y+1)], p.row(y, s.bytes))
	}
	return nil
}

// depth fills dst, which has w·h elements; 32FC1 is metres (REP 118) and becomes units of scale, round half to even,
// 0 for what is not a positive number, 65535 for what is beyond.
func (p *picture) depth(dst []uint16, w, h int, k kind, scale float64, d *png.Decoder) error {
	if k == compressedImage {
		file := p.file()
		if jpeg.IsJPEG(file) {
			return errors.New("JPEG, 16-bit gray required")
		}
		return d.Gray16(dst, file)
	}
	s, err := p.check()
	if err != nil {
		return err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if p.big {
		order = binary.BigEndian
	}
	for y := range h {
		row, out := p.row(y, s.bytes), dst[w*y:w*(y+1)]
		switch s.kind {
		case "gray16":
			for x := range out {
				out[x] = order.Uint16(row[2*x:])
			}
		case "float32":
			for x := range out {
				out[x] = 0
				if z := math.RoundToEven(float64(math.Float32frombits(order.Uint32(row[4*x:]))) / scale); z > 0 {
					out[x] = uint16(min(z, math.MaxUint16))
				}
			}
		default:
			return fmt.Errorf("encoding %q, 16UC1, mono16 or 32FC1 required", p.encoding)
		}
	}
	return nil
}

// labels fills dst, which has w·h elements.
func (p *picture) labels(dst []byte, w, h int, k kind, d *png.Decoder) error {
	if k == compressedImage {
		return d.Index(dst, p.file())
	}
	s, err := p.check()
	if err != nil {
		return err
	}
	if s.kind != "gray" {
		return fmt.Errorf("encoding %q, mono8 or 8UC1 required", p.encoding)
	}
	for y := range h {
		copy(dst[w*y:w*(y+1)], p.row(y, 1))
	}
	return nil
}
