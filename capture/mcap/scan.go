package mcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// The records of a file (MCAP specification, "Records").
const (
	opHeader        = 0x01
	opFooter        = 0x02
	opSchema        = 0x03
	opChannel       = 0x04
	opMessage       = 0x05
	opChunk         = 0x06
	opMessageIndex  = 0x07
	opChunkIndex    = 0x08
	opStatistics    = 0x0b
	opMetadata      = 0x0c
	opMetadataIndex = 0x0d
	opSummaryOffset = 0x0e
	opDataEnd       = 0x0f
	magic           = "\x89MCAP0\r\n"
	recordHead      = 9        // op and length
	messageHead     = 22       // of a message's body, before its data
	maxSmall        = 16 << 20 // schema, channel, metadata, header
	maxMessages     = 8 << 20
	maxChannels     = 1 << 16
	maxPeek         = 512
)

type schema struct {
	name, encoding string
	data           []byte
}

type channel struct {
	topic, encoding string
	schema          *schema
	kind            kind
	messages        []ref
	fields          *fields // of protobuf
}

// ref is where a message lies.
type ref struct {
	chunk  int64 // of the file; −1 for a message outside of chunks
	offset int64 // of the message's data in the chunk's records, or in the file
	size   int64
	seq    uint32
	time   time.Duration // of its header, else when it was logged
}

// contents is what a scan finds.
type contents struct {
	schemas  map[uint16]*schema
	channels map[uint16]*channel
	order    []*channel // as first seen
	metadata map[string]map[string]string
	clocks   []clockMark
	torn     bool // no end: the file was cut
	messages int
	bad      []error // chunks and records left out
}

// clockMark says whose clock the times are of, from a sequence number on.
type clockMark struct {
	from  uint64
	clock capture.Domain
}

// scan reads r from front to back.
func scan(r io.ReaderAt, size int64, u *unpacker) (*contents, error) {
	c := &contents{schemas: map[uint16]*schema{}, channels: map[uint16]*channel{}, metadata: map[string]map[string]string{}}
	var records []byte
	head, peek := make([]byte, recordHead), make([]byte, maxPeek)
	if size < int64(len(magic)) {
		return nil, errors.New("not an MCAP file: too short")
	}
	if _, err := r.ReadAt(head[:len(magic)], 0); err != nil {
		return nil, err
	}
	if string(head[:len(magic)]) != magic {
		return nil, errors.New("not an MCAP file")
	}
	for at := int64(len(magic)); ; {
		if at+recordHead > size {
			c.torn = true
			return c, nil
		}
		if _, err := r.ReadAt(head[:recordHead], at); err != nil {
			return nil, err
		}
		op, n := head[0], binary.LittleEndian.Uint64(head[1:])
		if n > uint64(size-at-recordHead) {
			c.torn = true
			return c, nil
		}
		body := at + recordHead
		switch op {
		case opFooter, opDataEnd:
			return c, nil
		case opSchema, opChannel, opMetadata:
			if n > maxSmall {
				return nil, fmt.Errorf("record of %d bytes at %d", n, at)
			}
			data := make([]byte, n)
			if _, err := r.ReadAt(data, body); err != nil {
				return nil, err
			}
			if err := c.small(op, data); err != nil {
				return nil, fmt.Errorf("record at %d: %w", at, err)
			}
		case opMessage:
			if n < messageHead {
				return nil, fmt.Errorf("message at %d: %w", at, errShort)
			}
			peek = peek[:min(n, maxPeek)] // the stamp is among the first fields
			if _, err := r.ReadAt(peek, body); err != nil {
				return nil, err
			}
			if err := c.message(peek, ref{chunk: -1, offset: body + messageHead, size: int64(n) - messageHead}); err != nil {
				return nil, err
			}
		case opChunk:
			var err error
			records, err = u.chunk(r, body, int64(n), records)
			if err == nil {
				err = c.chunk(records, at)
			}
			if err != nil {
				c.bad = append(c.bad, fmt.Errorf("chunk at %d: %w", at, err))
			}
		}
		at = body + int64(n)
	}
}

// chunk lists the records of a chunk.
func (c *contents) chunk(records []byte, at int64) error {
	for i := 0; i < len(records); {
		if len(records)-i < recordHead {
			return errShort
		}
		op, n := records[i], binary.LittleEndian.Uint64(records[i+1:])
		i += recordHead
		if n > uint64(len(records)-i) {
			return errShort
		}
		body := records[i : i+int(n)]
		switch op {
		case opSchema, opChannel:
			if err := c.small(op, body); err != nil {
				return err
			}
		case opMessage:
			if n < messageHead {
				return errShort
			}
			if err := c.message(body, ref{chunk: at, offset: int64(i + messageHead), size: int64(n) - messageHead}); err != nil {
				return err
			}
		}
		i += int(n)
	}
	return nil
}

// small takes in a schema, a channel or metadata.
func (c *contents) small(op byte, body []byte) error {
	in := cursor{data: body}
	switch op {
	case opSchema:
		id := in.u16()
		s := &schema{name: in.text(), encoding: in.text()}
		s.data = append([]byte(nil), in.bytes()...)
		if in.err == nil && c.schemas[id] == nil && id != 0 {
			c.schemas[id] = s
		}
	case opChannel:
		id, of := in.u16(), in.u16()
		ch := &channel{schema: c.schemas[of], topic: in.text(), encoding: in.text()}
		in.table()
		if in.err == nil && c.channels[id] == nil {
			if ch.schema == nil {
				ch.schema = &schema{}
			}
			ch.identify()
			c.channels[id] = ch
			c.order = append(c.order, ch)
		}
	case opMetadata:
		name := in.text()
		table := in.table()
		if in.err == nil && len(c.metadata) < maxChannels {
			c.metadata[name] = table
		}
		if name == clockMetadata && len(c.clocks) < maxChannels {
			if from, err := strconv.ParseUint(table[seqKey], 10, 32); err == nil {
				c.clocks = append(c.clocks, clockMark{from, capture.ParseDomain(table[clockKey])})
			}
		}
	}
	return in.err
}

// message lists one message; body may be cut after the first few hundred bytes.
func (c *contents) message(body []byte, r ref) error {
	in := cursor{data: body}
	ch := c.channels[in.u16()]
	r.seq = in.u32()
	logged := in.u64()
	in.u64()
	if in.err != nil {
		return in.err
	}
	if ch == nil {
		return errors.New("message of an unknown channel")
	}
	if ch.kind == other {
		return nil
	}
	if c.messages++; c.messages > maxMessages {
		return fmt.Errorf("more than %d messages", maxMessages)
	}
	r.time = time.Duration(min(logged, math.MaxInt64))
	if t, ok := ch.stamp(in.data); ok {
		r.time = t
	}
	ch.messages = append(ch.messages, r)
	return nil
}
