package png

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zlib"
)

// Encoder writes PNG files one after the other, keeping its buffers. The zero value is ready. Its files are lossless
// and made for speed: the fastest level of deflate over the filter that looks best for each row.
type Encoder struct {
	z          *zlib.Writer
	out        []byte
	row, above []byte // samples of this row and of the one over it
	try        [3][]byte
}

// Gray16 gives the file of a 16-bit gray image. The result is valid until the Encoder's next call.
func (e *Encoder) Gray16(pix []uint16, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 16, Type: Gray}
	return e.encode(h, len(pix) == width*height, func(y int, row []byte) {
		for x, v := range pix[y*width : (y+1)*width] {
			row[2*x], row[2*x+1] = byte(v>>8), byte(v)
		}
	})
}

// RGB gives the file of an RGB8 image. The result is valid until the Encoder's next call.
func (e *Encoder) RGB(pix []byte, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 8, Type: RGB}
	return e.encode(h, len(pix) == 3*width*height, func(y int, row []byte) { copy(row, pix[3*y*width:]) })
}

// Gray8 gives the file of an 8-bit gray image, such as class indices. The result is valid until the Encoder's next
// call.
func (e *Encoder) Gray8(pix []byte, width, height int) ([]byte, error) {
	h := Header{Width: width, Height: height, Bits: 8, Type: Gray}
	return e.encode(h, len(pix) == width*height, func(y int, row []byte) { copy(row, pix[y*width:]) })
}

func (e *Encoder) encode(h Header, whole bool, samples func(y int, row []byte)) ([]byte, error) {
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
	if err := e.pack(h, samples); err != nil {
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
func (e *Encoder) pack(h Header, samples func(y int, row []byte)) error {
	if e.z == nil {
		z, err := zlib.NewWriterLevel(appender{e}, zlib.BestSpeed)
		if err != nil {
			return err
		}
		e.z = z
	} else {
		e.z.Reset(appender{e})
	}
	n, bpp := h.rowBytes(), h.pixelBytes()
	e.row, e.above = grow(e.row, n), grow(e.above, n)
	for i := range e.try {
		e.try[i] = grow(e.try[i], n+1)
	}
	clear(e.above)
	for y := range h.Height {
		samples(y, e.row)
		if _, err := e.z.Write(e.filter(bpp)); err != nil {
			return err
		}
		e.row, e.above = e.above, e.row
	}
	return e.z.Close()
}

// filter tries Sub, Up and Paeth and keeps the one with the least sum of absolute differences, the rule that the PNG
// specification gives in 12.7.
func (e *Encoder) filter(bpp int) []byte {
	sub, up, pae := e.try[0], e.try[1], e.try[2]
	sub[0], up[0], pae[0] = filterSub, filterUp, filterPaeth
	n := len(e.row)
	row, above := e.row[:n], e.above[:n]
	s, u, p := sub[1:n+1], up[1:n+1], pae[1:n+1]
	var ss, us, ps int
	for i := range min(bpp, n) {
		s[i], u[i], p[i] = row[i], row[i]-above[i], row[i]-above[i]
	}
	for i := bpp; i < n; i++ {
		x, a, b, c := row[i], row[i-bpp], above[i], above[i-bpp]
		ds, du, dp := x-a, x-b, x-paeth(int32(a), int32(b), int32(c))
		s[i], u[i], p[i] = ds, du, dp
		ss += int(abs(int32(int8(ds))))
		us += int(abs(int32(int8(du))))
		ps += int(abs(int32(int8(dp))))
	}
	switch {
	case us <= ss && us <= ps:
		return up
	case ss <= ps:
		return sub
	}
	return pae
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
