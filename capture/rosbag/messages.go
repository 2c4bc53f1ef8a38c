package rosbag

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pierrec/lz4/v4"
)

// A message is one record of data. Its data is valid until the next call.
type message struct {
	topic     string
	sec, nsec uint32 // when it was recorded
	data      []byte
}

// A messages walks through the messages of a bag in the order of the file.
type messages struct {
	file   *bufio.Reader
	lz4    *lz4.Reader
	chunk  *bufio.Reader // within a chunk, else nil
	inner  *bufio.Reader // chunk's memory
	packed io.LimitedReader
	topics map[uint32]string
	head   []byte
	data   []byte
	read   int64 // bytes of records, after decompression
	torn   error
}

func newMessages(r io.Reader) *messages {
	return &messages{file: bufio.NewReaderSize(r, 1<<16), inner: bufio.NewReaderSize(nil, 1<<16), topics: map[uint32]string{}}
}

// begin checks that the input is a bag.
func (m *messages) begin() error {
	var b [len(magic)]byte
	if n, err := io.ReadFull(m.file, b[:]); err != nil || string(b[:]) != magic {
		return fmt.Errorf("begins with %q, want %q", b[:n], magic)
	}
	return nil
}

// rewind begins anew with r, which holds the same bag.
func (m *messages) rewind(r io.Reader) error {
	m.file.Reset(r)
	m.chunk, m.read, m.torn = nil, 0, nil
	clear(m.topics)
	return m.begin()
}

// next returns the next message of a topic that want accepts, io.EOF at the end, and io.EOF as well where the bag is
// torn; torn then says where.
func (m *messages) next(want func(topic string) bool) (message, error) {
	for {
		msg, ok, err := m.step(want)
		switch {
		case err == nil && ok:
			return msg, nil
		case err == nil:
			continue
		case err == io.EOF && m.chunk == nil:
			return message{}, io.EOF
		case m.cut(err):
			m.torn = fmt.Errorf("torn after %d bytes of records", m.read)
			m.chunk = nil
			return message{}, io.EOF
		}
		return message{}, fmt.Errorf("after %d bytes of records: %w", m.read, err)
	}
}

// cut tells whether err comes from the file's end: within a record outside of chunks, or within the chunk that the file
// ends in, whatever the decompressor makes of that.
func (m *messages) cut(err error) bool {
	if m.chunk == nil {
		return errors.Is(err, io.ErrUnexpectedEOF)
	}
	if m.packed.N == 0 {
		return false
	}
	_, end := m.file.Peek(1)
	return end == io.EOF
}

// step reads one record, and reports whether it is a message that is wanted.
func (m *messages) step(want func(topic string) bool) (msg message, ok bool, err error) {
	r := m.file
	if m.chunk != nil {
		r = m.chunk
	}
	h, size, head, err := readHeader(r, m.head)
	m.head = head
	if err == io.EOF && m.chunk != nil {
		return msg, false, m.leave()
	}
	if err != nil {
		return msg, false, err
	}
	m.read += int64(len(head)) + 8
	switch {
	case h.op == opMessage && want(m.topics[h.conn]):
		if size > maxMessage {
			return msg, false, fmt.Errorf("a message of topic %q is %d bytes long, above the limit of %d", m.topics[h.conn], size, maxMessage)
		}
		if m.data, err = readInto(m.data, r, size); err != nil {
			return msg, false, err
		}
		m.read += int64(size)
		return message{m.topics[h.conn], h.sec, h.nsec, m.data}, true, nil
	case h.op == opChunk && m.chunk == nil:
		return msg, false, m.enter(h, size)
	case h.op == opConnection:
		if len(m.topics) >= maxConnections {
			return msg, false, fmt.Errorf("more than %d connections", maxConnections)
		}
		m.topics[h.conn] = h.topic
	case h.op > opConnection, h.op == opChunk:
		return msg, false, fmt.Errorf("%w: kind %d is out of place", errFormat, h.op)
	}
	n, err := io.CopyN(io.Discard, r, int64(size))
	m.read += n
	return msg, false, early(err)
}

// enter begins to read a chunk. One that says it is empty is one whose recording was cut off: its sizes are filled in
// when it is complete, and what it has reaches to the end of the file.
func (m *messages) enter(h header, packed uint32) error {
	size := int64(h.size)
	m.packed = io.LimitedReader{R: m.file, N: int64(packed)}
	if packed == 0 && size == 0 {
		if h.compression == "none" {
			return nil // its records follow
		}
		m.packed.N, size = math.MaxInt64, math.MaxInt64
	}
	var r io.Reader
	switch h.compression {
	case "none":
		r = &m.packed
	case "bz2":
		r = bzip2.NewReader(&m.packed)
	case "lz4":
		if m.lz4 == nil {
			m.lz4 = lz4.NewReader(nil)
		}
		m.lz4.Reset(&m.packed)
		r = m.lz4
	default:
		return fmt.Errorf("a chunk is compressed as %q, want none, bz2 or lz4", h.compression)
	}
	m.inner.Reset(io.LimitReader(r, size)) // no more than it says, whatever it unpacks to
	m.chunk = m.inner
	return nil
}

// leave goes on behind the chunk.
func (m *messages) leave() error {
	if _, err := io.Copy(io.Discard, &m.packed); err != nil {
		return err
	}
	if m.packed.N > 0 {
		return io.ErrUnexpectedEOF
	}
	m.chunk = nil
	return nil
}
