package mask

import (
	"fmt"
	"math"
	"strconv"
)

type chroma int

const (
	mono chroma = iota // class ids as luma, full range
	c444
	c420 // chroma in the middle of its four pixels, as JPEG has it
)

// y4m writes YUV4MPEG2: one header line, then "FRAME" and planes for each mask.
type y4m struct {
	out
	fps           float64
	chroma        chroma
	blend         *blender
	width, height int // of the first frame; the header cannot change
	columns       samples
	spare         Mask
	colors        *ycc // of c444 and c420
}

func (e *y4m) Encode(m *Mask, color Image) error {
	if err := m.check(); err != nil {
		return err
	}
	w, h := m.Width, m.Height
	var rgb []byte
	if e.chroma != mono {
		if err := color.check(); err != nil {
			return err
		}
		rgb, w, h = e.blend.paint(m.whole(&e.spare), color)
	}
	e.buf = e.buf[:0]
	if e.width == 0 {
		e.width, e.height = w, h
		e.header()
	}
	if w != e.width || h != e.height {
		return fmt.Errorf("mask: y4m: frame %d is %d × %d, the stream is %d × %d", m.Seq, w, h, e.width, e.height)
	}
	e.buf = append(e.buf, "FRAME\n"...)
	switch e.chroma {
	case mono:
		e.buf = m.appendPixels(e.buf, &e.columns)
	case c444:
		e.buf = e.colors.append444(e.buf, rgb)
	case c420:
		e.buf = e.colors.append420(e.buf, rgb, w, h)
	}
	return e.flush(m.Seq)
}

func (e *y4m) Close() error { return nil }

func (e *y4m) header() {
	num, den := ratio(e.fps)
	e.buf = append(e.buf, "YUV4MPEG2 W"...)
	e.buf = strconv.AppendInt(e.buf, int64(e.width), 10)
	e.buf = append(e.buf, " H"...)
	e.buf = strconv.AppendInt(e.buf, int64(e.height), 10)
	e.buf = append(e.buf, " F"...)
	e.buf = strconv.AppendInt(e.buf, num, 10)
	e.buf = append(e.buf, ':')
	e.buf = strconv.AppendInt(e.buf, den, 10)
	switch e.chroma {
	case mono:
		e.buf = append(e.buf, " Ip A1:1 Cmono XCOLORRANGE=FULL\n"...)
	case c444:
		e.buf = append(e.buf, " Ip A1:1 C444\n"...)
	case c420:
		e.buf = append(e.buf, " Ip A1:1 C420jpeg\n"...)
	}
}

// ratio turns frames per second into a fraction: n/1001 for the broadcast rates 24000/1001, 30000/1001, 60000/1001,
// else thousandths, reduced.
func ratio(fps float64) (num, den int64) {
	for _, n := range []int64{24000, 30000, 60000, 120000} {
		if math.Abs(fps-float64(n)/1001) < 0.001 {
			return n, 1001
		}
	}
	num, den = max(1, int64(math.Round(fps*1000))), 1000
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return num / a, den / a
}

// ycc is what each value of a channel adds to luma and chroma, in 1/65536: luma in the lower half of a number and Cb in the
// upper, Cr by itself. Blue adds the offsets and the rounding, too.
type ycc [3][256]struct {
	lumaCb uint64
	cr     uint32
}

// newYCC makes the tables. BT.601, 8 bits, luma 16…235 and chroma 16…240; each chroma row sums to 0 so that grey has none.
// A sum, offset and all, is never negative.
func newYCC() *ycc {
	t := new(ycc)
	for v := range 256 {
		for c, k := range [3][3]int{{16829, -9714, 28784}, {33039, -19070, -24103}, {6416, 28784, -4681}} {
			var offset [3]int
			if c == 2 {
				offset = [3]int{16<<16 + 32768, 128<<16 + 32768, 128<<16 + 32768}
			}
			e := &t[c][v]
			e.lumaCb = uint64(k[0]*v+offset[0]) + uint64(k[1]*v+offset[1])<<32
			e.cr = uint32(k[2]*v + offset[2])
		}
	}
	return t
}

// of is a colour's luma and chroma.
func (t *ycc) of(r, g, b byte) (y, cb, cr byte) {
	er, eg, eb := &t[0][r], &t[1][g], &t[2][b]
	lumaCb := er.lumaCb + eg.lumaCb + eb.lumaCb
	return byte(lumaCb >> 16), byte(lumaCb >> 48), byte((er.cr + eg.cr + eb.cr) >> 16)
}

// luma is that of one colour.
func luma(r, g, b int) byte { return byte((16829*r+33039*g+6416*b+32768)>>16 + 16) }

func (t *ycc) append444(dst, rgb []byte) []byte {
	n := len(rgb) / 3
	at := len(dst)
	dst = extend(dst, 3*n)
	ys, cbs, crs := dst[at:at+n], dst[at+n : at+2*n][:n], dst[at+2*n : at+3*n][:n]
	for i := range ys {
		px := rgb[3*i : 3*i+3]
		ys[i], cbs[i], crs[i] = t.of(px[0], px[1], px[2])
	}
	return dst
}

// append420 takes chroma from the mean colour of each 2 × 2 pixels; at an odd right or lower border the last
// column or row counts twice.
func (t *ycc) append420(dst, rgb []byte, w, h int) []byte {
	cw, ch := (w+1)/2, (h+1)/2
	at := len(dst)
	dst = extend(dst, w*h+2*cw*ch)
	ys := dst[at : at+w*h]
	for i := range ys {
		px := rgb[3*i : 3*i+3]
		ys[i] = byte((t[0][px[0]].lumaCb + t[1][px[1]].lumaCb + t[2][px[2]].lumaCb) >> 16)
	}
	cbs, crs := dst[at+w*h:at+w*h+cw*ch], dst[at+w*h+cw*ch:]
	for y := range ch {
		y0, y1 := 2*y*w, min(2*y+1, h-1)*w
		for x := range cw {
			x0, x1 := 2*x, min(2*x+1, w-1)
			a, b, c, d := rgb[3*(y0+x0):], rgb[3*(y0+x1):], rgb[3*(y1+x0):], rgb[3*(y1+x1):]
			r := (int(a[0]) + int(b[0]) + int(c[0]) + int(d[0]) + 2) / 4
			g := (int(a[1]) + int(b[1]) + int(c[1]) + int(d[1]) + 2) / 4
			u := (int(a[2]) + int(b[2]) + int(c[2]) + int(d[2]) + 2) / 4
			_, cbs[y*cw+x], crs[y*cw+x] = t.of(byte(r), byte(g), byte(u))
		}
	}
	return dst
}

// extend makes dst n bytes longer; the new bytes are unspecified.
func extend(dst []byte, n int) []byte {
	need := len(dst) + n
	if cap(dst) < need {
		grown := make([]byte, len(dst), need)
		copy(grown, dst)
		dst = grown
	}
	return dst[:need]
}
