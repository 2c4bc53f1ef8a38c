package png

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zlib"
)

// Encoder writes PNG files one after the other, keeping its buffers. The zero value is ready. Its files are lossless
// and made for speed. Colour is coded without a search for repetitions, of which filtered noise has few: on real frames
// that is both faster and smaller than deflate's fastest level. Depth and labels have them.
type Encoder struct {
	z          [2]*zlib.Writer // by packing
	out        []byte
	row, above []byte // samples of this row and of the one over it
	line       []byte // the filtered row behind its filter byte
}

// packing is a way to compress.
type packing int

const (
	repetitions packing = iota
	huffman
)

// Gray16 gives the file of a 16-bit gray image. The result is valid until the Encoder's next call.
func (e *Encoder) Gray16(pix []uint16, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 16, Type: Gray}
	return e.encode(h, repetitions, len(pix) == width*height, func(y int, row []byte) {
		for x, v := range pix[y*width : (y+1)*width] {
			row[2*x], row[2*x+1] = byte(v>>8), byte(v)
		}
	})
}

// RGB gives the file of an RGB8 image. The result is valid until the Encoder's next call.
func (e *Encoder) RGB(pix []byte, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 8, Type: RGB}
	return e.encode(h, huffman, len(pix) == 3*width*height, func(y int, row []byte) { copy(row, pix[3*y*width:]) })
}

// Gray8 gives the file of an 8-bit gray image, such as class indices. The result is valid until the Encoder's next
// call.
func (e *Encoder) Gray8(pix []byte, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 8, Type: Gray}
	return e.encode(h, repetitions, len(pix) == width*height, func(y int, row []byte) { copy(row, pix[y*width:]) })
}

func (e *Encoder) encode(h Header, p packing, whole bool, samples func(y int, row []byte)) ([]byte, error) {
	if h.Width <= 0 || h.Height <= 0 || h.Width > MaxSide || h.Height > MaxSide || h.Width*h.Height > MaxPixels || !whole {
		return nil, fmt.Errorf("image of %d×%d does not fit its pixels or the bounds", h.Width, h.Height)
	}
	e.out = append(e.out[:0], signature...)
	e.open("IHDR")
	e.out = binary.BigEndian.AppendUint32(e.out, uint32(h.Width))
	e.out = binary.BigEndian.AppendUint32(e.out, uint32(h.Height))
	e.out = append(e.out, byte(h.Bits), byte(h.Type), 0, 0, 0)
	e.close(len(signature))

	start := len(e.out)
	e.open("IDAT")
	if err := e.pack(h, p, samples); err != nil {
		return nil, err
	}
	if uint64(len(e.out)-start) > 1<<31-1 {
		return nil, fmt.Errorf("image of %d×%d does not fit one chunk", h.Width, h.Height)
	}
	e.close(start)

	start = len(e.out)
	e.open("IEND")
	e.close(start)
	return e.out, nil
}

// pack filters and compresses the rows.
func (e *Encoder) pack(h Header, p packing, samples func(y int, row []byte)) error {
	if e.z[p] == nil {
		z, err := zlib.NewWriterLevel(appender{e}, [...]int{repetitions: zlib.BestSpeed, huffman: zlib.HuffmanOnly}[p])
		if err != nil {
			return err
		}
		e.z[p] = z
	} else {
		e.z[p].Reset(appender{e})
	}
	z := e.z[p]
	n, bpp := h.rowBytes(), h.pixelBytes()
	e.row, e.above = grow(e.row, n), grow(e.above, n)
	e.line = grow(e.line, n+1)
	clear(e.above)
	for y := range h.Height {
		samples(y, e.row)
		if _, err := z.Write(e.filter(bpp)); err != nil {
			return err
		}
		e.row, e.above = e.above, e.row
	}
	return z.Close()
}

// filter applies to the row the one of Sub, Up and Paeth that leaves the least sum of absolute differences, the rule
// that the PNG specification gives in 12.7; a quarter of the row is looked at.
func (e *Encoder) filter(bpp int) []byte {
	n := len(e.row)
	row, above, out := e.row[:n], e.above[:n], e.line[:n+1]
	var sub, up, pae int32
	for start := bpp; start < n; start += 128 {
		for i := start; i < min(start+32, n); i++ {
			x, a, b, c := row[i], row[i-bpp], above[i], above[i-bpp]
			sub += abs(int32(int8(x - a)))
			up += abs(int32(int8(x - b)))
			pae += abs(int32(int8(x - paeth(int32(a), int32(b), int32(c)))))
		}
	}
	switch {
	case up <= sub && up <= pae:
		out[0] = filterUp
		out = out[1:]
		for i := range row {
			out[i] = row[i] - above[i]
		}
	case sub <= pae:
		out[0] = filterSub
		out = out[1:]
		copy(out, row[:min(bpp, n)])
		for i := bpp; i < n; i++ {
			out[i] = row[i] - row[i-bpp]
		}
	default:
		out[0] = filterPaeth
		out = out[1:]
		for i := range min(bpp, n) {
			out[i] = row[i] - above[i] // of 0, above, 0 the nearest to above is above
		}
		if bpp == 3 {
			paeth3(out[3:], row[3:], above[3:], [3]byte(row), [3]byte(above))
			break
		}
		for i := bpp; i < n; i++ {
			out[i] = row[i] - paeth(int32(row[i-bpp]), int32(above[i]), int32(above[i-bpp]))
		}
	}
	return e.line[:n+1]
}

// paeth3 filters a row of 8-bit RGB behind its first pixel a, over which c lies; all stays in registers.
func paeth3(out, row, above []byte, a, c [3]byte) {
	a0, a1, a2 := int32(a[0]), int32(a[1]), int32(a[2])
	c0, c1, c2 := int32(c[0]), int32(c[1]), int32(c[2])
	for len(out) >= 3 && len(row) >= 3 && len(above) >= 3 {
		b0, b1, b2 := int32(above[0]), int32(above[1]), int32(above[2])
		x0, x1, x2 := row[0], row[1], row[2]
		out[0], out[1], out[2] = x0-paeth(a0, b0, c0), x1-paeth(a1, b1, c1), x2-paeth(a2, b2, c2)
		a0, a1, a2, c0, c1, c2 = int32(x0), int32(x1), int32(x2), b0, b1, b2
		out, row, above = out[3:], row[3:], above[3:]
	}
}

// open begins a chunk whose length close fills in.
func (e *Encoder) open(name string) {
	e.out = append(append(e.out, 0, 0, 0, 0), name...)
}

// close ends the chunk that begins at start.
func (e *Encoder) close(start int) {
	binary.BigEndian.PutUint32(e.out[start:], uint32(len(e.out)-start-8))
	e.out = binary.BigEndian.AppendUint32(e.out, crc32.ChecksumIEEE(e.out[start+4:]))
}

type appender struct{ e *Encoder }

func (a appender) Write(p []byte) (int, error) {
	a.e.out = append(a.e.out, p...)
	return len(p), nil
}

func grow(s []byte, n int) []byte {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]byte, n)
}
