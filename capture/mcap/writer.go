package mcap

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
	"github.com/klauspost/compress/zstd"
)

// WriterOptions of Create.
type WriterOptions struct {
	ChunkSize int           // bytes of records in a chunk; 0 = 4 MiB. A torn file loses its last chunk.
	Sync      time.Duration // how often what is written is forced onto the disk; 0 = every 5 s, below 0 = only by Close
}

// Writer writes a recording. It belongs to one goroutine.
type Writer struct {
	name string
	cal  capture.Calibration
	o    WriterOptions
	file *os.File
	zstd *zstd.Encoder
	png  png.Encoder

	at      uint64 // end of the file
	records []byte // of the chunk to come
	packed  []byte
	indexes [channels + 1][]indexEntry
	start   uint64
	end     uint64
	message []byte

	chunks   []chunkIndex
	metadata [2]uint64 // where it lies, and how long it is
	counts   [channels + 1]uint64
	first    uint64
	last     uint64
	began    bool
	seq      uint64
	synced   time.Time
	err      error
	closed   bool
}

// The channels, by their number in the file, and their schemas.
const (
	colorChannel = iota + 1
	depthChannel
	labelChannel
	colorCameraChannel
	depthCameraChannel
	transformChannel
	channels = transformChannel
)

var layout = [channels + 1]struct {
	topic  string
	schema uint16
}{
	colorChannel: {colorTopic, 1}, depthChannel: {depthTopic, 2}, labelChannel: {labelTopic, 2},
	colorCameraChannel: {"/camera/color/calibration", 3}, depthCameraChannel: {"/camera/depth/calibration", 3},
	transformChannel: {"/tf", 4},
}

// Create starts a recording in a new file; a file that is already there is an error.
func Create(name string, cal capture.Calibration, o WriterOptions) (*Writer, error) {
	fail := func(err error) (*Writer, error) {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("mcap: create %q: %w", name, err)
	}
	var js bytes.Buffer
	if err := cal.Write(&js); err != nil {
		return fail(err)
	}
	if o.ChunkSize <= 0 {
		o.ChunkSize = 4 << 20
	}
	if o.Sync == 0 {
		o.Sync = 5 * time.Second
	}
	w := &Writer{name: name, cal: cal, o: o, synced: time.Now()}
	var err error
	if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return fail(err)
	}
	if w.file, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666); err != nil {
		return fail(err)
	}
	head := record([]byte(magic), opHeader, headerBody())
	w.metadata[0] = uint64(len(head))
	head = record(head, opMetadata, metadataBody(ours, calibrationKey, js.String()))
	w.metadata[1] = uint64(len(head)) - w.metadata[0]
	all, err := w.describe()
	if err == nil {
		w.records = append(w.records, all...)
		w.put(head)
		w.flush() // at once, so that a torn file has its channels
		err = w.err
	}
	if err != nil {
		w.file.Close()
		os.Remove(name)
		return fail(err)
	}
	return w, nil
}

// describe are the records of all schemas and channels.
func (w *Writer) describe() ([]byte, error) {
	var out []byte
	for i, of := range [][]string{{"CompressedImage"}, {"RawImage"}, {"CameraCalibration"}, {"FrameTransform", "Vector3", "Quaternion"}} {
		s, err := describe(of[0], of[1:]...)
		if err != nil {
			return nil, err
		}
		out = record(out, opSchema, s.body(uint16(i+1)))
	}
	for id := 1; id <= channels; id++ {
		out = record(out, opChannel, channelBody(uint16(id), layout[id].schema, layout[id].topic, "protobuf"))
	}
	return out, nil
}

// Write adds a pair. Sequence numbers must rise and stay below 2³². An error of the disk is told again by every later
// call; what was written before replays.
func (w *Writer) Write(p *capture.Pair) error {
	if w.closed {
		return fmt.Errorf("mcap: write %q: %w", w.name, fs.ErrClosed)
	}
	if w.err != nil {
		return w.err
	}
	if err := w.fits(p); err != nil {
		return fmt.Errorf("mcap: write %q: pair %d: %w", w.name, p.Seq, err)
	}
	if !w.began {
		w.add(colorCameraChannel, p, p.ColorTime, putCamera(w.message[:0], p.ColorTime, w.cal.Color, colorFrame))
		w.add(depthCameraChannel, p, p.ColorTime, putCamera(w.message[:0], p.ColorTime, w.cal.Depth, depthFrame))
		w.add(transformChannel, p, p.ColorTime, putTransform(w.message[:0], p.ColorTime, w.cal.DepthToColor))
	}
	w.began, w.seq = true, p.Seq
	file, err := w.png.RGB(p.Color.Pix, p.Color.Width, p.Color.Height)
	if err != nil {
		return fmt.Errorf("mcap: write %q: color: %w", w.name, err)
	}
	w.add(colorChannel, p, p.ColorTime, putCompressed(w.message[:0], p.ColorTime, file, colorFrame))
	m := putRaw(w.message[:0], p.DepthTime, p.Depth.Width, p.Depth.Height, "16UC1", 2, depthFrame)
	for _, v := range p.Depth.Pix {
		m = append(m, byte(v), byte(v>>8))
	}
	w.add(depthChannel, p, p.DepthTime, m)
	if len(p.Labels.Pix) > 0 {
		m := putRaw(w.message[:0], p.ColorTime, p.Labels.Width, p.Labels.Height, "mono8", 1, colorFrame)
		w.add(labelChannel, p, p.ColorTime, append(m, p.Labels.Pix...))
	}
	late := w.o.Sync > 0 && time.Since(w.synced) >= w.o.Sync
	if late || len(w.records) >= w.o.ChunkSize {
		w.flush()
	}
	if late && w.err == nil {
		w.fail(w.file.Sync())
		w.synced = time.Now()
	}
	return w.err
}

// fits compares a pair with the calibration and the format.
func (w *Writer) fits(p *capture.Pair) error {
	c, d, l := &p.Color, &p.Depth, &p.Labels
	switch {
	case w.began && p.Seq <= w.seq:
		return fmt.Errorf("comes after pair %d", w.seq)
	case p.Seq > math.MaxUint32:
		return errors.New("sequence numbers have 32 bits")
	case max(p.ColorTime, p.DepthTime) > maxSeconds*time.Second || min(p.ColorTime, p.DepthTime) < -maxSeconds*time.Second:
		return errors.New("time is out of range")
	case c.Width != w.cal.Color.Width || c.Height != w.cal.Color.Height:
		return fmt.Errorf("color is %d×%d, calibration says %d×%d", c.Width, c.Height, w.cal.Color.Width, w.cal.Color.Height)
	case d.Width != w.cal.Depth.Width || d.Height != w.cal.Depth.Height:
		return fmt.Errorf("depth is %d×%d, calibration says %d×%d", d.Width, d.Height, w.cal.Depth.Width, w.cal.Depth.Height)
	case len(c.Pix) != 3*c.Width*c.Height || len(d.Pix) != d.Width*d.Height:
		return errors.New("pixels do not fill the image")
	case len(l.Pix) > 0 && (l.Width != c.Width || l.Height != c.Height || len(l.Pix) != l.Width*l.Height):
		return fmt.Errorf("labels are %d×%d, color is %d×%d", l.Width, l.Height, c.Width, c.Height)
	}
	return nil
}

// add puts a message into the chunk to come, and takes its memory back.
func (w *Writer) add(id int, p *capture.Pair, t time.Duration, data []byte) {
	w.message = data[:0]
	logged := uint64(max(t, 0)) // the format has no time before its epoch
	w.indexes[id] = append(w.indexes[id], indexEntry{logged, uint64(len(w.records))})
	if w.total() == 1 {
		w.start, w.end = logged, logged
	}
	w.start, w.end = min(w.start, logged), max(w.end, logged)
	w.records = le.AppendUint64(append(w.records, opMessage), uint64(messageHead+len(data)))
	w.records = le.AppendUint32(le.AppendUint16(w.records, uint16(id)), uint32(p.Seq))
	w.records = le.AppendUint64(le.AppendUint64(w.records, logged), logged)
	w.records = append(w.records, data...)
	w.counts[id]++
}

// total is how many messages wait for their chunk.
func (w *Writer) total() (n int) {
	for _, ix := range w.indexes {
		n += len(ix)
	}
	return n
}

// flush writes the chunk and its indexes.
func (w *Writer) flush() {
	if len(w.records) == 0 || w.err != nil {
		return
	}
	w.packed = w.zstd.EncodeAll(w.records, w.packed[:0])
	c := chunkIndex{start: w.start, end: w.end, offset: w.at, packed: uint64(len(w.packed)), size: uint64(len(w.records)), indexes: map[uint16]uint64{}}
	out := record(nil, opChunk, chunkBody(w.start, w.end, w.records, w.packed))
	c.length = uint64(len(out))
	for id := range w.indexes {
		if len(w.indexes[id]) > 0 {
			c.indexes[uint16(id)] = w.at + uint64(len(out))
			out = record(out, opMessageIndex, messageIndexBody(uint16(id), w.indexes[id]))
			w.indexes[id] = w.indexes[id][:0]
		}
	}
	c.indexLength = uint64(len(out)) - c.length
	if w.put(out); w.err != nil {
		return
	}
	if len(w.chunks) == 0 {
		w.first, w.last = c.start, c.end
	}
	w.first, w.last = min(w.first, c.start), max(w.last, c.end)
	w.chunks = append(w.chunks, c)
	w.records = w.records[:0]
	w.start, w.end = 0, 0
}

// put appends to the file.
func (w *Writer) put(data []byte) {
	n, err := w.file.Write(data)
	w.at += uint64(n)
	w.fail(err)
}

// fail keeps the first error.
func (w *Writer) fail(err error) {
	if err == nil || w.err != nil {
		return
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	w.err = fmt.Errorf("mcap: write %q: %w", w.name, err)
}

// Close writes the rest and the summary, forces all onto the disk and tells the first error. Closing twice is harmless.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	w.flush()
	if w.err == nil {
		w.summary()
	}
	if w.err == nil {
		w.fail(w.file.Sync())
	}
	w.fail(w.file.Close())
	w.zstd.Close()
	return w.err
}

// summary repeats schemas and channels and says where all chunks lie, so that others need not scan.
func (w *Writer) summary() {
	out := record(nil, opDataEnd, make([]byte, 4)) // no checksum of the data: each chunk has its own
	start := w.at + uint64(len(out))
	var offsets []byte
	group := func(op byte, records []byte) {
		if len(records) > 0 {
			body := le.AppendUint64([]byte{op}, w.at+uint64(len(out)))
			offsets = record(offsets, opSummaryOffset, le.AppendUint64(body, uint64(len(records))))
			out = append(out, records...)
		}
	}
	all, err := w.describe()
	if err != nil {
		w.fail(err)
		return
	}
	cut := 0
	for all[cut] == opSchema {
		cut += recordHead + int(le.Uint64(all[cut+1:]))
	}
	group(opSchema, all[:cut])
	group(opChannel, all[cut:])
	group(opStatistics, record(nil, opStatistics, w.statistics()))
	var chunks []byte
	for i := range w.chunks {
		chunks = record(chunks, opChunkIndex, w.chunks[i].body())
	}
	group(opChunkIndex, chunks)
	group(opMetadataIndex, record(nil, opMetadataIndex, putText(le.AppendUint64(le.AppendUint64(nil, w.metadata[0]), w.metadata[1]), ours)))
	offset := w.at + uint64(len(out))
	out = append(out, offsets...)
	foot := le.AppendUint64(le.AppendUint64(nil, start), offset)
	out = record(out, opFooter, append(foot, 0, 0, 0, 0))
	w.put(append(out, magic...))
}

func (w *Writer) statistics() []byte {
	counts, total := map[uint16]uint64{}, uint64(0)
	for id := range w.counts {
		if n := w.counts[id]; n > 0 {
			counts[uint16(id)] = n
			total += n
		}
	}
	b := le.AppendUint16(le.AppendUint64(nil, total), 4)
	b = le.AppendUint32(le.AppendUint32(b, channels), 0)
	b = le.AppendUint32(le.AppendUint32(b, 1), uint32(len(w.chunks)))
	b = le.AppendUint64(le.AppendUint64(b, w.first), w.last)
	return putCounts(b, counts)
}
