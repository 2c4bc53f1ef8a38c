package mask

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// ndjson writes one JSON object a line. It is written by hand: reflection would allocate on every frame.
type ndjson struct {
	out
	names [256][]byte // quoted
	runs  runLengths
}

func newNDJSON(w io.Writer, o Options) *ndjson {
	e := &ndjson{out: out{w: w}}
	for i := range e.names {
		e.names[i] = appendString(nil, o.Palette.Name(uint8(i)))
	}
	return e
}

func (e *ndjson) Encode(m *Mask, _ Image) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.Width > math.MaxInt32/m.Height {
		return fmt.Errorf("mask: frame %d: %d × %d pixels are more than run lengths hold", m.Seq, m.Width, m.Height)
	}
	b := append(e.buf[:0], `{"seq":`...)
	b = strconv.AppendUint(b, m.Seq, 10)
	b = append(b, `,"time":`...)
	b = appendFixed(b, int64(m.Time), 9, 9)
	if m.Clock != "" {
		b = append(b, `,"clock":`...)
		b = appendString(b, m.Clock)
	}
	b = append(b, `,"skew_ms":`...)
	b = appendFixed(b, int64(m.Skew), 6, 3)
	b = append(b, `,"mode":`...)
	b = appendString(b, string(m.Mode))
	if m.Reason != "" {
		b = append(b, `,"reason":`...)
		b = appendString(b, m.Reason)
	}
	b = append(b, `,"model":`...)
	b = appendString(b, m.Model)
	if len(m.Codes) > 0 {
		b = appendCodes(append(b, `,"codes":`...), m.Codes)
	}
	b = append(b, `,"width":`...)
	b = strconv.AppendInt(b, int64(m.Width), 10)
	b = append(b, `,"height":`...)
	b = strconv.AppendInt(b, int64(m.Height), 10)
	if m.Mode != ColorOnly {
		b = append(b, `,"no_depth":`...)
		b = strconv.AppendInt(b, int64(m.NoDepth), 10)
	}
	if m.Confidence > 0 {
		b = append(b, `,"confidence":`...)
		b = appendFixed(b, int64(m.Confidence*1e6+0.5), 6, 3)
	}
	b = append(b, `,"ms":{"infer":`...)
	b = appendFixed(b, int64(m.Infer), 6, 3)
	b = append(b, `,"frame":`...)
	b = appendFixed(b, int64(m.Frame), 6, 3)
	b = append(b, `},"classes":{`...)
	e.buf = e.masks(e.pixels(b, m), m)
	return e.flush(m.Seq)
}

// appendCodes writes codes as 16 hexadecimal digits each, by modality.
func appendCodes(b []byte, codes []Code) []byte {
	const hex = "0123456789abcdef"
	for i, c := range codes {
		b = append(b, "{,"[min(i, 1)])
		b = appendString(b, c.Modality)
		b = append(b, `:"`...)
		for shift := 60; shift >= 0; shift -= 4 {
			b = append(b, hex[c.Bits>>shift&15])
		}
		b = append(b, '"')
	}
	return append(b, '}')
}

// pixels encodes the runs, and writes the number of pixels of the classes that have some, by id.
func (e *ndjson) pixels(b []byte, m *Mask) []byte {
	gw, gh := m.cells()
	e.runs.encode(m.Classes, gw, gh, m.Width, m.Height)
	comma := false
	for id := range e.runs.class {
		n := e.runs.class[id].pixels
		if n == 0 {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(b, e.names[id]...)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, `},"masks":{`...)
}

// masks writes the run-length code, which pixels made, of the classes that have pixels.
func (e *ndjson) masks(b []byte, m *Mask) []byte {
	for i, id := range e.runs.seen {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.names[id]...)
		b = e.code(append(b, ':'), m, id)
	}
	b = append(b, '}')
	if len(m.Holes) > 0 {
		e.runs.encode(m.Holes, m.Width, m.Height, m.Width, m.Height)
		e.runs.include(1, len(m.Holes))
		b = e.code(append(b, `,"holes":`...), m, 1)
	}
	return append(b, "}\n"...)
}

// code writes the run-length code of an id.
func (e *ndjson) code(b []byte, m *Mask, id uint8) []byte {
	b = append(b, `{"size":[`...)
	b = strconv.AppendInt(b, int64(m.Height), 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(m.Width), 10)
	b = append(b, `],"counts":"`...)
	code := e.runs.class[id].code
	for {
		i := bytes.IndexByte(code, '\\') // the one letter of the code that JSON escapes
		if i < 0 {
			break
		}
		b = append(append(b, code[:i]...), '\\', '\\')
		code = code[i+1:]
	}
	b = append(b, code...)
	return append(b, `"}`...)
}

func (e *ndjson) Close() error { return nil }

// appendString writes s as a JSON string (RFC 8259, section 7). Bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:]) // RuneError is U+FFFD
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return append(dst, '"')
}
