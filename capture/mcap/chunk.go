package mcap

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxChunk bounds a chunk's records; most writers make chunks of a few megabytes.
const maxChunk = 512 << 20

// plausible bounds a chunk's records by what its packed bytes can reasonably become, before memory is made for them:
// 64 MiB of anything, such as black images, and beyond that 4096 times the packed size.
func plausible(length uint64, packed int) bool {
	return length <= maxChunk && (length <= 64<<20 || length <= 4096*uint64(packed))
}

// unpacker reads chunks, keeping its buffers.
type unpacker struct {
	zstd *zstd.Decoder
	lz4  *lz4.Reader
	raw  []byte // the chunk as it lies in the file
}

// chunk gives the records of the chunk whose record body lies at offset, in dst's memory where that suffices.
func (u *unpacker) chunk(r io.ReaderAt, offset, size int64, dst []byte) ([]byte, error) {
	if size > maxChunk {
		return nil, fmt.Errorf("%d bytes", size)
	}
	if int64(cap(u.raw)) < size {
		u.raw = make([]byte, size)
	}
	u.raw = u.raw[:size]
	if _, err := r.ReadAt(u.raw, offset); err != nil {
		return nil, err
	}
	in := cursor{data: u.raw}
	in.u64() // times of its messages
	in.u64()
	length, sum, compression := in.u64(), in.u32(), in.text()
	packed := in.take(in.u64())
	if in.err != nil {
		return nil, in.err
	}
	if !plausible(length, len(packed)) {
		return nil, fmt.Errorf("%d bytes of records in %d", length, len(packed))
	}
	out, err := u.unpack(dst, packed, compression, int(length))
	if err != nil {
		return nil, err
	}
	if uint64(len(out)) != length {
		return nil, fmt.Errorf("%d bytes of records, %d stated", len(out), length)
	}
	if sum != 0 && crc32.ChecksumIEEE(out) != sum {
		return nil, errors.New("wrong checksum")
	}
	return out, nil
}

func (u *unpacker) unpack(dst, packed []byte, compression string, length int) ([]byte, error) {
	switch compression {
	case "":
		return append(dst[:0], packed...), nil
	case "zstd":
		if u.zstd == nil {
			d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return nil, err
			}
			u.zstd = d
		}
		if cap(dst) < length {
			dst = make([]byte, 0, length)
		}
		return u.zstd.DecodeAll(packed, dst[:0:length])
	case "lz4":
		if u.lz4 == nil {
			u.lz4 = lz4.NewReader(nil)
		}
		u.lz4.Reset(bytes.NewReader(packed))
		buf := bytes.NewBuffer(dst[:0])
		_, err := io.Copy(buf, io.LimitReader(u.lz4, int64(length)+1))
		return buf.Bytes(), err
	}
	return nil, fmt.Errorf("unknown compression %q", compression)
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}
