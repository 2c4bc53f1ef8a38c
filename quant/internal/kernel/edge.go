package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
)

// FromNHWC writes rows [y0, y1) of dst from dense NHWC bytes, each xored with flip: 0x80 turns u8 into s8 and back.
func FromNHWC(dst *Map, src []byte, flip byte, y0, y1 int) {
	edge(dst, src, y0, y1)
	for y := y0; y < y1; y++ {
		if dst.C == 4 {
			for b := range Blocks(dst.W) {
				d := dst.Data[y*dst.Row+b*dst.Block:][:Cell]
				n := copy(d, src[(y*dst.W+4*b)*4:(y*dst.W+min(4*b+4, dst.W))*4])
				if flip != 0 {
					for i := range d[:n] {
						d[i] ^= flip
					}
				}
			}
			continue
		}
		x := 0
		if dst.C == 3 {
			x = fromRGB(dst, src[y*dst.W*3:], flip, y)
		}
		for ; x < dst.W; x++ {
			for c := range dst.C {
				dst.Data[dst.Offset(y, x, c)] = src[(y*dst.W+x)*dst.C+c] ^ flip
			}
		}
	}
}

// fromRGB makes the cells of a row's whole blocks of 3-byte pixels, 4 pixels at a time, and returns the pixels done. It
// reads 14 bytes where 12 belong to the block, so the last block may be left.
func fromRGB(dst *Map, src []byte, flip byte, y int) int {
	const pixel, pair = 0xffffff, 0xffffff | 0xffffff<<32
	mask := uint64(flip) * 0x0101010101010101
	x := 0
	for ; x+4 <= dst.W && len(src) >= 14; x += 4 {
		a, b := binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[6:])
		cell := dst.Data[y*dst.Row+x/4*dst.Block:][:Cell]
		binary.LittleEndian.PutUint64(cell, (a&pixel|a<<8&^pixel)&pair^mask)
		binary.LittleEndian.PutUint64(cell[8:], (b&pixel|b<<8&^pixel)&pair^mask)
		src = src[12:]
	}
	return x
}

// AliasNHWC is the map that dense NHWC bytes already are, with their memory; false when they are not laid out as one:
// it takes 4 channels and a width that 4 divides.
func AliasNHWC(src []byte, h, w, c int, t Type) (Map, bool) {
	if c != 4 || w%4 != 0 {
		return Map{}, false
	}
	m := NewMap(h, w, c, t)
	m.Data = src
	return m, true
}

// ToNHWC writes rows [y0, y1) of src to dense NHWC bytes, each xored with flip.
func ToNHWC(dst []byte, src *Map, flip byte, y0, y1 int) {
	edge(src, dst, y0, y1)
	for y := y0; y < y1; y++ {
		for x := range src.W {
			for c := range src.C {
				dst[(y*src.W+x)*src.C+c] = src.Data[src.Offset(y, x, c)] ^ flip
			}
		}
	}
}

// FromNCHW writes rows [y0, y1) of dst from dense NCHW bytes, each xored with flip.
func (s *Set) FromNCHW(dst *Map, src []byte, flip byte, y0, y1 int) {
	edge(dst, src, y0, y1)
	if s.planes != nil && dst.C == 4 {
		s.planes.run(dst, src, flip, y0, y1)
		return
	}
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			row := src[(c*dst.H+y)*dst.W:][:dst.W]
			for x, v := range row {
				dst.Data[dst.Offset(y, x, c)] = v ^ flip
			}
		}
	}
}

// ToNCHW writes rows [y0, y1) of src to dense NCHW bytes, each xored with flip.
func ToNCHW(dst []byte, src *Map, flip byte, y0, y1 int) {
	edge(src, dst, y0, y1)
	for c := range src.C {
		for y := y0; y < y1; y++ {
			row := dst[(c*src.H+y)*src.W:][:src.W]
			for x := range row {
				row[x] = src.Data[src.Offset(y, x, c)] ^ flip
			}
		}
	}
}

func edge(m *Map, dense []byte, y0, y1 int) {
	m.checkRows("edge", y0, y1)
	if len(dense) < m.H*m.W*m.C {
		panic(fmt.Sprintf("kernel: edge: %d bytes for %d×%d×%d", len(dense), m.H, m.W, m.C))
	}
}

// Quantize writes saturate(roundHalfEven(x / scale) + zero) for each value, the bytes of type t; NaN gives the
// least of them. The division is float32's, as ONNX's QuantizeLinear has it.
func Quantize(dst []byte, src []float32, scale float32, zero int, t Type) {
	lo, hi := t.Range()
	for i, v := range src {
		q := v / scale
		if q != q {
			q = -math.MaxFloat32
		}
		dst[i] = byte(min(max(roundBounded(q)+int32(zero), lo), hi))
	}
}

// Dequantize writes float32(x − zero) × scale for each byte of type t.
func Dequantize(dst []float32, src []byte, scale float32, zero int, t Type) {
	for i, b := range src {
		dst[i] = float32(t.value(b)-int32(zero)) * scale
	}
}

// QuantizeTable is the table of a function of a dequantized byte: table[b] = quantize(f(dequantize(b))). It serves
// activations (f), and requantization from one scale to another (f = nil).
func QuantizeTable(in Type, inScale float32, inZero int, out Type, outScale float32, outZero int, f func(float64) float64) *[256]byte {
	lo, hi := out.Range()
	table := new([256]byte)
	for i := range table {
		v := float32(in.value(byte(i))-int32(inZero)) * inScale
		if f != nil {
			v = float32(f(float64(v)))
		}
		q := v / outScale
		if q != q {
			q = -math.MaxFloat32
		}
		table[i] = byte(min(max(roundBounded(q)+int32(outZero), lo), hi))
	}
	return table
}
