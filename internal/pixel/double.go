package pixel

import "encoding/binary"

// Double writes every byte twice: len(dst) = 2·len(src).
func Double(dst, src []byte) {
	if len(dst) != 2*len(src) {
		panic("pixel: double: broken shape")
	}
	done := 0
	if v := shrinkFor(); v != nil && len(src) >= 32 {
		done = len(src) &^ 31
		v.double(dst[:2*done], src[:done])
	}
	double(dst[2*done:], src[done:])
}

// double is the generic version, four bytes at a time: 0xddccbbaa becomes 0xddddccccbbbbaaaa.
func double(dst, src []byte) {
	for len(src) >= 4 && len(dst) >= 8 {
		v := uint64(binary.LittleEndian.Uint32(src))
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		binary.LittleEndian.PutUint64(dst, v|v<<8)
		src, dst = src[4:], dst[8:]
	}
	for i, c := range src {
		dst[2*i], dst[2*i+1] = c, c
	}
}
