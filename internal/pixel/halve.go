package pixel

import "encoding/binary"

// HalveColor averages 2×2 pixels of two rows of 3·2·n bytes, R, G, B each, into n pixels that lie step (3 or 4) bytes
// apart in dst: (a + b + c + d + 2) / 4, a channel at a time. With bgr blue comes first. A fourth byte between pixels is
// left in any state.
func HalveColor(dst []byte, step int, top, bottom []byte, bgr bool) {
	n := len(top) / 6
	if step != 3 && step != 4 || len(bottom) != len(top) || len(top) != 6*n || len(dst) < step*n {
		panic("pixel: halve colour: broken shape")
	}
	done := 0
	if v := halveFor(); v != nil {
		end := max(0, n-v.over)
		done = end &^ (v.unit - 1)
		v.color(dst, step, top, bottom, bgr, done)
		if done > 0 && done < end { // the last ones together with some that are done
			done = end
			first := end - v.unit
			v.color(dst[step*first:], step, top[6*first:], bottom[6*first:], bgr, v.unit)
		}
	}
	halveColor(dst[step*done:], step, top[6*done:], bottom[6*done:])
	if bgr {
		for i := done * step; i < n*step; i += step {
			dst[i], dst[i+2] = dst[i+2], dst[i]
		}
	}
}

// halveColor is the generic version without bgr. Eight bytes b0…b7 of each row, of which six are the two pixels, are
// added in four lanes of 16 bits: even holds b0, b2, b4, b6 and odd b1, b3, b5, b7 of the rows' sum, so that
// even + odd>>16 begins with the sums of red and blue, odd + even>>32 with that of green.
func halveColor(dst []byte, step int, top, bottom []byte) {
	const lanes = 0x00ff00ff00ff00ff
	for len(top) >= 8 && len(bottom) >= 8 && len(dst) >= step {
		t, b := binary.LittleEndian.Uint64(top), binary.LittleEndian.Uint64(bottom)
		even := t&lanes + b&lanes
		odd := t>>8&lanes + b>>8&lanes
		redBlue := even + odd>>16
		green := odd + even>>32
		dst[0] = byte((redBlue&0xffff + 2) >> 2)
		dst[1] = byte((green&0xffff + 2) >> 2)
		dst[2] = byte((redBlue>>16&0xffff + 2) >> 2)
		top, bottom, dst = top[6:], bottom[6:], dst[step:]
	}
	for len(top) >= 6 && len(bottom) >= 6 && len(dst) >= 3 { // the last pixel
		for k := range 3 {
			dst[k] = byte((uint32(top[k]) + uint32(top[k+3]) + uint32(bottom[k]) + uint32(bottom[k+3]) + 2) >> 2)
		}
		top, bottom, dst = top[6:], bottom[6:], dst[min(step, len(dst)):]
	}
}

// HalveDepth makes n bytes, step apart in dst, of two rows of 2·n readings. Of each 2×2 the reference r is the first
// reading that is not 0, from left to right and top to bottom; the mean, rounded half up, of the readings d that are not
// 0 with 32·|d − r| ≤ r goes through table; without a reading it is table[0].
func HalveDepth(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8) {
	n := len(top) / 2
	if step < 1 || len(bottom) != len(top) || len(top) != 2*n || n > 0 && len(dst) <= step*(n-1) {
		panic("pixel: halve depth: broken shape")
	}
	done := 0
	if v := halveFor(); v != nil {
		done = n &^ (v.unit - 1)
		v.depth(dst, step, top, bottom, table, done)
		if done > 0 && done < n {
			done = n
			first := n - v.unit
			v.depth(dst[step*first:], step, top[2*first:], bottom[2*first:], table, v.unit)
		}
	}
	if done < n {
		halveDepth(dst[step*done:], step, top[2*done:], bottom[2*done:], table)
	}
}

// halveDepth is the generic version, without branches on how many readings agree.
func halveDepth(dst []byte, step int, top, bottom []uint16, table *[1 << 16]uint8) {
	bottom = bottom[:len(top)]
	at := 0
	for i := 0; i < len(top)-1; i += 2 {
		a, b, c, d := int32(top[i]), int32(top[i+1]), int32(bottom[i]), int32(bottom[i+1])
		r := a
		if r == 0 {
			if r = b; r == 0 {
				if r = c; r == 0 {
					r = d
				}
			}
		}
		// keep is −1 where |v − r| ≤ r/32, else 0; no reading, 0, is always further from r than that, unless r is 0.
		slack := r >> 5
		keepA, keepB, keepC, keepD := within(a-r, slack), within(b-r, slack), within(c-r, slack), within(d-r, slack)
		sum := a&keepA + b&keepB + c&keepC + d&keepD
		n := -(keepA + keepB + keepC + keepD) & 7
		dst[at] = table[uint64(sum+n>>1)*quarters[n]>>34&0xffff]
		at += step
	}
}

// within is −1 where |d| ≤ slack, else 0.
func within(d, slack int32) int32 {
	sign := d >> 31
	return ^((slack - ((d ^ sign) - sign)) >> 31)
}

// quarters are ⌈2³⁴/n⌉: for sums below 2¹⁹ and n of 1 to 4, x·⌈2³⁴/n⌉ >> 34 is ⌊x/n⌋.
var quarters = [8]uint64{0, 1 << 34, 1 << 33, (1<<34 + 2) / 3, 1 << 32}
