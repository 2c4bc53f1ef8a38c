package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

type header struct {
	descr   string // byte order and type: three characters
	fortran bool
	shape   []int
}

func readHeader(r io.Reader) (header, error) {
	var pre [8]byte
	if _, err := io.ReadFull(r, pre[:]); err != nil {
		return header{}, unexpected(err)
	}
	if string(pre[:6]) != magic {
		return header{}, errors.New("not a .npy file")
	}
	var length uint32
	switch pre[6] {
	case 1:
		var b [2]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return header{}, unexpected(err)
		}
		length = uint32(binary.LittleEndian.Uint16(b[:]))
	case 2, 3:
		var b [4]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return header{}, unexpected(err)
		}
		length = binary.LittleEndian.Uint32(b[:])
	default:
		return header{}, fmt.Errorf("version %d.%d: this reads 1 to 3", pre[6], pre[7])
	}
	if length > maxHeader {
		return header{}, fmt.Errorf("%d bytes long, the limit is %d", length, maxHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, unexpected(err)
	}
	return parseHeader(string(text))
}

// parseHeader reads the literal of a Python dict with exactly the keys descr, fortran_order and shape.
func parseHeader(text string) (header, error) {
	var h header
	p := parser{rest: text}
	seen := map[string]bool{}
	p.expect("{")
	for p.err == nil && !p.accept("}") {
		key := p.quoted()
		p.expect(":")
		if seen[key] {
			p.fail("key %q twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			h.descr = p.quoted()
		case "fortran_order":
			h.fortran = p.boolean()
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail("key %q is not known", key)
		}
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("%q after the dict", p.rest)
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("needs descr, fortran_order and shape")
	}
	if p.err != nil {
		return header{}, p.err
	}
	if len(h.descr) != 3 || !strings.ContainsRune("<>|=", rune(h.descr[0])) || sizes[h.descr[1:]] == 0 {
		return header{}, fmt.Errorf("type %q: this reads numbers and booleans of 1 to 8 bytes", h.descr)
	}
	if h.descr[0] == '|' && sizes[h.descr[1:]] > 1 {
		return header{}, fmt.Errorf("type %q has no byte order", h.descr)
	}
	return h, nil
}

// parser reads the few Python literals of a header; after its first error it does nothing more.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *parser) accept(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	if p.err != nil || !strings.HasPrefix(p.rest, token) {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

func (p *parser) expect(token string) {
	if !p.accept(token) {
		p.fail("%q missing at %.20q", token, p.rest)
	}
}

func (p *parser) quoted() string {
	quote := "'"
	if !p.accept(quote) {
		quote = `"`
		p.expect(quote)
	}
	text, rest, ok := strings.Cut(p.rest, quote)
	if !ok {
		p.fail("a quote is open at %.20q", p.rest)
		return ""
	}
	p.rest = rest
	return text
}

func (p *parser) boolean() bool {
	if p.accept("True") {
		return true
	}
	if !p.accept("False") {
		p.fail("neither True nor False at %.20q", p.rest)
	}
	return false
}

func (p *parser) tuple() []int {
	shape := []int{}
	p.expect("(")
	for p.err == nil && !p.accept(")") {
		end := 0
		for end < len(p.rest) && p.rest[end] >= '0' && p.rest[end] <= '9' {
			end++
		}
		v, err := strconv.ParseInt(p.rest[:end], 10, 32)
		if err != nil || len(shape) == maxDims {
			p.fail("shape: not %d or fewer dimensions of 31 bits at %.20q", maxDims, p.rest)
			return nil
		}
		p.rest = strings.TrimPrefix(p.rest[end:], "L") // Python 2 wrote long integers so
		shape = append(shape, int(v))
		if !p.accept(",") {
			p.expect(")")
			break
		}
		p.accept("") // the spaces
	}
	return shape
}
