package mcap

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Records are built as byte strings: little-endian numbers, texts and byte strings behind their 32-bit length.

var le = binary.LittleEndian

func putText(b []byte, s string) []byte { return append(le.AppendUint32(b, uint32(len(s))), s...) }

// record is a whole record: operation, length, body.
func record(b []byte, op byte, body []byte) []byte {
	return append(le.AppendUint64(append(b, op), uint64(len(body))), body...)
}

func headerBody() []byte { return putText(putText(nil, ""), "depthwise") }

func metadataBody(name string, keysAndValues ...string) []byte {
	var table []byte
	for _, s := range keysAndValues {
		table = putText(table, s)
	}
	return putText(putText(nil, name), string(table))
}

func (s *schema) body(id uint16) []byte {
	b := putText(putText(le.AppendUint16(nil, id), s.name), s.encoding)
	return putText(b, string(s.data))
}

func channelBody(id, of uint16, topic, encoding string) []byte {
	b := le.AppendUint16(le.AppendUint16(nil, id), of)
	return le.AppendUint32(putText(putText(b, topic), encoding), 0)
}

// chunkIndex is what the summary says of a chunk.
type chunkIndex struct {
	start, end     uint64 // times of its messages
	offset, length uint64 // of the record
	indexes        map[uint16]uint64
	indexLength    uint64
	packed, size   uint64
}

func chunkBody(start, end uint64, records, packed []byte) []byte {
	b := le.AppendUint64(le.AppendUint64(nil, start), end)
	b = le.AppendUint64(b, uint64(len(records)))
	b = le.AppendUint32(b, crc32.ChecksumIEEE(records))
	b = putText(b, "zstd")
	return append(le.AppendUint64(b, uint64(len(packed))), packed...)
}

func (c *chunkIndex) body() []byte {
	b := le.AppendUint64(le.AppendUint64(nil, c.start), c.end)
	b = le.AppendUint64(le.AppendUint64(b, c.offset), c.length)
	b = putCounts(b, c.indexes)
	b = putText(le.AppendUint64(b, c.indexLength), "zstd")
	return le.AppendUint64(le.AppendUint64(b, c.packed), c.size)
}

// putCounts is a map of channels to numbers, in the order of the channels.
func putCounts(b []byte, m map[uint16]uint64) []byte {
	b = le.AppendUint32(b, uint32(10*len(m)))
	var ids []uint16
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		b = le.AppendUint64(le.AppendUint16(b, id), m[id])
	}
	return b
}

// indexEntry is where a message lies in its chunk.
type indexEntry struct{ time, offset uint64 }

func messageIndexBody(id uint16, entries []indexEntry) []byte {
	b := le.AppendUint32(le.AppendUint16(nil, id), uint32(16*len(entries)))
	for _, e := range entries {
		b = le.AppendUint64(le.AppendUint64(b, e.time), e.offset)
	}
	return b
}
