package pixel

import "image/color"

// Unpaeth undoes PNG's Paeth filter on a row of pixels of size 2 or 3 bytes, given the row above, of the same length, as it
// was before the filter (PNG specification, 9.4): each byte has the one of its neighbours to the left, above, and above to
// the left, added that lies nearest to left + above − both, in that order of preference. Bytes of no whole pixel stay.
func Unpaeth(row, above []byte, size int) {
	if size != 2 && size != 3 || len(above) != len(row) {
		panic("pixel: unpaeth: broken shape")
	}
	n, done := len(row)/size, 0
	if v := shrinkFor(); v != nil && len(row) > 4 {
		done = max(0, (len(row)-4)/size) // it reads 4 bytes of each pixel
		if done > 0 {
			v.paeth(row, above, size, done)
		}
	}
	for i := done * size; i < n*size; i++ {
		var a, c int32
		if i >= size {
			a, c = int32(row[i-size]), int32(above[i-size])
		}
		row[i] += paeth(a, int32(above[i]), c)
	}
}

func paeth(a, b, c int32) byte {
	pa, pb := b-c, a-c
	pc := max(pa+pb, -pa-pb)
	pa, pb = max(pa, -pa), max(pb, -pb)
	switch {
	case pa <= pb && pa <= pc:
		return byte(a)
	case pb <= pc:
		return byte(b)
	}
	return byte(c)
}

// YCbCr converts a row to RGB as [color.YCbCrToRGB] does, len(dst) = 3·len(y). A chroma sample serves 1<<shift pixels.
func YCbCr(dst, y, cb, cr []byte, shift int) {
	n := len(y)
	if n == 0 {
		return
	}
	if have := (n-1)>>shift + 1; len(dst) != 3*n || len(cb) < have || len(cr) < have {
		panic("pixel: ycbcr: broken shape")
	}
	done := 0
	if v := shrinkFor(); v != nil && shift <= 1 {
		if done = max(0, n-2) &^ 7; done > 0 { // it writes up to 4 bytes further
			v.ycbcr(dst, y, cb, cr, shift, done)
		}
	}
	for x := done; x < n; x++ {
		dst[3*x], dst[3*x+1], dst[3*x+2] = color.YCbCrToRGB(y[x], cb[x>>shift], cr[x>>shift])
	}
}
