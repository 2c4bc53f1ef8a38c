package mcap

import (
	"encoding/binary"
	"errors"
	"math"
)

var errShort = errors.New("record ends early")

// cursor reads little-endian fields one after the other. After the first that does not fit every read gives zero, and
// err tells it: callers check once.
type cursor struct {
	data  []byte
	at    int // consumed, for alignment
	align bool
	big   bool // big-endian
	err   error
}

func (c *cursor) take(n uint64) []byte {
	if c.err != nil || n > uint64(len(c.data)) {
		c.err = errShort
		return nil
	}
	b := c.data[:n:n]
	c.data, c.at = c.data[n:], c.at+int(n)
	return b
}

// pad skips to a multiple of n, in encodings that align.
func (c *cursor) pad(n int) {
	if c.align {
		c.take(uint64(-c.at & (n - 1)))
	}
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) order() binary.ByteOrder {
	if c.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (c *cursor) u16() uint16 {
	c.pad(2)
	if b := c.take(2); b != nil {
		return c.order().Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	c.pad(4)
	if b := c.take(4); b != nil {
		return c.order().Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	c.pad(8)
	if b := c.take(8); b != nil {
		return c.order().Uint64(b)
	}
	return 0
}

func (c *cursor) f64() float64 { return math.Float64frombits(c.u64()) }

// bytes and text are prefixed with their length in 32 bits.
func (c *cursor) bytes() []byte { return c.take(uint64(c.u32())) }
func (c *cursor) text() string  { return string(c.bytes()) }

// table is a map of texts, prefixed with its length in bytes.
func (c *cursor) table() map[string]string {
	in := cursor{data: c.bytes()}
	out := map[string]string{}
	for len(in.data) > 0 && in.err == nil {
		k := in.text()
		out[k] = in.text()
	}
	if in.err != nil {
		c.err = in.err
	}
	return out
}
