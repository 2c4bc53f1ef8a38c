package mask

import (
	"strconv"
)

// netpbm writes class ids behind a header per frame: PGM, PAM, or none.
type netpbm struct {
	out
	header  func(dst []byte, m *Mask) []byte
	columns samples
}

func (e *netpbm) Encode(m *Mask, _ Image) error {
	if err := m.check(); err != nil {
		return err
	}
	e.buf = e.header(e.buf[:0], m)
	e.buf = m.appendPixels(e.buf, &e.columns)
	return e.flush(m.Seq)
}

func (e *netpbm) Close() error { return nil }

func noHeader(dst []byte, _ *Mask) []byte { return dst }

// pgmHeader has no comment lines: several readers of image streams do not expect them in PGM.
func pgmHeader(dst []byte, m *Mask) []byte {
	dst = append(dst, "P5\n"...)
	dst = strconv.AppendInt(dst, int64(m.Width), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(m.Height), 10)
	return append(dst, "\n255\n"...)
}

// pamHeader states the facts in a comment line: key=value, words quoted as Go and C quote them.
func pamHeader(dst []byte, m *Mask) []byte {
	dst = append(dst, "P7\n# depthwise seq="...)
	dst = strconv.AppendUint(dst, m.Seq, 10)
	dst = append(dst, " time="...)
	dst = appendFixed(dst, int64(m.Time), 9, 9)
	dst = append(dst, " skew_ms="...)
	dst = appendFixed(dst, int64(m.Skew), 6, 3)
	dst = append(dst, " mode="...)
	dst = strconv.AppendQuoteToASCII(dst, string(m.Mode))
	dst = append(dst, " model="...)
	dst = strconv.AppendQuoteToASCII(dst, m.Model)
	if m.Reason != "" {
		dst = append(dst, " reason="...)
		dst = strconv.AppendQuoteToASCII(dst, m.Reason)
	}
	dst = append(dst, "\nWIDTH "...)
	dst = strconv.AppendInt(dst, int64(m.Width), 10)
	dst = append(dst, "\nHEIGHT "...)
	dst = strconv.AppendInt(dst, int64(m.Height), 10)
	return append(dst, "\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n"...)
}

// appendFixed writes v·10^−places with digits decimals (at most places; the rest is rounded half away from zero),
// exactly: no float64 comes between.
func appendFixed(dst []byte, v int64, places, digits int) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	for ; places > digits; places-- {
		if places == digits+1 {
			u += 5
		}
		u /= 10
	}
	var frac [20]byte
	for i := digits - 1; i >= 0; i-- {
		frac[i] = byte('0' + u%10)
		u /= 10
	}
	dst = strconv.AppendUint(dst, u, 10)
	if digits > 0 {
		dst = append(dst, '.')
		dst = append(dst, frac[:digits]...)
	}
	return dst
}
