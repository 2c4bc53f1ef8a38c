package png

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// nextChunk splits the first chunk off: its name, its body, and what follows. The checksum is verified.
func nextChunk(data []byte) (name string, body, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, ErrTruncated
	}
	n := uint64(binary.BigEndian.Uint32(data))
	if n > 1<<31-1 {
		return "", nil, nil, fmt.Errorf("chunk %q is %d bytes long", data[4:8], n)
	}
	if uint64(len(data)) < 12+n {
		return "", nil, nil, ErrTruncated
	}
	if crc32.ChecksumIEEE(data[4:8+n]) != binary.BigEndian.Uint32(data[8+n:]) {
		return "", nil, nil, fmt.Errorf("chunk %q has a wrong checksum", data[4:8])
	}
	return chunkName(data[4:8]), data[8 : 8+n], data[12+n:], nil
}

// chunkName is the name of a known chunk without allocating; others are only told apart from those.
func chunkName(b []byte) string {
	switch string(b) {
	case "IHDR":
		return "IHDR"
	case "PLTE":
		return "PLTE"
	case "tRNS":
		return "tRNS"
	case "IDAT":
		return "IDAT"
	case "IEND":
		return "IEND"
	}
	return "other"
}

// Whole tells whether file is a PNG from signature to IEND with every checksum right. It does not decompress.
func Whole(file []byte) bool {
	if !IsPNG(file) {
		return false
	}
	rest := file[len(signature):]
	for first := true; ; first = false {
		name, _, r, err := nextChunk(rest)
		if err != nil || first != (name == "IHDR") {
			return false
		}
		if name == "IEND" {
			return true
		}
		rest = r
	}
}

// scan walks the chunks of a file: it keeps the palette, gathers the compressed image in d.packed and checks the order
// of chunks as image/png does.
func (d *Decoder) scan(file []byte) error {
	h, err := ParseHeader(file)
	if err != nil {
		return err
	}
	d.h, d.packed, d.palette = h, nil, [3 * 256]byte{}
	_, _, rest, _ := nextChunk(file[len(signature):])
	const (
		header = iota
		palette
		transparency
		image
		after
	)
	stage, joined := header, false
	for {
		name, body, r, err := nextChunk(rest)
		if err != nil {
			return err
		}
		rest = r
		switch name {
		case "IHDR":
			return errOrder
		case "PLTE":
			if stage != header {
				return errOrder
			}
			if n := len(body) / 3; len(body)%3 != 0 || n == 0 || n > 256 || n > 1<<h.Bits || h.Type == Gray || h.Type == GrayAlpha {
				return fmt.Errorf("palette of %d bytes in %v", len(body), h)
			}
			copy(d.palette[:], body)
			stage = palette
		case "tRNS":
			if stage > palette || (h.Type == Palette && stage != palette) || (h.Type == Gray && stage != header) {
				return errOrder
			}
			if ok := (h.Type == Gray && len(body) == 2) || (h.Type == RGB && len(body) == 6) || (h.Type == Palette && len(body) <= 256); !ok {
				return fmt.Errorf("transparency of %d bytes in %v", len(body), h)
			}
			stage = transparency
		case "IDAT":
			if stage == after || (h.Type == Palette && stage == header) {
				return errOrder
			}
			switch {
			case stage != image:
				d.packed, stage = body, image
			case !joined:
				d.joined = append(append(d.joined[:0], d.packed...), body...)
				d.packed, joined = d.joined, true
			default:
				d.joined = append(d.joined, body...)
				d.packed = d.joined
			}
		case "IEND":
			if stage < image {
				return errOrder
			}
			if len(body) != 0 {
				return fmt.Errorf("IEND of %d bytes", len(body))
			}
			return d.enough()
		default:
			if stage == image {
				stage = after
			}
		}
	}
}

// enough refuses a header that promises more than its data can hold: deflate makes at most 1032 bytes of one
// (RFC 1951: 258 bytes from two bits at best), so a small file cannot ask for a large image.
func (d *Decoder) enough() error {
	if raw := int64(d.h.rowBytes()+1) * int64(d.h.Height); int64(len(d.packed))*1032 < raw {
		return fmt.Errorf("%d compressed bytes cannot hold %d×%d pixels", len(d.packed), d.h.Width, d.h.Height)
	}
	return nil
}
