package mcap

import (
	"bytes"
	"os"
	"testing"
)

// TestIndexes follows every index of a file: message indexes to messages of their channel and time, chunk indexes to
// chunks and their message indexes, summary offsets to their groups. Foxglove seeks by these; a scan would not notice.
func TestIndexes(t *testing.T) {
	name, _ := recordFile(t, 6, WriterOptions{ChunkSize: 1500}, true)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var u unpacker
	defer u.close()
	var records []byte // of the chunk last seen
	indexed, messages, chunks, offsets := 0, 0, 0, 0
	at := func(offset uint64, op byte) cursor {
		t.Helper()
		if file[offset] != op {
			t.Fatalf("operation %d at %d, want %d", file[offset], offset, op)
		}
		in := cursor{data: file[offset+1:]}
		return cursor{data: in.take(8 + le.Uint64(in.data))[8:]}
	}
	for pos := len(magic); pos < len(file)-len(magic); {
		n := int(le.Uint64(file[pos+1:]))
		in := cursor{data: file[pos+recordHead:][:n]}
		switch op := file[pos]; op {
		case opChunk:
			if records, err = u.chunk(bytes.NewReader(file), int64(pos+recordHead), int64(n), nil); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(records); i += recordHead + int(le.Uint64(records[i+1:])) {
				if records[i] == opMessage {
					messages++
				}
			}
		case opMessageIndex:
			id := in.u16()
			for list := (cursor{data: in.bytes()}); len(list.data) > 0; indexed++ {
				logged, offset := list.u64(), list.u64()
				if records[offset] != opMessage {
					t.Fatalf("no message at %d of the chunk", offset)
				}
				m := cursor{data: records[offset+recordHead:]}
				if m.u16() != id {
					t.Errorf("message of another channel than %d", id)
				}
				if m.u32(); m.u64() != logged {
					t.Errorf("message of another time than %d", logged)
				}
			}
		case opChunkIndex:
			chunks++
			start, end, offset, length := in.u64(), in.u64(), in.u64(), in.u64()
			table := cursor{data: in.bytes()}
			indexLength, _, packed, size := in.u64(), in.text(), in.u64(), in.u64()
			chunk := at(offset, opChunk)
			if length != uint64(len(chunk.data)+recordHead) || chunk.u64() != start || chunk.u64() != end || chunk.u64() != size {
				t.Errorf("index of the chunk at %d is wrong", offset)
			}
			if chunk.u32(); chunk.text() != "zstd" || chunk.u64() != packed {
				t.Errorf("packed size of the chunk at %d is wrong", offset)
			}
			last := offset + length
			for len(table.data) > 0 {
				id, where := table.u16(), table.u64()
				ix := at(where, opMessageIndex)
				last = max(last, where+uint64(recordHead+len(ix.data)))
				if ix.u16() != id {
					t.Errorf("index of another channel than %d", id)
				}
			}
			if last != offset+length+indexLength {
				t.Errorf("message indexes end at %d, want %d", last, offset+length+indexLength)
			}
		case opSummaryOffset:
			offsets++
			group, start, length := in.u8(), in.u64(), in.u64()
			for p := start; p < start+length; p += recordHead + le.Uint64(file[p+1:]) {
				at(p, group)
			}
		case opMetadataIndex:
			offset, length := in.u64(), in.u64()
			if m := at(offset, opMetadata); length != uint64(len(m.data)+recordHead) || m.text() != in.text() {
				t.Errorf("index of metadata at %d", offset)
			}
		case opFooter:
			if start := in.u64(); file[start] != opSchema {
				t.Errorf("summary at %d", start)
			}
			at(in.u64(), opSummaryOffset)
		}
		if in.err != nil {
			t.Fatal(in.err)
		}
		pos += recordHead + n
	}
	if messages != 6*3+3 || indexed != messages || chunks < 3 || offsets != 5 {
		t.Errorf("%d messages, %d indexed, %d chunks, %d groups", messages, indexed, chunks, offsets)
	}
}
